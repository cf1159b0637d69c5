"""The mark of deprecation written into the text of a calibration, and taken out: all other bytes stay as they are.

The mark becomes the first entries of the metadata, each on a line of its own where the entries have their own. Where they
are follows from the nodes that the parser composes; what came out is read again before it is used.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from curated.core.diagnostic import CuratedError
from curated.core.metadata import canonical, normalise
from curated.datasets.deprecation import MARK, Deprecation, find_deprecation
from curated.text.reader import read
from curated.text.yaml.writer import json_scalar, yaml_scalar

_BOM = "\ufeff"
_BETWEEN = re.compile(r"[\s,#\-]*", re.ASCII)
"""What stands between two entries."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the metadata: its keyword, and the places in the file where it and its value start and end."""

    keyword: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Metadata:
    """The metadata of a text: its entries in order, and how one more is written.

    Parameters
    ----------
    entries : `list` [`_Entry`]
        Its entries.
    is_flow : `bool`
        Whether commas separate them.
    spell : `~collections.abc.Callable`
        Writes an entry.
    """

    entries: list[_Entry]
    is_flow: bool
    spell: Callable[[str, str], str]


def marked(data: bytes, form: str, mark: Deprecation) -> bytes:
    """Return a calibration's text with the mark, in the place of one that it has.

    Parameters
    ----------
    data : `bytes`
        The text.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.
    mark : `Deprecation`
        The mark.

    Raises
    ------
    CuratedError
        If the text cannot be read, or is of a form that only a person can edit; it says what to write.
    """
    bare = unmarked(data, form)
    text = _decoded(bare, form)
    found = _find(text, form)
    by_hand = "write it by hand: " + ", ".join(f"{k}: {yaml_scalar(v)}" for k, v in mark.keywords().items())
    if found is None or not found.entries:
        raise CuratedError("the place of the mark is not clear in this form of metadata", by_hand)
    at = found.entries[0].start
    before = text[text.rfind("\n", 0, at) + 1 : at]
    is_line = not before.strip(" \t#-") and not before.endswith(_BOM)
    end = ("\r\n" if "\r\n" in text else "\n") + before if is_line else " "
    end = f",{end}" if found.is_flow else end
    if not found.is_flow and not is_line:
        raise CuratedError("the place of the mark is not clear in this form of metadata", by_hand)
    added = "".join(found.spell(key, value) + end for key, value in mark.keywords().items())
    made = (text[:at] + added + text[at:]).encode()
    if _said(made, form) != (_said(bare, form)[0], mark) or unmarked(made, form) != bare:
        raise CuratedError("the mark does not come back from this form of metadata", by_hand)
    return made


def unmarked(data: bytes, form: str) -> bytes:
    """Return a calibration's text without the mark; where `marked` wrote it, the bytes that there were before.

    Raises
    ------
    CuratedError
        If the text cannot be read, or the mark stands in a form that only a person can edit.
    """
    text = _decoded(data, form)
    rest, mark = _said(data, form)
    if mark is None:
        return data
    found = _find(text, form)
    entries = found.entries if found else []
    made = text
    for entry, following in reversed(list(zip(entries, [*entries[1:], None], strict=True))):
        if entry.keyword in MARK.keys:
            start, end = _span(text, entry, following)
            if end < entry.end or not _BETWEEN.fullmatch(text[entry.end : end]):
                said = f"{entry.keyword} stands where only a person can remove it"
                raise CuratedError(said, "remove the four keywords of the mark by hand")
            made = made[:start] + made[end:]
    if _said(made.encode(), form) != (rest, None):
        raise CuratedError("the mark cannot be removed from this form of metadata", "remove it by hand")
    return made.encode()


def _span(text: str, entry: _Entry, following: _Entry | None) -> tuple[int, int]:
    """Return what goes with an entry: its lines where it has its own, else all up to the next entry."""
    start = text.rfind("\n", 0, entry.start) + 1
    if not text[start : entry.start].strip(" \t#-"):
        next_line = text.find("\n", entry.end) + 1
        end = text.rfind("\n", 0, following.start) + 1 if following is not None else next_line
        if end >= next_line > 0:
            return start, end
    return entry.start, following.start if following is not None else 0


def _decoded(data: bytes, form: str) -> str:
    """Return a text as it is, with its byte-order mark and its line ends."""
    source, problems = read(data, form)
    if source is None:
        said = f"{problems[0].code} {problems[0].detail}" if problems else "it cannot be read"
        raise CuratedError(said, "'curated check' names the line; mend it first")
    return data.decode()


def _said(data: bytes, form: str) -> tuple[dict[str, Any], Deprecation | None]:
    """Return the keywords of a text apart from the mark, and the mark."""
    source, _ = read(data, form)
    if source is None:
        return {}, None
    keywords: dict[str, Any] = dict(normalise(source.metadata)[0])
    mark, _ = find_deprecation(keywords)
    return {key: value for key, value in keywords.items() if key not in MARK.keys}, mark


def _find(text: str, form: str) -> _Metadata | None:
    """Find the entries of the metadata; `None` where its form is not known."""
    import yaml

    from curated.text.yaml.locator import compose

    document, places = _ecsv(text) if form == "ecsv" else _whole(text)
    root = compose(document)
    key = "meta" if form == "ecsv" else "metadata"
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    node = next((value for name, value in pairs if name.value == key), None)
    if not isinstance(node, (yaml.MappingNode, yaml.SequenceNode)):
        return None
    entries = [
        _Entry(name, places(start.index), places(end.index)) for name, start, end in _entries(node, yaml)
    ]
    is_list = isinstance(node, yaml.SequenceNode)
    rows = is_list and all(isinstance(item, yaml.SequenceNode) for item in node.value)
    scalar = json_scalar if form == "json" else yaml_scalar

    def spell(keyword: str, value: str) -> str:
        if rows:
            return f"[{keyword}, String, {scalar(value)}, {scalar('')}]"
        pair = f"{json_scalar(keyword) if form == 'json' else keyword}: {scalar(value)}"
        return f"{{{pair}}}" if is_list else pair

    return _Metadata(entries, bool(node.flow_style), spell)


def _entries(node: Any, yaml: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield keyword and both ends of each entry of a mapping, of pairs or of a property list."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield canonical(str(name.value)), name.start_mark, value.end_mark
        return
    for item in node.value:
        first = item.value[0] if getattr(item, "value", None) else None
        if isinstance(item, yaml.MappingNode) and first is not None:
            yield canonical(str(first[0].value)), item.start_mark, item.end_mark
        elif isinstance(item, yaml.SequenceNode) and first is not None:
            yield canonical(str(first.value)), item.start_mark, item.end_mark
        else:
            yield "", item.start_mark, item.end_mark


def _whole(text: str) -> tuple[str, Callable[[int], int]]:
    """Return a text as the parser takes it, and a function from its places to those in the file."""
    shift = len(text) - len(text.removeprefix(_BOM))
    return text[shift:], lambda index: index + shift


def _ecsv(text: str) -> tuple[str, Callable[[int], int]]:
    """Return the YAML of a header, and a function from its places to those in the file."""
    starts, at_file, lines, position, length = [], [], [], 0, 0
    for number, line in enumerate(text.split("\n")):
        bare = line.rstrip("\r")
        if number and bare.strip() and not bare.startswith("#"):
            break
        inside = 0 if not number else 2 if bare.startswith("# ") else 1
        content = bare[inside:] if number else ""
        starts.append(length)
        at_file.append(position + inside)
        lines.append(content)
        length += len(content) + 1
        position += len(line) + 1

    def place(index: int) -> int:
        line = bisect_right(starts, index) - 1
        return at_file[line] + index - starts[line]

    return "\n".join(lines) + "\n", place
