"""Numbers of ECSV cells, parsed many at once.

orjson rounds decimals correctly, as `float` does, at a fraction of its cost. What JSON does not know, such as
``nan`` or ``1.``, is left to Python.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

JSON_NUMBERS = b"0123456789.eE+-"
"""Characters of which JSON makes numbers."""


def parse_floats(joined: bytes, count: int) -> NDArray[np.float64] | None:
    """Convert decimals that commas separate to float64.

    Parameters
    ----------
    joined : `bytes`
        The decimals, of nothing but `JSON_NUMBERS` and commas.
    count : `int`
        How many they are.

    Returns
    -------
    values : `numpy.ndarray` or `None`
        One float64 for each, the same bits that `float` gives; `None` where one is not a number as JSON
        writes them.
    """
    # An integer has no negative zero.
    if b"-0," in joined or joined.endswith(b"-0"):
        return None
    try:
        values = np.array(orjson.loads(b"[%b]" % joined), dtype=np.float64)
    except orjson.JSONDecodeError:
        return None
    return values if len(values) == count else None


def parse_json(text: str) -> Any:
    """Parse JSON as `json.loads` does, and quicker; integers beyond 64 bits may come as floats.

    Raises
    ------
    ValueError
        If it is no JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)  # NaN and Infinity
