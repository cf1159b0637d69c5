"""Decimal numbers to float64, a column at a time and correctly rounded.

A decimal of up to 19 significant digits is an integer divided by a power of ten. Both are exact in the 80-bit format of
x86, whose division is correctly rounded to 64 bits; rounding that to 53 bits gives the float64 nearest to
the decimal, unless the 64 bits lie exactly half-way between two float64 (Figueroa, "When is double rounding
innocuous?", SIGNUM 30, 1995). Those, exponents and everything else go through `float`, as they all do on
machines without that format.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_HAS_EXTENDED = np.finfo(np.longdouble).nmant == 63 and np.dtype(np.longdouble).itemsize == 16
_MAX_DIGITS = 19
_WIDTH = 26
_POWERS = np.longdouble(10) ** np.arange(_WIDTH)
"""Exact up to 10**27, since 5**27 is below 2**64."""

_FROM_RIGHT = np.arange(_WIDTH)[:, None]


def parse_decimals(
    text: str, codes: NDArray[np.uint8], starts: NDArray[Any], ends: NDArray[Any]
) -> NDArray[np.float64]:
    """Convert the tokens ``text[start:end]`` to float64.

    Parameters
    ----------
    text : `str`
        ASCII text.
    codes : `numpy.ndarray`
        Its bytes.
    starts, ends : `numpy.ndarray`
        Where each token starts and ends; no token is empty.

    Returns
    -------
    values : `numpy.ndarray`
        One float64 for each token, the same bits that `float` gives.

    Raises
    ------
    ValueError
        If a token is not a number.
    """
    if not _HAS_EXTENDED or len(starts) < 8:
        tokens = [text[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        return np.fromiter(map(float, tokens), np.float64, len(tokens))
    negative = codes[starts] == 45
    lengths = ends - starts - negative
    width = min(int(lengths.max()), _WIDTH)
    offsets = _FROM_RIGHT[:width]
    # Out of range only before the first token; clipped there and masked below.
    chars = codes.take((ends - 1) - offsets, mode="clip")
    digits = chars - np.uint8(48)
    inside = offsets < lengths
    is_digit = (digits < 10) & inside
    is_dot = (chars == 46) & inside
    has_dot = is_dot.any(axis=0)
    count = is_digit.sum(axis=0)
    regular = (count + has_dot == lengths) & (count > 0)
    digits *= is_digit
    scale = is_digit * np.uint8(9)
    scale += np.uint8(1)
    total = digits[width - 1].astype(np.uint64)
    for row in range(width - 2, -1, -1):
        total *= scale[row]
        total += digits[row]
    places = is_dot.argmax(axis=0)
    if width > _MAX_DIGITS:
        # The integer fits when no digit stands further left than the nineteenth, dots not counted.
        regular &= (digits[_MAX_DIGITS] == 0) | (has_dot & (places < _MAX_DIGITS))
        regular &= ~digits[_MAX_DIGITS + 1 :].any(axis=0)
    quotient = total.astype(np.longdouble) / _POWERS[places]
    halfway = (quotient.view(np.uint64)[::2] & np.uint64(0x7FF)) == 0x400
    values = quotient.astype(np.float64)
    np.negative(values, out=values, where=negative)
    for i in np.flatnonzero(halfway | ~regular).tolist():
        values[i] = float(text[starts[i] : ends[i]])
    return values
