"""The check of one file: read it, make its calibration, and apply the rules that need no other file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from curated.calib import Calib
from curated.calib.content import Companion
from curated.check.report import FileReport
from curated.check.rules import FILE_RULES
from curated.check.rules.context import FileContext
from curated.check.rules.identity import read_date
from curated.check.rules.plausibility import without_milder
from curated.check.rules.succession import traces_of
from curated.core.codes import Severity, code_info
from curated.core.diagnostic import Diagnostic, Problem, limited
from curated.core.keys import CalibFile
from curated.core.metadata import LISTS, normalise
from curated.core.storage.limits import raise_exhausted
from curated.core.times import iso
from curated.datasets.deprecation import find_deprecation
from curated.package.files import Files, LeadsOutError, read_file
from curated.package.instrument import Instrument
from curated.registry import distribution_at_fault, get_type
from curated.text import read
from curated.text.source import Source
from curated.verification.binding import product_digest

KEYWORDS = [
    "INSTRUME",
    "DETECTOR",
    "DET_NAME",
    "RAFTNAME",
    "SLOTNAME",
    "DET_SER",
    "FILTER",
    "CALIB_ID",
    "UNAFFECTED",
    "CALIBDATE",
    *LISTS,
]
"""Keywords that the rules over the whole package use."""


class CheckedFile(NamedTuple):
    """A file that was read and checked.

    Parameters
    ----------
    report : `FileReport`
        Findings, and the values that rules over the whole package use.
    calib : `Calib` or `None`
        The calibration; `None` where it cannot be made.
    text : `bytes`
        Content of the file; empty where it cannot be read.
    side : `bytes` or `None`
        Content of its provenance file; `None` where there is none, or it cannot be read.
    """

    report: FileReport
    calib: Calib | None
    text: bytes
    side: bytes | None


def read_and_check(
    files: Files, file: CalibFile, declared: Mapping[str, Instrument], *, companion: bool = True
) -> CheckedFile:
    """Read and check one calibration of a package; parameters are those of `check_copies`."""
    return check_copies(files, (file,), declared, companion=companion)[0]


def check_copies(
    files: Files, copies: Sequence[CalibFile], declared: Mapping[str, Instrument], *, companion: bool = True
) -> list[CheckedFile]:
    """Read one file of a package, and check it for each calibration that it stands for.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    companion : `bool`, optional
        Whether to check the file that the text names, such as an image, and to attach it to the calibration.
    """
    file = copies[0]
    text = read_file(files, file.source)
    if isinstance(text, Problem):
        finding = Diagnostic.from_problem(text, file.source)
        return [CheckedFile(_failed(copy, finding), None, b"", None) for copy in copies]
    side = read_file(files, file.side) if file.side else None
    instrument = declared.get(file.key.instrument)
    results: list[tuple[Calib | None, FileReport]] = []
    try:
        content = _read_content(file, text, instrument, files if companion else None)
        results = [_check_content(copy, content, instrument, side) for copy in copies]
    except Exception as error:
        distribution = distribution_at_fault(error)
        if distribution is None:
            raise
        detail = f"{file.key.type} of {distribution}: {type(error).__name__}: {str(error)[:300]}"
        finding = Diagnostic.from_problem(Problem("CAL009", (), detail), file.source)
        results = [(None, _failed(copy, finding)) for copy in copies]
    side = side if isinstance(side, bytes) else None
    return [CheckedFile(report, calib, text, side) for calib, report in results]


def _failed(file: CalibFile, finding: Diagnostic) -> FileReport:
    return FileReport(file.path, file.key.detector, file.key.filter, diagnostics=(finding,))


def check_file(
    file: CalibFile,
    text: bytes,
    instrument: Instrument | None = None,
    *,
    side: bytes | Problem | None = None,
    files: Files | None = None,
) -> tuple[Calib | None, FileReport]:
    """Check the content of one file.

    Parameters
    ----------
    file : `CalibFile`
        Its path, type and start.
    text : `bytes`
        Content of the text file.
    instrument : `Instrument`, optional
        Its instrument, where one is declared.
    side : `bytes` or `Problem`, optional
        Content of its provenance file, or why that cannot be read.
    files : `Files`, optional
        Where the companion that the text names is found; without them it is not checked.

    Returns
    -------
    calib : `Calib` or `None`
        The calibration; `None` where it cannot be made.
    report : `FileReport`
        Findings, and the values that rules over the whole package use.
    """
    return _check_content(file, _read_content(file, text, instrument, files), instrument, side)


class _Content(NamedTuple):
    """The content of a file, read and checked as far as that is the same for all that it stands for.

    Parameters
    ----------
    source : `Source` or `None`
        Keywords and values; `None` where the text cannot be read.
    problems : `list` [`Problem`]
        Problems so far.
    companion, companion_state : `str`
        As for `FileReport`.
    is_sound : `bool`
        Whether its values have no error.
    """

    source: Source | None
    problems: list[Problem]
    calib: Calib | None = None
    companion: str = ""
    companion_state: str = ""
    is_sound: bool = False


def _read_content(
    file: CalibFile, text: bytes, instrument: Instrument | None, files: Files | None
) -> _Content:
    """Read the content of a file; parameters are those of `check_file`."""
    source, problems = read(text, file.form)
    if source is None:
        return _Content(None, problems)
    calib, content_problems = get_type(file.key.type).from_source(source)
    problems += content_problems
    is_sound = not any(code_info(p.code).severity is Severity.ERROR for p in content_problems)
    companion, companion_state = "", ""
    if calib is not None and files is not None:
        is_sole = instrument is not None and len(instrument.detectors) == 1
        calib, companion, companion_state, companion_problems = _attach_companion(
            files, file, calib, is_sole=is_sole
        )
        problems += companion_problems
    return _Content(source, problems, calib, companion, companion_state, is_sound)


def _check_content(
    file: CalibFile, content: _Content, instrument: Instrument | None, side: bytes | Problem | None
) -> tuple[Calib | None, FileReport]:
    """Check the content of a file for one calibration; parameters and results are those of `check_file`."""
    path, key = file.path, file.key
    source, problems, calib, companion, companion_state, is_sound = content
    if source is None:
        findings = [Diagnostic.from_problem(problem, file.source) for problem in limited(problems)]
        findings += _join_side(None, file, side)[1]
        return None, FileReport(path, key.detector, key.filter, diagnostics=tuple(sorted(findings)))
    cls = get_type(key.type)
    problems = list(problems)
    claims = calib.claims() if calib is not None and is_sound else None
    metadata = calib.metadata if calib is not None else normalise(source.metadata, source.tree)[0]
    # A plain dictionary is faster to look up, and the keywords are in canonical spelling already.
    keywords = dict(metadata)
    deprecation, mark_problems = find_deprecation(keywords)
    problems += mark_problems
    context = FileContext(file, cls.SPEC, keywords, instrument, calib, source)
    for rule in FILE_RULES:
        problems += rule(context)
    problems = without_milder(cls.SPEC, problems)
    # Before the provenance is added, since statistics of pixels are kept with the calibration that they were taken of.
    is_traced = calib is not None and file.is_compared and is_sound
    traces = traces_of(calib, shared=True) if calib is not None and is_traced else ()
    calib, side_findings = _join_side(calib, file, side)
    # Without the file beside it a calibration is not whole.
    is_whole = calib is not None and (companion_state or calib.companion() is None)
    product = product_digest(calib) if file.record and calib is not None and is_whole else ""
    findings = [source.diagnose(problem, file.source) for problem in limited(problems)]
    end = read_date(keywords, "VALIDEND")
    return calib, FileReport(
        path,
        key.detector,
        key.filter,
        _identity_keywords(keywords),
        "" if end is None or isinstance(end, Problem) else iso(end),
        tuple(sorted([*findings, *side_findings])),
        companion,
        companion_state,
        claims,
        deprecation,
        traces,
        product,
        _certified(calib),
    )


def _certified(calib: Calib | None) -> tuple[str, ...]:
    """Return what the latest certification says; see `FileReport`."""
    certifications = calib.provenance.certifications if calib is not None else ()
    if not certifications:
        return ()
    latest = certifications[-1]
    return latest.record, latest.begin, latest.end


def _identity_keywords(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords that rules over the whole package use, where they are numbers or text."""
    identity = {}
    for keyword in KEYWORDS:
        value = keywords.get(keyword)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            identity[keyword] = value
    if not isinstance(identity.get("DETECTOR", 0), int):
        del identity["DETECTOR"]
    return identity


def _attach_companion(
    files: Files, file: CalibFile, calib: Calib, *, is_sole: bool = False
) -> tuple[Calib, str, str, list[Problem]]:
    """Check the file that a calibration's text names, and attach it.

    Parameters
    ----------
    is_sole : `bool`, optional
        Whether its detector is the only one of the instrument.

    Returns
    -------
    calib : `Calib`
        With the content of the companion, where that can be used.
    path : `str`
        Path of the companion; empty where the text names none.
    state : `str`
        Changes whenever the companion does; empty where it is not on disk.
    problems : `list` [`Problem`]
        Problems of the companion.
    """
    companion = calib.companion()
    if companion is None:
        return calib, "", "", []
    path = os.path.join(os.path.dirname(file.source), companion.file)
    pointer = (*companion.pointer, "file")
    state = ""
    try:
        place = files.locate(path)
        if place is None:
            return calib, path, "", []
        state = files.state(path)
        attached, problems = calib.attach(place)
        if not any(problem.code == "CAL342" for problem in problems):
            differences = list(_wrong_size_or_hash(companion, place, attached))
            # Another image has other statistics as a matter of course.
            problems += differences or attached.pixel_problems(is_sole=is_sole)
        return attached, path, state, problems
    except FileNotFoundError:
        detail = f"{companion.file} is not there, in the directory of {os.path.basename(file.source)}"
        problem = Problem("CAL340", pointer, detail)
    except LeadsOutError as error:
        problem = Problem("CAL106", pointer, f"{companion.file} {error.strerror or ''}")
    except OSError as error:
        raise_exhausted(error)
        problem = Problem("CAL201", pointer, f"{companion.file}: {error.strerror or error}")
    return calib, path, state, [problem]


def _wrong_size_or_hash(companion: Companion, place: str, calib: Any) -> Iterator[Problem]:
    """Yield a size or a hash of a companion that differs from the one in the text."""
    size = os.stat(place).st_size
    if size != companion.size:
        detail = f"{companion.file} has {size} bytes, but size is {companion.size}"
        yield Problem("CAL343", (*companion.pointer, "size"), detail)
        return
    from curated.image.planes import digest  # few files have a companion

    sha256 = digest(place, getattr(calib, "planes", {}).values())
    if sha256 != companion.sha256:
        detail = f"the SHA-256 of {companion.file} is {sha256}"
        yield Problem("CAL343", (*companion.pointer, "sha256"), detail)


def _join_side(
    calib: Calib | None, file: CalibFile, content: bytes | Problem | None
) -> tuple[Calib | None, list[Diagnostic]]:
    """Add the content of the provenance file to a calibration, and return the findings in that file."""
    if content is None:
        return calib, []
    if isinstance(content, Problem):
        return calib, [Diagnostic.from_problem(content, file.side)]
    from curated.text.provenance import read_provenance_file

    side = read_provenance_file(content)
    problems = side.problems
    if calib is not None:
        calib, join_problems = calib.with_provenance(side.provenance)
        problems = problems + join_problems
    return calib, [side.diagnose(problem, file.side) for problem in limited(problems)]
