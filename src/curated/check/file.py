"""One file: read it, make its calibration, report all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from curated.calib import Calib
from curated.calib.content import Claims
from curated.check.rules.identity import check_identity, read_date
from curated.core.codes import Severity, code_info
from curated.core.diagnostic import Diagnostic, Problem, limited
from curated.core.keys import CalibFile
from curated.core.metadata import normalise
from curated.core.times import iso
from curated.datasets.deprecation import Deprecation, find_deprecation
from curated.package.instrument import Instrument
from curated.registry import get_type
from curated.text import read

KEYWORDS = [
    "INSTRUME",
    "DETECTOR",
    "DET_NAME",
    "RAFTNAME",
    "SLOTNAME",
    "DET_SER",
    "FILTER",
    "CALIB_ID",
    "CALIBDATE",
]
"""Keywords that the rules over the whole set look at."""


@dataclass(slots=True)
class FileReport:
    """What the rules over the whole set need of one file; plain data, so that it can be remembered.

    Parameters
    ----------
    path : `str`
        The file.
    detector, filter : `str`
        Its directory names.
    keywords : `dict`
        Its identity keywords.
    end : `str`
        Its VALIDEND, UTC, ISO 8601; empty where it has none.
    diagnostics : `list` [`Diagnostic`]
        All that is wrong with it.
    beside : `str`
        Path of the file beside it that it names; empty where it names none.
    state : `str`
        What would change if that file did.
    claims : `Claims` or `None`
        What it says about its detector; `None` where it says nothing.
    deprecation : `Deprecation` or `None`
        Why it is out of use; `None` where it is not.
    """

    path: str
    detector: str
    filter: str
    keywords: dict[str, Any]
    end: str
    diagnostics: list[Diagnostic]
    beside: str = ""
    state: str = ""
    claims: Claims | None = None
    deprecation: Deprecation | None = None

    def facts(self) -> dict[str, Any]:
        """Return what inference of the instrument needs."""
        return {
            "path": self.path,
            "detector": self.detector,
            "filter": self.filter,
            "keywords": self.keywords,
        }


Attach = Callable[[Calib, FileReport], tuple[Calib, list[Problem]]]
"""Checks the file that a calibration's text names, and returns the calibration with it."""


def check_file(
    file: CalibFile,
    data: bytes,
    instrument: Instrument | None = None,
    attach: Attach | None = None,
    side: bytes | None = None,
) -> tuple[Calib | None, FileReport]:
    """Read and check one file.

    Parameters
    ----------
    file : `CalibFile`
        Its path, type and start.
    data : `bytes`
        Its content.
    instrument : `Instrument`, optional
        Its instrument, where one is declared.
    attach : `~collections.abc.Callable`, optional
        Looks at the file beside it; without one it is not looked at.
    side : `bytes`, optional
        Content of the provenance file beside it.

    Returns
    -------
    calib : `Calib` or `None`
        The calibration; `None` where it cannot be made.
    report : `FileReport`
        All that is wrong with it, and what the set needs to know of it.
    """
    report = FileReport(file.path, file.key.detector, file.key.filter, {}, "", [])
    source, problems = read(data, file.form)
    if source is None:
        located = [Diagnostic.from_problem(p, file.path) for p in limited(problems)]
        report.diagnostics = sorted([*located, *_with_side(None, file, side)[1]])
        return None, report
    cls = get_type(file.key.type)
    calib, found = cls.from_source(source)
    metadata = calib.metadata if calib is not None else normalise(source.metadata, source.tree)[0]
    problems += found
    if calib is not None and not any(code_info(p.code).severity is Severity.ERROR for p in found):
        report.claims = calib.claims()
    if calib is not None and attach is not None:
        calib, found = attach(calib, report)
        problems += found
    problems += check_identity(file, cls.SPEC, metadata, instrument)
    report.deprecation, found = find_deprecation(metadata)
    problems += found
    problems += _inside(calib, file, instrument)
    calib, found_beside = _with_side(calib, file, side)
    located = [source.diagnose(problem, file.path) for problem in limited(problems)]
    report.diagnostics = sorted([*located, *found_beside])
    known = dict(metadata)
    report.keywords = {key: known[key] for key in KEYWORDS if key in known and _is_scalar(known[key])}
    if not isinstance(report.keywords.get("DETECTOR", 0), int):
        del report.keywords["DETECTOR"]
    end = read_date(metadata, "VALIDEND")
    if end is not None and not isinstance(end, Problem):
        report.end = iso(end)
    return calib, report


def _with_side(
    calib: Calib | None, file: CalibFile, beside: bytes | None
) -> tuple[Calib | None, list[Diagnostic]]:
    """Give a calibration what stands in the provenance file beside it, and say what is wrong there."""
    if beside is None:
        return calib, []
    from curated.text.provenance import read_provenance_file

    side = read_provenance_file(beside)
    problems = side.problems
    if calib is not None:
        calib, more = calib.with_provenance(side.provenance)
        problems = problems + more
    return calib, [side.diagnose(problem, file.side) for problem in limited(problems)]


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _inside(calib: Calib | None, file: CalibFile, instrument: Instrument | None) -> list[Problem]:
    """Return what lies outside of the detector, where the instrument says how large that is."""
    if calib is None or instrument is None:
        return []
    detector = instrument.detectors.get(file.key.detector)
    return list(calib.fits_on(detector.width, detector.height)) if detector and detector.width else []
