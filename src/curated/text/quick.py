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

import orjson

from curated.diagnostic import Problem
from curated.text.scalars import NOT_QUICK, quick_scalar

_KEY = re.compile(r"([A-Za-z_][\w.+-]*|'[ -&(-~]*'):(?: +(.*))?\Z", re.ASCII)
_ITEM = re.compile(r"- *")
_NUMBER = r"-?(?:0|[1-9]\d{0,16})(?:\.\d{1,40}(?:e[-+]\d{1,3})?)?"
_NUMBERS = re.compile(rf"\s*{_NUMBER}(?:\s*,\s*{_NUMBER})*\s*\Z", re.ASCII)
_TOKEN = re.compile(r"'[ -&(-~]*'|[\w.+-][\w./+()=-]*(?: [\w./+()=-]+)*", re.ASCII)
_BLANKS = re.compile(r"\s*")
_PROPERTY_LIST = "!<lsst.daf.base.PropertyList>"


_LETTERS = frozenset("yYnN")
"""Flags in YAML 1.1, but texts to PyYAML and in YAML 1.2; coordinates have such names."""


def _scalar(text: str) -> Any:
    return text if text in _LETTERS else quick_scalar(text)


class _NotPlainError(Exception):
    """The document needs a YAML parser."""


def load_quickly(text: str) -> tuple[Any, list[Problem]] | None:
    """Load a document; `None` where it needs a parser.

    Parameters
    ----------
    text : `str`
        The document.

    Returns
    -------
    loaded : `tuple` or `None`
        What `curated.text.tree.load_yaml` returns: the data, and no problems.
    """
    if not text.endswith("\n") or not text.replace("\n", "").isprintable():
        return None
    try:
        return _Document(text).load(), []
    except (
        _NotPlainError,
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
            raise _NotPlainError
        data = self._block(0)
        if self._skip() >= 0:
            raise _NotPlainError
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
                raise _NotPlainError
            key = _scalar(match[1])
            if not isinstance(key, str) or key in mapping:
                raise _NotPlainError
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
                items += _numbers(numbers.replace(f"\n{' ' * indent}- ", ",")[indent + 2 :])
                self.at += numbers.count("\n")
                continue
            line = self.lines[self.at].rstrip(" ")
            match = _ITEM.match(line, indent)
            if match is None or (match.end() == indent + 1 and len(line) > indent + 1):
                raise _NotPlainError
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
            raise _NotPlainError

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
            raise _NotPlainError
        values: dict[str, Any] = {}
        for row in self._sequence(following):
            if not isinstance(row, list) or len(row) != 4 or not isinstance(row[0], str) or row[0] in values:
                raise _NotPlainError
            values[row[0]] = row[2]
        return values

    def _flow(self, rest: str, indent: int) -> Any:
        """Return a flow collection, `NOT_QUICK` where it is not plain."""
        whole, depth = rest, _depth(rest)
        self.at += 1
        while depth > 0:
            if self._skip() < 0:
                raise _NotPlainError
            whole += "\n" + self.lines[self.at]
            depth += _depth(self.lines[self.at])
            self.at += 1
        value, end = _flow(whole, 0)
        if value is NOT_QUICK or whole[end:].strip(" "):
            return NOT_QUICK
        if self._skip() > indent:
            raise _NotPlainError
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
            raise _NotPlainError
        from curated.text.parse import parse_alone

        data = parse_alone(text)
        if data is None or len(data) != 1:
            raise _NotPlainError
        return data[0] if key is None else data[key]


@lru_cache(maxsize=64)
def _run(indent: int) -> re.Pattern[str]:
    """Return what matches several numbers, one a line, of a sequence."""
    return re.compile(rf"(?:{' ' * indent}- {_NUMBER}\n){{4,}}", re.ASCII)


def _depth(line: str) -> int:
    return line.count("[") + line.count("{") - line.count("]") - line.count("}")


def _numbers(listed: str) -> list[Any]:
    """Return numbers that commas separate."""
    try:
        numbers: list[Any] = orjson.loads(f"[{listed}]")
    except orjson.JSONDecodeError:  # a number beyond the largest float
        raise _NotPlainError from None
    return numbers


def _are_numbers(listed: str) -> bool:
    """Say whether what commas separate are numbers that mean the same in YAML and JSON."""
    if not listed.isascii() or listed.encode("ascii").translate(None, b"0123456789.+-e, \n"):
        return False
    # An exponent needs a sign and a point before it; integers may be too long. So these are looked at closely.
    signed = listed.count("e") == listed.count("e-") + listed.count("e+")
    if signed and listed.count(".") == listed.count(",") + 1:
        return True
    return _NUMBERS.match(listed) is not None


def _flow(text: str, at: int) -> tuple[Any, int]:
    """Return the flow value that starts at a place, and where it ends; `NOT_QUICK` where it is not plain."""
    opening = text[at : at + 1]
    if opening == "[":
        end = text.find("]", at)
        listed = text[at + 1 : end]
        if end > at + 1 and _are_numbers(listed):
            return _numbers(listed), end + 1
        return _flow_sequence(text, at + 1)
    if opening == "{":
        return _flow_mapping(text, at + 1)
    match = _TOKEN.match(text, at)
    return (_scalar(match[0]), match.end()) if match else (NOT_QUICK, at)


def _flow_sequence(text: str, at: int) -> tuple[Any, int]:
    items: list[Any] = []
    at = _after_blanks(text, at)
    while not text.startswith("]", at):
        value, at = _flow(text, at)
        at = _after_blanks(text, at)
        if value is NOT_QUICK or text[at : at + 1] not in (",", "]"):
            return NOT_QUICK, at
        items.append(value)
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
    return items, at + 1


def _flow_mapping(text: str, at: int) -> tuple[Any, int]:
    mapping: dict[str, Any] = {}
    at = _after_blanks(text, at)
    while not text.startswith("}", at):
        key, at = _flow(text, at) if text[at : at + 1] not in ("[", "{") else (NOT_QUICK, at)
        if not isinstance(key, str) or key in mapping or not text.startswith(": ", at):
            return NOT_QUICK, at
        value, at = _flow(text, _after_blanks(text, at + 1))
        at = _after_blanks(text, at)
        if value is NOT_QUICK or text[at : at + 1] not in (",", "}"):
            return NOT_QUICK, at
        mapping[key] = value
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
    return mapping, at + 1


def _after_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at
