"""Whether a calibration that was applied is still the one in force, and what its successor changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from curated.audit.header import Exposure, Use
from curated.audit.origin import Foreign, Origin, Source, Unknown
from curated.audit.past import Past
from curated.audit.state import State
from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey
from curated.declare import Conditions
from curated.difference.cameras import Cameras, conditions_at, read_cameras
from curated.difference.change import Effect
from curated.difference.measuring import Version, compare
from curated.git.changes import Commit
from curated.history.changes import different_fields
from curated.package.validity import Range, folded


class Status(Enum):
    """What became of a calibration, the worst first."""

    DEPRECATED = "deprecated"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"
    IN_FORCE = "in force"
    FOREIGN = "not curated"

    @property
    def is_settled(self) -> bool:
        """Whether nothing has to be done: it is in force, or was never a matter of this package."""
        return self in (Status.IN_FORCE, Status.FOREIGN)


@dataclass(frozen=True, slots=True)
class Standing:
    """A calibration that was applied, where it comes from and what became of it.

    Parameters
    ----------
    use : `Use`
        What the header says of it.
    status : `Status`
        What became of it.
    source : `Source` or `None`
        Where it comes from.
    successor : `str`
        Path of what is in force instead, or of the file that has its values now; empty if nothing is.
    range : `Range` or `None`
        When that is in force.
    since : `Commit` or `None`
        Since which commit the calibration is not in force any more; `NOT_COMMITTED` for a change of the work tree.
    effects : `tuple` [`Effect`]
        What the successor changes, the largest first.
    remarks : `tuple` [`str`]
        What else is to be said.
    """

    use: Use
    status: Status
    source: Source | None = None
    successor: str = ""
    range: Range | None = None
    since: Commit | None = None
    effects: tuple[Effect, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class Judge:
    """Compares calibrations with those in force.

    Parameters
    ----------
    now : `State`
        The package by which is judged.
    with_effects : `bool`
        Whether to measure what successors change.
    """

    now: State
    past: Past
    with_effects: bool = False
    _same: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    _readable: dict[str, bool] = field(default_factory=dict)
    _commits: dict[tuple[CalibKey, str, str], Commit | None] = field(default_factory=dict)
    _effects: dict[tuple[str, str, str], tuple[Effect, ...]] = field(default_factory=dict)
    _cameras_by_instrument: dict[str, Cameras] = field(default_factory=dict)

    def judge(self, use: Use, origin: Origin, exposure: Exposure) -> Standing:
        """Return what became of a calibration that was applied to an exposure."""
        if isinstance(origin, Foreign):
            return Standing(use, Status.FOREIGN, remarks=(origin.reason,))
        if isinstance(origin, Unknown):
            return Standing(use, Status.UNKNOWN, remarks=(origin.reason,))
        remarks = (origin.remark,) if origin.remark else ()
        file = origin.file or self._past_file(origin)
        if file is None or exposure.time is None:
            reason = "the header has no time in UTC or TAI" if file is not None else "its file is not known"
            return Standing(use, Status.UNKNOWN, origin, remarks=(*remarks, reason))
        if origin.state is not None:
            at_release = next((r for f, r in origin.state.epochs(file.key) if f.path == file.path), None)
            if at_release is not None and exposure.time not in at_release:
                remarks = (*remarks, f"it was not for this time in its release: {at_release} UTC")
        standing = self.judge_at(use, origin, file, exposure.time)
        return replace(standing, remarks=(*remarks, *standing.remarks))

    def _past_file(self, source: Source) -> CalibFile | None:
        return self.now.files_by_path.get(source.path)

    def judge_at(self, use: Use, source: Source, file: CalibFile, time: datetime) -> Standing:
        """Return what became of a calibration at one time."""
        epochs = self.now.epochs(file.key)
        in_force, valid = next(((f, r) for f, r in reversed(epochs) if time in r), (None, None))
        if in_force is not None and self._is_same(source, file, in_force):
            return Standing(use, Status.IN_FORCE, source, in_force.source, valid)
        mark = next((r.deprecation for f, r in epochs if f.source == source.path and r.deprecation), None)
        status = Status.DEPRECATED if mark is not None else Status.SUPERSEDED
        remarks = (str(mark),) if mark is not None else ()
        if source.blob == (self.now.blob(in_force) if in_force is not None else ""):
            remarks = (*remarks, "its values have not changed")
        if in_force is not None and not self._is_readable(in_force):
            remarks = (*remarks, "what is in force cannot be read; 'curated check' says why")
        return Standing(
            use,
            status,
            source,
            in_force.source if in_force is not None else "",
            valid,
            self._since(source, file, in_force, time),
            self._find_effects(source, file, in_force) if self.with_effects and in_force else (),
            remarks,
        )

    def _is_same(self, source: Source, file: CalibFile, in_force: CalibFile) -> bool:
        """Say whether a calibration has the content, or else the values, of the one in force."""
        return self._has_values(
            source, file, in_force, self.now.blob(in_force), lambda: self.now.calib(in_force)
        )

    def _has_values(
        self, source: Source, file: CalibFile, other: CalibFile, blob: str, read: Callable[[], Calib | None]
    ) -> bool:
        if source.blob and source.blob == blob:
            return True
        key = source.blob, blob, other.path
        if key not in self._same:
            old, new = self._calib(source, file), read()
            self._same[key] = old is not None and new is not None and not any(different_fields(old, new))
        return self._same[key]

    def _is_readable(self, file: CalibFile) -> bool:
        if file.path not in self._readable:
            self._readable[file.path] = self.now.calib(file) is not None
        return self._readable[file.path]

    def _calib(self, source: Source, file: CalibFile) -> Calib | None:
        """Return the calibration as it was applied; `None` if it is not here any more."""
        if source.state is None or source.file is None:
            return None
        try:
            return source.state.calib(file)
        except CuratedError:
            return None

    def _since(
        self, source: Source, file: CalibFile, in_force: CalibFile | None, time: datetime
    ) -> Commit | None:
        key = folded(file.key), source.blob, in_force.path if in_force is not None else ""
        if key not in self._commits:

            def is_same(other: CalibFile, blob: str) -> bool:
                return self._has_values(source, file, other, blob, lambda: self.past.calib(other, blob))

            self._commits[key] = self.past.superseding_commit(file.key, is_same, time)
        return self._commits[key]

    def _find_effects(self, source: Source, file: CalibFile, in_force: CalibFile) -> tuple[Effect, ...]:
        key = source.blob, self.now.blob(in_force), in_force.path
        if key not in self._effects:
            old, new = self._calib(source, file), self.now.calib(in_force)
            self._effects[key] = ()
            if old is not None and new is not None:
                versions = Version(source.path, old), Version(in_force.path, new)
                conditions = conditions_at(
                    in_force, Conditions(), self.now.declared, self._cameras(in_force.key)
                )
                self._effects[key] = compare(in_force.key, *versions, (), conditions).effects
        return self._effects[key]

    def _cameras(self, key: CalibKey) -> Cameras:
        if key.instrument not in self._cameras_by_instrument:
            of_instrument = [
                f.key for f in self.now.package.layout.files if f.key.instrument == key.instrument
            ]
            cameras = read_cameras((self.now.package,), (key.instrument,), of_instrument)
            self._cameras_by_instrument[key.instrument] = cameras
        return self._cameras_by_instrument[key.instrument]
