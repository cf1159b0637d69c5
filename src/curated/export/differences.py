"""What differs physically between the calibrations of two packages, bundles or repositories, by when they are certified."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.geometry import Camera, DetectorGeometry
from curated.core.keys import CalibKey
from curated.core.parallel import Progress, run_all
from curated.core.storage.limits import raise_exhausted
from curated.core.times import EARLIEST, utc_times
from curated.datasets.inventory import Inventory
from curated.datasets.record import Dataset, Key, key_order
from curated.datasets.spans import LAST_NS, Span
from curated.datasets.values import is_same_content
from curated.declare import Conditions
from curated.difference.cameras import GAINS, CameraEpoch, Cameras, GainsEpoch, needs_levels
from curated.difference.change import Change
from curated.difference.measuring import Version, compare
from curated.export.holdings import FileLocation
from curated.export.selection import type_of
from curated.export.text import DAMAGE, read_calibration, readable_file, require_readable
from curated.package.layout import directory_name
from curated.package.validity import Range
from curated.registry import get_type


class StoredFile(NamedTuple):
    """The file of a dataset.

    Parameters
    ----------
    name : `str`
        Its name for people: a path in a package or a bundle, or an address.
    location : `FileLocation`
        Where it is.
    """

    name: str
    location: FileLocation


@dataclass(frozen=True, slots=True)
class Holdings:
    """The calibrations in force somewhere, with their files.

    Parameters
    ----------
    inventory : `Inventory`
        Which calibration is in force when.
    files : `dict` [`tuple`, `StoredFile`]
        Files by key and begin of the first range of a calibration.
    detectors : `dict` [`tuple`, `DetectorGeometry`]
        Detectors by name of the instrument and number, as far as they are known.
    detector_names : `dict` [`tuple`, `str`]
        Names of detectors by name of the instrument and number.
    """

    inventory: Inventory
    files: Mapping[tuple[Key, int], StoredFile]
    detectors: Mapping[tuple[str, int], DetectorGeometry] = field(default_factory=dict)
    detector_names: Mapping[tuple[str, int], str] = field(default_factory=dict)


class DatasetPair(NamedTuple):
    """A calibration of the first source and that of the second which is in force at the same times."""

    key: Key
    first: StoredFile | None
    second: StoredFile | None
    spans: tuple[Span, ...]
    begin: int
    """Begin of the second calibration, of the first one where there is no second one; nanoseconds TAI."""


def find_pairs(first: Holdings, second: Holdings) -> list[DatasetPair]:
    """Return the calibrations that differ at some time, with all times at which they do."""
    firsts, seconds = _by_key(first.inventory), _by_key(second.inventory)
    pairs: list[DatasetPair] = []
    for key in sorted({*firsts, *seconds}, key=key_order):
        spans: dict[tuple[int, int], list[Span]] = {}
        before, after = firsts.get(key, ()), seconds.get(key, ())
        times = sorted({time for dataset in (*before, *after) for time in dataset.span})
        for begin, end in pairwise(times):
            old, new = _at(before, begin), _at(after, begin)
            if old is None and new is None:
                continue
            if old is not None and new is not None and is_same_content(old.content, new.content):
                continue
            parts = spans.setdefault(
                (-1 if old is None else old.span.begin, -1 if new is None else new.span.begin), []
            )
            if parts and parts[-1].end == begin:
                parts[-1] = Span(parts[-1].begin, end)
            else:
                parts.append(Span(begin, end))
        pairs.extend(
            DatasetPair(
                key,
                first.files.get((key, begin)),
                second.files.get((key, other)),
                tuple(parts),
                begin if other == -1 else other,
            )
            for (begin, other), parts in spans.items()
        )
    return pairs


def _by_key(inventory: Inventory) -> dict[Key, list[Dataset]]:
    datasets_by_key: dict[Key, list[Dataset]] = {}
    for dataset in inventory.datasets:
        datasets_by_key.setdefault(dataset.key, []).append(dataset)
    return datasets_by_key


def _at(datasets: Iterable[Dataset], time: int) -> Dataset | None:
    return next((d for d in datasets if d.span.begin <= time < d.span.end), None)


def measure_pairs(
    first: Holdings,
    second: Holdings,
    conditions: Conditions,
    *,
    keys: Collection[Key] | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[Key, Change]]:
    """Yield the changes from one source to another, each with its dataset type and data ID.

    Parameters
    ----------
    conditions : `Conditions`
        Under which conditions measures are taken; detector and filter are those of the data ID.
    keys : collection, optional
        Dataset types and data IDs that are compared; all if not given.
    jobs, progress
        As for `~curated.core.parallel.run_all`.
    """
    pairs = [pair for pair in find_pairs(first, second) if keys is None or pair.key in keys]
    times = utc_times(
        {ns for pair in pairs for ns in (pair.begin, *(ns for span in pair.spans for ns in span))}
    )
    detectors = {**second.detectors, **first.detectors}
    names = {**second.detector_names, **first.detector_names}
    instruments = {
        str(dict(pair.key[1]).get("instrument", "")) for pair in pairs if "detector" in dict(pair.key[1])
    }
    calib_keys = [_calib_key(pair.key, names) for pair in pairs]
    cameras = _read_cameras((second, first), instruments, calib_keys, names)
    tasks = []
    for pair in pairs:
        key = _calib_key(pair.key, names)
        data_id = dict(pair.key[1])
        detector = data_id.get("detector")
        geometry = (
            detectors.get((str(data_id.get("instrument", "")), detector))
            if isinstance(detector, int)
            else None
        )
        ranges = tuple(_range(span, times) for span in pair.spans)
        of_key = replace(conditions, detector=geometry, filter_name=key.filter)
        valid = Range(times[pair.begin], ranges[-1].end if ranges else None)
        tasks.append(_Task(key, pair, ranges, cameras.conditions(key, valid, of_key)))
    results = run_all(_PairMeasurer(), tasks, jobs, progress)
    yield from ((task.pair.key, change) for task, change in zip(tasks, results, strict=True))


def _read_cameras(
    sources: Sequence[Holdings],
    instruments: Collection[str],
    keys: Collection[CalibKey],
    names: Mapping[tuple[str, int], str],
) -> Cameras:
    """Read the cameras and gains, each from the first source that has one, as those of packages are.

    Those that cannot be read are left out.

    Parameters
    ----------
    keys : collection [`CalibKey`]
        Keys of what is measured.
    names : `dict`
        Names of detectors by instrument and number.
    """
    detectors = {(key.instrument, key.detector) for key in keys if key.detector and needs_levels(key)}
    cameras: dict[str, list[CameraEpoch]] = {}
    gains: dict[tuple[str, str], list[GainsEpoch]] = {}
    for holdings in sources:
        missing = set(instruments) - cameras.keys(), detectors - gains.keys()
        for dataset in holdings.inventory.datasets if any(missing) else ():
            spec = type_of(dataset.dataset_type, "")
            file = holdings.files.get((dataset.key, dataset.span.begin))
            if spec is None or file is None or dataset.instrument not in instruments:
                continue
            key = _calib_key(dataset.key, names)
            is_camera = dataset.instrument in missing[0] and issubclass(get_type(spec.name), Camera)
            is_gains = spec.name == GAINS and (key.instrument, key.detector) in missing[1]
            calib = _read(key, file.location) if is_camera or is_gains else None
            if calib is None:
                continue
            valid = _range(dataset.span, utc_times(set(dataset.span)))
            if is_camera:
                cameras.setdefault(dataset.instrument, []).append(CameraEpoch(valid.start, calib, file.name))
            else:
                gains.setdefault((key.instrument, key.detector), []).append(
                    GainsEpoch(valid, calib, file.name)
                )
    return Cameras(
        {name: sorted(items, key=lambda item: item.start) for name, items in cameras.items()},
        {place: sorted(items, key=lambda item: item.range.start) for place, items in gains.items()},
    )


@dataclass(frozen=True, slots=True)
class StoredPairs:
    """The calibrations of changes from one source to another, which are read where they are drawn.

    Parameters
    ----------
    first, second : `dict` [`str`, `FileLocation`]
        Files by their names.
    """

    first: Mapping[str, FileLocation]
    second: Mapping[str, FileLocation]

    @classmethod
    def of(cls, first: Holdings, second: Holdings, changes: Iterable[Change]) -> StoredPairs:
        """Return the calibrations of some changes between two sources, and of no others."""
        changes = list(changes)
        names = {change.old for change in changes}, {change.new for change in changes}
        old_files, new_files = (
            {file.name: file.location for file in holdings.files.values() if file.name in selected}
            for holdings, selected in zip((first, second), names, strict=True)
        )
        return cls(old_files, new_files)

    def read(self, change: Change) -> tuple[Calib | None, Calib | None]:
        """Return the calibrations of the first and of the second source; `None` for what cannot be read."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            places = self.first.get(change.old or ""), self.second.get(change.new or "")
            old, new = (None if place is None else _read(change.key, place) for place in places)
        return old, new


def _range(span: Span, times: Mapping[int, datetime]) -> Range:
    return Range(max(times[span.begin], EARLIEST), None if span.end == LAST_NS else times[span.end])


def _calib_key(key: Key, names: Mapping[tuple[str, int], str]) -> CalibKey:
    """Return the key of a dataset as packages have it; where a detector's name is not known, it has its number."""
    dataset_type, data_id = key
    values = dict(data_id)
    instrument, detector = str(values.get("instrument", "")), values.get("detector", "")
    name = names.get((instrument, detector)) if isinstance(detector, int) else None
    spec = type_of(dataset_type, "")
    return CalibKey(
        instrument,
        spec.name if spec is not None else dataset_type,
        directory_name(name) if name else str(detector),
        directory_name(str(values.get("physical_filter", ""))),
    )


class _Task(NamedTuple):
    key: CalibKey
    pair: DatasetPair
    ranges: tuple[Range, ...]
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class _PairMeasurer:
    """Measures pairs of calibrations, maybe in another process."""

    def __call__(self, chunk: Sequence[_Task]) -> list[Change]:
        with warnings.catch_warnings():
            # What astropy warns of in a damaged file does no harm here.
            warnings.simplefilter("ignore")
            return [_measured(task) for task in chunk]


def _measured(task: _Task) -> Change:
    old, new = (_version(task.key, file) for file in (task.pair.first, task.pair.second))
    try:
        return compare(task.key, old, new, task.ranges, task.conditions)
    except DAMAGE:
        # A file from outside can hold values that no check has seen.
        paths = tuple(version.path for version in (old, new) if version is not None)
        return Change(
            task.key, old.path if old else None, new.path if new else None, task.ranges, unreadable=paths
        )


def _version(key: CalibKey, file: StoredFile | None) -> Version | None:
    return None if file is None else Version(file.name, _read(key, file.location))


def _read(key: CalibKey, location: FileLocation) -> Calib | None:
    cls = get_type(key.type)
    try:
        with location.as_local() as local:
            require_readable(local.ospath)
            with readable_file(local.ospath, cls) as readable:
                return read_calibration(readable, cls)
    except OSError as error:
        raise_exhausted(error)
        return None
    except (CuratedError, MemoryError, *DAMAGE):
        return None
