"""Medians of the pixels of large images, exact and without sorting them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from curated.declare import Array

Run = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""`map`, or that of a pool of threads."""

_BLOCK = 2**17
"""Numbers that stay in the cache of the processor."""

_SAMPLE = 2**15
_MARGIN = 4.0
"""Standard deviations of the rank of a number of a sample by which the limits around the median are apart from it."""


class Numbers(NamedTuple):
    """Numbers, or their distances from a centre.

    Parameters
    ----------
    values : `numpy.ndarray`, (N,)
        Finite numbers in any order, and infinite ones that take the places of those that do not count.
    total : `int`
        Number of those that count.
    run : callable, optional
        What is done to all blocks of the numbers.
    centre : `float`, optional
        What the distances are from, rounded to the precision of the numbers; without it the numbers themselves count.
    """

    values: Array
    total: int
    run: Run = map
    centre: float | None = None

    def blocks(self) -> Iterator[Array]:
        """Yield views of the numbers, one after the other."""
        return (self.values[start : start + _BLOCK] for start in range(0, self.values.size, _BLOCK))

    def measured(self, block: Array) -> Array:
        """Return what counts of a block: itself, or the distances from the centre."""
        if self.centre is None:
            return block
        distances: Array = block - block.dtype.type(self.centre)
        return np.abs(distances, out=distances)

    def median(self) -> float:
        """Return the median, that of `numpy.median` to the last bit; NaN if nothing counts."""
        if not self.total:
            return math.nan
        middle = range((self.total - 1) // 2, self.total // 2 + 1)
        return float(np.mean(np.asarray(self._at(middle.start, middle.stop - 1), self.values.dtype)))

    def count_above(self, limit: float) -> int:
        """Return how many are above a limit, which is rounded to the precision of the numbers."""
        bound = self.values.dtype.type(limit)
        above = sum(self.run(lambda block: np.count_nonzero(self.measured(block) > bound), self.blocks()))
        return int(above) - (self.values.size - self.total if np.isfinite(bound) else 0)

    def _at(self, first: int, last: int) -> list[Any]:
        """Return the numbers at two ranks that are equal or follow each other, each once."""
        ranks = sorted({first, last})
        limits = self._limits(first, last)
        if limits is None:
            return self._sorted_at(self.measured(self.values), ranks)
        low, high = limits
        if low == high:
            below, within = self._count(low)
            inside: list[Array] = []
        else:
            counts = list(self.run(lambda block: _between(self.measured(block), low, high), self.blocks()))
            below, inside = sum(count for count, _ in counts), [numbers for _, numbers in counts]
            within = sum(numbers.size for numbers in inside)
        if not below <= first <= last < below + within:
            # The numbers have an order in which the sample is not like all of them.
            return self._sorted_at(self.measured(self.values), ranks)
        if low == high:
            return [low for _ in ranks]
        return self._sorted_at(np.concatenate(inside), [rank - below for rank in ranks])

    def _limits(self, first: int, last: int) -> tuple[Any, Any] | None:
        """Return two numbers that those at two ranks are most likely between; `None` where there are few."""
        if self.values.size < 4 * _SAMPLE:
            return None
        # An odd step does not follow the columns of an image whose width is even.
        sample = np.sort(self.measured(self.values[:: self.values.size // _SAMPLE | 1]))
        margin = _MARGIN * math.sqrt(sample.size) / 2
        scale = sample.size / self.values.size
        low = max(0, math.floor(first * scale - margin))
        high = min(sample.size - 1, math.ceil(last * scale + margin))
        return sample[low], sample[high]

    def _count(self, number: Any) -> tuple[int, int]:
        """Return how many are below a number, and how many equal to it."""

        def count(block: Array) -> tuple[int, int]:
            measured = self.measured(block)
            return int(np.count_nonzero(measured < number)), int(np.count_nonzero(measured == number))

        counts = list(self.run(count, self.blocks()))
        return sum(below for below, _ in counts), sum(equal for _, equal in counts)

    @staticmethod
    def _sorted_at(numbers: Array, ranks: list[int]) -> list[Any]:
        return list(np.partition(numbers, ranks)[ranks])


def _between(block: Array, low: Any, high: Any) -> tuple[int, Array]:
    """Return how many numbers are below two limits, and those that are between them or equal to one."""
    is_below = block < low
    return int(np.count_nonzero(is_below)), block[~is_below & (block <= high)]
