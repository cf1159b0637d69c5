"""Numbers of affected exposures by night and type, added up part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from curated.exposures.batch import Array
from curated.exposures.outcomes import LEVELS, Outcome

_PENDING = 1 << 19
"""Images whose exposures are counted later, at most."""


class Night(NamedTuple):
    """A night of an instrument: its folded directory, and days from 1970-01-01."""

    instrument: str
    day: int


@dataclass(slots=True, eq=False)
class Counter:
    """Counts of the exposures of a difference.

    An exposure counts once for a type, however many of its detectors are affected. Where a table has a row for each
    detector, rows are brought together by the exposure that they are of, wherever they stand.

    Parameters
    ----------
    types : `int`
        Number of types, T. Arrays have one more place, for all types together.

    Attributes
    ----------
    nights : `list` [`Night`]
        The nights, N, in the order in which they were met.
    totals : `numpy.ndarray`, (N,), int64
        Numbers of exposures.
    exposures, rows : `numpy.ndarray`, (N, T + 1, L + 1), int64
        Numbers of exposures, and of calibrations of exposures, with each of `LEVELS`, and with any.
    ranks : `numpy.ndarray`, (N, T + 1), int64
        Rank of the largest effect.
    """

    types: int
    nights: list[Night] = field(default_factory=list)
    totals: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    exposures: Array = field(init=False)
    rows: Array = field(init=False)
    ranks: Array = field(init=False)
    _places: dict[Night, int] = field(default_factory=dict)
    _images: list[tuple[Array, Array, Array]] = field(default_factory=list)
    _pending: int = 0

    def __post_init__(self) -> None:
        self.exposures = np.zeros((0, self.types + 1, len(LEVELS) + 1), dtype=np.int64)
        self.rows = np.zeros((0, self.types + 1, len(LEVELS) + 1), dtype=np.int64)
        self.ranks = np.zeros((0, self.types + 1), dtype=np.int64)

    def places(self, instrument: str, days: Array) -> Array:
        """Return the places of nights, (N,), in the order of which the arrays are."""
        unique, inverse = np.unique(days, return_inverse=True)
        places = np.zeros(len(unique), dtype=np.int64)
        for index, day in enumerate(unique.tolist()):
            night = Night(instrument, day)
            place = self._places.get(night)
            if place is None:
                place = self._places[night] = len(self.nights)
                self.nights.append(night)
            places[index] = place
        more = len(self.nights) - len(self.totals)
        if more:
            self.totals = np.pad(self.totals, (0, more))
            self.exposures, self.rows = (
                np.pad(counts, ((0, more), (0, 0), (0, 0))) for counts in (self.exposures, self.rows)
            )
            self.ranks = np.pad(self.ranks, ((0, more), (0, 0)))
        return places[inverse]

    def add(self, outcomes: Sequence[Outcome], cells: Array, nights: Array, keys: Array | None) -> None:
        """Count rows of a table.

        Parameters
        ----------
        outcomes : sequence [`Outcome`]
            What happens to them.
        cells : `numpy.ndarray`, (N,)
            Index of the outcome of each row.
        nights : `numpy.ndarray`, (N,)
            Place of the night of each row.
        keys : `numpy.ndarray`, (N,), int64, optional
            A number for the exposure that a row is an image of; where it is not given, each row is an exposure.
        """
        flags = np.array([outcome.flags for outcome in outcomes], dtype=np.uint8).reshape(
            len(outcomes), self.types
        )
        pairs, counts = np.unique(cells * len(self.nights) + nights, return_counts=True)
        pair_cells, pair_nights = np.divmod(pairs, len(self.nights))
        self._add_rows(outcomes, pair_cells, pair_nights, counts)
        ranks = np.array([outcome.ranks for outcome in outcomes], dtype=np.int64).reshape(
            len(outcomes), self.types
        )
        ranks = np.concatenate([ranks, ranks.max(axis=1, initial=0, keepdims=True)], axis=1)
        np.maximum.at(self.ranks, pair_nights, ranks[pair_cells])
        if keys is None:
            self._add_exposures(flags[pair_cells], pair_nights, counts)
            return
        self._images.append(_merged(keys, nights, flags[cells]))
        self._pending += len(self._images[-1][0])
        if self._pending > _PENDING:
            self._merge()

    def finish(self) -> None:
        """Count the exposures of images that were met."""
        self._merge()
        for _, nights, flags in self._images:
            self._add_exposures(flags, nights, np.ones(len(nights), dtype=np.int64))
        self._images.clear()

    def _merge(self) -> None:
        if len(self._images) > 1:
            columns = (np.concatenate(part) for part in zip(*self._images, strict=True))
            self._images = [_merged(*columns)]
        # What is left are different exposures: the next merging waits until there are as many again.
        self._pending = 0

    def _add_rows(self, outcomes: Sequence[Outcome], cells: Array, nights: Array, counts: Array) -> None:
        rows = np.array([outcome.rows for outcome in outcomes], dtype=np.int64)
        rows = rows.reshape(len(outcomes), self.types, len(LEVELS))
        every = rows[:, :, [0, 3, 4]].sum(axis=2, keepdims=True)  # a file, or a new or a lost one
        rows = np.concatenate([rows, every], axis=2)
        rows = np.concatenate([rows, rows.sum(axis=1, keepdims=True)], axis=1)
        np.add.at(self.rows, nights, rows[cells] * counts[:, None, None])

    def _add_exposures(self, flags: Array, nights: Array, counts: Array) -> None:
        every = np.bitwise_or.reduce(flags, axis=1, keepdims=True) if self.types else flags[:, :0]
        if not self.types:
            np.add.at(self.totals, nights, counts)
            return
        flags = np.concatenate([flags, every], axis=1)
        np.add.at(self.totals, nights, counts)
        for bit in range(len(LEVELS)):
            np.add.at(self.exposures[:, :, bit], nights, (flags >> bit & 1) * counts[:, None])
        np.add.at(self.exposures[:, :, -1], nights, (flags != 0) * counts[:, None])


def _merged(keys: Array, nights: Array, flags: Array) -> tuple[Array, Array, Array]:
    """Return the exposures of images: their keys, their nights, and the flags of all their images together."""
    order = np.argsort(keys, kind="stable")
    keys, nights, flags = keys[order], nights[order], flags[order]
    starts = (
        np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, int)
    )
    if not len(starts):
        return keys, nights, flags
    return keys[starts], nights[starts], np.bitwise_or.reduceat(flags, starts, axis=0)
