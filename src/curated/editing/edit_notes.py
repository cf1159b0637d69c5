"""Notes of manual edits, with name and date (DMTN-148, section 4.7), added to the records of calibrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.package.package import Package
from curated.provenance import Edit, Provenance, parse
from curated.provenance.reader import extract
from curated.text.editor import TextEditor
from curated.text.provenance import provenance_path, provenance_text, read_provenance_file

_KEY = "edits"


@dataclass(frozen=True, slots=True)
class NotePlan:
    """Files that get a note.

    Parameters
    ----------
    contents : `dict` [`str`, `bytes`]
        The new and the changed files, by path.
    before : `dict` [`str`, `bytes`]
        Content of the files that change.
    paths : `dict` [`str`, `str`]
        Path of the file that has the note, by that of the calibration.
    present : `tuple` [`str`]
        Paths of calibrations that have this very note already.
    """

    contents: Mapping[str, bytes]
    before: Mapping[str, bytes]
    paths: Mapping[str, str]
    present: tuple[str, ...]


def make_edit(name: str, date: str, what: str) -> Edit:
    """Return a note of an edit.

    Raises
    ------
    CuratedError
        If a part of it is empty, too long, or no text of one line, or if the date is none.
    """
    for label, text in (("the name", name), ("the date", date), ("what was edited", what)):
        if not text.strip():
            raise CuratedError(f"{label} is empty", "say who edited what: curated note FILE 'what' --by NAME")
        if not text.isprintable():
            raise CuratedError(f"{label} is not one line of text: {text!r}", "write it in one line")
    provenance, problems = parse({_KEY: [{"name": name, "date": date, "what": what}]})
    if problems:
        raise CuratedError(f"{problems[0].detail}", "see docs/provenance.md for what a note may hold")
    return provenance.edits[0]


def plan_notes(package: Package, files: Sequence[CalibFile], edit: Edit) -> NotePlan:
    """Plan to add a note to calibrations; nothing is written.

    The note goes where others are: into the calibration or the provenance file beside it. Where there are none, it goes
    into the provenance file if there is one, or if the calibration is ECSV, whose readers take no lists; else into the
    calibration.

    Raises
    ------
    CuratedError
        If the text of one cannot be edited.
    """
    contents: dict[str, bytes] = {}
    before: dict[str, bytes] = {}
    paths: dict[str, str] = {}
    present = []
    for file in files:
        try:
            path, text, old, edits = _noted(package, file, edit)
        except CuratedError as error:
            raise CuratedError(f"{file.path}: {error.message}", error.hint) from error
        if edit in edits:
            present.append(file.path)
            continue
        paths[file.path] = path
        contents[path] = text
        if old is not None:
            before[path] = old
    return NotePlan(contents, before, paths, tuple(present))


def _noted(
    package: Package, file: CalibFile, edit: Edit
) -> tuple[str, bytes, bytes | None, tuple[Edit, ...]]:
    """Return the path of the file with the note, its new and its old content, and the notes that there are."""
    editor = TextEditor(package.files.read(file.path), file.form)
    in_file = extract(editor.source.tree)
    in_metadata = extract(editor.source.metadata, ("metadata",))
    if _KEY in in_metadata.places and in_metadata.provenance.edits:
        raise CuratedError(
            "its notes are in the metadata, which only a person can edit",
            f"move them into {provenance_path(file.path)}",
        )
    if file.side and not in_file.provenance.edits:
        data = package.files.read(file.side)
        record = read_provenance_file(data)
        errors = [problem for problem in record.problems if problem.code in ("CAL204", "CAL202", "CAL120")]
        if errors:
            raise CuratedError(f"{file.side}: {errors[0].code} {errors[0].detail}", "mend it first")
        return file.side, _appended(TextEditor(data, "yaml"), edit), data, record.provenance.edits
    if file.form == "ecsv":
        text = provenance_text(Provenance(edits=(edit,))).encode()
        return provenance_path(file.path), text, None, ()
    return file.path, _appended(editor, edit), editor.data, in_file.provenance.edits


def _appended(editor: TextEditor, edit: Edit) -> bytes:
    editor.append(_KEY, edit.plain())
    return editor.finish()
