"""Entries of a calibration's text: where they stand, and how to set, add and remove one without touching other bytes.

Where entries are follows from the nodes that PyYAML composes. Positions are those of the file, whose header is YAML behind
``#`` in ECSV. What was edited is to be read again: see `curated.text.editor`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curated.core.diagnostic import CuratedError
from curated.text.yaml.locator import compose
from curated.text.yaml.writer import json_scalar, yaml_flow, yaml_scalar

BOM = "\ufeff"

_MARGIN = " \t#-"
"""Characters before an entry that has a line of its own."""

_REST = re.compile(r"[ \t]*(?:#.*)?\Z")
_FLOW_REST = re.compile(r"[ \t]*(?P<comma>,?)[ \t]*(?:#.*)?\Z")
_BLOCK_SCALARS = ("|", ">")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a mapping, a list or a property list.

    Parameters
    ----------
    name : `str`
        Its key as it is written; empty for an item of a list.
    start, end : `int`
        Where it begins and ends in the file.
    value_start, value_end : `int`
        Where its value begins and ends.
    style : `str` or `None`
        Quotes of a scalar value, empty if it has none; `None` for a block of lines, a mapping or a list.
    is_pair : `bool`
        Whether the entry is a mapping of one key within a list.
    is_flow : `bool`
        Whether braces or brackets surround the entry itself.
    """

    name: str
    start: int
    end: int
    value_start: int
    value_end: int
    style: str | None
    is_pair: bool = False
    is_flow: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping or list of a text, with its entries.

    Parameters
    ----------
    entries : `list` [`Entry`]
        In the order of the file.
    start, end : `int`
        Where it begins and ends in the file.
    is_flow : `bool`
        Whether commas separate the entries.
    is_list : `bool`
        Whether it is a list; entries are then mappings of one key, rows, or any items.
    has_rows : `bool`
        Whether the entries are rows of name, type, value and comment.
    is_json : `bool`
        Whether names and values are written as in JSON.
    """

    entries: list[Entry]
    start: int
    end: int
    is_flow: bool
    is_list: bool
    has_rows: bool
    is_json: bool

    def pair_text(self, name: str, value: Any) -> str:
        """Return a new entry as text, in the style of the others."""
        if self.is_json:
            pair = f"{json_scalar(name)}: {json_flow(value)}"
            return f"{{{pair}}}" if self.is_list else pair
        if self.has_rows:
            kinds = {bool: "Boolean", int: "Long", float: "Double"}
            return f"[{name}, {kinds.get(type(value), 'String')}, {yaml_flow(value)}, {yaml_scalar('')}]"
        pair = f"{yaml_scalar(name)}: {yaml_flow(value)}"
        is_braced = self.is_list and any(entry.is_flow for entry in self.entries)
        return f"{{{pair}}}" if is_braced else pair


def json_flow(value: Any) -> str:
    """Return plain data as JSON on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json_scalar(k)}: {json_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(json_flow, value)) + "]"
    return json_scalar(value)


# -- where entries are ------------------------------------------------------------------------------------


def find_section(text: str, form: str, key: str = "") -> Section | None:
    """Find the mapping or list at a top-level key of a text; that of the whole document if the key is empty.

    Parameters
    ----------
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.
    key : `str`
        In ECSV only ``metadata``, which is ``meta`` in the header.
    """
    document, to_file = header_of(text) if form == "ecsv" else without_bom(text)
    node = compose(document)
    if key:
        name = "meta" if form == "ecsv" else key
        pairs = node.value if node is not None and node.id == "mapping" else []
        node = next((value for other, value in pairs if other.value == name), None)
    if node is None or node.id not in ("mapping", "sequence"):
        return None
    has_rows = node.id == "sequence" and bool(node.value) and all(i.id == "sequence" for i in node.value)
    return Section(
        list(_entries(node, to_file)),
        to_file(node.start_mark.index),
        to_file(_tail(node)),
        bool(node.flow_style),
        node.id == "sequence",
        has_rows,
        form == "json",
    )


def _entries(node: Any, to_file: Callable[[int], int]) -> Iterator[Entry]:
    for item in node.value:
        if node.id == "mapping":
            name, value = item
            yield _entry(str(name.value), name.start_mark.index, _tail(value), value, to_file)
            continue
        start, end, is_flow = item.start_mark.index, _tail(item), bool(getattr(item, "flow_style", False))
        first = item.value[0] if item.id != "scalar" and item.value else None
        if item.id == "mapping" and first is not None and len(item.value) == 1:
            name, value = first
            entry = _entry(str(name.value), start, end, value, to_file, is_pair=True, is_flow=is_flow)
            yield entry
        elif item.id == "sequence" and first is not None and first.id == "scalar" and len(item.value) > 2:
            value = item.value[2]
            yield _entry(str(first.value), start, end, value, to_file, is_flow=is_flow)
        else:
            yield _entry("", start, end, item, to_file, is_flow=is_flow)


def _entry(name: str, start: int, end: int, value: Any, to_file: Callable[[int], int], **more: bool) -> Entry:
    # Long texts are folded by some writers; the new value stands on one line.
    is_flow = value.id == "scalar" and value.style not in _BLOCK_SCALARS
    style = (value.style or "") if is_flow else None
    return Entry(
        name,
        to_file(start),
        to_file(end),
        to_file(value.start_mark.index),
        to_file(_tail(value)),
        style,
        **more,
    )


def _tail(node: Any) -> int:
    """Return where the last character of a node ends; that of a block collection is in its last value."""
    while node.id != "scalar" and not node.flow_style and node.value:
        node = node.value[-1][1] if node.id == "mapping" else node.value[-1]
    index: int = node.end_mark.index
    return index


def without_bom(text: str) -> tuple[str, Callable[[int], int]]:
    """Return a text without byte-order mark, and a function from its positions to those in the file."""
    shift = len(text) - len(text.removeprefix(BOM))
    return text[shift:], lambda index: index + shift


def header_of(text: str) -> tuple[str, Callable[[int], int]]:
    """Return the YAML of an ECSV header, and a function from its positions to those in the file."""
    starts, file_starts, lines, file_position, length = [], [], [], 0, 0
    for number, file_line in enumerate(text.split("\n")):
        line = file_line.rstrip("\r")
        if number and line.strip() and not line.startswith("#"):
            break
        prefix = 0 if not number else 2 if line.startswith("# ") else 1
        content = line[prefix:] if number else ""
        starts.append(length)
        file_starts.append(file_position + prefix)
        lines.append(content)
        length += len(content) + 1
        file_position += len(file_line) + 1

    def to_file(position: int) -> int:
        line = bisect_right(starts, position) - 1
        return file_starts[line] + position - starts[line]

    return "\n".join(lines) + "\n", to_file


# -- changes ------------------------------------------------------------------------------------------------


def value_texts(entry: Entry, value: Any, *, is_json: bool) -> list[str]:
    """Return how a value can be written in the place of an entry's, the likeliest to keep the style first."""
    if isinstance(value, (Mapping, list, tuple)):
        return [json_flow(value) if is_json else yaml_flow(value)]
    if is_json:
        return [json_scalar(value)]
    texts = [yaml_scalar(value)]
    if isinstance(value, str) and value.isprintable() and value.isascii():
        if entry.style == "'":
            texts.insert(0, "'" + value.replace("'", "''") + "'")
        elif entry.style == '"':
            texts.insert(0, json_scalar(value))
        elif entry.style == "" and re.fullmatch(r"[\w:.+-]+", value):
            texts.insert(0, value)
    return texts


def replace_value(text: str, entry: Entry, new: str) -> str:
    """Return a text with another value of an entry.

    Raises
    ------
    CuratedError
        If the value is no scalar, or a block of lines.
    """
    if entry.style is None:
        by_hand = f"write it by hand: {entry.name}: {new}"
        raise CuratedError(f"the value of {entry.name} is a block of lines, a mapping or a list", by_hand)
    # A key without a value has no blank after its colon.
    blank = (
        " "
        if entry.value_start == entry.value_end and text[entry.value_start - 1 : entry.value_start] == ":"
        else ""
    )
    return text[: entry.value_start] + blank + new + text[entry.value_end :]


def add_entry(text: str, section: Section, new: str, after: Collection[str] | None = None) -> str:
    """Return a text with another entry, behind the last one of some names, or else before the first one.

    Parameters
    ----------
    new : `str`
        The entry; see `Section.pair_text`.
    after : collection [`str`]
        Names as they are written, of entries that come before it; all if it is to be the last one, as by default.

    Raises
    ------
    CuratedError
        If the section is empty, or its form is not clear.
    """
    if not section.entries:
        raise CuratedError(
            "the place of a new entry is not clear in this form of text", f"write it by hand: {new}"
        )
    anchors = [i for i, entry in enumerate(section.entries) if after is None or entry.name in after]
    for index in reversed(anchors):
        result = _add_behind(text, section, index, new)
        if result is not None:
            return result
    return _add_before(text, section, new)


def _add_behind(text: str, section: Section, index: int, new: str) -> str | None:
    """Add an entry behind another; `None` if its line does not end with it."""
    entry = section.entries[index]
    start, end = _line(text, entry.start, entry.end)
    margin = text[start : entry.start]
    newline = "\r\n" if "\r\n" in text else "\n"
    has_line = not margin.strip(_MARGIN) and not margin.endswith(BOM)
    rest = text[entry.end : end]
    if not section.is_flow:
        if not has_line or not _REST.match(rest):
            return None
        return f"{text[:end]}{newline}{margin}{new}{text[end:]}"
    match = _FLOW_REST.match(rest)
    if not has_line or match is None:
        return f"{text[: entry.end]}, {new}{text[entry.end :]}"
    is_last = index == len(section.entries) - 1
    comma = "," if not is_last or match["comma"] else ""
    first = "" if match["comma"] else ","
    return f"{text[: entry.end]}{first}{rest}{newline}{margin}{new}{comma}{text[end:]}"


def _add_before(text: str, section: Section, new: str) -> str:
    at = section.entries[0].start
    margin = text[text.rfind("\n", 0, at) + 1 : at]
    has_line = not margin.strip(_MARGIN) and not margin.endswith(BOM)
    newline = "\r\n" if "\r\n" in text else "\n"
    if not section.is_flow and not has_line:
        raise CuratedError(
            "the place of a new entry is not clear in this form of text", f"write it by hand: {new}"
        )
    end = newline + margin if has_line else " "
    return f"{text[:at]}{new}{',' if section.is_flow else ''}{end}{text[at:]}"


def _line(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the line of a start begins, and where that of an end ends, without its line end."""
    newline = text.find("\n", end)
    stop = len(text) if newline < 0 else newline
    return text.rfind("\n", 0, start) + 1, stop - text[:stop].endswith("\r")


def remove_entry(text: str, section: Section, index: int) -> str:
    """Return a text without an entry: without its line if it has one of its own."""
    entry, entries = section.entries[index], section.entries
    start, end = _line(text, entry.start, entry.end)
    has_line = not text[start : entry.start].strip(_MARGIN)
    is_last = index == len(entries) - 1
    if section.is_flow and is_last and index:
        previous = entries[index - 1]
        return text[: previous.end] + text[entry.end :]
    rest = text[entry.end : end]
    pattern = _FLOW_REST if section.is_flow else _REST
    if has_line and pattern.match(rest):
        following = text.find("\n", end) + 1
        return text[:start] + (text[following:] if following else "")
    if section.is_flow and not is_last:
        return text[: entry.start] + text[entries[index + 1].start :]
    raise CuratedError(f"{entry.name} stands where only a person can remove it", "remove it by hand")


def names_of(section: Section) -> Sequence[str]:
    """Return the names of a section's entries, as they are written."""
    return [entry.name for entry in section.entries]
