"""The mark of deprecation in the text of a calibration: added and removed, without a change to any other byte.

The mark becomes the first entries of the metadata, each on a line of its own if the other entries have their own. Where
the entries are follows from the nodes that PyYAML composes; the result is read again before it is returned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from curated.core.diagnostic import CuratedError
from curated.core.metadata import canonical, normalise
from curated.datasets.deprecation import MARK, Deprecation, find_deprecation
from curated.text.entries import BOM, header_of, without_bom
from curated.text.reader import read
from curated.text.yaml.locator import compose
from curated.text.yaml.writer import json_scalar, yaml_scalar

_SEPARATOR = re.compile(r"[\s,#\-]*", re.ASCII)
"""Text between two entries."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the metadata: its keyword, and its start and end in the file."""

    keyword: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Metadata:
    """The entries of the metadata of a text, and the style of the text.

    Parameters
    ----------
    entries : `list` [`_Entry`]
        Entries in the order of the file.
    is_flow : `bool`
        Whether commas separate the entries.
    is_json : `bool`
        Whether keywords and values are written as in JSON.
    is_list : `bool`
        Whether the entries are those of a list: mappings of one key, or rows.
    has_rows : `bool`
        Whether the entries are rows of name, type, value and comment.
    """

    entries: list[_Entry]
    is_flow: bool
    is_json: bool
    is_list: bool
    has_rows: bool

    def entry_text(self, keyword: str, value: str) -> str:
        """Return a new entry as text."""
        scalar = json_scalar if self.is_json else yaml_scalar
        if self.has_rows:
            return f"[{keyword}, String, {scalar(value)}, {scalar('')}]"
        pair = f"{json_scalar(keyword) if self.is_json else keyword}: {scalar(value)}"
        return f"{{{pair}}}" if self.is_list else pair


def add_mark(data: bytes, form: str, mark: Deprecation) -> bytes:
    """Return a calibration's text with a mark, in the place of one that it has.

    Parameters
    ----------
    data : `bytes`
        Content of the file.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.
    mark : `Deprecation`
        The mark, whose text is one line in each of its keywords.

    Raises
    ------
    CuratedError
        If the text cannot be read, or is of a form that only a person can edit; it says what to write.
    """
    unmarked = remove_mark(data, form)
    text = _decode(unmarked, form)
    metadata = _find_metadata(text, form)
    by_hand = "write it by hand: " + ", ".join(f"{k}: {yaml_scalar(v)}" for k, v in mark.keywords().items())
    if metadata is None or not metadata.entries:
        raise CuratedError("the place of the mark is not clear in this form of metadata", by_hand)
    at = metadata.entries[0].start
    before = text[text.rfind("\n", 0, at) + 1 : at]
    is_line = not before.strip(" \t#-") and not before.endswith(BOM)
    end = ("\r\n" if "\r\n" in text else "\n") + before if is_line else " "
    end = f",{end}" if metadata.is_flow else end
    if not metadata.is_flow and not is_line:
        raise CuratedError("the place of the mark is not clear in this form of metadata", by_hand)
    added = "".join(metadata.entry_text(key, value) + end for key, value in mark.keywords().items())
    result = (text[:at] + added + text[at:]).encode()
    if (
        _keywords(result, form) != (_keywords(unmarked, form)[0], mark)
        or remove_mark(result, form) != unmarked
    ):
        raise CuratedError("the mark does not come back from this form of metadata", by_hand)
    return result


def remove_mark(data: bytes, form: str) -> bytes:
    """Return a calibration's text without its mark; the original bytes if `add_mark` wrote the mark.

    Raises
    ------
    CuratedError
        If the text cannot be read, or the mark stands in a form that only a person can edit.
    """
    text = _decode(data, form)
    other_keywords, mark = _keywords(data, form)
    if mark is None:
        return data
    metadata = _find_metadata(text, form)
    entries = metadata.entries if metadata else []
    result = text
    for entry, following in reversed(list(zip(entries, [*entries[1:], None], strict=True))):
        if entry.keyword in MARK.keys:
            start, end = _span(text, entry, following)
            if end < entry.end or not _SEPARATOR.fullmatch(text[entry.end : end]):
                detail = f"{entry.keyword} stands where only a person can remove it"
                raise CuratedError(detail, "remove the four keywords of the mark by hand")
            result = result[:start] + result[end:]
    if _keywords(result.encode(), form) != (other_keywords, None):
        raise CuratedError("the mark cannot be removed from this form of metadata", "remove it by hand")
    return result.encode()


def _span(text: str, entry: _Entry, following: _Entry | None) -> tuple[int, int]:
    """Return the text to remove with an entry: its lines if it has its own, else all up to the next entry."""
    start = text.rfind("\n", 0, entry.start) + 1
    if not text[start : entry.start].strip(" \t#-"):
        next_line = text.find("\n", entry.end) + 1
        end = text.rfind("\n", 0, following.start) + 1 if following is not None else next_line
        if end >= next_line > 0:
            return start, end
    return entry.start, following.start if following is not None else 0


def _decode(data: bytes, form: str) -> str:
    """Return a text unchanged, with its byte-order mark and its line ends, if it can be read."""
    source, problems = read(data, form)
    if source is None:
        reason = f"{problems[0].code} {problems[0].detail}" if problems else "it cannot be read"
        raise CuratedError(reason, "'curated check' names the line; mend it first")
    return data.decode()


def _keywords(data: bytes, form: str) -> tuple[dict[str, Any], Deprecation | None]:
    """Return the keywords of a text apart from the mark, and the mark."""
    source, _ = read(data, form)
    if source is None:
        return {}, None
    keywords: dict[str, Any] = dict(normalise(source.metadata)[0])
    mark, _ = find_deprecation(keywords)
    return {key: value for key, value in keywords.items() if key not in MARK.keys}, mark


def _find_metadata(text: str, form: str) -> _Metadata | None:
    """Find the metadata and their entries; `None` if their form is not known."""
    import yaml

    document, to_file = header_of(text) if form == "ecsv" else without_bom(text)
    root = compose(document)
    key = "meta" if form == "ecsv" else "metadata"
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    node = next((value for name, value in pairs if name.value == key), None)
    if not isinstance(node, (yaml.MappingNode, yaml.SequenceNode)):
        return None
    entries = [
        _Entry(name, to_file(start.index), to_file(end.index)) for name, start, end in _entries(node, yaml)
    ]
    is_list = isinstance(node, yaml.SequenceNode)
    has_rows = is_list and all(isinstance(item, yaml.SequenceNode) for item in node.value)
    return _Metadata(entries, bool(node.flow_style), form == "json", is_list, has_rows)


def _entries(node: Any, yaml: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield keyword, start and end of each entry of a mapping, of pairs or of a property list."""
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
