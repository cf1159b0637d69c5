"""A fast parser of plain YAML, which reads line by line; PyYAML takes a microsecond a character.

Plain are block mappings, block sequences, flow collections, runs of numbers, and scalars that mean themselves. A value of
any other kind goes to PyYAML by itself. A document that is not plain as a whole is left to PyYAML: anchors, several
documents, keys that are not words or are repeated, and everything that looks odd.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate
from typing import Any

import orjson

from curated.core.diagnostic import Problem

NEEDS_PARSER = object()
"""Stands for a value that PyYAML has to read."""

NO_WORD = r"(?!(?:y|n|yes|no|true|false|on|off|null)\b)"
"""Words, in any case, that are not text in YAML 1.1."""

_CONSTANTS = {"true": True, "false": False, "null": None}
_QUOTED = re.compile(r"'[ -&(-~]*'\Z")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})\Z", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,40}\.\d{1,40}(?:[eE][-+]\d{1,3})?\Z", re.ASCII)
# Text starts with a letter and is none of those words. A colon ends a key only before a blank.
_WORD = re.compile(
    rf"{NO_WORD}[A-Z](?:[\w./+()=-]|:(?=[^ ]))*(?: (?:[\w./+()=-]|:(?=[^ ]))+)*\Z", re.IGNORECASE | re.ASCII
)
_LETTERS = frozenset("yYnN")
"""Flags in YAML 1.1, but texts to PyYAML and in YAML 1.2; coordinates have such names."""

_KEY = re.compile(r"([A-Za-z_][\w.+-]*|'[ -&(-~]*'):(?: +(.*))?\Z", re.ASCII)
_ITEM = re.compile(r"- *")
_PROPERTY_LIST = "!<lsst.daf.base.PropertyList>"

_NUMBER = r"-?(?:0|[1-9]\d{0,16})(?:\.\d{1,40}(?:e[-+]\d{1,3})?)?"
"""A number that means the same in YAML and JSON."""

_NUMBERS = re.compile(rf"\s*{_NUMBER}(?:\s*,\s*{_NUMBER})*\s*\Z", re.ASCII)
_TOKEN = re.compile(r"'[ -&(-~]*'|[\w.+-][\w./+()=-]*(?: [\w./+()=-]+)*", re.ASCII)
_BLANKS = re.compile(r"\s*")


class _NeedsParserError(Exception):
    """The document needs PyYAML."""


def parse_plain(text: str) -> tuple[Any, list[Problem]] | None:
    """Parse a document; `None` if it needs PyYAML.

    Returns
    -------
    result : `tuple` or `None`
        The data and no problems, as `curated.text.yaml.reader.load_yaml` returns them.
    """
    if not text.endswith("\n") or not text.replace("\n", "").isprintable():
        return None
    try:
        return _Document(text).load(), []
    except (
        _NeedsParserError,
        RecursionError,
        TypeError,
        ValueError,
        OverflowError,
        AttributeError,
        LookupError,
    ):
        return None


class _Document:
    """The lines of a document, and the position of the parser."""

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
            raise _NeedsParserError
        data = self._block(0)
        if self._skip() >= 0:
            raise _NeedsParserError
        return data

    def _skip(self) -> int:
        """Go to the next line that is not blank or a comment; return its indentation, -1 at the end."""
        lines = self.lines
        for at in range(self.at, len(lines)):
            line = lines[at].lstrip(" ")
            if line and line[0] != "#":
                self.at = at
                return len(lines[at]) - len(line)
        self.at = len(lines)
        return -1

    def _block(self, indent: int) -> Any:
        """Return the mapping or sequence that starts at the current line."""
        line = self.lines[self.at]
        if line.startswith("-", indent):
            return self._sequence(indent)
        return self._mapping(indent)

    def _mapping(self, indent: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while self._skip() == indent:
            match = _KEY.match(self.lines[self.at].rstrip(" "), indent)
            if match is None:
                raise _NeedsParserError
            key = _token_value(match[1])
            if not isinstance(key, str) or key in mapping:
                raise _NeedsParserError
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
                    # All but the last number: matching the run again for each of them would take for ever.
                    numbers = numbers[: numbers.rindex("\n", 0, -1) + 1]
                items += _numbers_of(numbers.replace(f"\n{' ' * indent}- ", ",")[indent + 2 :])
                self.at += numbers.count("\n")
                continue
            line = self.lines[self.at].rstrip(" ")
            match = _ITEM.match(line, indent)
            if match is None or (match.end() == indent + 1 and len(line) > indent + 1):
                raise _NeedsParserError
            rest = line[match.end() :]
            if rest.startswith("- ") or rest == "-" or _KEY.match(rest):
                # After the dash starts a block of its own.
                self.lines[self.at] = " " * match.end() + rest
                items.append(self._block(match.end()))
            else:
                items.append(self._value(rest, indent, None))
        self._ended(indent)
        return items

    def _ended(self, indent: int) -> None:
        """Give up where a block does not end at a lesser indentation."""
        if self._skip() > indent:
            raise _NeedsParserError

    def _goes_on(self, place: int, indent: int) -> bool:
        """Say whether the line after a run belongs to its last number."""
        end = self.text.find("\n", place)
        following = self.text[place:] if end < 0 else self.text[place:end]
        stripped = following.lstrip(" ")
        return not stripped or stripped[0] == "#" or len(following) - len(stripped) > indent

    def _value(self, rest: str, indent: int, key: str | None) -> Any:
        """Return the value after a key or a dash, and go to the line after it."""
        start = self.at
        if rest == _PROPERTY_LIST:
            return self._properties(indent)
        if rest[:1] in ("[", "{"):
            value = self._flow(rest, indent)
            return value if value is not NEEDS_PARSER else self._parsed(start, indent, key)
        self.at += 1
        following = self._skip()
        if not rest:
            if following > indent or (following == indent and key is not None and self._is_item(indent)):
                return self._block(following)
            return None
        value = plain_scalar(rest) if following <= indent else NEEDS_PARSER
        if value is NEEDS_PARSER or (following == indent and key is not None and self._is_item(indent)):
            return self._parsed(start, indent, key)
        return value

    def _is_item(self, indent: int) -> bool:
        return self.lines[self.at].startswith("-", indent)

    def _properties(self, indent: int) -> dict[str, Any]:
        """Return a property list: rows of name, type, value and (in lists) comment."""
        self.at += 1
        following = self._skip()
        if following < indent or not self._is_item(following):
            raise _NeedsParserError
        values: dict[str, Any] = {}
        for row in self._sequence(following):
            if not isinstance(row, list) or len(row) != 4 or not isinstance(row[0], str) or row[0] in values:
                raise _NeedsParserError
            values[row[0]] = row[2]
        return values

    def _flow(self, rest: str, indent: int) -> Any:
        """Return a flow collection, `NEEDS_PARSER` if it is not plain."""
        flow, depth = rest, _depth_of(rest)
        self.at += 1
        while depth > 0:
            if self._skip() < 0:
                raise _NeedsParserError
            flow += "\n" + self.lines[self.at]
            depth += _depth_of(self.lines[self.at])
            self.at += 1
        value, end = _flow_value(flow, 0)
        if value is NEEDS_PARSER or flow[end:].strip(" "):
            return NEEDS_PARSER
        if self._skip() > indent:
            raise _NeedsParserError
        return value

    def _parsed(self, start: int, indent: int, key: str | None) -> Any:
        """Return a value as PyYAML reads it, with all lines that belong to it."""
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
            raise _NeedsParserError
        from curated.text.yaml.loader import load_fragment

        data = load_fragment(text)
        if data is None or len(data) != 1:
            raise _NeedsParserError
        return data[0] if key is None else data[key]


@lru_cache(maxsize=64)
def _run(indent: int) -> re.Pattern[str]:
    """Return the pattern of several numbers, one a line, of a sequence."""
    return re.compile(rf"(?:{' ' * indent}- {_NUMBER}\n){{4,}}", re.ASCII)


# -- scalars ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def plain_scalar(text: str) -> Any:
    """Return the value of a scalar that is alone on its line, `NEEDS_PARSER` if it is not plain."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _QUOTED.match(text):
        return text[1:-1]
    if _INTEGER.match(text):
        # A leading zero would be octal in YAML 1.1; the pattern has none.
        return int(text)
    if _DECIMAL.match(text):
        return float(text)
    return text if _WORD.match(text) else NEEDS_PARSER


def _token_value(text: str) -> Any:
    """Return the value of a key or of a scalar in a flow collection, `NEEDS_PARSER` if it is not plain."""
    return text if text in _LETTERS else plain_scalar(text)


# -- flow collections -------------------------------------------------------------------------------------


def _depth_of(line: str) -> int:
    """Return how many more brackets a line opens than it closes."""
    return line.count("[") + line.count("{") - line.count("]") - line.count("}")


def _numbers_of(text: str) -> list[Any]:
    """Return the numbers of a text that commas separate."""
    try:
        numbers: list[Any] = orjson.loads(f"[{text}]")
    except orjson.JSONDecodeError:  # a number beyond the largest float
        raise _NeedsParserError from None
    return numbers


def _are_numbers(text: str) -> bool:
    """Say whether a text is numbers, separated by commas, that mean the same in YAML and JSON."""
    if not text.isascii() or text.encode("ascii").translate(None, b"0123456789.+-e, \n"):
        return False
    # The common case needs no pattern: as many points as numbers, and a sign after each exponent.
    signed = text.count("e") == text.count("e-") + text.count("e+")
    if signed and text.count(".") == text.count(",") + 1:
        return True
    return _NUMBERS.match(text) is not None


def _flow_value(text: str, at: int) -> tuple[Any, int]:
    """Return the flow value at a position, `NEEDS_PARSER` if it is not plain, and the position of its end."""
    opening = text[at : at + 1]
    if opening == "[":
        end = text.find("]", at)
        inner = text[at + 1 : end]
        if end > at + 1 and _are_numbers(inner):
            return _numbers_of(inner), end + 1
        return _flow_sequence(text, at + 1)
    if opening == "{":
        return _flow_mapping(text, at + 1)
    match = _TOKEN.match(text, at)
    return (_token_value(match[0]), match.end()) if match else (NEEDS_PARSER, at)


def _flow_sequence(text: str, at: int) -> tuple[Any, int]:
    items: list[Any] = []
    at = _after_blanks(text, at)
    while not text.startswith("]", at):
        value, at = _flow_value(text, at)
        at = _after_blanks(text, at)
        if value is NEEDS_PARSER or text[at : at + 1] not in (",", "]"):
            return NEEDS_PARSER, at
        items.append(value)
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
    return items, at + 1


def _flow_mapping(text: str, at: int) -> tuple[Any, int]:
    mapping: dict[str, Any] = {}
    at = _after_blanks(text, at)
    while not text.startswith("}", at):
        key, at = _flow_value(text, at) if text[at : at + 1] not in ("[", "{") else (NEEDS_PARSER, at)
        if not isinstance(key, str) or key in mapping or not text.startswith(": ", at):
            return NEEDS_PARSER, at
        value, at = _flow_value(text, _after_blanks(text, at + 1))
        at = _after_blanks(text, at)
        if value is NEEDS_PARSER or text[at : at + 1] not in (",", "}"):
            return NEEDS_PARSER, at
        mapping[key] = value
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
    return mapping, at + 1


def _after_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at
