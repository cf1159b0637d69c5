"""Untrusted data to provenance records, with everything that is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.times import iso, parse_time
from curated.declare.settings import check_setting
from curated.provenance.declaration import MAX_PARAMETERS, PROVENANCE
from curated.provenance.keywords import Places
from curated.provenance.record import Construction, Edit, Input, Provenance

KEYS = tuple(PROVENANCE.keys)
"""The keys of a provenance record: ``inputs``, ``construction``, ``edits``."""

_SPELLED = frozenset({*KEYS, *(key.upper() for key in KEYS)})


@dataclass(slots=True, eq=False, repr=False)
class Taken:
    """Provenance that was taken out of a document.

    Parameters
    ----------
    provenance : `Provenance`
        What can be used of it.
    rest : `dict`
        All other keys.
    places : `dict` [`str`, `tuple`]
        Where each part stands, for problems that are found later.
    problems : `list` [`Problem`]
        All that is wrong with it.
    """

    provenance: Provenance
    rest: Mapping[Any, Any]
    places: Places = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def take(given: Mapping[Any, Any], at: Pointer = ()) -> Taken:
    """Take the provenance out of a document, or out of the keywords of a form without another place for it.

    Parameters
    ----------
    given : `~collections.abc.Mapping`
        The document, or the keywords; it stays as it is.
    at : `tuple`, optional
        Place of the keywords; empty for a document, where only lower-case names count.
    """
    known = _SPELLED & given.keys()
    # A keyword in capitals that holds a single value is one like any other.
    names = [
        name
        for name in (given if known else ())
        if name in known and (name in KEYS or (at and isinstance(given[name], (list, dict))))
    ]
    if not names:
        return Taken(_NOTHING, given)
    provenance, problems = parse({name: given[name] for name in names}, at)
    rest = {key: value for key, value in given.items() if key not in names}
    return Taken(provenance, rest, {name.lower(): (*at, name) for name in names}, problems)


def parse(given: Mapping[str, Any], at: Pointer = ()) -> tuple[Provenance, list[Problem]]:
    """Make records of untrusted data.

    Parameters
    ----------
    given : `~collections.abc.Mapping`
        ``inputs``, ``construction`` and ``edits``, or some of them, in small letters or capitals.
    at : `tuple`, optional
        Its place in the document.

    Returns
    -------
    provenance : `Provenance`
        The records; of a key with problems there are none.
    problems : `list` [`Problem`]
        All that is wrong.
    """
    parts: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in given.items():
        key, place = name.lower(), (*at, name)
        found = list(_problems(key, value, place))
        problems += found
        if not found and key not in parts:
            parts[key] = _MADE[key](value)
        elif not found:
            problems.append(Problem("CAL125", place, f"{name} is another spelling of {key}, given too"))
    return (Provenance(**parts) if parts else _NOTHING), problems


_NOTHING = Provenance()


def _problems(key: str, value: Any, at: Pointer) -> Iterator[Problem]:
    setting = PROVENANCE.keys[key]
    if setting.most and isinstance(value, list) and len(value) > setting.most:
        yield Problem("CAL124", at, f"{len(value)} {key}; no more than {setting.most} are read")
        return
    codes = {"minimum": "CAL122", "finite": "CAL122"} if key == "inputs" else None
    wrong = list(check_setting(setting, value, "CAL120", at, codes))
    yield from wrong
    if key == "construction" and not wrong:
        size = len(json.dumps(value.get("parameters", {})))
        if size > MAX_PARAMETERS:
            detail = f"parameters of {size} characters; no more than {MAX_PARAMETERS} are read"
            yield Problem("CAL124", (*at, "parameters"), detail)
    if not isinstance(value, list):
        return
    entries = [(i, entry) for i, entry in enumerate(value) if isinstance(entry, dict)]
    for i, entry in entries:
        yield from _date(entry, (*at, i))
    if key == "inputs" and not wrong:
        yield from _data_ids(value, at)


def _date(entry: Mapping[Any, Any], at: Pointer) -> Iterator[Problem]:
    value = entry.get("date")
    if not isinstance(value, str) or not value.strip():
        return
    try:
        _canonical(value)
    except ValueError:
        yield Problem("CAL121", (*at, "date"), f"date is {brief(value)}, not a day or a date-time")


def _canonical(text: str) -> str:
    """Return a day as a day, and a time as UTC."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return iso(parse_time(text))


def _data_ids(inputs: list[Any], at: Pointer) -> Iterator[Problem]:
    """Compare data IDs: each once, all of the same dimensions, since they are rows of one table."""
    first: dict[tuple[Any, ...], int] = {}
    kinds = {name: type(value) for name, value in inputs[0]["data_id"].items()} if inputs else {}
    for i, entry in enumerate(inputs):
        data_id, place = entry["data_id"], (*at, i, "data_id")
        if not data_id:
            yield Problem("CAL120", place, "data_id says nothing")
            continue
        seen = first.setdefault(tuple(sorted(data_id.items(), key=lambda item: item[0])), i)
        if seen != i:
            yield Problem("CAL123", place, f"input {i + 1} is input {seen + 1} again: {brief(data_id)}")
        if data_id.keys() != kinds.keys():
            odd = ", ".join(sorted(map(str, data_id.keys() ^ kinds.keys())))
            detail = f"input {i + 1} and input 1 do not have the same dimensions: {odd}"
            yield Problem("CAL418", place, detail)
            continue
        for name, value in data_id.items():
            if type(value) is not kinds[name]:
                detail = f"{name} is {brief(value)}, but {brief(inputs[0]['data_id'][name])} in input 1"
                yield Problem("CAL418", (*place, name), detail)


def _input(entry: Mapping[str, Any]) -> Input:
    numbers = {name: float(entry[name]) for name in ("exposure_time", "scale", "weight") if name in entry}
    when = _canonical(entry["date"]) if "date" in entry else ""
    return Input(data_id=dict(sorted(entry["data_id"].items())), date=when, **numbers)


_MADE: dict[str, Any] = {
    "inputs": lambda value: tuple(map(_input, value)),
    "construction": lambda value: Construction(**value),
    "edits": lambda value: tuple(
        Edit(name=e["name"], date=_canonical(e["date"]), what=e["what"]) for e in value
    ),
}
