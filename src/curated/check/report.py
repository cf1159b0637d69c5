"""Results of a check: the report of each file, the report of a package, and the findings that are silenced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from curated.calib.content import Claims, Trace
from curated.core.diagnostic import Diagnostic, Problem, has_errors
from curated.core.keys import CalibFile
from curated.datasets.deprecation import Deprecation
from curated.package.config import CONFIG_FILE, Silence
from curated.package.instrument import Instrument
from curated.package.validity import Range, resolve

_NO_KEYWORDS: Mapping[str, Any] = {}


class FileReport(NamedTuple):
    """Result of checking one file: plain data, which the cache stores.

    Parameters
    ----------
    path : `str`
        Path relative to the package's root.
    detector, filter : `str`
        Directory names; empty where the type has no such level.
    keywords : `dict`
        Identity keywords, in canonical spelling.
    end : `str`
        VALIDEND, UTC, ISO 8601; empty where the file has none.
    diagnostics : `tuple` [`Diagnostic`]
        Findings in the file and in its provenance file.
    companion : `str`
        Path of the file that the text names, such as an image; empty where it names none.
    companion_state : `str`
        Changes whenever the companion does; empty where that is not on disk.
    claims : `Claims` or `None`
        Properties of the detector that the calibration implies; `None` where it implies none.
    deprecation : `Deprecation` or `None`
        Why the calibration is out of use; `None` where it is in use.
    traces : `tuple` [`Trace`]
        Values that are compared with those of other files; none where nothing is to be compared.
    product : `str`
        Hash of what the calibration holds, for the record of its verification; empty where it has none. See
        `curated.verification.binding.product_digest`.
    certified : `tuple` [`str`]
        Of its latest certification: SHA-256 of the record that it rests on, start and end; empty if there is none.
    """

    path: str
    detector: str
    filter: str
    keywords: Mapping[str, Any] = _NO_KEYWORDS
    end: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    companion: str = ""
    companion_state: str = ""
    claims: Claims | None = None
    deprecation: Deprecation | None = None
    traces: tuple[Trace, ...] = ()
    product: str = ""
    certified: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return the evidence from which an instrument is inferred."""
        return {
            "path": self.path,
            "detector": self.detector,
            "filter": self.filter,
            "keywords": self.keywords,
        }


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Report:
    """Result of checking a package, or some of its files.

    Parameters
    ----------
    files : `tuple` [`CalibFile`]
        The files that were selected.
    diagnostics : `tuple` [`Diagnostic`]
        Findings, in the order of files and lines.
    ranges : `dict` [`str`, `Range`]
        Validity of every file of the package, by path.
    reports : `dict` [`str`, `FileReport`]
        Report of every file of the package, by path.
    declared : `dict` [`str`, `Instrument`]
        Instruments that have an ``instrument.yaml``, by directory; see
        `~curated.check.instruments.complete_instruments` for all of them.
    silenced : `int`
        Number of findings that ``curated.yaml`` silences.
    """

    files: tuple[CalibFile, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    ranges: Mapping[str, Range] = field(default_factory=dict)
    reports: Mapping[str, FileReport] = field(default_factory=dict)
    declared: Mapping[str, Instrument] = field(default_factory=dict)
    silenced: int = 0

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return has_errors(self.diagnostics)

    @property
    def drafts(self) -> tuple[str, ...]:
        """Paths of the selected calibrations in use that nobody has completed, also of those whose finding is silenced."""
        reports = (self.reports[file.path] for file in self.files if file.path in self.reports)
        return tuple(
            report.path
            for report in reports
            if report.deprecation is None and any(d.code == _OF_DRAFTS for d in report.diagnostics)
        )


_OF_DRAFTS = "CAL700"


def ends_and_marks(
    reports: Mapping[str, FileReport],
) -> tuple[dict[str, datetime], dict[str, Deprecation]]:
    """Return the VALIDEND of files that have one, and the marks of deprecated files, by path."""
    ends = {path: datetime.fromisoformat(report.end) for path, report in reports.items() if report.end}
    return ends, {path: r.deprecation for path, r in reports.items() if r.deprecation is not None}


def resolve_ranges(files: Iterable[CalibFile], reports: Mapping[str, FileReport]) -> dict[str, Range]:
    """Resolve the validity of files from their reports; see `curated.package.validity.resolve`."""
    return resolve(files, *ends_and_marks(reports))


_FROM_HISTORY = frozenset(
    {
        *("CAL020", "CAL021", "CAL022", "CAL023", "CAL024", "CAL417", "CAL419"),
        *("CAL420", "CAL421", "CAL422", "CAL423", "CAL424", "CAL425"),
    }
)
"""Codes that depend on git, so that an entry for them may be needed though nothing matches it now."""


def apply_silence(
    diagnostics: Iterable[Diagnostic], silence: Sequence[Silence], today: date | None, *, complete: bool
) -> tuple[list[Diagnostic], int]:
    """Remove silenced findings, and add findings about entries that have expired or silence nothing.

    Parameters
    ----------
    today : `datetime.date` or `None`
        The day by which entries expire; without one they never do.
    complete : `bool`
        Whether the findings are those of the whole package; only then is an entry without a match reported.

    Returns
    -------
    diagnostics : `list` [`Diagnostic`]
        The remaining findings.
    silenced : `int`
        How many were removed.
    """
    diagnostics = list(diagnostics)
    if not silence:
        return diagnostics, 0
    active = [entry for entry in silence if today is None or today <= entry.until]
    remaining, used = [], set()
    # A file can have many findings of one code: each pair is matched once.
    entries: dict[tuple[str, str], Silence | None] = {}
    for diagnostic in diagnostics:
        key = diagnostic.code, diagnostic.file
        if key not in entries:
            entries[key] = next((entry for entry in active if entry.covers(diagnostic)), None)
        match = entries[key]
        if match is None:
            remaining.append(diagnostic)
        else:
            used.add(match.place)
    silenced = len(diagnostics) - len(remaining)
    for entry in silence:
        if today is not None and today > entry.until:
            code, detail = "CAL003", f"{entry.code} for {entry.path} was silenced until {entry.until}"
        elif complete and entry.place not in used and entry.code not in _FROM_HISTORY:
            code, detail = "CAL004", f"{entry.code} is not found in {entry.path}"
        else:
            continue
        problem = Problem(code, ("silence", entry.place), detail)
        remaining.append(Diagnostic.from_problem(problem, CONFIG_FILE, entry.line, 1))
    return remaining, silenced
