"""Detectors or filters of a shared file that get files of their own: from its start on, or from a later date."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from curated.check.instruments import read_instruments
from curated.check.rules.identity import read_date
from curated.core.diagnostic import CuratedError, Diagnostic, has_errors
from curated.core.keys import CalibFile
from curated.core.similar import similar_name
from curated.core.times import iso
from curated.editing.epochs import drop_origin, set_dates
from curated.editing.planned_files import PlannedFiles, foresee
from curated.editing.sharing import companions_of, content_of, sha256_of
from curated.editing.spelling import time_like
from curated.package.instrument import Instrument
from curated.package.layout import directory_name
from curated.package.package import Package
from curated.package.validity import folded
from curated.provenance.record import PROVENANCE_ENDING
from curated.text.editor import TextEditor

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class UnsharePlan:
    """Files of their own for detectors or filters of a shared file.

    Parameters
    ----------
    source : `str`
        Path of the shared file.
    paths : `dict` [`str`, `str`]
        Path of each new file, by the directory of the detector or filter.
    remaining : `tuple` [`str`]
        Directories that the shared file is still for.
    contents, before, removed, diagnostics
        As of `curated.editing.sharing.SharePlan`.
    """

    source: str
    paths: Mapping[str, str]
    remaining: tuple[str, ...]
    contents: Mapping[str, bytes]
    before: Mapping[str, bytes]
    removed: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return has_errors(self.diagnostics)


@dataclass(frozen=True, slots=True)
class _Level:
    """The detectors or the filters of a shared file.

    Parameters
    ----------
    names : `tuple` [`str`]
        The directories that it stands for.
    chosen : `tuple` [`str`]
        Those of them that get files of their own.
    """

    noun: str
    keyword: str
    names: tuple[str, ...]
    chosen: tuple[str, ...] = ()
    declared: Mapping[str, object] = field(default_factory=dict)


def plan_unshare(
    package: Package,
    source: CalibFile,
    detectors: Collection[str] = (),
    filters: Collection[str] = (),
    start: datetime | None = None,
) -> UnsharePlan:
    """Plan files of their own for detectors or filters of a shared file; nothing is written.

    Parameters
    ----------
    source : `CalibFile`
        The shared file, with its own path.
    detectors, filters : collection [`str`], optional
        Names of the detectors or filters, of one of them; if none are given, all of its detectors, or else all of its
        filters.
    start : `datetime.datetime`, optional
        Start of the new files, UTC. The shared file then stays as it is, and ends there for them; if it is not given,
        they take its place from its start on.

    Raises
    ------
    CuratedError
        If the file is not shared, is not for one of the names or is not in force at the start, or if its text cannot be
        edited.
    """
    members = [file for file in package.layout.files if file.shared == source.path]
    if not members:
        raise CuratedError(f"{source.path} is not shared", "name a file in a directory 'shared'")
    instrument = read_instruments(package)[0][source.key.instrument]
    level = _level(source.path, members, instrument, detectors, filters)
    draft = _Draft(package, source, members, instrument, level, start)
    if start is not None:
        draft.require_in_force(start)
    for name in level.chosen:
        draft.add(name)
    remaining = level.names
    if start is None:
        remaining = tuple(name for name in level.names if name not in level.chosen)
        draft.reduce(remaining)
    diagnostics = draft.findings()
    return UnsharePlan(
        source.path, draft.paths, remaining, draft.contents, draft.before, draft.removed, diagnostics
    )


def _level(
    path: str,
    members: Sequence[CalibFile],
    instrument: Instrument,
    detectors: Collection[str],
    filters: Collection[str],
) -> _Level:
    """Return the level of directories that gets files of its own."""
    levels = [
        _Level(noun, keyword, tuple(dict.fromkeys(getattr(f.key, noun) for f in members)), declared=declared)
        for noun, keyword, declared, directory in (
            ("detector", "DETECTORS", instrument.detectors, members[0].key.detector),
            ("filter", "FILTERS", instrument.filters, members[0].key.filter),
        )
        if directory and directory not in map(directory_name, path.split("/")[:-1])
    ]
    if detectors and filters:
        raise CuratedError("detectors and filters at once are not taken out", "do one after the other")
    noun, names = ("filter", filters) if filters else ("detector", detectors)
    if not names:
        level = levels[0]
        return _Level(level.noun, level.keyword, level.names, level.names, level.declared)
    level = next((level for level in levels if level.noun == noun), _Level(noun, "", ()))
    if not level.names:
        raise CuratedError(f"{path} is not shared by {noun}s", f"name {levels[0].noun}s")
    chosen: list[str] = []
    for name in names:
        directory = directory_name(name)
        if directory not in level.names:
            similar = similar_name(directory, level.names)
            more = ", ..." if len(level.names) > _MOST_NAMED else ""
            hint = (
                f"did you mean {similar!r}?" if similar else f"it is for {', '.join(level.names[:8])}{more}"
            )
            raise CuratedError(f"{path} is not for the {noun} {name!r}", hint)
        if directory not in chosen:
            chosen.append(directory)
    return _Level(level.noun, level.keyword, level.names, tuple(chosen), level.declared)


@dataclass(slots=True)
class _Draft:
    """Files that were planned so far."""

    package: Package
    source: CalibFile
    members: Sequence[CalibFile]
    instrument: Instrument
    level: _Level
    start: datetime | None
    contents: dict[str, bytes] = field(default_factory=dict)
    before: dict[str, bytes] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)

    def require_in_force(self, start: datetime) -> None:
        """Raise an error unless the shared file is in force at a date for all that get files of their own."""
        planned = PlannedFiles(self.package.files, {})
        types = {(self.source.key.instrument, self.source.key.type)}
        epochs = foresee(self.package, planned, types).before
        for file in self.members:
            if getattr(file.key, self.level.noun) not in self.level.chosen:
                continue
            for other, valid in epochs[folded(file.key)]:
                if other.path == file.path and (start not in valid or start == file.start):
                    raise CuratedError(
                        f"{self.source.path} is in force for {file.key} {valid} UTC, {iso(start)} is not within that",
                        "give a date after its start and before its end, or none for the whole range",
                    )

    def add(self, name: str) -> None:
        """Draft the file of a detector or filter."""
        path = self._path(name)
        editor = self._editor()
        editor.remove_keyword(self.level.keyword)
        for keyword, value in self._keywords(name):
            editor.set_keyword(keyword, value)
        if self.start is not None:
            end = read_date(editor.keywords, "VALIDEND")
            set_dates(editor, self.start, end if isinstance(end, datetime) else None)
            list(drop_origin(editor))
        for old, new in self._companions(path):
            if self.start is not None and not new.endswith(PROVENANCE_ENDING):
                editor.set_values("image", {"file": os.path.basename(new)})
            self.contents[new] = content_of(self.package, old)
            self.places[new] = old
        self.contents[path] = editor.finish()
        self.paths[name] = path

    def reduce(self, remaining: Sequence[str]) -> None:
        """Draft the shared file for those that remain; without any it is removed."""
        if not remaining:
            for path in (self.source.path, *companions_of(self.package, self.source)):
                self.removed[path] = sha256_of(self.package, path)
            return
        editor = self._editor()
        names = [getattr(self.level.declared[name], "name", name) for name in remaining]
        editor.set_keyword(self.level.keyword, names)
        self.contents[self.source.path] = editor.finish()
        self.before[self.source.path] = editor.data

    def _editor(self) -> TextEditor:
        try:
            return TextEditor(self.package.files.read(self.source.path), self.source.form)
        except CuratedError as error:
            raise CuratedError(f"{self.source.path}: {error.message}", error.hint) from error

    def _path(self, name: str) -> str:
        """Return the path of the file of a detector or filter: in its directory instead of the shared one."""
        parts = self.source.path.split("/")
        below = 1 if self.level.noun == "detector" and self.members[0].key.filter else 0
        parts[-2 - below] = name
        if self.start is not None:
            stem, ending = os.path.splitext(parts[-1])
            parts[-1] = time_like(self.start, stem) + ending
        return "/".join(parts)

    def _keywords(self, name: str) -> Iterator[tuple[str, str | int]]:
        """Yield the keywords of a detector or filter that ``instrument.yaml`` declares."""
        if self.level.noun == "filter":
            yield "FILTER", self.instrument.filters[name].name
            return
        detector = self.instrument.detectors[name]
        yield "DETECTOR", detector.id
        yield "DET_NAME", detector.name
        for keyword, value in (
            ("RAFTNAME", detector.raft),
            ("SLOTNAME", detector.slot),
            ("DET_SER", detector.serial),
        ):
            if value:
                yield keyword, value

    def _companions(self, path: str) -> Iterator[tuple[str, str]]:
        """Yield image and provenance file of the shared file, and where their copies go."""
        directory, stem = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
        old_stem = os.path.splitext(os.path.basename(self.source.path))[0]
        for old in companions_of(self.package, self.source):
            name = os.path.basename(old)
            if old == self.source.side:
                name = f"{stem}{PROVENANCE_ENDING}"
            elif self.start is not None:
                is_like = name.startswith(old_stem)
                name = stem + name.removeprefix(old_stem) if is_like else f"{stem}-{name}"
            yield old, os.path.join(directory, name)

    def findings(self) -> tuple[Diagnostic, ...]:
        """Return the errors that the plan would bring about."""
        planned = PlannedFiles(self.package.files, self.contents, frozenset(self.removed), self.places)
        types = {(self.source.key.instrument, self.source.key.type)}
        return foresee(self.package, planned, types).diagnostics
