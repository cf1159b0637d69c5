"""A foreign file as a calibration of a package: its place, its keywords, its text, and the check of it, before it is written."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from curated.calib import Calib, CalibrationError
from curated.check.package import check_package
from curated.core.diagnostic import CuratedError, Diagnostic, Problem, brief, has_errors, limited
from curated.core.metadata import Metadata
from curated.core.stamp import COMPANION_KEYWORDS
from curated.core.times import compact
from curated.exchange.foreign import Conventions, Foreign, Target, is_number, number_of, open_foreign
from curated.exchange.placement import (
    Names,
    find_place,
    keywords_of,
    read_camera,
    reconcile_claims,
    with_amplifiers,
)
from curated.exchange.readers import read_foreign, unused_options
from curated.exchange.row_comments import with_row_comments
from curated.history.names import known_names
from curated.image.planes import statistics
from curated.package.files import Files
from curated.package.package import Package
from curated.registry import get_type

SOURCE_FILE, SOURCE_HASH = "SRCFILE", "SRCSHA"
"""Keywords with the name and the SHA-256 of the file that a calibration was made of."""


_COMPUTED = frozenset((*COMPANION_KEYWORDS, "IMWIDTH", "IMHEIGHT"))
"""Keywords of fields that follow from the image itself."""

_LEVEL_HINT = "--set normalisation=median, mean or a number says by which level the images are to be divided"

_STATISTICS = frozenset(("mean", "median"))
"""Values of fields of images that are computed of the good pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest:
    """What is to be added, and as what.

    Parameters
    ----------
    file : `str`
        Path of the foreign file.
    type : `str`
        Name of the calibration type.
    start, end : `datetime.datetime`
        Validity, UTC, naive; without an end until the next calibration.
    names : `Names`
        Instrument, detector and filter; without a name the only instrument of the package.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``; empty for the one that suits the type.
    reader : `str`
        Name of the reader; empty for the one that recognises the file.
    conventions : `Conventions`
        What a person says of the file.
    keywords : `dict`
        Keywords of the calibration beside those that follow from the others.
    is_of_set : `bool`
        Whether what is said of the file is said of many, so that it need not be of use for each of them.
    """

    file: str
    type: str
    start: datetime
    end: datetime | None = None
    names: Names = field(default_factory=Names)
    form: str = ""
    reader: str = ""
    conventions: Conventions = field(default_factory=Conventions)
    keywords: Mapping[str, Any] = field(default_factory=dict)
    is_of_set: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Addition:
    """A calibration that a foreign file gives, ready to be written.

    Parameters
    ----------
    path : `str`
        Path of its text in the package.
    contents : `dict` [`str`, `bytes`]
        Content of each file to be written, by path; empty if there are errors.
    diagnostics : `tuple` [`Diagnostic`, ...]
        Findings in the foreign file, and those of the check of its calibration.
    reader : `str`
        Title of the form of the foreign file; empty if nothing recognises it.
    calib : `Calib`, optional
        The calibration, where one could be made.
    """

    path: str
    contents: Mapping[str, bytes]
    diagnostics: tuple[Diagnostic, ...]
    reader: str = ""
    calib: Calib | None = None

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return has_errors(self.diagnostics)


def plan_addition(package: Package, request: AddRequest) -> Addition:
    """Make a calibration of a foreign file and check it in its place in the package; nothing is written.

    Raises
    ------
    CuratedError
        If type, instrument, detector or filter are unknown or missing, or the file is not there.
    """
    cls = get_type(request.type)
    form = _form_of(cls, request.form)
    file = open_foreign(request.file)
    place = find_place(package, cls, request.names)
    target = Target(
        cls=cls,
        detector=place.detector,
        camera=read_camera(package, place, request.start),
        filter=place.filter,
        conventions=request.conventions,
    )
    if target.camera is not None and place.detector is not None:
        target = replace(target, detector=with_amplifiers(place.detector, target.camera))
    foreign, reader = read_foreign(file, target, request.reader)
    problems = list(foreign.problems)
    if reader is not None and not request.is_of_set and (reader.options or foreign.calib is not None):
        problems += unused_options(reader, request.conventions)
    findings = [Diagnostic.from_problem(problem, request.file) for problem in limited(problems)]
    path = f"{place.directory}/{compact(request.start)}.{form}"
    title = reader.title if reader is not None else ""
    if has_errors(findings):
        return Addition(path=path, contents={}, diagnostics=tuple(sorted(findings)), reader=title)
    keywords = keywords_of(cls, place, request.start, request.end)
    claims, problems = reconcile_claims(cls, foreign.metadata, keywords)
    claims = {key: value for key, value in claims.items() if key not in keywords}
    metadata = {**keywords, **claims, SOURCE_FILE: file.name, SOURCE_HASH: file.sha256, **request.keywords}
    calib, more_problems = make_calibration(cls, foreign, metadata, request.conventions.values)
    problems += more_problems
    findings += [Diagnostic.from_problem(problem, request.file) for problem in limited(problems)]
    if calib is None or has_errors(findings):
        return Addition(path=path, contents={}, diagnostics=tuple(sorted(findings)), reader=title)
    if not request.form and form == "ecsv" and len(calib.tables()) > 1:
        form = next(other for other in cls.SPEC.forms if other != "ecsv")
        path = f"{place.directory}/{compact(request.start)}.{form}"
    try:
        contents, calib = _contents(calib, foreign, path, form)
    except CuratedError as error:
        problems = [Problem("CAL711", (), error.message, error.hint)]
        findings += [Diagnostic.from_problem(problem, request.file) for problem in problems]
        return Addition(path=path, contents={}, diagnostics=tuple(sorted(findings)), reader=title)
    if foreign.row_comments and form != "ecsv":
        lost = Problem(
            "CAL716", (), f"texts of regions and rows have no place in {form}", "--as-form ecsv keeps them"
        )
        findings.append(Diagnostic.from_problem(lost, request.file))
    # The check finds them again, in the text that is written.
    findings = [finding for finding in findings if finding.code.startswith("CAL7")]
    findings += _check(package, path, contents)
    is_sound = not has_errors(findings)
    return Addition(
        path=path,
        contents=contents if is_sound else {},
        diagnostics=tuple(sorted(findings)),
        reader=title,
        calib=calib,
    )


# -- the calibration ------------------------------------------------------------------------------------


def make_calibration(
    cls: type[Calib], foreign: Foreign, metadata: Mapping[str, Any], values: Mapping[str, str]
) -> tuple[Calib | None, list[Problem]]:
    """Make a calibration of what a foreign file holds.

    Parameters
    ----------
    values : `dict` [`str`, `str`]
        Values of fields as a person gave them; they go before those of the file.

    Returns
    -------
    calib : `Calib` or `None`
        The calibration; `None` where a value is missing or wrong.
    problems : `list` [`Problem`]
        All problems.
    """
    settled, problems = _field_values(cls, values)
    if problems:
        return None, problems
    if foreign.planes:
        return _image_of(cls, foreign, metadata, settled)
    if foreign.calib is not None:
        return _with_keywords(foreign.calib, metadata, settled)
    if foreign.tables:
        calib, problems = cls.from_columns(metadata, list(foreign.tables), "fits")
        if calib is None or not settled:
            return calib, problems
        return _with_keywords(calib, calib.metadata, settled)
    return cls.from_tree(metadata, {**foreign.tree, **settled}, "yaml")


def _with_keywords(
    calib: Calib, metadata: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[Calib | None, list[Problem]]:
    """Return a calibration with other keywords, all of them, and with the values that a person gave."""
    unwanted = {key: None for key in calib.metadata if key not in Metadata(metadata)}
    try:
        return calib.replace(metadata={**unwanted, **metadata}, **values), []
    except CalibrationError as error:
        return None, error.problems


def _image_of(
    cls: type[Calib], foreign: Foreign, metadata: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[Calib | None, list[Problem]]:
    image_type: Any = cls
    arrays = {name.lower(): plane.native for name, plane in foreign.planes.items()}
    bits = foreign.planes["MASK"].bits if "MASK" in foreign.planes else None
    fields = {**foreign.tree, **values}
    if _STATISTICS.intersection(map(str, values.values())):
        measured = statistics(foreign.planes)
        if "median" not in measured:
            return None, [Problem("CAL714", (), "no pixel is good, and has a mean or median")]
        fields |= {name: measured[value] for name, value in values.items() if value in _STATISTICS}
    try:
        return image_type.from_pixels(**arrays, mask_planes=bits or None, metadata=metadata, **fields), []
    except CuratedError as error:
        return None, [Problem("CAL714", (), error.message, error.hint)]


def _field_values(cls: type[Calib], texts: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """Return values of fields that a person gave as text, and what is wrong with them."""
    fields = {declared.name.lower(): declared for declared in cls.FIELDS}
    values: dict[str, Any] = {}
    problems = []
    for name, text in texts.items():
        declared = fields.get(name.lower())
        if declared is None:
            hint = known_names(name, [f.name for f in cls.FIELDS], "fields")
            problems.append(Problem("CAL714", (), f"{cls.SPEC.name} has no field {name!r}", hint))
            continue
        if declared.keyword in _COMPUTED:
            problems.append(
                Problem("CAL714", (), f"{declared.name} is not for a person to set: it follows from the file")
            )
            continue
        if text in _STATISTICS and hasattr(cls, "from_pixels"):
            values[declared.name] = text
            continue
        kind = declared.dtype[:1]
        if kind not in "if":
            values[declared.name] = text
        elif not is_number(text) and text.lower().lstrip("+-") not in ("nan", "inf"):
            problems.append(Problem("CAL714", (), f"{declared.name} {brief(text)} is not a number"))
        elif not is_number(text) or not math.isfinite(number_of(text)):
            problems.append(Problem("CAL714", (), f"{declared.name} {brief(text)} is not a finite number"))
        elif kind == "i" and not number_of(text).is_integer():
            problems.append(Problem("CAL714", (), f"{declared.name} {brief(text)} is not a whole number"))
        else:
            values[declared.name] = int(number_of(text)) if kind == "i" else number_of(text)
    return values, problems


def _contents(calib: Calib, foreign: Foreign, path: str, form: str) -> tuple[dict[str, bytes], Calib]:
    """Return the files of a calibration by path, and the calibration with what its text says of the others."""
    contents: dict[str, bytes] = {}
    if foreign.planes:
        from curated.fits.writer import fits_blocks

        image_path = f"{os.path.splitext(path)[0]}.fits"
        contents[image_path] = b"".join(fits_blocks(calib.fits_content()))
        with tempfile.TemporaryDirectory() as directory:
            name = os.path.join(directory, os.path.basename(image_path))
            Path(name).write_bytes(contents[image_path])
            calib = calib.described(name)
    text = calib.text_bytes(form)
    if foreign.row_comments and form == "ecsv":
        text = with_row_comments(text, foreign.row_comments)
    return {path: text, **contents}, calib


def _form_of(cls: type[Calib], form: str) -> str:
    if form and form not in cls.SPEC.forms:
        raise CuratedError(
            f"{cls.SPEC.name} is not written as {form}", f"its forms are {', '.join(cls.SPEC.forms)}"
        )
    if form:
        return form
    is_one_table = len(cls.SPEC.tables) == 1 and cls.SPEC.tables[0].rows == "free"
    return "ecsv" if is_one_table and "ecsv" in cls.SPEC.forms else cls.SPEC.forms[0]


# -- the check ------------------------------------------------------------------------------------------


def _check(package: Package, path: str, contents: Mapping[str, bytes]) -> list[Diagnostic]:
    """Return the findings that a check of the package would have in new files."""
    with tempfile.TemporaryDirectory() as directory:
        files = _NewFiles(package.files, contents, directory, os.path.dirname(path))
        changed = Package(package.root, files, package.config, package.bare)
        report = check_package(changed, [path], jobs=1, use_cache=False)
    findings = [finding for finding in report.diagnostics if finding.file in contents]
    return [replace(f, hint=_LEVEL_HINT) if "normalisation" in f.message else f for f in findings]


@dataclass(frozen=True, slots=True)
class _NewFiles:
    """Files of a package with new ones among them, as far as the check of these needs it."""

    files: Files
    contents: Mapping[str, bytes]
    directory: str
    neighbourhood: str

    def paths(self) -> Iterator[str]:
        """Yield the new files, those beside them, and the settings of instruments, in order."""
        beside = (p for p in self.files.paths() if self._is_near(p))
        return iter(sorted({*beside, *self.contents}))

    def _is_near(self, path: str) -> bool:
        # Other detectors and types say nothing of the new file but what the instrument is.
        return (
            os.path.dirname(path) == self.neighbourhood
            or path.endswith("/instrument.yaml")
            or "/camera/" in path
        )

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        return self.contents[path] if path in self.contents else self.files.read(path)

    def locate(self, path: str) -> str | None:
        """Return where a file is on disk; a new one is written to a temporary directory."""
        if path not in self.contents:
            return self.files.locate(path)
        place = os.path.join(self.directory, os.path.basename(path))
        Path(place).write_bytes(self.contents[path])
        return place

    def state(self, path: str) -> str:
        """Return a text that changes when a file on disk does."""
        return "" if path in self.contents else self.files.state(path)
