"""New epochs of a calibration: copies with other dates, and what is in force before and after.

A calibration is in force until the next one of its key starts. So a new epoch with an end leaves a hole behind it, unless
what was in force there starts anew; and one within the explicit range of another ends that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from curated.calib import Calib
from curated.core.diagnostic import CuratedError, Diagnostic, has_errors
from curated.core.keys import CalibFile, CalibKey, stored
from curated.core.times import iso
from curated.editing.spelling import keyword_time, time_like
from curated.history.deprecation import EditedFiles, resolve_contents
from curated.history.effects import Segment, find_segments
from curated.image.planes import digest
from curated.package.files import LeadsOutError
from curated.package.package import Package
from curated.package.validity import Range, folded
from curated.provenance.record import PROVENANCE_ENDING
from curated.registry import get_type
from curated.text.editor import TextEditor
from curated.text.yaml.reader import load_yaml

Then = Literal["previous", "hole"]

_ORIGIN = ("CALIB_CREATION_DATE", "CALIB_CREATION_TIME", "DATE")
"""Keywords that say when a calibration was made: a copy for another epoch was not."""


_LIFE = {"edits": "the notes of edits", "certifications": "the certifications"}
"""Parts of its provenance that are of one calibration and its range alone."""


@dataclass(frozen=True, slots=True)
class EpochPlan:
    """New files of a calibration's key, and what they do.

    Parameters
    ----------
    source : `CalibFile`
        The calibration whose values the new epoch has.
    contents : `dict` [`str`, `bytes`]
        The new and the changed files, by path.
    before : `dict` [`str`, `bytes`]
        Content of the files that change.
    origins : `dict` [`str`, `str`]
        Path of the calibration that each new one is a copy of.
    remarks : `tuple` [`str`]
        What else there is to be said, such as what was not carried over.
    effects : `tuple` [`tuple` [`CalibKey`, `Segment`]]
        The dates that get another file than before.
    diagnostics : `tuple` [`Diagnostic`]
        Errors that it would bring about; with one among them nothing is to be written.
    """

    source: CalibFile
    contents: Mapping[str, bytes]
    before: Mapping[str, bytes]
    origins: Mapping[str, str]
    remarks: tuple[str, ...]
    effects: tuple[tuple[CalibKey, Segment], ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return has_errors(self.diagnostics)


@dataclass(slots=True)
class _Draft:
    """Files that were planned so far."""

    package: Package
    contents: dict[str, bytes] = field(default_factory=dict)
    before: dict[str, bytes] = field(default_factory=dict)
    files: list[CalibFile] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def plan_epoch(
    package: Package,
    source: CalibFile,
    start: datetime,
    until: datetime | None = None,
    then: Then = "previous",
) -> EpochPlan:
    """Plan a new epoch with the values of a calibration; nothing is written.

    Parameters
    ----------
    source : `CalibFile`
        The calibration, of a work tree.
    start : `datetime.datetime`
        Start of the new epoch, UTC.
    until : `datetime.datetime`, optional
        Its end; if not given, it ends where the calibration did that was in force at its start, or at the next start.
    then : `str`, optional
        What follows its end: ``previous``, a copy of what was in force there, or ``hole``, nothing.

    Raises
    ------
    CuratedError
        If a calibration of the key starts at that time or within the new range, or if a text cannot be edited.
    """
    epochs = _epochs(package, source)
    ranges, old_findings = resolve_contents(package, epochs, package.files)
    _require_room(epochs, ranges, start, until)
    current = _in_force(epochs, ranges, start)
    draft = _Draft(package)
    explicit_end = _explicit_end(package, current) if current is not None else None
    _add_copy(draft, source, start, until or explicit_end, is_same_calibration=False)
    if current is not None and explicit_end is not None and explicit_end > start:
        _end_at(draft, current, start)
    following = _in_force(epochs, ranges, until) if until is not None else None
    if until is not None and following is not None and following.start < until:
        if then == "previous":
            _add_copy(draft, following, until, _explicit_end(package, following), is_same_calibration=True)
        else:
            draft.remarks.append(
                f"from {iso(until)} UTC nothing is in force until the next start, as --then hole says"
            )
    if current is not None and current.path != source.path:
        draft.remarks.append(
            f"{current.path} is in force at {iso(start)} UTC, and the copy is of {source.path}"
        )
    return _planned(draft, source, epochs, ranges, old_findings)


def plan_split(package: Package, source: CalibFile, at: datetime) -> EpochPlan:
    """Plan to split the range of a calibration in two, with the same values in both; see `plan_epoch`.

    Raises
    ------
    CuratedError
        If the time is not within the range of the calibration, or its text cannot be edited.
    """
    epochs = _epochs(package, source)
    ranges, old_findings = resolve_contents(package, epochs, package.files)
    valid = ranges[source.path]
    if valid.deprecation is not None:
        raise CuratedError(
            f"{source.path} is deprecated, and never in force", "name a calibration that is in use"
        )
    if at == source.start or at not in valid:
        raise CuratedError(
            f"{iso(at)} UTC is not within the range of {source.path}, {valid} UTC",
            "give a time after its start and before its end; 'curated epoch' makes epochs elsewhere",
        )
    draft = _Draft(package)
    end = _explicit_end(package, source)
    _add_copy(draft, source, at, end, is_same_calibration=True)
    if end is not None:
        _end_at(draft, source, at)
    return _planned(draft, source, epochs, ranges, old_findings)


# -- the key's calibrations ---------------------------------------------------------------------------------


def _epochs(package: Package, source: CalibFile) -> list[CalibFile]:
    key = folded(source.key)
    files = stored(file for file in package.layout.files if folded(file.key) == key)
    return sorted(files, key=lambda file: (file.start, file.path))


def _in_force(epochs: Sequence[CalibFile], ranges: Mapping[str, Range], time: datetime) -> CalibFile | None:
    return next((file for file in reversed(epochs) if time in ranges[file.path]), None)


def _require_room(
    epochs: Sequence[CalibFile], ranges: Mapping[str, Range], start: datetime, until: datetime | None
) -> None:
    """Raise an error if a calibration starts at the new start, or between it and the new end."""
    for file in epochs:
        if file.start == start:
            state = ", though it is deprecated" if ranges[file.path].deprecation is not None else ""
            raise CuratedError(
                f"{file.path} starts at {iso(start)} UTC already{state}",
                "edit that file, or give another --from; of two files with one start none could be chosen",
            )
    if until is None:
        return
    if until <= start:
        raise CuratedError(f"--until {iso(until)} is not after --from {iso(start)}", "give a later --until")
    within = [f for f in epochs if start < f.start < until and ranges[f.path].deprecation is None]
    if within:
        names = ", ".join(f.path for f in within[:3])
        raise CuratedError(
            f"{names} {'starts' if len(within) == 1 else 'start'} between {iso(start)} and {iso(until)} UTC",
            f"end the new epoch there, with --until {iso(within[0].start)}, and make another one for the rest",
        )


def _explicit_end(package: Package, file: CalibFile) -> datetime | None:
    """Return the VALIDEND of a calibration, naive UTC."""
    from curated.check.rules.identity import read_date

    value = read_date(_editor(package, file).keywords, "VALIDEND")
    return value if isinstance(value, datetime) else None


def _editor(package: Package, file: CalibFile) -> TextEditor:
    try:
        return TextEditor(package.files.read(file.path), file.form)
    except CuratedError as error:
        raise CuratedError(f"{file.path}: {error.message}", error.hint) from error


def _planned(
    draft: _Draft,
    source: CalibFile,
    epochs: Sequence[CalibFile],
    ranges: Mapping[str, Range],
    old_findings: Sequence[Diagnostic],
) -> EpochPlan:
    """Work out what the drafted files do."""
    package = draft.package
    now_files = sorted([*epochs, *draft.files], key=lambda file: (file.start, file.path))
    edited = EditedFiles(package.files, draft.contents)
    now_ranges, findings = resolve_contents(package, now_files, edited)
    segments = find_segments(
        [(file, ranges[file.path]) for file in epochs], [(file, now_ranges[file.path]) for file in now_files]
    )
    old_problems = {(d.file, d.code) for d in old_findings}
    errors = [d for d in findings if d.is_error and (d.file, d.code) not in old_problems]
    effects = tuple((source.key, segment) for segment in segments if segment.before != segment.now)
    return EpochPlan(
        source,
        draft.contents,
        draft.before,
        draft.origins,
        tuple(draft.remarks),
        effects,
        tuple(sorted(errors)),
    )


# -- texts ------------------------------------------------------------------------------------------------


def _end_at(draft: _Draft, file: CalibFile, end: datetime) -> None:
    """Draft a calibration with another VALIDEND."""
    editor = _editor(draft.package, file)
    with _naming(file.path):
        editor.set_keyword("VALIDEND", keyword_time(end, editor.keywords.get("VALIDEND")))
        draft.contents[file.path] = editor.finish()
    draft.before[file.path] = editor.data
    draft.remarks.append(f"{file.path} ends at {iso(end)} UTC now")


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Name a file in errors about its text."""
    try:
        yield
    except CuratedError as error:
        if error.message.startswith(path):
            raise
        raise CuratedError(f"{path}: {error.message}", error.hint) from error


def _add_copy(
    draft: _Draft, source: CalibFile, start: datetime, end: datetime | None, *, is_same_calibration: bool
) -> None:
    """Draft a copy of a calibration with other dates, with its image and its provenance.

    Parameters
    ----------
    is_same_calibration : `bool`
        Whether the copy is another part of the same calibration, rather than the beginning of a new one: then the time of
        its making and the notes of its edits are its own.
    """
    directory, name = os.path.split(source.path)
    old_stem, ending = os.path.splitext(name)
    stem = time_like(start, old_stem)
    editor = _editor(draft.package, source)
    dropped: list[str] = []
    path = os.path.join(directory, stem + ending)
    with _naming(source.path):
        set_dates(editor, start, end)
        if not is_same_calibration:
            dropped += drop_origin(editor)
        image = _image_of(draft.package, source, editor)
        if image is not None:
            image_name, content = image
            new_name = (
                stem + image_name.removeprefix(old_stem)
                if image_name.startswith(old_stem)
                else f"{stem}-{image_name}"
            )
            editor.set_values("image", {"file": new_name})
            draft.contents[os.path.join(directory, new_name)] = content
        draft.contents[path] = editor.finish()
    file = replace(source, path=path, start=start, side="", record="")
    if source.side:
        record, notes = _side_record(draft.package, source, is_same_calibration=is_same_calibration)
        dropped += notes
        if record is not None:
            file = replace(file, side=os.path.join(directory, stem + PROVENANCE_ENDING))
            draft.contents[file.side] = record
    draft.files.append(file)
    draft.origins[path] = source.path
    if dropped:
        draft.remarks.append(
            f"{path} is without {', '.join(dropped)} of {source.path}, which tell how that was made"
        )


def set_dates(editor: TextEditor, start: datetime, end: datetime | None) -> None:
    """Set the keywords of start and end, and the part of CALIB_ID that repeats the start."""
    keywords = editor.keywords
    editor.set_keyword("CALIBDATE", keyword_time(start, keywords.get("CALIBDATE")))
    if "VALIDSTART" in keywords:
        editor.set_keyword("VALIDSTART", keyword_time(start, keywords.get("VALIDSTART")))
    if end is not None:
        editor.set_keyword("VALIDEND", keyword_time(end, keywords.get("VALIDEND")))
    elif "VALIDEND" in keywords:
        editor.remove_keyword("VALIDEND")
    identity = keywords.get("CALIB_ID")
    if isinstance(identity, str) and "calibDate=" in identity:
        new = re.sub(r"calibDate=(\S+)", lambda m: f"calibDate={keyword_time(start, m[1])}", identity)
        if new != identity:
            editor.set_keyword("CALIB_ID", new)


def drop_origin(editor: TextEditor) -> Iterator[str]:
    """Remove what tells how the other calibration was made, edited and certified, and yield what that was."""
    marks = [name for name in editor.keywords if name.startswith("DEPRECATED")]
    for name in [*(name for name in _ORIGIN if name in editor.keywords), *marks]:
        editor.remove_keyword(name)
        yield name
    for name, what in _LIFE.items():
        if name.upper() in editor.keywords:
            editor.remove_keyword(name.upper())
            yield what
        if name in editor.source.tree:
            editor.remove_section(name)
            yield what


def _side_record(
    package: Package, source: CalibFile, *, is_same_calibration: bool
) -> tuple[bytes | None, list[str]]:
    """Return the provenance file of a copy, and what it lacks; `None` if nothing is left."""
    data = package.files.read(source.side)
    if is_same_calibration:
        return data, []
    with _naming(source.side):
        editor = TextEditor(data, "yaml")
        tree, _ = load_yaml(editor.text.removeprefix("\ufeff"))
        parts = [name for name in _LIFE if isinstance(tree, dict) and name in tree]
        if not parts:
            return data, []
        dropped = [_LIFE[name] for name in parts]
        if set(tree) == set(parts):
            return None, dropped
        for name in parts:
            editor.remove_section(name)
        return editor.finish(), dropped


def _image_of(package: Package, source: CalibFile, editor: TextEditor) -> tuple[str, bytes] | None:
    """Return name and content of the image that a side file describes; `None` for other calibrations."""
    cls: type[Calib] = get_type(source.key.type)
    if not cls.SPEC.beside:
        return None
    calib, _ = cls.from_source(editor.source)
    companion = calib.companion() if calib is not None else None
    if companion is None:
        raise CuratedError(
            "the side file names no image beside it", "'curated check' says what is wrong with it"
        )
    path = os.path.join(os.path.dirname(source.path), companion.file)
    try:
        place = package.files.locate(path)
        sha256 = digest(place, ()) if place is not None else ""
    except LeadsOutError as error:
        raise CuratedError(
            f"{companion.file} {error.strerror}", "put the image itself beside the side file"
        ) from error
    except FileNotFoundError as error:
        raise CuratedError(f"{companion.file} is not there", "put the image beside the side file") from error
    if place is None or sha256 != companion.sha256:
        raise CuratedError(
            f"{companion.file} is not the image that the side file means: its SHA-256 is {sha256}",
            "put the right image there, or correct the side file with 'curated fix'",
        )
    with open(place, "rb") as file:
        return companion.file, file.read()
