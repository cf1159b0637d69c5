"""What is in force over a span of time: the calibrations of each product of an instrument, and the holes between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from curated.check.file import check_copies
from curated.check.report import FileReport, resolve_ranges
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey, by_source
from curated.history.names import (
    detector_directory,
    instrument_directories,
    leave_out_hint,
    require_names,
)
from curated.package.files import Files, read_file
from curated.package.instrument import Instrument
from curated.package.layout import directory_name, discover
from curated.package.package import Package
from curated.package.validity import Range, by_key, covering
from curated.registry import find_type, get_type

_OF_VALIDITY = (b"validend", b"deprecated", b"\\")
"""What a text has, in lower case, that says more of its validity than its name does: a keyword, maybe written with escapes."""

OF_SKIPPED_FILES = frozenset({"CAL101", "CAL107", "CAL220"})
"""Codes of files in the right directory that are not read."""

_MOMENT = timedelta.resolution


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a span of time, and what is in force in it.

    Parameters
    ----------
    file : `CalibFile` or `None`
        The calibration; `None` in a hole.
    range : `Range` or `None`
        When that is in force, before and after the span as well.
    """

    span: Range
    file: CalibFile | None
    range: Range | None


@dataclass(frozen=True, slots=True)
class Product:
    """A product, and what is in force of it over a span of time.

    Parameters
    ----------
    key : `CalibKey`
        Instrument, type, detector and filter.
    parts : `tuple` [`Part`]
        Parts of the span in order; one of them where nothing changes.
    """

    key: CalibKey
    parts: tuple[Part, ...]

    @property
    def epochs(self) -> list[tuple[CalibFile, Range]]:
        """Each calibration that is in force in the span, once, and when it is."""
        epochs = {
            p.file.path: (p.file, p.range) for p in self.parts if p.file is not None and p.range is not None
        }
        return list(epochs.values())

    @property
    def holes(self) -> list[Range]:
        """The parts of the span in which nothing is in force."""
        return [part.span for part in self.parts if part.file is None]


def select(
    package: Package,
    declared: Mapping[str, Instrument],
    instrument: str,
    type_name: str = "",
    detector: str = "",
    filter_name: str = "",
) -> CalibKey:
    """Return the names of directories that select products; empty ones select all.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    instrument : `str`
        The instrument's directory, or its name in a repository.
    type_name : `str`, optional
        Name or alias of a type.
    detector : `str`, optional
        Name or number of a detector; products without a detector are selected as well, unless a type is given.
    filter_name : `str`, optional
        A filter; products without a filter are selected as well, unless a type is given.

    Raises
    ------
    CuratedError
        If there is no such type, instrument, detector or filter, or if the type has no detectors or filters.
    """
    spec = get_type(type_name).SPEC if type_name else None
    directory = instrument_directories(package, declared, instrument)[0]
    if spec is not None:
        for name, has_level, level in (
            (detector, spec.has_detector, "detector"),
            (filter_name, spec.has_filter, "filter"),
        ):
            if name and not has_level:
                raise CuratedError(f"{spec.name} has no {level} level", leave_out_hint(spec, level, name))
    if detector:
        detector = detector_directory(package, declared.get(directory), directory, detector)
    key = CalibKey(directory, spec.name if spec else "", detector, directory_name(filter_name))
    require_names(package, declared.get(directory), key)
    return key


def is_selected(key: CalibKey, selection: CalibKey) -> bool:
    """Return whether a key is one of a selection; see `select`."""
    return (
        key.instrument.lower() == selection.instrument.lower()
        and selection.type in ("", key.type)
        and (not selection.detector or key.detector in ("", selection.detector))
        and (not selection.filter or key.filter in ("", selection.filter))
    )


def find_products(
    package: Package, selection: CalibKey, begin: datetime, end: datetime | None = None
) -> list[Product]:
    """Return the selected products in the order of their keys, with what is in force of them.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree or of a commit.
    selection : `CalibKey`
        The products; see `select`.
    begin : `datetime.datetime`
        First moment of the span, UTC.
    end : `datetime.datetime`, optional
        First moment after it; if it is not given, the span is the moment ``begin``.

    Raises
    ------
    CuratedError
        If git hides a calibration that might be in force.
    """
    _require_whole(package, selection)
    files = [file for file in package.layout.files if is_selected(file.key, selection)]
    ranges = read_ranges(package.files, files)
    # A moment is a span that is shorter than any range.
    span = Range(begin, max(end, begin + _MOMENT) if end is not None else _after(begin))
    return [
        Product(epochs[-1].key, _parts(span, epochs, ranges)) for _, epochs in sorted(by_key(files).items())
    ]


def _after(moment: datetime) -> datetime | None:
    try:
        return moment + _MOMENT
    except OverflowError:
        return None


def _parts(span: Range, epochs: Sequence[CalibFile], ranges: Mapping[str, Range]) -> tuple[Part, ...]:
    files = {file.path: file for file in epochs}
    parts = covering(span, [(file.path, ranges[file.path]) for file in epochs])
    return tuple(Part(part, files.get(path), ranges.get(path)) for part, path in parts)


def _require_whole(package: Package, selection: CalibKey) -> None:
    """Raise an error if git hides a calibration of the selection, or the description of the instrument."""
    if not package.hidden:
        return
    layout = discover(list(package.hidden), package.top)
    paths = [file.path for file in layout.files if is_selected(file.key, selection)]
    paths += [path for directory, path in layout.instruments.items() if directory == selection.instrument]
    package.require_whole(paths, "what is in force is not known", "look in the commit with '--as-of HEAD'")


def find_skipped(package: Package, selection: CalibKey) -> Iterator[tuple[str, str]]:
    """Yield the files in the directories of selected products that are not read, and why."""
    depth = len(package.top.split("/")) if package.top else 0
    for path, problem in package.layout.problems:
        instrument, *rest = path.split("/")[depth:-1] or [""]
        cls = find_type(rest[0]) if rest else None
        if problem.code not in OF_SKIPPED_FILES or cls is None:
            continue
        levels = [directory_name(name) for name in rest[1:]]
        detector = levels[0] if levels and cls.SPEC.has_detector else ""
        filter_name = levels[-1] if levels and cls.SPEC.has_filter else ""
        if is_selected(CalibKey(instrument, cls.SPEC.name, detector, filter_name), selection):
            yield path, problem.detail


def read_ranges(files: Files, calib_files: Iterable[CalibFile]) -> dict[str, Range]:
    """Return when calibrations are in force, by path; only texts that say more of it than their names are parsed.

    Parameters
    ----------
    calib_files : iterable [`CalibFile`]
        All files of the keys of interest, since neighbours end each other.
    """
    calib_files = list(calib_files)
    reports: dict[str, FileReport] = {}
    for copies in by_source(calib_files):
        text = read_file(files, copies[0].source)
        if isinstance(text, bytes) and says_validity(text):
            checked_copies = check_copies(files, copies, {}, companion=False)
            reports |= {checked.report.path: checked.report for checked in checked_copies}
        else:
            reports |= {f.path: FileReport(f.path, f.key.detector, f.key.filter) for f in copies}
    return resolve_ranges(calib_files, reports)


def says_validity(text: bytes) -> bool:
    """Return whether a text may have an end of validity or a mark of deprecation."""
    lower_text = text.lower()
    return any(word in lower_text for word in _OF_VALIDITY)
