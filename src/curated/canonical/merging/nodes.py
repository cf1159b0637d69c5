"""A YAML or JSON document as a tree of its own text: written one after the other, the pieces are the document again.

Comments and blank lines stand with the entry that follows them, and those at the end of a line with its entry.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from curated.canonical.yaml_form import UnformattableError

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH = 60
"""Deepest nesting of a document that is merged."""


@dataclass(slots=True, eq=False)
class Leaf:
    """A single value: its text, and what it says."""

    text: str
    content: Hashable

    @property
    def whole(self) -> Hashable:
        """What it says with its comments: it has none."""
        return self.content


@dataclass(slots=True, eq=False)
class Entry:
    """An entry of a list or mapping.

    Parameters
    ----------
    name : hashable
        Key of a mapping; `None` in a list.
    lead : `str`
        Comments, blank lines and indentation before it.
    head : `str`
        Its key with the colon, or the dash.
    node : `Leaf`, `Branch` or `Conflict`
        Its value, or in its place what two versions made of the entry.
    tail : `str`
        What follows in block style: the comment of the line and the line end.
    gap : `str`
        Blanks, line end and comments between key and value.
    """

    name: Hashable
    lead: str
    head: str
    node: Node
    tail: str = ""
    gap: str = ""

    @property
    def whole(self) -> Hashable:
        """What it says, with its comments."""
        comments = (comments_of(self.lead), comments_of(self.gap), comments_of(self.tail))
        return (self.name, comments, self.node.whole)


@dataclass(slots=True, eq=False)
class Branch:
    """A list or mapping: what stands before its entries and after them, and the entries."""

    is_mapping: bool
    is_flow: bool
    tag: str
    start: str
    entries: list[Entry]
    end: str
    is_trailing: bool = False
    _whole: Any = field(default=None, repr=False)

    @property
    def content(self) -> Hashable:
        """What it says, without comments."""
        return (self.is_mapping, self.tag, tuple((entry.name, entry.node.content) for entry in self.entries))

    @property
    def whole(self) -> Hashable:
        """What it says, with its comments."""
        if self._whole is None:
            entries = tuple(entry.whole for entry in self.entries)
            node_comments = (*comments_of(self.start), *comments_of(self.end))
            self._whole = (self.is_mapping, self.tag, node_comments, entries)
        return self._whole  # type: ignore[no-any-return]


@dataclass(slots=True, eq=False)
class Conflict:
    """An entry that two versions changed: whole lines of both, and of their base."""

    left: str
    base: str
    right: str

    @property
    def content(self) -> Hashable:
        """Nothing else is like it."""
        return ("conflict", self.left, self.base, self.right)

    whole = content


Node = Leaf | Branch | Conflict


@dataclass(slots=True, eq=False)
class Document:
    """A document: what stands before its value and after it, and the value."""

    start: str
    root: Node
    end: str


def comments_of(gap: str) -> tuple[str, ...]:
    """Return the comments in a text between values."""
    if "#" not in gap:
        return ()
    return tuple(line.strip() for line in gap.split("\n") if line.strip().startswith("#"))


def read_document(text: str) -> Document:
    """Return a document in canonical form as a tree of its text.

    Raises
    ------
    UnformattableError
        If it has something that is not merged: repeated keys, aliases, keys that are no single values, and documents
        without a value.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise UnformattableError(f"it cannot be read: {error}"[:200]) from error
    if root is None:
        raise UnformattableError("it has no value")
    builder = _Builder(text)
    start = root.start_mark.index
    if isinstance(root, yaml.CollectionNode) and not root.flow_style and root.tag.startswith("tag:yaml.org"):
        begin = text.rfind("\n", 0, start) + 1
        start = begin if not text[begin:start].strip() else start
    node, place = builder.node(root, start, 0)
    return Document(text[:start], node, text[place:])


def document_text(document: Document) -> Iterator[str | Conflict]:
    """Yield the pieces of a document, and the conflicts between them."""
    yield document.start
    yield from _pieces(document.root)
    yield document.end


def entry_text(entry: Entry) -> str:
    """Return the text of an entry without conflicts."""
    return "".join(str(piece) for piece in _entry_pieces(entry))


def _pieces(node: Node) -> Iterator[str | Conflict]:
    if isinstance(node, Leaf):
        yield node.text
        return
    if isinstance(node, Conflict):
        yield node
        return
    if not node.is_flow and not node.entries:
        raise UnformattableError("nothing is left of a block")
    yield node.start
    is_after_conflict = False
    for number, entry in enumerate(node.entries):
        if not node.is_flow:
            yield from _entry_pieces(entry)
            continue
        if isinstance(entry.node, Conflict):
            yield "" if is_after_conflict else "\n"
            yield entry.node
            is_after_conflict = True
            continue
        lead = entry.lead if entry.lead.strip(" ") else " " * bool(number)
        yield _cut(lead) if is_after_conflict else lead
        yield entry.head + entry.gap
        yield from _pieces(entry.node)
        is_last = number == len(node.entries) - 1
        yield "," if not is_last or node.is_trailing else ""
        is_after_conflict = False
    yield _cut(node.end) if is_after_conflict else node.end


def _cut(gap: str) -> str:
    """Return a gap without its first line end, which the lines of a conflict have already."""
    if not gap.startswith("\n"):
        raise UnformattableError("a conflict that does not fill its lines")
    return gap[1:]


def _entry_pieces(entry: Entry) -> Iterator[str | Conflict]:
    if isinstance(entry.node, Conflict):
        yield entry.node
        return
    yield entry.lead
    yield entry.head + entry.gap
    yield from _pieces(entry.node)
    yield entry.tail


class _Builder:
    def __init__(self, text: str) -> None:
        self.text = text

    def node(self, node: Any, start: int, depth: int) -> tuple[Node, int]:
        """Return a value whose text begins at a place, and where it ends."""
        text = self.text
        if depth > MAX_DEPTH:
            raise UnformattableError("it is nested too deeply")
        is_before = node.start_mark.index < start and node.start_mark.index < node.end_mark.index
        if is_before and (not isinstance(node, yaml.CollectionNode) or node.end_mark.index <= start):
            raise UnformattableError("an alias of another value")
        if isinstance(node, yaml.ScalarNode):
            end = max(node.end_mark.index, start)
            if node.style in ("|", ">"):
                # The line end before what follows is of the text.
                while text[end - 1 : end] == " ":
                    end -= 1
            return Leaf(text[start:end], (node.tag, node.value)), end
        if node.flow_style:
            return self._flow(node, start, depth)
        return self._block(node, start, depth)

    def _parts(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if isinstance(node, yaml.SequenceNode):
            yield from ((None, item) for item in node.value)
            return
        names = set()
        for key, value in node.value:
            name = _name(key)
            if name in names:
                raise UnformattableError(f"the key {key.value} stands twice")
            names.add(name)
            yield key, value

    def _block(self, node: Any, start: int, depth: int) -> tuple[Node, int]:
        text, place = self.text, start
        branch = Branch(isinstance(node, yaml.MappingNode), False, node.tag, "", [], "")
        if text[start : start + 1] in ("!", "&"):
            end = text.index("\n", start) + 1
            branch.start, place = text[start:end], end
        for key, value in self._parts(node):
            if key is not None:
                begin, name = key.start_mark.index, _name(key)
                after = text.index(":", key.end_mark.index) + 1
                if text[key.end_mark.index : after].strip() != ":":
                    raise UnformattableError("a key in another form")
            else:
                name, after = None, self._dash(place)
                begin = after - 1
            if begin < place:
                raise UnformattableError("an alias of another value")
            first = self._value_start(value, after)
            child, end = self.node(value, first, depth + 1)
            tail = ""
            if text[end - 1] != "\n":
                stop = text.find("\n", end)
                stop = len(text) if stop < 0 else stop + 1
                tail, end = text[end:stop], stop
                if tail.strip() and not tail.strip().startswith("#"):
                    raise UnformattableError("an entry in another form")
            head, gap = text[begin:after], text[after:first]
            branch.entries.append(Entry(name, text[place:begin], head, child, tail, gap))
            place = end
        return branch, place

    def _value_start(self, value: Any, after: int) -> int:
        """Return where the text of a value begins that follows a colon or dash."""
        text = self.text
        first: int = value.start_mark.index
        if first == value.end_mark.index:
            return after  # it is empty
        if first < after:
            raise UnformattableError("an alias of another value")
        is_block = isinstance(value, yaml.CollectionNode) and not value.flow_style
        if is_block and text[first] not in "!&" and text.rfind("\n", 0, first) + 1 > after:
            # Comments before the first entry are its own.
            return text.index("\n", after) + 1
        return first

    def _dash(self, place: int) -> int:
        """Return the place after the dash of an item."""
        while self.text[place : place + 1] in (" ", "\n", "#"):
            place = self.text.index("\n", place) if self.text[place] == "#" else place + 1
        if self.text[place : place + 1] != "-":
            raise UnformattableError("an item in another form")
        return place + 1

    def _flow(self, node: Any, start: int, depth: int) -> tuple[Node, int]:
        text = self.text
        opening = start
        while text[opening] not in "[{":
            opening += 1
        branch = Branch(isinstance(node, yaml.MappingNode), True, node.tag, text[start : opening + 1], [], "")
        place = opening + 1
        for number, (key, value) in enumerate(self._parts(node)):
            if number:
                if text[place] != ",":
                    raise UnformattableError("a comment before a comma")
                place += 1
            begin = (key if key is not None else value).start_mark.index
            if begin < place or (text[place:begin].strip(" \n") and not comments_of(text[place:begin])):
                raise UnformattableError("an entry in another form")
            first = value.start_mark.index
            if key is not None and (first < key.end_mark.index or text[key.end_mark.index] != ":"):
                raise UnformattableError("an entry in another form")
            child, end = self.node(value, first, depth + 1)
            name = _name(key) if key is not None else None
            branch.entries.append(Entry(name, text[place:begin], text[begin:first], child))
            place = end
        if text[place] == ",":
            branch.is_trailing, place = True, place + 1
        close = node.end_mark.index
        branch.end = text[place:close]
        return branch, close


def _name(key: Any) -> Hashable:
    if not isinstance(key, yaml.ScalarNode):
        raise UnformattableError("a key that is no single value")
    return (key.tag, key.value)
