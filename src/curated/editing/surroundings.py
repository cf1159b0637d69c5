"""What path, instrument and the other files of a package say about the identity of a calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from curated.check.report import FileReport
from curated.check.rules.identity import read_date
from curated.core.keys import CalibFile
from curated.core.metadata import has_value
from curated.package.instrument import Detector, Filter, Instrument
from curated.package.layout import directory_name
from curated.package.package import Package
from curated.package.validity import folded
from curated.registry import find_type

_DETECTOR_KEYWORDS = ("DETECTOR", "DET_NAME")


class Expected(NamedTuple):
    """A value that a keyword should have, and who says so."""

    value: str | int
    reason: str


class Statement(NamedTuple):
    """A keyword of a file, and the directory that it speaks of."""

    keyword: str
    value: Any
    directory: str


@dataclass(slots=True, eq=False, repr=False)
class Surroundings:
    """The instruments of a package, and how often its files say what.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    counts : `dict` [`tuple`, `Counter`]
        Values of a keyword in the files that agree with their path, by keyword, instrument and directory.
    places : `set` [`tuple`]
        Key and start of each calibration.
    """

    declared: Mapping[str, Instrument]
    counts: dict[tuple[str, str, str], Counter[Any]] = field(default_factory=dict)
    places: set[tuple[Any, Any]] = field(default_factory=set)

    # -- who says what ------------------------------------------------------------------------------------

    def instrument(self, file: CalibFile) -> Instrument | None:
        """Return the instrument of a file, if it has an ``instrument.yaml``."""
        instrument = self.declared.get(file.key.instrument)
        return instrument if instrument is not None and instrument.declared else None

    def detector(self, file: CalibFile) -> Detector | None:
        """Return the declared detector of a file."""
        instrument = self.instrument(file)
        return instrument.detectors.get(file.key.detector) if instrument is not None else None

    def filter(self, file: CalibFile) -> Filter | None:
        """Return the declared filter of a file."""
        instrument = self.instrument(file)
        return instrument.filters.get(file.key.filter) if instrument is not None else None

    def of_others(self, keyword: str, file: CalibFile, directory: str) -> Expected | None:
        """Return the value that most files of a directory have; `None` where no majority has one."""
        counts = self.counts.get((keyword, file.key.instrument.lower(), directory))
        if not counts:
            return None
        value, count = counts.most_common(1)[0]
        total = counts.total()
        if 2 * count <= total:
            return None
        others = (
            f"{count} other file{'' if count == 1 else 's'}"
            if count == total
            else f"{count} of {total} files"
        )
        return Expected(
            value, f"{others} of {directory!r} {'says' if others.startswith('1 other') else 'say'} so"
        )

    def detector_with_number(self, file: CalibFile, number: Any) -> str:
        """Return the directory of the detector with a number; empty if there is none."""
        instrument = self.instrument(file)
        if instrument is not None:
            return next((d for d, detector in instrument.detectors.items() if detector.id == number), "")
        directories = [
            directory
            for (keyword, name, directory), counts in self.counts.items()
            if keyword == "DETECTOR"
            and name == file.key.instrument.lower()
            and counts.most_common(1)[0][0] == number
        ]
        return directories[0] if len(directories) == 1 else ""

    def has_directory(self, level: str, file: CalibFile, directory: str) -> bool:
        """Return whether the package has a detector, filter or instrument of a directory's name."""
        instrument = self.instrument(file)
        if level == "instrument":
            return any(name == directory for _, name, _ in self.counts)
        if instrument is not None:
            return directory in (instrument.detectors if level == "detector" else instrument.filters)
        keywords = _DETECTOR_KEYWORDS if level == "detector" else ("FILTER",)
        return any((keyword, file.key.instrument.lower(), directory) in self.counts for keyword in keywords)


def find_surroundings(
    package: Package, declared: Mapping[str, Instrument], reports: Mapping[str, FileReport]
) -> Surroundings:
    """Collect what the files of a package say, each as far as it agrees with its path."""
    surroundings = Surroundings(declared)
    for file in package.layout.files:
        surroundings.places.add((folded(file.key), file.start))
        report = reports.get(file.path)
        if report is None:
            continue
        for keyword, directory, value in _agreeing(file, report):
            place = (keyword, file.key.instrument.lower(), directory)
            surroundings.counts.setdefault(place, Counter())[value] += 1
    return surroundings


def _agreeing(file: CalibFile, report: FileReport) -> Iterator[tuple[str, str, Any]]:
    """Yield keyword, directory and value where a file agrees with its path."""
    keywords = report.keywords
    instrument = keywords.get("INSTRUME")
    if isinstance(instrument, str) and instrument.lower() == file.key.instrument.lower():
        yield "INSTRUME", "", instrument
    name, number = keywords.get("DET_NAME"), keywords.get("DETECTOR")
    if file.key.detector:
        is_named = isinstance(name, str) and bool(name)
        agrees = is_named and file.key.detector in _directories(name, keywords.get("RAFTNAME"))
        if agrees:
            yield "DET_NAME", file.key.detector, name
        for keyword in ("RAFTNAME", "SLOTNAME"):
            if isinstance(keywords.get(keyword), str) and (agrees or not is_named):
                yield keyword, file.key.detector, keywords[keyword]
        # A number beside another detector's name was copied with it.
        if isinstance(number, int) and number >= 0 and (agrees or not is_named):
            yield "DETECTOR", file.key.detector, number
    filter_name = keywords.get("FILTER")
    if file.key.filter and isinstance(filter_name, str) and directory_name(filter_name) == file.key.filter:
        yield "FILTER", file.key.filter, filter_name


def _directories(name: Any, raft: Any) -> tuple[str, str]:
    return directory_name(str(name)), directory_name(f"{raft}_{name}")


# -- statements that contradict the path -------------------------------------------------------------------


def misplaced_levels(
    surroundings: Surroundings, file: CalibFile, keywords: Mapping[str, Any], id_parts: Mapping[str, str]
) -> dict[str, list[Statement]]:
    """Return the levels of a path that the keywords together contradict, with their statements.

    That is evidence that the file is in a wrong place: where a file was copied, and its keywords not yet changed, the
    original is still in the place that they speak of. A single keyword is no evidence unless the path itself names
    what the instrument does not have.

    Parameters
    ----------
    keywords : `~collections.abc.Mapping`
        Keywords in canonical spelling.
    id_parts : `dict` [`str`, `str`]
        Parts of CALIB_ID.
    """
    misplaced = {}
    for level, statements in _statements(surroundings, file, keywords, id_parts).items():
        directories = {statement.directory for statement in statements}
        path_name = str(getattr(file.key, level)).lower()
        if len(directories) != 1 or path_name in directories:
            continue
        other = directories.pop()
        instrument = surroundings.instrument(file)
        is_declared = (
            level in ("instrument", "type")
            or instrument is None
            or (path_name in (instrument.detectors if level == "detector" else instrument.filters))
        )
        if level != "type" and not surroundings.has_directory(level, file, other):
            continue
        if len(statements) < 2 and is_declared:
            continue
        key = folded(file.key)
        parts = {name: getattr(key, name) for name in ("instrument", "type", "detector", "filter")} | {
            level: other
        }
        starts = {file.start, read_date(keywords, "CALIBDATE")}
        is_copy = any((type(key)(**parts), start) in surroundings.places for start in starts)
        if not is_copy or not is_declared:
            misplaced[level] = statements
    return misplaced


def _statements(
    surroundings: Surroundings, file: CalibFile, keywords: Mapping[str, Any], id_parts: Mapping[str, str]
) -> dict[str, list[Statement]]:
    statements: dict[str, list[Statement]] = {"instrument": [], "type": [], "detector": [], "filter": []}

    def add(level: str, keyword: str, value: Any, directory: str) -> None:
        if has_value(value) and directory:
            statements[level].append(Statement(keyword, value, directory))

    name = keywords.get("INSTRUME")
    add("instrument", "INSTRUME", name, str(name).lower())
    add("instrument", "CALIB_ID", id_parts.get("instrument"), str(id_parts.get("instrument")).lower())
    cls = find_type(file.key.type)
    obstype = str(keywords.get("OBSTYPE")).lower()
    if cls is not None and obstype in (cls.SPEC.name.lower(), cls.SPEC.obstype.lower()):
        obstype = file.key.type
    add("type", "OBSTYPE", keywords.get("OBSTYPE"), obstype if find_type(obstype) is not None else "")
    add(
        "type",
        "CALIBCLS",
        keywords.get("CALIBCLS"),
        _type_of_class(file, str(keywords.get("CALIBCLS")), obstype),
    )
    if file.key.detector:
        detector = keywords.get("DET_NAME")
        directories = _directories(detector, keywords.get("RAFTNAME"))
        is_known = surroundings.has_directory("detector", file, directories[1])
        directory = directories[1] if is_known or directories[1] == file.key.detector else directories[0]
        add("detector", "DET_NAME", detector, directory)
        number = keywords.get("DETECTOR")
        add("detector", "DETECTOR", number, surroundings.detector_with_number(file, number))
        instrument, serial = surroundings.instrument(file), keywords.get("DET_SER")
        owners = (
            [d for d, x in instrument.detectors.items() if x.serial and x.serial == serial]
            if instrument
            else []
        )
        add("detector", "DET_SER", serial, owners[0] if len(owners) == 1 else "")
    if file.key.filter:
        add("filter", "FILTER", keywords.get("FILTER"), directory_name(str(keywords.get("FILTER"))))
        add("filter", "CALIB_ID", id_parts.get("filter"), directory_name(str(id_parts.get("filter"))))
    return statements


def _type_of_class(file: CalibFile, name: str, obstype: str) -> str:
    """Return the type of a class: of those of one class, the file's own or that of OBSTYPE; empty if it is neither."""
    for type_name in (file.key.type, obstype):
        cls = find_type(type_name)
        if cls is not None and name.rpartition(".")[2] == cls.SPEC.calibcls.rpartition(".")[2]:
            return cls.SPEC.name
    return ""
