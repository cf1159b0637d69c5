"""YAML documents of the plain kind, read line by line without a YAML parser, which takes a microsecond a character.

Block mappings, block sequences, flow collections, runs of numbers, scalars that mean themselves. A value of any
other kind goes to the parser by itself. A document that is not plain as a whole is left to the parser: anchors,
several documents, keys that are no words or stand twice, and everything that looks odd.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate
from typing import Any

from curated.core.diagnostic import Problem
from curated.text.yaml.quick_flow import NUMBER, NotPlainError, depth_of, flow_value, numbers_of, plain_scalar
from curated.text.yaml.scalars import NOT_QUICK, quick_scalar

_KEY = re.compile(r"([A-Za-z_][\w.+-]*|'[ -&(-~]*'):(?: +(.*))?\Z", re.ASCII)
_ITEM = re.compile(r"- *")
_PROPERTY_LIST = "!<lsst.daf.base.PropertyList>"


def load_quickly(text: str) -> tuple[Any, list[Problem]] | None:
    """Load a document; `None` where it needs a parser.

    Parameters
    ----------
    text : `str`
        The document.

    Returns
    -------
    loaded : `tuple` or `None`
        What `curated.text.yaml.reader.load_yaml` returns: the data, and no problems.
    """
    if not text.endswith("\n") or not text.replace("\n", "").isprintable():
        return None
    try:
        return _Document(text).load(), []
    except (
        NotPlainError,
        RecursionError,
        TypeError,
        ValueError,
        OverflowError,
        AttributeError,
        LookupError,
    ):
        return None


class _Document:
    """The lines of a document, and how far it was read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.starts = list(accumulate((len(line) + 1 for line in self.lines), initial=0))
        self.at = 0

    def load(self) -> Any:
        """Return the data of the whole document."""
        indent = self._skip()
        if indent == 0 and self.lines[self.at].rstrip(" ") == "---":
            self.at += 1
            indent = self._skip()
        if indent != 0:
            raise NotPlainError
        data = self._block(0)
        if self._skip() >= 0:
            raise NotPlainError
        return data

    def _skip(self) -> int:
        """Go to the next line that says something; return its indentation, -1 at the end."""
        lines = self.lines
        for at in range(self.at, len(lines)):
            line = lines[at].lstrip(" ")
            if line and line[0] != "#":
                self.at = at
                return len(lines[at]) - len(line)
        self.at = len(lines)
        return -1

    def _block(self, indent: int) -> Any:
        """Return the mapping or sequence that starts at this line."""
        line = self.lines[self.at]
        if line.startswith("-", indent):
            return self._sequence(indent)
        return self._mapping(indent)

    def _mapping(self, indent: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while self._skip() == indent:
            match = _KEY.match(self.lines[self.at].rstrip(" "), indent)
            if match is None:
                raise NotPlainError
            key = plain_scalar(match[1])
            if not isinstance(key, str) or key in mapping:
                raise NotPlainError
            mapping[key] = self._value(match[2] or "", indent, key)
        self._ended(indent)
        return mapping

    def _sequence(self, indent: int) -> list[Any]:
        items: list[Any] = []
        while self._skip() == indent and self.lines[self.at].startswith("-", indent):
            run = _run(indent).match(self.text, self.starts[self.at])
            if run is not None:
                numbers = run[0]
                if self._goes_on(run.end(), indent):
                    # All but the last: to look at the run again for each of its numbers would take for ever.
                    numbers = numbers[: numbers.rindex("\n", 0, -1) + 1]
                items += numbers_of(numbers.replace(f"\n{' ' * indent}- ", ",")[indent + 2 :])
                self.at += numbers.count("\n")
                continue
            line = self.lines[self.at].rstrip(" ")
            match = _ITEM.match(line, indent)
            if match is None or (match.end() == indent + 1 and len(line) > indent + 1):
                raise NotPlainError
            rest = line[match.end() :]
            if rest.startswith("- ") or rest == "-" or _KEY.match(rest):
                # What follows the dash is a block of its own.
                self.lines[self.at] = " " * match.end() + rest
                items.append(self._block(match.end()))
            else:
                items.append(self._value(rest, indent, None))
        self._ended(indent)
        return items

    def _ended(self, indent: int) -> None:
        """Give up where a block does not end at a lesser indentation."""
        if self._skip() > indent:
            raise NotPlainError

    def _goes_on(self, place: int, indent: int) -> bool:
        """Say whether what follows a run belongs to its last number."""
        end = self.text.find("\n", place)
        following = self.text[place:] if end < 0 else self.text[place:end]
        stripped = following.lstrip(" ")
        return not stripped or stripped[0] == "#" or len(following) - len(stripped) > indent

    def _value(self, rest: str, indent: int, key: str | None) -> Any:
        """Return what stands after a key or a dash, and go to the line after it."""
        start = self.at
        if rest == _PROPERTY_LIST:
            return self._properties(indent)
        if rest[:1] in ("[", "{"):
            value = self._flow(rest, indent)
            return value if value is not NOT_QUICK else self._parsed(start, indent, key)
        self.at += 1
        following = self._skip()
        if not rest:
            if following > indent or (following == indent and key is not None and self._is_item(indent)):
                return self._block(following)
            return None
        value = quick_scalar(rest) if following <= indent else NOT_QUICK
        if value is NOT_QUICK or (following == indent and key is not None and self._is_item(indent)):
            return self._parsed(start, indent, key)
        return value

    def _is_item(self, indent: int) -> bool:
        return self.lines[self.at].startswith("-", indent)

    def _properties(self, indent: int) -> dict[str, Any]:
        """Return a property list: rows of name, type, value and (in lists) comment."""
        self.at += 1
        following = self._skip()
        if following < indent or not self._is_item(following):
            raise NotPlainError
        values: dict[str, Any] = {}
        for row in self._sequence(following):
            if not isinstance(row, list) or len(row) != 4 or not isinstance(row[0], str) or row[0] in values:
                raise NotPlainError
            values[row[0]] = row[2]
        return values

    def _flow(self, rest: str, indent: int) -> Any:
        """Return a flow collection, `NOT_QUICK` where it is not plain."""
        whole, depth = rest, depth_of(rest)
        self.at += 1
        while depth > 0:
            if self._skip() < 0:
                raise NotPlainError
            whole += "\n" + self.lines[self.at]
            depth += depth_of(self.lines[self.at])
            self.at += 1
        value, end = flow_value(whole, 0)
        if value is NOT_QUICK or whole[end:].strip(" "):
            return NOT_QUICK
        if self._skip() > indent:
            raise NotPlainError
        return value

    def _parsed(self, start: int, indent: int, key: str | None) -> Any:
        """Return a value as the parser reads it, with all lines that belong to it."""
        self.at = start + 1
        while True:
            following = self._skip()
            if following <= indent and not (
                following == indent and key is not None and self._is_item(indent)
            ):
                break
            self.at += 1
        lines = (line if line[:indent].strip(" ") else line[indent:] for line in self.lines[start : self.at])
        text = "\n".join(lines) + "\n"
        if "&" in text or "*" in text:
            raise NotPlainError
        from curated.text.yaml.parser import parse_alone

        data = parse_alone(text)
        if data is None or len(data) != 1:
            raise NotPlainError
        return data[0] if key is None else data[key]


@lru_cache(maxsize=64)
def _run(indent: int) -> re.Pattern[str]:
    """Return what matches several numbers, one a line, of a sequence."""
    return re.compile(rf"(?:{' ' * indent}- {NUMBER}\n){{4,}}", re.ASCII)
