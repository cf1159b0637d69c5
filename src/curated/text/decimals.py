"""Decimal numbers to float64, a column at a time and correctly rounded.

A decimal of up to 19 significant digits is an integer divided by a power of ten. The integer is put together
from words of eight characters (D. Lemire, "Number parsing at a gigabyte per second", Software: Practice and
Experience 51, 2021, section 4). Integer and power are exact in the 80-bit format of x86, whose division is
correctly rounded to 64 bits; rounding that to 53 bits gives the float64 nearest to the decimal, unless the 64
bits lie exactly half-way between two float64 (S. Figueroa, "When is double rounding innocuous?", SIGNUM 30,
1995). Those, exponents and everything else go through `float`, as they all do on machines without that format.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HAS_EXTENDED = (
    np.finfo(np.longdouble).nmant == 63
    and np.dtype(np.longdouble).itemsize == 16
    and sys.byteorder == "little"
)
_FEW = 8
_MAX_DIGITS = 19
_MAX_PLACES = 24
_POWERS = np.longdouble(10) ** np.arange(_MAX_PLACES + 1)
"""Exact: 5**27 is below 2**64."""
_SCALES = np.array([10 ** min(i, _MAX_DIGITS) for i in range(_MAX_PLACES + 1)], dtype=np.uint64)

_u = np.uint64
_ZEROS = _u(0x3030303030303030)
_NOT_DIGIT, _HIGH_BITS = _u(0x7676767676767676), _u(0x8080808080808080)
_PAIRS, _QUADS, _OCTS = _u(1 + (10 << 8)), _u(1 + (100 << 16)), _u(1 + (10000 << 32))
_LOW_BYTES, _LOW_SHORTS = _u(0x00FF00FF00FF00FF), _u(0x0000FFFF0000FFFF)
_EIGHT, _SIXTEEN, _THIRTY_TWO = _u(8), _u(16), _u(32)
_LARGEST_TOP = _u(1843)
"""Above it, this many times 10**16 does not fit into 64 bits."""

_LAST = [(1 << 64) - (1 << (64 - 8 * n)) for n in range(9)]
_WHOLE = np.array(_LAST, dtype=np.uint64)
"""Bytes of a word, of which the last n count; the machine is little-endian, so that they are the highest."""
_DECIMALS = np.array(
    [[_LAST[min(max(n - skip, 0), 8)] for n in range(_MAX_PLACES + 1)] for skip in (0, 8, 16)],
    dtype=np.uint64,
)
_BACK = np.array([[0], [8], [16]])


_SHORT = 8
_MOST_REMEMBERED = 64
_REMEMBERED: dict[bytes, NDArray[np.float64]] = {}
"""Columns of short decimals, such as wavelengths: they are the same in many files."""


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
        Where each token starts and ends; no token is empty, and they stand in order.

    Returns
    -------
    values : `numpy.ndarray`
        One float64 for each token, the same bits that `float` gives.

    Raises
    ------
    ValueError
        If a token is not a number.
    """
    dots = np.flatnonzero(codes == 46)
    if not _HAS_EXTENDED or len(starts) < _FEW or not len(dots):
        tokens = [text[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        return np.fromiter(map(float, tokens), np.float64, len(tokens))
    padded = b"0" * _MAX_PLACES + codes.tobytes()
    words: NDArray[np.uint64] = np.ndarray((len(padded) - 7,), "<u8", padded, 0, (1,))
    lengths = ends - starts
    if lengths.max() > _SHORT:
        return _parse(text, codes, starts, ends, dots, words)
    key = (words[ends + (_MAX_PLACES - 8)] & _WHOLE[lengths]).tobytes()
    known = _REMEMBERED.get(key)
    if known is None:
        if len(_REMEMBERED) >= _MOST_REMEMBERED:
            _REMEMBERED.clear()
        known = _REMEMBERED[key] = _parse(text, codes, starts, ends, dots, words)
    return known.copy()


def _parse(
    text: str,
    codes: NDArray[np.uint8],
    starts: NDArray[Any],
    ends: NDArray[Any],
    dots: NDArray[Any],
    words: NDArray[np.uint64],
) -> NDArray[np.float64]:
    negative = codes[starts] == 45
    first = starts + negative
    dot = dots[np.minimum(np.searchsorted(dots, starts), len(dots) - 1)]
    places, whole = ends - 1 - dot, dot - first
    regular = (dot >= first) & (places >= 0) & (places <= _MAX_PLACES) & (whole <= 8) & (whole + places > 0)
    places = np.where(regular, places, 0)
    total, digits = _digits(words, ends, dot, places, np.where(regular, whole, 0))
    regular &= digits
    quotient = total.astype(np.longdouble) / _POWERS[places]
    halfway = (quotient.view(np.uint64)[::2] & _u(0x7FF)) == 0x400
    values = quotient.astype(np.float64)
    np.negative(values, out=values, where=negative)
    for i in np.flatnonzero(halfway | ~regular).tolist():
        values[i] = float(text[starts[i] : ends[i]])
    return values


def _digits(
    words: NDArray[np.uint64],
    ends: NDArray[Any],
    dot: NDArray[Any],
    places: NDArray[Any],
    whole: NDArray[Any],
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return the digits on both sides of the dot as one integer, and whether they are digits and fit."""
    word = np.empty((4, len(ends)), np.uint64)
    word[:3] = words[ends + (_MAX_PLACES - 8) - _BACK]
    word[3] = words[dot + (_MAX_PLACES - 8)]
    word ^= _ZEROS
    word[:3] &= _DECIMALS[:, places]
    word[3] &= _WHOLE[whole]
    wrong = np.bitwise_or.reduce((word + _NOT_DIGIT) | word, axis=0) & _HIGH_BITS
    for factor, shift, mask in ((_PAIRS, _EIGHT, _LOW_BYTES), (_QUADS, _SIXTEEN, _LOW_SHORTS)):
        word *= factor
        word >>= shift
        word &= mask
    word *= _OCTS
    word >>= _THIRTY_TWO
    low, middle, high, integer = word
    # Digits that do not fit into 64 bits; an integer part other than zero needs room above the decimals.
    good = (wrong == 0) & (high <= _LARGEST_TOP) & ((integer == 0) | (whole + places <= _MAX_DIGITS))
    high *= _u(10**8)
    high += middle
    high *= _u(10**8)
    high += low
    integer *= _SCALES[places]
    integer += high
    return integer, good
