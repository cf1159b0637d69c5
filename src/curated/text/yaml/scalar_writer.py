"""Scalars as text files hold them: the shortest that reads back as the same bits, whoever reads it."""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import Any

import yaml

_NUMBER_LIKE = re.compile(r"[-+]?\.?[0-9][0-9a-z_.:+-]*\Z", re.IGNORECASE | re.ASCII)
"""Texts that one reader or another takes for a number or a time: YAML 1.1 and 1.2 differ about them."""

_WORDS = frozenset("yes no true false on off null none nan inf ~".split())


def yaml_scalar(value: Any) -> str:
    """Return a scalar as YAML on one line, for block and flow style, and for every version of YAML alike.

    Parameters
    ----------
    value : `None`, `bool`, `int`, `float` or `str`
        The scalar.
    """
    if isinstance(value, str):
        return _yaml_text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _yaml_float(value) if isinstance(value, float) else str(int(value))


def _yaml_float(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = float.__repr__(value)
    # YAML 1.1 takes an exponent for a number only after a point.
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


@lru_cache(maxsize=4096)
def _yaml_text(text: str) -> str:
    if not text.isprintable():
        style = '"'
    else:
        style = "'" if text.lower() in _WORDS or _NUMBER_LIKE.match(text) else ""
    shown = _dumped(text, style, allow_unicode=True)
    # What turns the direction of writing, or is not seen, is YAML, but nothing that a person can review.
    return shown if shown.isprintable() else _dumped(text, '"', allow_unicode=False)


def _dumped(text: str, style: str, *, allow_unicode: bool) -> str:
    shown: str = yaml.safe_dump(
        [text],
        default_flow_style=True,
        default_style=style or None,
        allow_unicode=allow_unicode,
        width=10**9,
    )
    return shown.strip().removeprefix("[").removesuffix("]")


def json_scalar(value: Any) -> str:
    """Return a scalar as JSON; NaN and infinity are the words that Python's and astropy's readers know."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return float.__repr__(value)
    return json.dumps(value, ensure_ascii=False)
