"""Provenance as header keywords (DMTN-148, section 4.3), and its agreement with keywords that a header has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.metadata import has_value, is_same
from curated.core.times import iso, parse_time
from curated.provenance.record import Provenance

HEADER_LIMIT = 100
"""Most inputs, and most edits, with keywords of their own; more than that are in the table only."""

Places = Mapping[str, Pointer]
"""Place of each part of a provenance record in its document."""

_INPUT = re.compile(r"CPP_INPUT_(?:DATE_|EXPT_|SCALE_)?(\d{1,9})\Z")


def keywords(provenance: Provenance) -> dict[str, Any]:
    """Return the header keywords of a provenance record, numbered from 0.

    Returns
    -------
    keywords : `dict`
        ``NINPUTS``, and up to `HEADER_LIMIT` inputs ``CPP_INPUT_N``, ``CPP_INPUT_DATE_N``,
        ``CPP_INPUT_EXPT_N`` (s), ``CPP_INPUT_SCALE_N`` for each, as far as they are known; the same for
        ``NEDITS``, ``EDIT_NAME_N``, ``EDIT_DATE_N``, ``EDIT_WHAT_N``; of the latest certification
        ``CERT_NAME``, ``CERT_DATE``, ``CERT_TICKET``, ``CERT_RECORD``.
    """
    values: dict[str, Any] = {}
    if provenance.inputs:
        values["NINPUTS"] = len(provenance.inputs)
    if len(provenance.inputs) <= HEADER_LIMIT:
        values |= _input_keywords(provenance)
    if provenance.edits:
        values["NEDITS"] = len(provenance.edits)
    for n, edit in enumerate(provenance.edits if len(provenance.edits) <= HEADER_LIMIT else ()):
        values |= {f"EDIT_NAME_{n}": edit.name, f"EDIT_DATE_{n}": edit.date, f"EDIT_WHAT_{n}": edit.what}
    if provenance.certifications:
        latest = provenance.certifications[-1]
        values |= {"CERT_NAME": latest.name, "CERT_DATE": latest.date, "CERT_TICKET": latest.ticket}
        values |= {"CERT_RECORD": latest.record} if latest.record else {}
    return values


def _input_keywords(provenance: Provenance) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for n, entry in enumerate(provenance.inputs):
        values[f"CPP_INPUT_{n}"] = entry.name
        details = {"DATE": entry.date or None, "EXPT": entry.exposure_time, "SCALE": entry.scale}
        values |= {f"CPP_INPUT_{word}_{n}": value for word, value in details.items() if value is not None}
    return values


def reconcile(provenance: Provenance, metadata: dict[str, Any], places: Places) -> list[Problem]:
    """Compare a provenance record with keywords, and remove those that only repeat it.

    They come back in FITS headers, so a calibration is the same whether its file has them or not.

    Parameters
    ----------
    provenance : `Provenance`
        Record of the calibration.
    metadata : `dict`
        Keywords, canonical upper case; changed in place.
    places : `dict` [`str`, `tuple`]
        Place of each part of the provenance in its document.

    Returns
    -------
    problems : `list` [`Problem`]
        Keywords that contradict the record (``CAL416``), inputs later than the creation (``CAL415``).
    """
    if not provenance:
        return []
    problems = [*_contradictions(provenance, metadata, places), *_late_inputs(provenance, metadata, places)]
    for key, value in keywords(provenance).items():
        if key in metadata and _agree(metadata[key], value):
            del metadata[key]
    return problems


def combine(
    provenance: Provenance, beside: Provenance, metadata: dict[str, Any]
) -> tuple[Provenance, list[Problem]]:
    """Add the provenance of the file beside a calibration to that in its own file.

    Parameters
    ----------
    provenance, beside : `Provenance`
        Records in its own file and in the file beside.
    metadata : `dict`
        Keywords of the calibration; changed in place as by `reconcile`.

    Returns
    -------
    provenance : `Provenance`
        The union; where both have a part, that of its own file.
    problems : `list` [`Problem`]
        Parts that both have (``CAL125``), and contradictions to the keywords, at their places in the file beside.
    """
    own_parts, beside_parts = provenance.plain(), beside.plain()
    problems = [
        Problem("CAL125", (key,), f"{key} stands in the calibration as well")
        for key in beside_parts
        if key in own_parts
    ]
    added = {key: getattr(beside, key) for key in beside_parts if key not in own_parts}
    problems += reconcile(Provenance(**added), metadata, {key: (key,) for key in added})
    return replace(provenance, **added), problems


def _contradictions(provenance: Provenance, metadata: dict[str, Any], places: Places) -> Iterator[Problem]:
    derived = keywords(provenance) | _input_keywords(provenance)
    for key, value in metadata.items():
        if not has_value(value):
            continue
        number = _INPUT.match(key)
        at = places.get(_part_of(key), ())
        if key in derived:
            if not _agree(value, derived[key]):
                yield Problem("CAL416", at, f"{key} is {brief(value)}, the record says {brief(derived[key])}")
        elif provenance.inputs and number and int(number[1]) >= len(provenance.inputs):
            detail = (
                f"{key} is {brief(value)}, but there are {len(provenance.inputs)} inputs, numbered from 0"
            )
            yield Problem("CAL416", at, detail)


def _part_of(keyword: str) -> str:
    """Return the part of a record that a keyword repeats."""
    if keyword.startswith(("EDIT_", "NEDITS")):
        return "edits"
    return "certifications" if keyword.startswith("CERT_") else "inputs"


def _agree(value: Any, derived: Any) -> bool:
    """Say whether two values of a keyword are equal, or the same time."""
    if is_same(value, derived):
        return True
    try:
        return parse_time(value) == parse_time(derived)
    except (TypeError, ValueError):
        return False


def _late_inputs(provenance: Provenance, metadata: dict[str, Any], places: Places) -> Iterator[Problem]:
    latest = _creation(metadata)
    if latest is None:
        return
    for i, entry in enumerate(provenance.inputs):
        if entry.date and parse_time(entry.date) > latest:
            detail = f"input {i + 1} is dated {entry.date}, the calibration was created by {iso(latest)}"
            yield Problem("CAL415", (*places.get("inputs", ()), i, "date"), detail)


def _creation(metadata: dict[str, Any]) -> datetime | None:
    """Return the latest time that the creation keywords can mean; `None` if they have none.

    The stack writes local time with the name of a zone, whose offset is not known here.
    """
    day, time = (str(metadata.get(f"CALIB_CREATION_{part}") or "") for part in ("DATE", "TIME"))
    try:
        midnight = parse_time(day)
    except ValueError:
        return None
    if len(day) > 10:
        return midnight
    try:
        return parse_time(f"{day}T{time}")
    except ValueError:
        return midnight + timedelta(hours=24 + 12)
