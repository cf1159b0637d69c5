"""Untrusted data to provenance records, with all their problems."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.times import iso, parse_time
from curated.declare.settings import check_setting
from curated.provenance.keywords import Places
from curated.provenance.record import (
    KEYS,
    MAX_INPUTS,
    MAX_PARAMETERS,
    PROVENANCE,
    Certification,
    Construction,
    Edit,
    Input,
    Provenance,
)

_SPELLINGS = frozenset({*KEYS, *(key.upper() for key in KEYS)})


@dataclass(slots=True, eq=False, repr=False)
class Extract:
    """The provenance of a document, and the document without it.

    Parameters
    ----------
    provenance : `Provenance`
        The parts that can be used.
    remainder : `dict`
        All other keys of the document.
    places : `dict` [`str`, `tuple`]
        Place of each part in the document.
    problems : `list` [`Problem`]
        All problems of the provenance.
    """

    provenance: Provenance
    remainder: Mapping[Any, Any]
    places: Places = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def extract(document: Mapping[Any, Any], at: Pointer = ()) -> Extract:
    """Part a document, or keywords, from the provenance among them.

    Parameters
    ----------
    document : `~collections.abc.Mapping`
        The document, or the keywords; it is not modified.
    at : `tuple`, optional
        Place of the keywords; empty for a document, where only lower-case names count.
    """
    candidates = _SPELLINGS & document.keys()
    # A keyword in capitals that holds a single value is one like any other.
    names = [
        name
        for name in (document if candidates else ())
        if name in candidates and (name in KEYS or (at and isinstance(document[name], (list, dict))))
    ]
    if not names:
        return Extract(_NOTHING, document)
    provenance, problems = parse({name: document[name] for name in names}, at)
    remainder = {key: value for key, value in document.items() if key not in names}
    return Extract(provenance, remainder, {name.lower(): (*at, name) for name in names}, problems)


def parse(data: Mapping[str, Any], at: Pointer = ()) -> tuple[Provenance, list[Problem]]:
    """Make records of untrusted data.

    Parameters
    ----------
    data : `~collections.abc.Mapping`
        ``inputs``, ``construction`` and ``edits``, or some of them, in small letters or capitals.
    at : `tuple`, optional
        Place of the data in the document.

    Returns
    -------
    provenance : `Provenance`
        The records, without the parts that have problems.
    problems : `list` [`Problem`]
        All problems.
    """
    parts: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in data.items():
        key, place = name.lower(), (*at, name)
        part_problems = list(_problems(key, value, place))
        problems += part_problems
        if not part_problems and key not in parts:
            parts[key] = _CONSTRUCTORS[key](value)
        elif not part_problems:
            problems.append(Problem("CAL125", place, f"{name} is another spelling of {key}, given too"))
    return (Provenance(**parts) if parts else _NOTHING), problems


_NOTHING = Provenance()


def _problems(key: str, value: Any, at: Pointer) -> Iterator[Problem]:
    setting = PROVENANCE.keys[key]
    if setting.most and isinstance(value, list) and len(value) > setting.most:
        yield Problem("CAL124", at, f"{len(value)} {key}; no more than {setting.most} are read")
        return
    codes = {"minimum": "CAL122", "finite": "CAL122"} if key == "inputs" else None
    problems = list(check_setting(setting, value, "CAL120", at, codes))
    yield from problems
    if key == "construction" and not problems:
        size = len(json.dumps(value.get("parameters", {})))
        if size > MAX_PARAMETERS:
            detail = f"parameters of {size} characters; no more than {MAX_PARAMETERS} are read"
            yield Problem("CAL124", (*at, "parameters"), detail)
        datasets = value.get("input_datasets", ())
        if len(datasets) > MAX_INPUTS:
            detail = f"{len(datasets)} input datasets; no more than {MAX_INPUTS} are read"
            yield Problem("CAL124", (*at, "input_datasets"), detail)
    if not isinstance(value, list):
        return
    entries = [(i, entry) for i, entry in enumerate(value) if isinstance(entry, dict)]
    for i, entry in entries:
        yield from _date(entry, (*at, i))
    if key == "inputs" and not problems:
        yield from _data_ids(value, at)


def _date(entry: Mapping[Any, Any], at: Pointer) -> Iterator[Problem]:
    for name in ("date", "begin", "end"):
        value = entry.get(name)
        if not isinstance(value, str) or not value.strip():
            continue
        try:
            _canonical(value)
        except ValueError:
            yield Problem("CAL121", (*at, name), f"{name} is {brief(value)}, not a day or a date-time")


def _canonical(text: str) -> str:
    """Return a day as a day, and a time as UTC."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return iso(parse_time(text))


def _data_ids(inputs: list[Any], at: Pointer) -> Iterator[Problem]:
    """Yield data IDs that are repeated, or differ in their dimensions: they are rows of one table."""
    first: dict[tuple[Any, ...], int] = {}
    kinds = {name: type(value) for name, value in inputs[0]["data_id"].items()} if inputs else {}
    for i, entry in enumerate(inputs):
        data_id, place = entry["data_id"], (*at, i, "data_id")
        if not data_id:
            yield Problem("CAL120", place, "data_id says nothing")
            continue
        original = first.setdefault(tuple(sorted(data_id.items(), key=lambda item: item[0])), i)
        if original != i:
            yield Problem("CAL123", place, f"input {i + 1} is input {original + 1} again: {brief(data_id)}")
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
    start = _canonical(entry["date"]) if "date" in entry else ""
    return Input(data_id=dict(sorted(entry["data_id"].items())), date=start, **numbers)


def _certification(entry: Mapping[str, Any]) -> Certification:
    times = {name: _canonical(entry[name]) for name in ("date", "begin", "end") if name in entry}
    texts = {name: entry[name] for name in ("name", "ticket", "record") if name in entry}
    return Certification(**texts, **times, waivers=tuple(entry.get("waivers", ())))


_CONSTRUCTORS: dict[str, Any] = {
    "inputs": lambda value: tuple(map(_input, value)),
    "construction": lambda value: Construction(
        **{**value, "input_datasets": tuple(value.get("input_datasets", ()))}
    ),
    "edits": lambda value: tuple(
        Edit(name=e["name"], date=_canonical(e["date"]), what=e["what"]) for e in value
    ),
    "certifications": lambda value: tuple(map(_certification, value)),
}
