"""Calibrations in the stack's own forms: FITS files of its classes, and their ECSV and YAML texts."""

from __future__ import annotations

import re
import warnings
from typing import Any

from curated.calib import Calib
from curated.calib.mismatch import identity_mismatches
from curated.core.codes import Severity, code_info
from curated.core.diagnostic import CuratedError, Problem
from curated.core.metadata import has_value
from curated.core.stamp import STAMP_KEYWORDS
from curated.exchange.foreign import Foreign, ForeignError, ForeignFile, Target
from curated.exchange.tables import crosstalk, linearity, plain
from curated.fits.reader import read_fits
from curated.registry import find_type
from curated.text import read as read_text
from curated.types._image import ImageCalib

_MARKS = re.compile(rb"CALIBCLS|AFW_TABLE_VERSION|OBSTYPE|[A-Z]_SCHEMA|shutterMotionProfile")
_OWN_MARKS = re.compile(rb"CALIBCLS|AFW_TABLE_VERSION|[A-Z]_SCHEMA|shutterMotionProfile")
_TABLE_READERS = (crosstalk, linearity, plain)
_DROPPED = frozenset(("CALIB_ID", "VALIDSTART", "VALIDEND", "CALIBDATE"))
"""Keywords of the file that the new dates, and the new place, replace."""

_DETECTOR = frozenset(("DETECTOR", "RAFTNAME", "SLOTNAME", "DET_NAME", "DET_SER"))


def takes(cls: type[Calib]) -> bool:
    """Say whether a type is made of tables."""
    return bool(cls.SPEC.tables) and not issubclass(cls, ImageCalib)


def recognises(file: ForeignFile) -> bool:
    """Say by the start of a file whether it has the keywords of the stack's calibrations."""
    if file.head.startswith(b"SIMPLE") and b"BINTABLE" not in file.head:
        return False
    return _MARKS.search(file.head) is not None


def read(file: ForeignFile, target: Target) -> Foreign:
    """Read a calibration of the type itself.

    Other programs write OBSTYPE as well: a file with nothing else of the stack that is no calibration of the type is read
    as any other table, if it is one.
    """
    try:
        foreign = _read_own(file, target)
    except ForeignError as error:
        foreign = Foreign(problems=error.problems)
    reader = next((reader for reader in _TABLE_READERS if reader.takes(target.cls)), None)
    if _OWN_MARKS.search(file.head) or foreign.calib is not None or reader is None:
        return foreign
    try:
        table = reader.read(file, target)
    except ForeignError:
        return foreign
    return foreign if any(problem.code == "CAL721" for problem in table.problems) else table


def _read_own(file: ForeignFile, target: Target) -> Foreign:
    cls = target.cls
    metadata: Any
    try:
        if file.head.startswith(b"SIMPLE"):
            with warnings.catch_warnings():
                # astropy warns of what is then found to be wrong.
                warnings.simplefilter("ignore")
                metadata, tables = read_fits(file.path, cls.SPEC.table_keywords)
            if "ZTABLE" in metadata:
                raise ForeignError(
                    Problem("CAL720", (), "the tables are compressed in tiles", "unpack them with funpack")
                )
            _refuse_other_type(cls, metadata)
            calib, problems = cls.from_fits_tables(metadata, tables)
        else:
            form = (
                "ecsv"
                if file.head.startswith(b"# %ECSV")
                else "json"
                if file.head.lstrip()[:1] == b"{"
                else "yaml"
            )
            source, problems = read_text(file.text.encode(), form)
            if source is None:
                return Foreign(problems=tuple(problems))
            _refuse_other_type(cls, source.metadata or source.tree)
            calib, more = cls.from_source(source)
            located = [source.diagnose(problem, "") for problem in more]
            problems += [
                Problem(p.code, p.pointer, p.detail, p.hint, line=d.line or None)
                for p, d in zip(more, located, strict=True)
            ]
    except CuratedError as error:
        raise ForeignError(Problem("CAL720", (), error.message, error.hint)) from error
    errors = [problem for problem in problems if code_info(problem.code).severity is Severity.ERROR]
    if calib is None or errors:
        return Foreign(problems=tuple(errors or problems))
    unwanted = {*STAMP_KEYWORDS, *_DROPPED}
    # Some classes write the detector into files that are of no detector.
    unwanted |= set() if cls.SPEC.has_detector else _DETECTOR
    unwanted |= set() if cls.SPEC.has_filter else {"FILTER"}
    return Foreign(
        calib=calib,
        metadata={
            key: value for key, value in calib.metadata.items() if has_value(value) and key not in unwanted
        },
        problems=tuple(_other_detector(calib, target)),
    )


def _refuse_other_type(cls: type[Calib], metadata: Any) -> None:
    """Raise the problem of a file that says it is another type."""
    obstype = str(next((metadata[key] for key in metadata if str(key).upper() == "OBSTYPE"), "") or "")
    other = find_type(obstype) if obstype else None
    names = {cls.SPEC.name.lower(), cls.SPEC.obstype.lower(), *(alias.lower() for alias in cls.SPEC.aliases)}
    if (
        other is not None
        and obstype.lower() not in names
        and other.SPEC.obstype.lower() != cls.SPEC.obstype.lower()
    ):
        detail = f"the file is of type {other.SPEC.name} (OBSTYPE {obstype!r:.40}), not {cls.SPEC.name}"
        raise ForeignError(Problem("CAL729", (), detail, f"add it with --as {other.SPEC.name}"))


def _other_detector(calib: Calib, target: Target) -> list[Problem]:
    problems = []
    if target.detector is not None:
        for problem in identity_mismatches(calib.metadata, target.detector):
            hint = "choose the detector that the file is of, or correct its keywords"
            problems.append(Problem("CAL729", (), problem.detail, hint))
    name = calib.metadata.text("FILTER")
    if target.filter and name and name.lower() != target.filter.lower():
        detail = f"FILTER is {name!r:.40}, but {target.filter!r} is what it is added for"
        problems.append(Problem("CAL729", (), detail, "choose the filter that the file is of"))
    return problems
