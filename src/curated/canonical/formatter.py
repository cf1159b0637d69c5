"""The canonical form of any text, proved to say the same before it is returned."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from curated.canonical.ecsv_form import ecsv_comments, format_ecsv
from curated.canonical.json_form import format_json
from curated.canonical.yaml_form import UnformattableError, format_yaml, yaml_comments
from curated.core.diagnostic import Problem
from curated.text import read
from curated.text.reader import read_text
from curated.text.yaml.reader import load_strictly

FORMS = {".ecsv": "ecsv", ".yaml": "yaml", ".yml": "yaml", ".json": "json"}
"""Forms by the ending of the file."""

_HARMLESS = frozenset({"CAL208", "CAL221", "CAL222", "CAL223"})
"""Codes of problems with which a text can be read."""


class Formatted(NamedTuple):
    """A text in canonical form.

    Parameters
    ----------
    data : `bytes`
        The text; that of the file where it cannot be read.
    problems : `list` [`Problem`]
        Why the text cannot be read, or not brought into canonical form.
    """

    data: bytes
    problems: list[Problem]


def format_text(data: bytes, form: str, *, is_calibration: bool = True) -> Formatted:
    """Return a text in canonical form: UTF-8 without byte-order mark, LF line ends, and the layout of our own writer.

    Comments, the order of everything, line breaks within lists and the styles that a person chose are kept; numbers in
    tables have the fewest digits that read back as the same bits. The result is read and compared with the text before:
    it has the same values of the same types and the same comments, and formatting it again changes nothing.

    Parameters
    ----------
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.
    is_calibration : `bool`, optional
        Whether it is a calibration; the numbers of settings stay as they are written.

    Returns
    -------
    formatted : `Formatted`
        With the text as it was where it has a problem: ``CAL740`` where it can be read and has no canonical form.
    """
    text, problems = read_text(data)
    if text is None:
        return Formatted(data, problems)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    before, problems = _content(text, form, is_calibration=is_calibration)
    if before is None:
        return Formatted(data, problems)
    try:
        result = _format(text, form, numbers=is_calibration)
        if result.encode() == data:
            return Formatted(data, [])
        sound = (
            _content(result, form, is_calibration=is_calibration)[0] == before
            and _comments(result, form) == _comments(text, form)
            and _format(result, form, numbers=is_calibration) == result
        )
    except (UnformattableError, RecursionError) as error:
        return Formatted(data, [Problem("CAL740", (), str(error) or "it is nested too deeply", line=1)])
    if not sound:
        detail = "its canonical form would not say the same"
        return Formatted(data, [Problem("CAL740", (), detail, line=1)])
    return Formatted(result.encode(), [])


def _format(text: str, form: str, *, numbers: bool) -> str:
    if form == "ecsv":
        return format_ecsv(text)
    return format_json(text) if form == "json" else format_yaml(text, numbers=numbers)


def _comments(text: str, form: str) -> list[str]:
    if form == "ecsv":
        return ecsv_comments(text)
    return [] if form == "json" else yaml_comments(text)


def _content(text: str, form: str, *, is_calibration: bool) -> tuple[Any, list[Problem]]:
    """Return all that a text says, in a form that can be compared; `None` and the reasons if it cannot be read."""
    if not is_calibration:
        tree, problems = load_strictly(text)
        if any(problem.code not in _HARMLESS for problem in problems):
            return None, problems
        return _frozen(tree), []
    source, problems = read(text.encode(), form)
    if source is None:
        return None, problems
    columns = {
        name: (_frozen(column.values), column.dtype, column.unit, column.doc)
        for name, column in source.columns.items()
    }
    return (_frozen(source.metadata), _frozen(source.tree), tuple(columns.items())), []


def _frozen(value: Any) -> Any:
    """Return a value so that equality is that of types and bits, and of the order of keys."""
    if isinstance(value, dict):
        return tuple((_frozen(key), _frozen(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *map(_frozen, value))
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return ("array", value.shape, *map(_frozen, value.ravel()))
        return ("array", value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, float):
        return ("float", value.hex())
    return (type(value).__name__, value)


def form_of(path: str) -> str:
    """Return the form of a text by the ending of its file; empty if it has none."""
    match = re.search(r"\.[a-z]+\Z", path.lower())
    return FORMS.get(match[0], "") if match else ""
