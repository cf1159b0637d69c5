"""Corrections of what follows from a calibration's path, its instrument and its image.

The path decides, as everywhere: keywords that contradict it are corrected, unless several of them together show that the
file is in a wrong place, which is reported instead. A value that nothing tells is reported, and never guessed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from curated.check.file import read_and_check
from curated.check.package import Reading
from curated.check.report import FileReport
from curated.check.rules.identity import read_date
from curated.core.diagnostic import CuratedError, Diagnostic, Problem, brief
from curated.core.keys import CalibFile
from curated.core.metadata import has_value
from curated.core.times import iso
from curated.editing.expectations import (
    corrected_id,
    detector_keywords,
    filter_keywords,
    id_parts,
    instrument_keywords,
)
from curated.editing.images import wrong_values
from curated.editing.spelling import keyword_time
from curated.editing.surroundings import (
    Expected,
    Statement,
    Surroundings,
    find_surroundings,
    misplaced_levels,
)
from curated.history.deprecation import EditedFiles
from curated.package.instrument import Instrument
from curated.package.package import Package
from curated.package.sharing import without_shared_levels
from curated.registry import find_type, get_type
from curated.text.editor import TextEditor
from curated.text.source import Source

_MOST_ROUNDS = 4


class Correction(NamedTuple):
    """A value that was wrong or missing.

    Parameters
    ----------
    path : `str`
        Path of the file.
    line : `int`
        Line of the old value; 0 if there is none.
    name : `str`
        The keyword, or section and name of another value.
    before, now : `object`
        Old and new value; `None` if there is none.
    reason : `str`
        What the new value follows from.
    """

    path: str
    line: int
    name: str
    before: Any
    now: Any
    reason: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        if self.name == "CALIB_ID":
            # Only the parts that change: all of it takes more than a line.
            old, new = str(self.before).split(), str(self.now).split()
            pairs = zip(old, new, strict=False)
            change = ", ".join(f"{before} -> {now}" for before, now in pairs if before != now)
            return f"{place}: CALIB_ID {change} ({self.reason})"
        if self.now is None:
            change = f"{self.name} {brief(self.before)} removed"
        elif self.before is None:
            change = f"{self.name} {brief(self.now)} added"
        else:
            change = f"{self.name} {brief(self.before)} -> {brief(self.now)}"
        return f"{place}: {change} ({self.reason})"


@dataclass(frozen=True, slots=True)
class CorrectionPlan:
    """Corrections of a package's files.

    Parameters
    ----------
    corrections : `tuple` [`Correction`]
        In the order of files.
    contents, before : `dict` [`str`, `bytes`]
        New and old content of the files that change, by path.
    diagnostics : `tuple` [`Diagnostic`]
        What was not corrected, and why.
    """

    corrections: tuple[Correction, ...]
    contents: Mapping[str, bytes]
    before: Mapping[str, bytes]
    diagnostics: tuple[Diagnostic, ...]


def plan_corrections(
    package: Package, reading: Reading, files: Sequence[CalibFile], *, trust_path: bool = False
) -> CorrectionPlan:
    """Plan to correct calibrations; nothing is written.

    Parameters
    ----------
    reading : `Reading`
        All files of the package, as the check read them.
    files : sequence [`CalibFile`]
        The files to correct.
    trust_path : `bool`, optional
        Whether the path decides whatever the keywords say together.
    """
    corrections: list[Correction] = []
    contents: dict[str, bytes] = {}
    before: dict[str, bytes] = {}
    members = {file.source: file.path for file in package.layout.files if file.path in reading.reports}
    reports = {path: reading.reports[member] for path, member in members.items()} | dict(reading.reports)
    diagnostics: list[Diagnostic] = []
    for _ in range(_MOST_ROUNDS):
        # What is corrected may tell what another file should say.
        edited = EditedFiles(package.files, dict(contents))
        surroundings = find_surroundings(package, reading.declared, reports)
        diagnostics = []
        has_changed = False
        for file in files:
            try:
                fixer = _Fixer(
                    package, edited, reading.declared, reports, surroundings, file, trust_path=trust_path
                )
            except (CuratedError, OSError) as error:
                diagnostics.append(_not_corrected(file.path, error))
                continue
            text = fixer.run()
            diagnostics += fixer.diagnostics
            if text == fixer.editor.data:
                continue
            obstacle = _obstacle(package.root / file.path)
            if obstacle is not None:
                diagnostics.append(_not_corrected(file.path, obstacle))
                continue
            has_changed = True
            corrections += fixer.corrections
            before.setdefault(file.path, fixer.editor.data)
            contents[file.path] = text
            reports[file.path] = fixer.report
        if not has_changed:
            break
    order = {file.path: number for number, file in enumerate(files)}
    corrections.sort(key=lambda correction: order[correction.path])
    return CorrectionPlan(tuple(corrections), contents, before, tuple(sorted(diagnostics)))


def _obstacle(path: Path) -> CuratedError | None:
    """Return why a file is not written."""
    if not os.path.lexists(path):
        return CuratedError(
            "there is no file of this name, only another one that stands for it", "correct that one by hand"
        )
    if path.is_symlink():
        target = os.readlink(path)
        return CuratedError(
            f"it is a link to {target}, and is not written through", "put the file itself in its place"
        )
    if not path.stat().st_mode & stat.S_IWUSR:
        return CuratedError("it is read-only", "make it writable first, with 'chmod u+w'")
    return None


def _not_corrected(path: str, error: Exception) -> Diagnostic:
    hint = error.hint if isinstance(error, CuratedError) else ""
    message = (
        error.message if isinstance(error, CuratedError) else f"{getattr(error, 'strerror', '') or error}"
    )
    return Diagnostic.from_problem(Problem("CAL707", (), message, hint), path)


class _Fixer:
    """Corrects one file."""

    def __init__(
        self,
        package: Package,
        files: EditedFiles,
        declared: Mapping[str, Instrument],
        reports: Mapping[str, FileReport],
        surroundings: Surroundings,
        file: CalibFile,
        *,
        trust_path: bool,
    ) -> None:
        self.package, self.files, self.declared = package, files, declared
        self.surroundings, self.file, self.member = surroundings, without_shared_levels(file), file
        self.report = reports.get(file.path, FileReport(file.path, "", ""))
        self.is_checked = file.path in reports
        self.editor = TextEditor(files.read(file.path), file.form)
        self.source: Source = self.editor.source
        self.spec = get_type(file.key.type).SPEC
        self.original = dict(self.editor.keywords)
        self.keywords = dict(self.original)
        self.corrections: list[Correction] = []
        self.diagnostics: list[Diagnostic] = []
        self.misplaced = (
            {}
            if trust_path
            else misplaced_levels(surroundings, self.file, self.keywords, id_parts(self.keywords))
        )

    def run(self) -> bytes:
        """Return the corrected text; the old one if nothing can be done."""
        for level, statements in self.misplaced.items():
            self._report_place(level, statements)
        # In a wrong place, what the path says of other things may be wrong too.
        for keyword, expected in self._expectations() if not self.misplaced else ():
            self._correct(keyword, expected)
        self._correct_id()
        self._correct_image()
        if not self.corrections:
            return self.editor.data
        try:
            text = self.editor.finish()
            self._require_no_worse(text)
        except CuratedError as error:
            self.diagnostics.append(_not_corrected(self.file.path, error))
            return self.editor.data
        return text

    # -- keywords ------------------------------------------------------------------------------------------

    def _expectations(self) -> Iterator[tuple[str, Expected | None]]:
        """Yield each keyword that is missing or wrong, with the value that it should have; `None` if nothing tells."""
        file = self.file
        yield from self._type()
        for checks in (instrument_keywords, detector_keywords, filter_keywords):
            yield from checks(self.surroundings, file, self.keywords)
        start = iso(file.start)
        expected = Expected(start, "the file name says so")
        for keyword in ("CALIBDATE", "VALIDSTART"):
            date = read_date(self.keywords, keyword)
            if date is None and keyword == "VALIDSTART":
                continue
            if date != file.start and not self._is_impossible_start(keyword):
                old = self.keywords.get(keyword)
                yield keyword, expected._replace(value=keyword_time(file.start, old))
        for keyword, level in (("DETECTOR", file.key.detector), ("FILTER", file.key.filter)):
            value = self.keywords.get(keyword)
            if not level and has_value(value) and value != "None":
                is_shared = level != getattr(self.member.key, keyword.lower())
                several = f"it is of several {keyword.lower()}s"
                self._remove(keyword, several if is_shared else f"{self.spec.name} has no such level")

    def _is_impossible_start(self, keyword: str) -> bool:
        """Report a file name that is not before the end of the calibration, though the keyword is."""
        end, date = read_date(self.keywords, "VALIDEND"), read_date(self.keywords, keyword)
        if isinstance(end, Problem) or isinstance(date, Problem) or end is None or date is None:
            return False
        if date < end <= self.file.start:
            detail = (
                f"{keyword} {iso(date)} and VALIDEND {iso(end)} show that the start in the file name is wrong"
            )
            self._report(
                "CAL705",
                detail,
                keyword,
                "rename the file, or correct VALIDEND; 'curated epoch' makes a new epoch",
            )
            return True
        return False

    def _type(self) -> Iterator[tuple[str, Expected | None]]:
        spec, value = self.spec, self.keywords.get("OBSTYPE")
        if not isinstance(value, str) or value.lower() not in (spec.name.lower(), spec.obstype.lower()):
            if self._reads_as_other(str(value)):
                return
            yield "OBSTYPE", Expected(spec.obstype, f"the directory is {spec.name!r}")
        name = str(self.keywords.get("CALIBCLS") or "").rpartition(".")[2]
        if name and spec.calibcls and name != spec.calibcls.rpartition(".")[2]:
            yield "CALIBCLS", Expected(spec.calibcls, f"the class of {spec.name}")

    def _reads_as_other(self, obstype: str) -> bool:
        """Report a file that is no calibration of its directory's type, but one of the type that OBSTYPE names."""
        other = find_type(obstype.lower())
        if other is None:
            return False
        if get_type(self.file.key.type).from_source(self.source)[0] is not None:
            return False
        if self.file.form not in other.SPEC.forms or other.from_source(self.source)[0] is None:
            return False
        detail = f"OBSTYPE {brief(obstype)} is what it can be read as, and {self.spec.name!r} is not"
        self._report("CAL705", detail, "OBSTYPE", "move it to the directory of its type")
        return True

    def _correct(self, keyword: str, expected: Expected | None) -> None:
        before = self.keywords.get(keyword)
        if expected is None:
            state = f"is {brief(before)}, which the path contradicts" if has_value(before) else "is missing"
            detail = f"{keyword} {state}, and nothing tells what it should be"
            hint = (
                "write it, or declare it in instrument.yaml ('curated adopt' drafts one); then run it again"
            )
            self._report("CAL706", detail, keyword, hint)
            return
        try:
            self.editor.set_keyword(keyword, expected.value)
        except CuratedError as error:
            self._report("CAL707", error.message, keyword, error.hint)
            return
        self.keywords[keyword] = expected.value
        line = self._line(keyword)
        self.corrections.append(
            Correction(
                self.file.path, line, keyword, before if line else None, expected.value, expected.reason
            )
        )

    def _remove(self, keyword: str, reason: str) -> None:
        before = self.keywords.pop(keyword)
        try:
            self.editor.remove_keyword(keyword)
        except CuratedError as error:
            self._report("CAL707", error.message, keyword, error.hint)
            return
        self.corrections.append(
            Correction(self.file.path, self._line(keyword), keyword, before, None, reason)
        )

    # -- CALIB_ID --------------------------------------------------------------------------------------------

    def _correct_id(self) -> None:
        """Correct the parts of CALIB_ID that repeat a keyword which was corrected."""
        text = str(self.keywords.get("CALIB_ID") or "")
        corrected = {correction.name for correction in self.corrections}
        new = corrected_id(text, corrected, self.keywords, self.file.start)
        if new != text:
            self._correct("CALIB_ID", Expected(new, "it repeats what was corrected"))

    # -- images ----------------------------------------------------------------------------------------------

    def _correct_image(self) -> None:
        try:
            values = wrong_values(
                self.package, self.file, self.source.tree, self.report if self.is_checked else None
            )
            for section in dict.fromkeys(value.section for value in values):
                self.editor.set_values(section, {v.name: v.now for v in values if v.section == section})
        except CuratedError as error:
            self._report("CAL708", error.message, "", error.hint)
            return
        for value in values:
            line = self.source.locator((value.section, value.name))[0] if value.before is not None else 0
            name = f"{value.section}.{value.name}"
            self.corrections.append(
                Correction(self.file.path, line, name, value.before, value.now, "the image has it")
            )

    # -- findings --------------------------------------------------------------------------------------------

    def _line(self, keyword: str) -> int:
        """Return the line of a keyword before all corrections; 0 if it had no value."""
        return self.source.locator(("metadata", keyword))[0] if has_value(self.original.get(keyword)) else 0

    def _report(self, code: str, detail: str, keyword: str, hint: str = "") -> None:
        pointer = ("metadata", keyword) if keyword else ()
        self.diagnostics.append(self.source.diagnose(Problem(code, pointer, detail, hint), self.file.path))

    def _report_place(self, level: str, statements: Sequence[Statement]) -> None:
        name = getattr(self.file.key, level)
        words = ", ".join(f"{s.keyword} {brief(s.value)}" for s in statements)
        other = statements[0].directory
        detail = f"the path says {level} {name!r}, but {words} {'say' if len(statements) > 1 else 'says'} {other!r}"
        hint = f"move the file to {level} {other!r}; if the path is right, 'curated fix --trust-path' corrects the keywords"
        self._report("CAL705", detail, statements[0].keyword, hint)

    def _require_no_worse(self, text: bytes) -> None:
        """Raise an error if the corrected text has errors that the old one has not."""
        edited = EditedFiles(self.files, {self.file.path: text})
        report = read_and_check(edited, self.member, self.declared).report
        old_codes = {d.code for d in self.report.diagnostics}
        worse = [d for d in report.diagnostics if d.is_error and d.code not in old_codes]
        if worse:
            raise CuratedError(
                f"with its keywords corrected it has another error: {worse[0].code} {worse[0].message}",
                "correct it by hand",
            )
        self.report = report
