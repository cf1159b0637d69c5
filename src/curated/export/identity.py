"""Keywords of an exported calibration: what it is of and when it is valid, as the repository has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from curated.calib import Calib
from curated.core.diagnostic import Problem, brief
from curated.core.metadata import IDENTITY, SEQUENCE, Metadata, has_value, is_same, meaning
from curated.core.times import iso, parse_time
from curated.declare import Spec
from curated.export.wanted import Wanted
from curated.package.layout import directory_name

_DATE_IN_ID = re.compile(r"\bcalibDate=\S*")


def settled(calib: Calib, wanted: Wanted, *, original: bool) -> tuple[Metadata, list[Problem]]:
    """Return the keywords of a calibration's text, and where they contradict the data ID.

    What the repository says counts: it is what the calibration was used for.

    Parameters
    ----------
    calib : `Calib`
        The calibration as it was read.
    wanted : `Wanted`
        The dataset and its range.
    original : `bool`
        Whether it goes back to the file that it came from, whose keywords stay as they are.
    """
    schema = f"{calib.SPEC.obstype}_SCHEMA"
    # Headers have these in any case.
    fixed = {key.upper() for key in (*IDENTITY, *SEQUENCE, schema, *calib.SPEC.keywords)}
    known = {k: v for k, v in calib.metadata.items() if has_value(v) or k not in fixed}
    metadata = Metadata(known)
    for key in ("VALIDSTART", "VALIDEND"):
        metadata.pop(key, None)
    problems = list(_identity(calib.SPEC, metadata, wanted, original=original))
    start = iso(wanted.start)
    if not _is_time(metadata.get("CALIBDATE"), wanted):
        metadata["CALIBDATE"] = start
        if isinstance(metadata.get("CALIB_ID"), str):
            metadata["CALIB_ID"] = _DATE_IN_ID.sub(f"calibDate={start}", metadata["CALIB_ID"])
    if not original:
        # Of an original its name says it, as before.
        metadata["VALIDSTART"] = start
    if wanted.end is not None:
        metadata["VALIDEND"] = iso(wanted.end)
    return metadata, problems


def _identity(spec: Spec, metadata: Metadata, wanted: Wanted, *, original: bool) -> Iterator[Problem]:
    if not has_value(metadata.get("INSTRUME")):
        metadata["INSTRUME"] = wanted.instrument
    detector = wanted.detector
    if detector is not None:
        yield from _set(metadata, "DETECTOR", detector.id)
        name, raft = metadata.text("DET_NAME"), metadata.text("RAFTNAME")
        if not original and directory_name(f"{raft}_{name}") != directory_name(detector.full_name):
            yield from _set(metadata, "DET_NAME", detector.full_name)
    if wanted.filter:
        yield from _set(metadata, "FILTER", wanted.filter)
    if original:
        return
    for key, has in (("DETECTOR", spec.has_detector), ("FILTER", spec.has_filter)):
        said = metadata.get(key)
        if not has and has_value(said):
            del metadata[key]
            yield Problem("CAL664", (), f"{key} is {brief(said)}, but the dataset is of none; it is left out")
    if str(metadata.get("OBSTYPE") or "").lower() not in (spec.name.lower(), spec.obstype.lower()):
        yield from _set(metadata, "OBSTYPE", spec.obstype)
    if metadata.text("CALIBCLS").rpartition(".")[2] != spec.calibcls.rpartition(".")[2]:
        metadata.pop("CALIBCLS", None)


def _set(metadata: Metadata, key: str, value: Any) -> Iterator[Problem]:
    """Let a keyword say what the repository says, and report that it said something else."""
    said = metadata.get(key)
    if _agrees(said, value):
        return
    for other in [name for name in metadata if name != key and meaning(name) == key]:
        del metadata[other]
    metadata[key] = value
    if has_value(said):
        detail = f"{key} is {brief(said)} in the file, {brief(value)} in the repository"
        yield Problem("CAL664", (), detail)


def _agrees(said: Any, value: Any) -> bool:
    if isinstance(said, str) and isinstance(value, str):
        return directory_name(said) == directory_name(value)
    return is_same(said, value)


def _is_time(said: Any, wanted: Wanted) -> bool:
    try:
        return parse_time(said) == wanted.start
    except (TypeError, ValueError):
        return False
