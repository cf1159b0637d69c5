"""Copies of a calibration in the directories of several detectors or filters, merged into one file that stands for them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from curated.check.package import Reading
from curated.core.diagnostic import CuratedError, Diagnostic, has_errors
from curated.core.keys import CalibFile, stored
from curated.editing.blocks import (
    DETECTORS,
    FILTERS,
    Block,
    Copy,
    Separate,
    find_blocks,
    find_candidates,
    group_by_place,
)
from curated.editing.copies import (
    COMMENTS,
    DETECTOR_KEYWORDS,
    DETECTOR_PARTS,
    FILTER_KEYWORDS,
    FILTER_PARTS,
    comments_of,
    without_parts,
)
from curated.editing.planned_files import PlannedFiles, foresee
from curated.package.instrument import Instrument
from curated.package.package import Package
from curated.package.sharing import ALL, SHARED
from curated.provenance.record import PROVENANCE_ENDING
from curated.registry import get_type
from curated.text.editor import TextEditor

_KEPT = frozenset({"INSTRUME", "OBSTYPE", "CALIBDATE", "VALIDSTART", "VALIDEND", "CALIBCLS", "DEPRECATED"})
"""Keywords that decide what a calibration is for: files in which they differ are never one calibration."""


class Merge(NamedTuple):
    """Files that become one.

    Parameters
    ----------
    path : `str`
        Path of the file that stands for them.
    members : `tuple` [`str`]
        Paths of the files, that of a shared one among them.
    detectors, filters : `tuple` [`str`]
        Directories that it stands for.
    is_all : `bool`
        Whether that is each one which ``instrument.yaml`` declares, and it says so.
    dropped : `dict` [`str`, `int`]
        Keywords that it has not, and how many values they had.
    """

    path: str
    members: tuple[str, ...]
    detectors: tuple[str, ...]
    filters: tuple[str, ...]
    is_all: bool
    dropped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SharePlan:
    """Files of copies, and those that stand for them.

    Parameters
    ----------
    contents : `dict` [`str`, `bytes`]
        The new and the changed files, by path.
    before : `dict` [`str`, `bytes`]
        Content of the files that change.
    removed : `dict` [`str`, `str`]
        SHA-256 of the files that are removed, by path.
    diagnostics : `tuple` [`Diagnostic`]
        Errors that it would bring about; with one among them nothing is to be written.
    """

    merges: tuple[Merge, ...] = ()
    separate: tuple[Separate, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)
    before: Mapping[str, bytes] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return has_errors(self.diagnostics)


def plan_share(
    package: Package,
    reading: Reading,
    files: Sequence[CalibFile],
    *,
    levels: Collection[str] = (DETECTORS, FILTERS),
    dropped: Collection[str] = (),
    name: str = "",
    names_all: bool = True,
    jobs: int | None = None,
) -> SharePlan:
    """Plan to merge files that are equal but for their detector or filter; nothing is written.

    Parameters
    ----------
    reading : `Reading`
        Result of `curated.check.package.read_package`.
    files : sequence [`CalibFile`]
        The files that may be merged, each once; see `curated.core.keys.stored`.
    levels : collection [`str`], optional
        ``detectors``, ``filters`` or both: over what files are merged.
    dropped : collection [`str`], optional
        Keywords that may differ, and are left out where they do; ``comments`` for the comments.
    name : `str`, optional
        End of the name of new directories: ``shared-`` and this name instead of ``shared``.
    names_all : `bool`, optional
        Whether a file for each declared detector says ``all``, so that it is for those that are declared later too.

    Raises
    ------
    CuratedError
        If the package is a bare one, or if a text cannot be edited.
    """
    if package.bare:
        raise CuratedError(
            "this package has no curated.yaml, and thus no shared files", "'curated adopt' declares it"
        )
    impossible = sorted(_KEPT.intersection(dropped))
    if impossible:
        raise CuratedError(
            f"{impossible[0]} decides what a calibration is for, and is not left out", "drop other keywords"
        )
    copies, separate = find_candidates(package, reading, files, jobs)
    draft = _Draft(package, reading.declared, frozenset(dropped), name, names_all)
    merges: list[Merge] = []
    for related in group_by_place(copies, levels):
        blocks, rest = find_blocks(related, levels, draft.dropped)
        merges += [draft.add(block) for block in blocks]
        separate += rest
    order = {path: number for number, path in enumerate(sorted(copy.file.path for copy in copies))}
    separate.sort(key=lambda item: order.get(item.path, -1))
    diagnostics = draft.findings() if merges else ()
    return SharePlan(tuple(merges), tuple(separate), draft.contents, draft.before, draft.removed, diagnostics)


# -- the new files -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Draft:
    """Files that were planned so far."""

    package: Package
    declared: Mapping[str, Instrument]
    dropped: frozenset[str]
    name: str
    names_all: bool
    contents: dict[str, bytes] = field(default_factory=dict)
    before: dict[str, bytes] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    types: set[tuple[str, str]] = field(default_factory=set)
    new_places: set[tuple[str, datetime]] = field(default_factory=set)

    def add(self, block: Block) -> Merge:
        """Draft the file that stands for a block."""
        shared = [copy for copy in block.copies if len(copy.members) > 1 or copy.members[0].shared]
        first = (shared or list(block.copies))[0]
        instrument = self.declared[first.file.key.instrument]
        path = first.file.path if shared else self._path(block, first, instrument)
        try:
            editor = TextEditor(self.package.files.read(first.file.path), first.file.form)
            is_all = self._name_members(editor, block, instrument)
            dropped = self._drop(editor, block)
            self.contents[path] = editor.finish()
        except CuratedError as error:
            raise CuratedError(f"{first.file.path}: {error.message}", error.hint) from error
        for copy in block.copies:
            if copy.file.path != path:
                self._remove(copy.file.path)
        if path == first.file.path:
            self.before[path] = editor.data
        self._move_companions(block, first, path)
        self.types.add((first.file.key.instrument, first.file.key.type))
        members = tuple(copy.file.path for copy in block.copies)
        return Merge(path, members, block.detectors, block.filters, is_all, dropped)

    def _path(self, block: Block, first: Copy, instrument: Instrument) -> str:
        """Return where the file goes: in ``shared``, or with the name of the first where that has one of this start."""
        parts = first.file.path.split("/")
        levels = [level for level in (block.detectors, block.filters) if level != ("",)]
        base = f"{SHARED}-{self.name}" if self.name else SHARED
        declared = {*instrument.detectors, *instrument.filters}
        files = self.package.layout.files
        occupied_places = {
            (os.path.dirname(file.source).lower(), file.start) for file in files
        } | self.new_places
        for suffix in (
            "",
            f"-{block.detectors[0] or block.filters[0]}",
            *(f"-{i}" for i in range(2, 10_000)),
        ):
            directory = f"{base}{suffix}"
            names = [directory if len(level) > 1 else level[0] for level in levels]
            path = "/".join([*parts[: -1 - len(levels)], *names, parts[-1]])
            place = os.path.dirname(path).lower(), first.file.start
            if directory not in declared and place not in occupied_places:
                self.new_places.add(place)
                return path
        raise CuratedError(f"there is no free directory for {parts[-1]}", "choose another --name")

    def _name_members(self, editor: TextEditor, block: Block, instrument: Instrument) -> bool:
        """Write the lists of detectors and filters; return whether one says ``all``."""
        is_all = False
        lists = (
            ("DETECTORS", block.detectors, instrument.detectors, DETECTOR_KEYWORDS, DETECTOR_PARTS),
            ("FILTERS", block.filters, instrument.filters, FILTER_KEYWORDS, FILTER_PARTS),
        )
        for keyword, directories, declared, keywords, parts in lists:
            if len(directories) < 2:
                continue
            has_all = self.names_all and set(directories) == set(declared)
            is_all |= has_all
            names = ALL if has_all else [declared[directory].name for directory in directories]
            editor.set_keyword(keyword, names)
            for other in keywords:
                if other != keyword and self._differs(block, other):
                    editor.remove_keyword(other)
            identity = editor.keywords.get("CALIB_ID")
            if isinstance(identity, str) and (text := without_parts(identity, parts)) != identity:
                if text:
                    editor.set_keyword("CALIB_ID", text)
                else:
                    editor.remove_keyword("CALIB_ID")
        return is_all

    def _differs(self, block: Block, keyword: str) -> bool:
        """Return whether a keyword of the detector or filter names one of them."""
        if keyword in ("DETECTOR", "DET_NAME", "FILTER"):
            return True
        values = {dict(copy.identity.places).get(keyword) for copy in block.copies}
        return len(values) > 1

    def _drop(self, editor: TextEditor, block: Block) -> dict[str, int]:
        """Remove the keywords that may differ, and do; return how many values they and those of the places had."""
        values: dict[str, set[str]] = {}
        for copy in block.copies:
            for name, value in (*copy.identity.keywords, *copy.identity.places):
                values.setdefault(name, set()).add(value)
        for name in sorted(self.dropped - {COMMENTS}):
            present = [copy for copy in block.copies if name in dict(copy.identity.keywords)]
            if len(values.get(name, ())) > 1 or 0 < len(present) < len(block.copies):
                editor.remove_keyword(name)
        now = editor.keywords
        lost = {name: len(texts) for name, texts in sorted(values.items()) if name not in now}
        remaining = comments_of(editor.text, editor.form)
        comments = {comment for copy in block.copies for comment in copy.identity.comments}
        missing = comments.difference(remaining)
        return lost | ({COMMENTS: len(missing)} if missing else {})

    def _remove(self, path: str) -> None:
        self.removed[path] = sha256_of(self.package, path)

    def _move_companions(self, block: Block, first: Copy, path: str) -> None:
        """Draft the image and the provenance beside the new file, and remove those of the others."""
        directory, stem = os.path.dirname(path), os.path.splitext(path)[0]
        for copy in block.copies:
            for old in companions_of(self.package, copy.file):
                name = os.path.join(directory, os.path.basename(old))
                new = f"{stem}{PROVENANCE_ENDING}" if old == copy.file.side else name
                if copy is first and old != new:
                    self.contents[new] = content_of(self.package, old)
                    self.places[new] = old
                if copy is not first or old != new:
                    self._remove(old)

    def findings(self) -> tuple[Diagnostic, ...]:
        """Return the errors that the plan would bring about, and make sure that it changes nothing else.

        Raises
        ------
        CuratedError
            If other dates or values would result.
        """
        planned = PlannedFiles(self.package.files, self.contents, frozenset(self.removed), self.places)
        outlook = foresee(self.package, planned, self.types)
        keys = outlook.changed_keys()
        if keys and not outlook.diagnostics:
            raise CuratedError(
                f"{keys[0]} would have other dates than before", "merge fewer files at a time, by their paths"
            )
        return outlook.diagnostics


def companions_of(package: Package, file: CalibFile) -> list[str]:
    """Return the paths of the image and of the provenance file beside a calibration."""
    paths = []
    if get_type(file.key.type).SPEC.beside:
        source = TextEditor(package.files.read(file.path), file.form).source
        calib = get_type(file.key.type).from_source(source)[0]
        companion = calib.companion() if calib is not None else None
        if companion is None:
            raise CuratedError(f"{file.path} names no image", "'curated check' says what is wrong with it")
        paths.append(os.path.join(os.path.dirname(file.path), companion.file))
    return [*paths, *filter(None, (file.side,))]


def content_of(package: Package, path: str) -> bytes:
    """Return the content of a file, however large."""
    place = package.files.locate(path)
    if place is None:
        return package.files.read(path)
    with open(place, "rb") as file:
        return file.read()


def sha256_of(package: Package, path: str) -> str:
    """Return the SHA-256 of a file."""
    place = package.files.locate(path)
    if place is None:
        return hashlib.sha256(package.files.read(path)).hexdigest()
    with open(place, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shareable(package: Package, files: Iterable[CalibFile]) -> list[CalibFile]:
    """Return the files on disk whose type has a detector or a filter."""
    specs = {file.key.type: get_type(file.key.type).SPEC for file in package.layout.files}
    return [f for f in stored(files) if specs[f.key.type].has_detector or specs[f.key.type].has_filter]
