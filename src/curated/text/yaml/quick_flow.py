"""Flow collections of the plain kind, and runs of numbers, which JSON reads as YAML does."""

from __future__ import annotations

import re
from typing import Any

import orjson

from curated.text.yaml.scalars import NOT_QUICK, quick_scalar

NUMBER = r"-?(?:0|[1-9]\d{0,16})(?:\.\d{1,40}(?:e[-+]\d{1,3})?)?"
"""A number that means the same in YAML and JSON."""

_NUMBERS = re.compile(rf"\s*{NUMBER}(?:\s*,\s*{NUMBER})*\s*\Z", re.ASCII)
_TOKEN = re.compile(r"'[ -&(-~]*'|[\w.+-][\w./+()=-]*(?: [\w./+()=-]+)*", re.ASCII)
_BLANKS = re.compile(r"\s*")

_LETTERS = frozenset("yYnN")
"""Flags in YAML 1.1, but texts to PyYAML and in YAML 1.2; coordinates have such names."""


class NotPlainError(Exception):
    """The document needs a YAML parser."""


def plain_scalar(text: str) -> Any:
    """Return a scalar; `NOT_QUICK` where it is not plain."""
    return text if text in _LETTERS else quick_scalar(text)


def depth_of(line: str) -> int:
    """Return how many more brackets a line opens than it closes."""
    return line.count("[") + line.count("{") - line.count("]") - line.count("}")


def numbers_of(listed: str) -> list[Any]:
    """Return numbers that commas separate."""
    try:
        found: list[Any] = orjson.loads(f"[{listed}]")
    except orjson.JSONDecodeError:  # a number beyond the largest float
        raise NotPlainError from None
    return found


def are_numbers(listed: str) -> bool:
    """Say whether what commas separate are numbers that mean the same in YAML and JSON."""
    if not listed.isascii() or listed.encode("ascii").translate(None, b"0123456789.+-e, \n"):
        return False
    # An exponent needs a sign and a point before it; integers may be too long. So these are looked at closely.
    signed = listed.count("e") == listed.count("e-") + listed.count("e+")
    if signed and listed.count(".") == listed.count(",") + 1:
        return True
    return _NUMBERS.match(listed) is not None


def flow_value(text: str, at: int) -> tuple[Any, int]:
    """Return the flow value that starts at a place, and where it ends; `NOT_QUICK` where it is not plain."""
    opening = text[at : at + 1]
    if opening == "[":
        end = text.find("]", at)
        listed = text[at + 1 : end]
        if end > at + 1 and are_numbers(listed):
            return numbers_of(listed), end + 1
        return _flow_sequence(text, at + 1)
    if opening == "{":
        return _flow_mapping(text, at + 1)
    match = _TOKEN.match(text, at)
    return (plain_scalar(match[0]), match.end()) if match else (NOT_QUICK, at)


def _flow_sequence(text: str, at: int) -> tuple[Any, int]:
    items: list[Any] = []
    at = _after_blanks(text, at)
    while not text.startswith("]", at):
        value, at = flow_value(text, at)
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
        key, at = flow_value(text, at) if text[at : at + 1] not in ("[", "{") else (NOT_QUICK, at)
        if not isinstance(key, str) or key in mapping or not text.startswith(": ", at):
            return NOT_QUICK, at
        value, at = flow_value(text, _after_blanks(text, at + 1))
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
