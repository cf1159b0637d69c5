"""An ``instrument.yaml`` completed by what a repository has: what it declares stays, what it lacks is added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curated.core.diagnostic import brief
from curated.package.instrument import Detector, Filter, Instrument
from curated.package.layout import directory_name
from curated.text.yaml.writer import yaml_flow, yaml_scalar

SCALARS = ("name", "class_name", "visit_max", "exposure_max", "detector_max", "visit_system")
"""Keys of ``instrument.yaml`` that the instrument's record in a repository has as well."""

_DETECTOR_KEYS = ("id", "name", "raft", "slot", "serial", "purpose", "width", "height", "amplifiers")


@dataclass(frozen=True, slots=True)
class Completion:
    """An ``instrument.yaml`` that says what a repository says, as far as it says nothing else.

    Parameters
    ----------
    text : `str`
        Its text; the one that there was if there is nothing to add.
    contradictions : `tuple` [`str`]
        What it declares otherwise than the repository.
    added : `int`
        Number of values, detectors and filters that were added.
    remarks : `tuple` [`str`]
        Detectors and filters that only the package has.
    """

    text: str
    contradictions: tuple[str, ...] = ()
    added: int = 0
    remarks: tuple[str, ...] = ()


def complete_instrument(
    tree: Mapping[str, Any], text: str, registered: Instrument, inferred: Instrument, source: str
) -> Completion:
    """Complete an ``instrument.yaml``.

    Parameters
    ----------
    tree : `dict`
        What the file says, which is valid; empty if there is none.
    text : `str`
        The file itself, of which the comments at the start are kept; empty if there is none.
    registered : `Instrument`
        The instrument as the repository has it.
    inferred : `Instrument`
        The instrument of the package, whose files may have detectors and filters that the repository lacks.
    source : `str`
        Name of the repository for the comment in a new file.
    """
    merger = _Merger()
    scalars = {key: getattr(registered, key) for key in SCALARS}
    values = merger.merge({key: tree.get(key) for key in SCALARS}, scalars, "")
    detectors = _merge_detectors(merger, tree.get("detectors", ()), registered)
    filters = _merge_filters(merger, tree.get("filters", ()), registered)
    detectors += _only_inferred(merger, "detectors", detectors, inferred)
    filters += _only_inferred(merger, "filters", filters, inferred)
    if tree and not merger.added:
        return Completion(text, tuple(merger.contradictions), remarks=tuple(merger.remarks))
    lines = _comments(text) or [
        f"# Written by 'curated adopt --from-repository' from the records of {_printable(source)}."
    ]
    lines += [f"{key}: {yaml_scalar(value)}" for key, value in values.items() if value not in (None, "")]
    for key, entries in (("detectors", detectors), ("filters", filters)):
        lines += [f"{key}:", *(f"- {yaml_flow(entry)}" for entry in entries)] if entries else []
    others = {key: value for key, value in tree.items() if key not in (*SCALARS, "detectors", "filters")}
    for key, value in others.items():
        is_list = isinstance(value, list) and value
        lines += (
            [f"{key}:", *(f"- {yaml_flow(v)}" for v in value)] if is_list else [f"{key}: {yaml_flow(value)}"]
        )
    result = "".join(f"{line}\n" for line in lines)
    return Completion(result, tuple(merger.contradictions), merger.added, tuple(merger.remarks))


class _Merger:
    """Merges what is declared with what a repository has, and counts what is new and what contradicts."""

    def __init__(self) -> None:
        self.added = 0
        self.contradictions: list[str] = []
        self.remarks: list[str] = []

    def merge(self, declared: Mapping[str, Any], registered: Mapping[str, Any], place: str) -> dict[str, Any]:
        """Return the declared values, and those that only the repository has."""
        result = {}
        for key, value in registered.items():
            declared_value = declared.get(key)
            if _is_empty(declared_value):
                result[key] = value
                self.added += not _is_empty(value)
                continue
            result[key] = declared_value
            if not _is_empty(value) and declared_value != value:
                texts = _short(declared_value), _short(value)
                self.contradict(f"{place}{key} is {texts[0]} here, {texts[1]} in the repository")
        return result

    def contradict(self, text: str) -> None:
        """Add a contradiction."""
        self.contradictions.append(text)


def _is_empty(value: Any) -> bool:
    """Return whether a value says nothing; zero does so for sizes only, which are left out where they are not known."""
    return value is None or value in ("", [], ())


def _short(value: Any) -> str:
    return ", ".join(map(str, value))[:150] if isinstance(value, list | tuple) else brief(value)


def _merge_detectors(merger: _Merger, declared: Any, registered: Instrument) -> list[dict[str, Any]]:
    entries_by_number = {entry["id"]: dict(entry) for entry in declared}
    numbers = {directory_name(entry["name"]): entry["id"] for entry in declared}
    records = {detector.id: detector for detector in registered.detectors.values()}
    for number in entries_by_number.keys() - records.keys() if records else ():
        merger.remarks.append(
            f"the repository does not have detector {number} {brief(entries_by_number[number]['name'])}"
        )
    entries = []
    for number, detector in sorted(records.items()):
        other = numbers.get(directory_name(detector.name), number)
        if other != number:
            merger.contradict(
                f"detector {brief(detector.name)} has the number {other} here, {number} in the repository"
            )
            continue
        merged = merger.merge(
            entries_by_number.get(number, {}), _detector_values(detector), f"detector {number}: "
        )
        entries.append({key: value for key, value in merged.items() if not _is_empty(value)})
    done = {entry["id"] for entry in entries}
    rest = [entry for number, entry in entries_by_number.items() if number not in done]
    return sorted([*entries, *rest], key=lambda entry: entry["id"])


def _only_inferred(
    merger: _Merger, key: str, entries: list[dict[str, Any]], inferred: Instrument
) -> list[dict[str, Any]]:
    """Return the detectors or filters that only files of the package have, without what they do not say."""
    names = {directory_name(entry["name"]) for entry in entries}
    numbers = {entry.get("id") for entry in entries}
    values: Mapping[str, Detector | Filter] = getattr(inferred, key)
    new: list[dict[str, Any]] = []
    for directory, value in values.items():
        if directory in names:
            continue
        entry: dict[str, Any] = {"name": value.name}
        if isinstance(value, Detector):
            if value.id in numbers:
                merger.contradict(f"detector {value.id} is {brief(value.name)} in files of the package")
                continue
            entry = {"id": value.id, "name": value.name}
        new.append(entry)
    if new:
        names_text = ", ".join(entry["name"] for entry in new)[:200]
        more = "; give their bands" if key == "filters" else ""
        merger.remarks.append(f"the repository does not have the {key} {names_text}, which files have{more}")
        merger.added += len(new)
    return new


def _detector_values(detector: Detector) -> dict[str, Any]:
    values = {key: getattr(detector, key) for key in _DETECTOR_KEYS}
    values["amplifiers"] = list(detector.amplifiers)
    return {key: value for key, value in values.items() if key == "id" or value != 0}


def _merge_filters(merger: _Merger, declared: Any, registered: Instrument) -> list[dict[str, Any]]:
    records = {key: _filter_values(entry) for key, entry in registered.filters.items()}
    entries = []
    names = set()
    for entry in declared:
        name = directory_name(entry["name"])
        names.add(name)
        if name not in records:
            if records:
                merger.remarks.append(f"the repository does not have the filter {brief(entry['name'])}")
            entries.append(dict(entry))
            continue
        entries.append(merger.merge(entry, records[name], f"filter {brief(entry['name'])}: "))
    new = [record for key, record in records.items() if key not in names]
    merger.added += len(new)
    return [*entries, *new]


def _filter_values(entry: Filter) -> dict[str, Any]:
    return {"name": entry.name, "band": entry.band}


def _comments(text: str) -> list[str]:
    return list(_leading_comments(text))


def _leading_comments(text: str) -> Iterator[str]:
    """Yield the lines of a file before its first value."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            return
        if line.strip():
            yield line


def _printable(source: str) -> str:
    """Return a name that cannot end its comment."""
    return source if source.isprintable() else repr(source)
