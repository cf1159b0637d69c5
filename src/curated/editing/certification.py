"""Certification: the range, a note and the statement of a person, written into a calibration that was verified."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curated.calib import Calib
from curated.check.file import read_and_check
from curated.core.diagnostic import CuratedError, Diagnostic
from curated.core.keys import CalibFile
from curated.core.times import compact, iso
from curated.editing.edit_notes import make_edit
from curated.editing.epochs import set_dates
from curated.editing.planned_files import PlannedFiles, foresee
from curated.git.repository import all_tags, find_work_tree, open_repository
from curated.git.tree import read_tree
from curated.package.package import Package
from curated.provenance import Certification, Provenance
from curated.provenance.record import PROVENANCE_ENDING, VERIFICATION_ENDING
from curated.registry import get_type
from curated.text.editor import TextEditor
from curated.text.provenance import provenance_text
from curated.text.yaml.reader import load_yaml
from curated.verification.binding import digest_of_tests, product_digest, void_reasons
from curated.verification.records import Verifications
from curated.verification.verification_test import TestResult
from curated.verification.waivers import Judgement, judge

_MOST_TAGS = 1000
"""Most releases that are asked whether they have a calibration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a person certifies.

    Parameters
    ----------
    start : `datetime.datetime`
        Start of the range, UTC.
    end : `datetime.datetime` or `None`
        Its end, UTC; `None` for the next start of the key, or none.
    name, ticket : `str`
        Who certifies, and where it was discussed.
    day : `datetime.date`
        When; waivers are judged by it.
    """

    start: dt.datetime
    end: dt.datetime | None
    name: str
    ticket: str
    day: dt.date


@dataclass(frozen=True, slots=True)
class CertificationPlan:
    """Files that a certification writes and removes.

    Parameters
    ----------
    path : `str`
        Path of the calibration afterwards.
    contents : `dict` [`str`, `bytes`]
        The new and the changed files, by path.
    before : `dict` [`str`, `bytes`]
        Content of the files that change.
    removed : `dict` [`str`, `str`]
        SHA-256 of the files that have another name afterwards, by path.
    certification : `Certification`
        The statement, as it is written.
    judgement : `Judgement`
        Failures that waivers cover.
    diagnostics : `tuple` [`Diagnostic`]
        Errors that it would bring about; with one among them nothing is to be written.
    """

    path: str
    contents: Mapping[str, bytes]
    before: Mapping[str, bytes]
    removed: Mapping[str, str]
    certification: Certification
    judgement: Judgement
    diagnostics: tuple[Diagnostic, ...]


class RefusedError(CuratedError):
    """A calibration that must not be certified; the message says why."""

    exit_status = 1


def plan_certification(
    package: Package,
    file: CalibFile,
    verifications: Verifications,
    statement: Statement,
    *,
    change_released: bool = False,
) -> CertificationPlan:
    """Plan to certify a calibration; nothing is written.

    Parameters
    ----------
    file : `CalibFile`
        The calibration, of a work tree.
    verifications : `Verifications`
        Records, waivers and tests of the package.
    change_released : `bool`, optional
        Whether the range may change of a calibration that a release has.

    Raises
    ------
    RefusedError
        If its verification does not allow it, or a release has it with another range.
    CuratedError
        If its text cannot be edited.
    """
    checked = read_and_check(package.files, file, {})
    if checked.calib is None:
        codes = ", ".join(sorted({d.code for d in checked.report.diagnostics if d.is_error}))
        raise RefusedError(f"{file.path} has errors: {codes}", "see 'curated check'")
    judgement, digest = _require_verified(package, file, checked.calib, verifications, statement)
    is_changed = statement.start != file.start or (
        (iso(statement.end) if statement.end is not None else "") != checked.report.end
    )
    if is_changed and not change_released:
        _require_unreleased(package, file)
    certification = Certification(
        name=statement.name,
        date=statement.day.isoformat(),
        ticket=statement.ticket,
        begin=iso(statement.start),
        end=iso(statement.end) if statement.end is not None else "",
        record=digest,
        waivers=tuple(_waived(result, waiver.name, waiver.ticket) for result, waiver in judgement.waived),
    )
    path, contents, before, removed = _edited(package, file, statement, certification)
    digests = {
        hashlib.sha256(content).hexdigest(): new for new, content in contents.items() if new not in before
    }
    # An image is checked where it is, under its old name.
    places = {digests[digest]: old for old, digest in removed.items() if digest in digests}
    texts = {new: content for new, content in contents.items() if new not in places}
    planned = PlannedFiles(package.files, texts, frozenset(removed), places)
    outlook = foresee(package, planned, [(file.key.instrument, file.key.type)])
    return CertificationPlan(path, contents, before, removed, certification, judgement, outlook.diagnostics)


def _waived(result: TestResult, name: str, ticket: str) -> str:
    """Return a waived failure and who takes responsibility for it, in one line."""
    parts = (result.test.id, result.detector, result.amplifier, result.exposure)
    reached = "not run" if result.verdict == "not run" else f"{result.value:.6g} {result.test.unit}".strip()
    return f"{' '.join(filter(None, parts))}: {reached}, waived by {name} ({ticket})"


# -- what must hold ---------------------------------------------------------------------------------------


def _require_verified(
    package: Package, file: CalibFile, calib: Calib, verifications: Verifications, statement: Statement
) -> tuple[Judgement, str]:
    """Return the results in the light of waivers, and the hash of the record.

    Raises
    ------
    RefusedError
        If there is no record that holds, or if it has a failure that no waiver covers.
    """
    again = f"run 'curated verify {file.path} --exposures ...'"
    record = verifications.records.get(file.source)
    if record is None:
        wrong = [f for f in verifications.findings if f.file == file.record] if file.record else []
        reason = (
            f"its record has errors: {wrong[0].code} {wrong[0].message}"
            if wrong
            else "it has no record of verification"
        )
        raise RefusedError(f"{file.path} is not certified: {reason}", again)
    tests = verifications.tests.in_force(file.key.instrument, file.key.type, statement.start)[1]
    reasons = void_reasons(record, product_digest(calib), digest_of_tests(tests))
    if record.type_name != file.key.type:
        reasons.append(f"its record is of {record.type_name}")
    if reasons:
        raise RefusedError(f"{file.path} is not certified, its record is void: {'; '.join(reasons)}", again)
    waivers = verifications.waivers.get(file.key.instrument, ())
    judgement = judge(file.key, record.results, waivers, statement.day)
    if judgement.blocking:
        raise RefusedError(
            f"{file.path} is not certified: {_blocking_text(judgement)}",
            "mend it and verify it again, or write a waiver: docs/verification.md",
        )
    if not record.results:
        raise RefusedError(
            f"{file.path} is not certified: no test was run", f"write tests of {file.key.type}, and {again}"
        )
    return judgement, hashlib.sha256(package.files.read(file.record)).hexdigest()


def _blocking_text(judgement: Judgement) -> str:
    """Return what stands in the way of a certification, in one line."""
    ended = {id(result): waiver for result, waiver in judgement.expired}
    worse = {id(result): waiver for result, waiver in judgement.worse}
    parts = []
    for result in judgement.blocking[:5]:
        names = " ".join(filter(None, (result.test.id, result.amplifier, result.exposure)))
        text = (
            f"{names} was not run ({result.reason})"
            if result.verdict == "not run"
            else f"{names} is {result.value:.6g}"
        )
        if id(result) in ended:
            text += f" (the waiver of {ended[id(result)].name} ended on {ended[id(result)].until})"
        if id(result) in worse:
            text += f" (worse than {worse[id(result)].value:.6g}, which {worse[id(result)].name} waived)"
        parts.append(text)
    more = len(judgement.blocking) - len(parts)
    return "; ".join(parts) + (f"; and {more} more" if more else "")


def _require_unreleased(package: Package, file: CalibFile) -> None:
    """Refuse to change the range of a calibration that a release has."""
    if find_work_tree(package.root.resolve()) is None:
        return
    repository = open_repository(package.root)
    path = repository.pathspec(file.source)
    for tag, commit in list(all_tags(repository).items())[-_MOST_TAGS:]:
        if any(entry.path == path for entry in read_tree(repository, commit, [path])):
            raise RefusedError(
                f"{file.path} is part of the release {tag}, and its range would change",
                "begin a new epoch with 'curated epoch', or say --change-released if the released range was wrong",
            )


# -- texts ------------------------------------------------------------------------------------------------


def _edited(
    package: Package, file: CalibFile, statement: Statement, certification: Certification
) -> tuple[str, dict[str, bytes], dict[str, bytes], dict[str, str]]:
    """Return the new path, the new contents, those before, and the hashes of the files that are renamed."""
    directory, name = os.path.split(file.source)
    old_stem, ending = os.path.splitext(name)
    stem = old_stem if statement.start == file.start else compact(statement.start)

    def renamed(path: str) -> str:
        base = os.path.basename(path)
        return (
            os.path.join(directory, stem + base.removeprefix(old_stem)) if base.startswith(old_stem) else path
        )

    data = package.files.read(file.source)
    editor = TextEditor(data, file.form)
    set_dates(editor, statement.start, statement.end)
    files = {file.source: data}
    contents: dict[str, bytes] = {}
    image = _image_name(file, editor)
    if image and renamed(os.path.join(directory, image)) != os.path.join(directory, image):
        old = os.path.join(directory, image)
        files[old] = package.files.read(old)
        contents[renamed(old)] = files[old]
        editor.set_values("image", {"file": os.path.basename(renamed(old))})
    what = f"Certified from {certification.begin} to {certification.end or 'further notice'} ({certification.ticket})"
    edit = make_edit(certification.name, certification.date, what)
    entries = {"edits": edit.plain(), "certifications": certification.plain()}
    side = package.files.read(file.side) if file.side else None
    if side is None and file.form == "ecsv":
        text = provenance_text(Provenance(edits=(edit,), certifications=(certification,))).encode()
        contents[os.path.join(directory, stem + PROVENANCE_ENDING)] = text
    else:
        side_editor = TextEditor(side, "yaml") if side is not None else None
        _append(editor, side_editor, file, entries)
        if side_editor is not None and side is not None:
            files[file.side] = side
            contents[renamed(file.side)] = side_editor.finish()
    contents[os.path.join(directory, stem + ending)] = editor.finish()
    if stem != old_stem:
        record = package.files.read(file.record)
        files[file.record] = record
        contents[os.path.join(directory, stem + VERIFICATION_ENDING)] = record
    before = {path: content for path, content in files.items() if path in contents}
    removed = {path: hashlib.sha256(c).hexdigest() for path, c in files.items() if path not in contents}
    return os.path.join(directory, stem + ending), contents, before, removed


def _append(
    editor: TextEditor, side: TextEditor | None, file: CalibFile, entries: Mapping[str, Mapping[str, Any]]
) -> None:
    """Add entries of provenance where others are; else to the file beside, if there is one, or to the calibration."""
    for key, entry in entries.items():
        in_text = key in editor.source.tree
        if side is None or (in_text and file.form != "ecsv"):
            editor.append(key, entry)
        else:
            side.append(key, entry)


def _image_name(file: CalibFile, editor: TextEditor) -> str:
    """Return the name of the image that a side file describes; empty for other calibrations."""
    if not get_type(file.key.type).SPEC.beside:
        return ""
    tree, _ = load_yaml(editor.text.removeprefix("\ufeff"))
    image = tree.get("image") if isinstance(tree, dict) else None
    name = image.get("file") if isinstance(image, dict) else None
    return name if isinstance(name, str) and os.path.basename(name) == name else ""
