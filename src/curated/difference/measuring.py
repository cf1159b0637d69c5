"""Measure what the calibrations of a key were before a change, and what they are now."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from curated.calib import Calib
from curated.calib.agreement import has_same_content
from curated.calib.arrays import is_equal
from curated.calib.fingerprint import values_hash
from curated.check.file import CheckedFile, read_and_check
from curated.check.report import resolve_ranges
from curated.core.diagnostic import has_errors
from curated.core.keys import CalibFile, CalibKey
from curated.core.parallel import Progress, run_all
from curated.datasets.values import differing_fields, is_same_content
from curated.declare import Conditions
from curated.difference.cameras import NO_CAMERAS, Cameras, conditions_of, read_cameras
from curated.difference.change import Change, Effect
from curated.difference.companions import attach_companion
from curated.history.changes import Changes, different_fields, different_keywords
from curated.history.effects import find_segments
from curated.package.instrument import Instrument
from curated.package.package import Package
from curated.package.validity import Range, by_key
from curated.text.ecsv.row_comments import row_comments

_FAILURES = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError)


class KeyFiles(NamedTuple):
    """The files of one key, before and after, in the order of their starts."""

    key: CalibKey
    before: Sequence[CalibFile]
    after: Sequence[CalibFile]


def changed_keys(changes: Changes, paths: Sequence[str] = ()) -> list[KeyFiles]:
    """Return the files of all keys of which a file changed, in order.

    Parameters
    ----------
    paths : sequence [`str`], optional
        Files and directories in the package; only keys with a changed file there are returned.
    """
    before, after = by_key(changes.before.layout.files), by_key(changes.now.layout.files)
    keys = []
    for key in sorted(before.keys() | after.keys()):
        files = KeyFiles(key, before.get(key, ()), after.get(key, ()))
        names = [file.source for file in (*files.before, *files.after) if changes.include(file)]
        if any(not paths or is_selected(name, paths) for name in names):
            # With the directory's own name, which a comparison folds.
            keys.append(files._replace(key=(files.after or files.before)[-1].key))
    return keys


def is_selected(path: str, paths: Iterable[str]) -> bool:
    """Say whether a path is one of some paths, or below one of them."""
    return any(path == selected or path.startswith(f"{selected}/") for selected in paths)


def measure_changes(
    changes: Changes,
    keys: Sequence[KeyFiles],
    conditions: Conditions,
    declared: Mapping[str, Instrument],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Change]:
    """Yield the changes of keys.

    Parameters
    ----------
    changes : `Changes`
        The states before and after.
    keys : sequence [`KeyFiles`]
        The keys and their files; see `changed_keys`.
    conditions : `Conditions`
        Under which conditions measures are taken; detector and filter are those of the key.
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    jobs : `int`, optional
        Number of processes; see `~curated.core.parallel.run_all`.
    progress : callable, optional
        Called with how many keys are done and how many there are.
    """
    instruments = {files.key.instrument for files in keys if files.key.detector}
    cameras = read_cameras((changes.now, changes.before), instruments, [files.key for files in keys])
    work = _Work(changes, conditions, declared, cameras)
    for results in run_all(work, keys, jobs, progress):
        yield from results


@dataclass(frozen=True, slots=True)
class _Work:
    """Measures chunks of keys, maybe in another process."""

    changes: Changes
    conditions: Conditions
    declared: Mapping[str, Instrument]
    cameras: Cameras = NO_CAMERAS

    def __call__(self, chunk: Sequence[KeyFiles]) -> list[list[Change]]:
        return [list(self._changes(files)) for files in chunk]

    def _changes(self, files: KeyFiles) -> Iterator[Change]:
        states = _States(self.changes)
        ranges_by_pair: dict[tuple[CalibFile | None, CalibFile | None], list[Range]] = {}
        old_epochs, new_epochs = (
            states.epochs(files.before, is_new=False),
            states.epochs(files.after, is_new=True),
        )
        segments = find_segments(old_epochs, new_epochs)
        for segment in segments:
            if not states.is_same(segment.before, segment.now):
                ranges_by_pair.setdefault((segment.before, segment.now), []).append(segment.range)
        used = {
            file.path for segment in segments for file in (segment.before, segment.now) if file is not None
        }
        self._add_idle(ranges_by_pair, files, used)
        usual_conditions = conditions_of(files.key, self.conditions, self.declared)
        old_ranges, new_ranges = dict(old_epochs), dict(new_epochs)
        for (old, new), ranges in ranges_by_pair.items():
            names = states.row_names(old, is_new=False), states.row_names(new, is_new=True)
            conditions = replace(usual_conditions, row_names=names) if any(names) else usual_conditions
            latest = new if new is not None else old
            if latest is not None:
                end = (new_ranges if new is not None else old_ranges)[latest].end
                conditions = self.cameras.conditions(files.key, Range(latest.start, end), conditions)
            versions = states.calibs(old, new)
            change = compare(files.key, *versions, tuple(ranges), conditions)
            yield replace(
                change,
                old_range=old_ranges.get(old) if old is not None else None,
                new_range=new_ranges.get(new) if new is not None else None,
            )

    def _add_idle(
        self,
        ranges_by_pair: dict[tuple[CalibFile | None, CalibFile | None], list[Range]],
        files: KeyFiles,
        paths: set[str],
    ) -> None:
        """Add changed files that were never in force, or are not, as pairs of the same path.

        Parameters
        ----------
        paths : `set` [`str`]
            Files that were or are in force at some time.
        """
        before = {file.path: file for file in files.before}
        after = {file.path: file for file in files.after}
        for path in sorted(before.keys() | after.keys()):
            old, new = before.get(path), after.get(path)
            if path not in paths and any(
                file is not None and self.changes.include(file) for file in (old, new)
            ):
                ranges_by_pair[old, new] = []


@dataclass(slots=True)
class _States:
    """The two states of the files of a key; each file is read once."""

    changes: Changes
    _checked: dict[tuple[bool, str], CheckedFile] = field(default_factory=dict)

    def epochs(self, files: Sequence[CalibFile], *, is_new: bool) -> list[tuple[CalibFile, Range]]:
        reports = {file.path: self._read(file, is_new=is_new).report for file in files}
        ranges = resolve_ranges(files, reports)
        return [(file, ranges[file.path]) for file in files]

    def is_same(self, old: CalibFile | None, new: CalibFile | None) -> bool:
        """Say whether two files have the same content, so that nothing changes."""
        if old is None or new is None:
            return old is new
        if old.path == new.path and not self.changes.include(new):
            return True
        texts = self._read(old, is_new=False).text, self._read(new, is_new=True).text
        return old.path != new.path and texts[0] == texts[1] and old.start == new.start

    def calib(self, file: CalibFile | None, *, is_new: bool) -> Version | None:
        if file is None:
            return None
        findings = self._read(file, is_new=is_new).report.diagnostics
        return Version(file.path, self._with_pixels(file, is_new=is_new), not has_errors(findings))

    def row_names(self, file: CalibFile | None, *, is_new: bool) -> Sequence[str]:
        """Return the name of each row of a file by the comments above them; empty where there are none."""
        if file is None or file.form != "ecsv":
            return ()
        return row_comments(self._read(file, is_new=is_new).text)

    def calibs(self, old: CalibFile | None, new: CalibFile | None) -> tuple[Version | None, Version | None]:
        """Return the calibrations before and now; git unpacks the pixels of both at once."""
        changed = [file for file in (old, new) if file is not None and self.changes.include(file)]
        calib = self._read(changed[0], is_new=False).calib if len(changed) == 2 else None
        if calib is None or calib.companion() is None:
            return self.calib(old, is_new=False), self.calib(new, is_new=True)
        # The states have git processes of their own, so that nobody reads another's answers.
        with ThreadPoolExecutor(1) as pool:
            before = pool.submit(self.calib, old, is_new=False)
            now = self.calib(new, is_new=True)
            return before.result(), now

    def _package(self, *, is_new: bool) -> Package:
        return self.changes.now if is_new else self.changes.before

    def _read(self, file: CalibFile, *, is_new: bool) -> CheckedFile:
        # A file that did not change is only read as it is now.
        is_new = is_new or not self.changes.include(file)
        if (is_new, file.path) not in self._checked:
            files = self._package(is_new=is_new).files
            self._checked[is_new, file.path] = read_and_check(files, file, {}, companion=False)
        return self._checked[is_new, file.path]

    def _with_pixels(self, file: CalibFile, *, is_new: bool) -> Calib | None:
        calib = self._read(file, is_new=is_new).calib
        package = self._package(is_new=is_new or not self.changes.include(file))
        return None if calib is None else attach_companion(package, file.source, calib)


def read_pair(changes: Changes, change: Change) -> tuple[Calib | None, Calib | None]:
    """Return the calibrations before and after a change, with their pixels; `None` where there is none.

    Parameters
    ----------
    changes : `Changes`
        The states that the change is between.

    Returns
    -------
    old, new : `Calib` or `None`
        Each is `None` as well where it cannot be read.
    """
    states = _States(changes)
    layouts = changes.before.layout, changes.now.layout
    calibs: list[Calib | None] = []
    for path, layout, is_new in zip((change.old, change.new), layouts, (False, True), strict=True):
        file = next((file for file in layout.files if file.path == path), None)
        version = states.calib(file, is_new=is_new)
        calibs.append(version.calib if version is not None else None)
    old, new = calibs
    return old, new


@dataclass(frozen=True, slots=True)
class PackagePairs:
    """The calibrations of the changes between two states of a package, which are read where they are drawn."""

    changes: Changes

    def read(self, change: Change) -> tuple[Calib | None, Calib | None]:
        """Return the calibrations before and after a change; see `read_pair`."""
        return read_pair(self.changes, change)


class Version(NamedTuple):
    """A calibration with its path; `None` where it cannot be read.

    Parameters
    ----------
    is_sound : `bool`
        Whether the check finds no error in it.
    """

    path: str
    calib: Calib | None
    is_sound: bool = True


def compare(
    key: CalibKey, old: Version | None, new: Version | None, ranges: tuple[Range, ...], conditions: Conditions
) -> Change:
    """Measure what it means that one calibration takes the place of another.

    Parameters
    ----------
    old, new : `Version` or `None`
        The calibrations; `None` where nothing was or is in force.
    ranges : `tuple` [`Range`]
        When.
    """
    paths = old.path if old else None, new.path if new else None
    change = Change(key, *paths, ranges, geometry=conditions.detector)
    unreadable = [version.path for version in (old, new) if version is not None and version.calib is None]
    if unreadable:
        return replace(change, unreadable=tuple(dict.fromkeys(unreadable)))
    before, after = old.calib if old else None, new.calib if new else None
    try:
        # Numbers that no check has accepted are divided as well; what comes of them is not a number.
        with np.errstate(all="ignore"):
            effects = tuple(
                sorted(find_effects(before, after, conditions), key=lambda effect: -effect.weight)
            )
        if any(effect.measure.needs_levels for effect in effects):
            change = replace(change, levels=conditions.levels)
        if before is None or after is None:
            return replace(change, effects=effects)
        fields, keywords = tuple(different_fields(before, after)), tuple(different_keywords(before, after))
        if _is_same_content(before, after, effects, fields):
            effects = fields = ()
        elif not fields and not effects and _are_alone(before, after):
            names = set(differing_fields(values_hash(before), values_hash(after)))
            fields = tuple(sorted(names - {column.name for column in before.FIELDS}))
        detectors = different_detectors(before, after)
        return replace(change, effects=effects, fields=fields, keywords=keywords, detectors=detectors)
    except _FAILURES:
        # Columns of other lengths and keys that are missing make a measure fail, and nothing else may.
        unsound = [version.path for version in (old, new) if version is not None and not version.is_sound]
        if not unsound:
            raise
        return replace(change, unreadable=tuple(dict.fromkeys(unsound)))


def _is_same_content(old: Calib, new: Calib, effects: Sequence[Effect], fields: Sequence[str]) -> bool:
    """Say whether two calibrations mean the same; what measures make of rounding errors is no effect."""
    if type(old) is not type(new):
        return False
    has_pixels = _has_pixels(old) or _has_pixels(new)
    if not has_pixels and (not fields or has_same_content(old, new)):
        return True
    # As closely as the means of curves are known, where a file has nothing else.
    return bool(fields) and not effects and is_same_content(values_hash(old), values_hash(new))


def _are_alone(old: Calib, new: Calib) -> bool:
    """Say whether two calibrations hold pixels, and no text has the hash of their files."""
    return all(calib.companion() is None and _has_pixels(calib) for calib in (old, new))


def _has_pixels(calib: Calib) -> bool:
    return calib.companion() is not None or bool(getattr(calib, "planes", None))


def different_detectors(old: Calib, new: Calib) -> tuple[str, ...] | None:
    """Return the detectors whose rows differ; `None` where no rows belong to detectors, or other values differ."""
    tables = {index: table for index, table in enumerate(old.SPEC.tables) if table.detector}
    if type(old) is not type(new) or not tables:
        return None
    others = [column.name for column in old.FIELDS if column.table not in tables]
    if not all(is_equal(getattr(old, name), getattr(new, name)) for name in others):
        return None
    names: dict[str, None] = {}
    for index, table in tables.items():
        columns = [column.name for column in old.FIELDS if column.table == index]
        before, after = (_rows_by_detector(calib, table.detector, columns) for calib in (old, new))
        names |= dict.fromkeys(name for name in (*before, *after) if before.get(name) != after.get(name))
    return tuple(names)


def _rows_by_detector(calib: Calib, detector: str, columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the rows of each detector in any order, as texts, in which NaN is equal to NaN."""
    rows: dict[str, list[str]] = {}
    arrays = [np.asarray(getattr(calib, name)).tolist() for name in columns]
    for name, *cells in zip(np.asarray(getattr(calib, detector)).tolist(), *arrays, strict=True):
        rows.setdefault(str(name), []).append(repr(cells))
    return {name: sorted(texts) for name, texts in rows.items()}


def find_effects(old: Calib | None, new: Calib | None, conditions: Conditions) -> Iterator[Effect]:
    """Yield the measures of a change that are not zero, in the order of their declaration."""
    calib = new if new is not None else old
    if calib is None:
        return
    for measure in calib.SPEC.measures:
        # Values that are infinite, or no numbers, are findings of the check.
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            readings = list(measure.read(old, new, conditions))
        yield from (Effect(measure, reading) for reading in readings)
