"""What a change does to exposures of the same filter and detector that lie between the same boundaries of validity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.core.similar import similar_name
from curated.difference.change import Change, Effect
from curated.exposures.batch import Array
from curated.exposures.moments import LEAST_NS, MOST_NS, tai_of_bound
from curated.exposures.names import FilterName
from curated.package.layout import directory_name
from curated.registry import all_types

LEVELS = ("file", "content", "effect", "new", "lost")
"""How an exposure may be affected.

``file``
    Another file is in force, or another version of it; of the values that it uses none changed.
``content``
    Values changed.
``effect``
    A measure of the change reaches its threshold, or the calibration cannot be read, so that this is not known.
``new``, ``lost``
    A calibration is in force where there was none, or none is where there was one.
"""

FLAGS = {"file": 0b1, "content": 0b11, "effect": 0b111, "new": 0b1000, "lost": 0b10000}
"""Bits of a level: what has another effect has another content, and that is another file."""

Thresholds = Mapping[str, float]
"""Sizes from which an effect counts, by the name of the measure; others count from where they are notable."""


class Hit(NamedTuple):
    """What a change does to an exposure.

    Parameters
    ----------
    effect : `Effect` or `None`
        The largest effect on the exposure's detector and filter; `None` where nothing is measured.
    rank : `int`
        Place of the effect among all effects in ascending order; 0 for none.
    """

    change: Change
    level: str
    effect: Effect | None
    rank: int


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a change does to exposures of one filter and detector between two boundaries of validity.

    Parameters
    ----------
    hits : `tuple` [`Hit`]
        One for each calibration that changed, in the order of type, detector and filter.
    flags : `numpy.ndarray`, (T,), uint8
        Bits of `FLAGS` for each type.
    rows : `numpy.ndarray`, (T, L), int64
        Number of hits of each type with each level's bits.
    ranks : `numpy.ndarray`, (T,), int64
        Rank of the largest effect on each type.
    skips_filters : `bool`
        Whether calibrations of filters changed, and the exposure says no filter.
    """

    hits: tuple[Hit, ...]
    flags: Array
    rows: Array
    ranks: Array
    skips_filters: bool


def parse_thresholds(texts: Iterable[str]) -> dict[str, float]:
    """Return the thresholds of texts such as ``zero_point_shift=5``, in the unit of the measure.

    Raises
    ------
    CuratedError
        If one is not of this form, or if no type has a measure of that name.
    """
    names = {measure.name for cls in all_types().values() for measure in cls.SPEC.measures}
    thresholds: dict[str, float] = {}
    for text in texts:
        name, _, number = (part.strip() for part in text.partition("="))
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not name or not 0 <= value < math.inf:
            raise CuratedError(
                f"{text!r:.60} is no threshold", "write MEASURE=VALUE, such as zero_point_shift=5"
            )
        if name not in names:
            similar = similar_name(name, sorted(names))
            question = f"did you mean {similar!r}? " if similar else ""
            raise CuratedError(
                f"no calibration type has a measure {name!r:.60}",
                f"{question}there are {', '.join(sorted(names))}",
            )
        if name in thresholds:
            raise CuratedError(f"two thresholds of {name}", "give one")
        thresholds[name] = value
    return thresholds


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """All effects of a difference in the order of their size in units of their threshold.

    Parameters
    ----------
    effects : `list` [`tuple` [`Change`, `Effect`]]
        In ascending order.
    ranks : `dict` [`int`, `list` [`int`]]
        For each change, by its ``id``, the rank of each of its effects: its place in ``effects``, from 1.
    """

    effects: Sequence[tuple[Change, Effect]]
    ranks: Mapping[int, Sequence[int]]

    @classmethod
    def of(cls, changes: Iterable[Change], thresholds: Thresholds) -> Ranking:
        """Rank the effects of changes."""
        pairs = [(change, index) for change in changes for index in range(len(change.effects))]
        order = sorted(
            range(len(pairs)), key=lambda i: (_size(pairs[i][0].effects[pairs[i][1]], thresholds), -i)
        )
        ranks = {id(change): [0] * len(change.effects) for change, _ in pairs}
        for rank, place in enumerate(order, start=1):
            change, index = pairs[place]
            ranks[id(change)][index] = rank
        return cls([(pairs[i][0], pairs[i][0].effects[pairs[i][1]]) for i in order], ranks)


def _size(effect: Effect, thresholds: Thresholds) -> float:
    """Return how many times larger than its threshold an effect is; infinite where it is not a number."""
    value, limit = abs(effect.reading.value), thresholds.get(effect.measure.name, effect.measure.notable)
    if math.isnan(value):
        return math.inf
    return value / limit if limit else value


def counts_as_effect(effect: Effect, thresholds: Thresholds) -> bool:
    """Say whether an effect reaches its threshold; one that is not a number does."""
    limit = thresholds.get(effect.measure.name, effect.measure.notable)
    return not abs(effect.reading.value) < limit


@dataclass(slots=True)
class Timeline:
    """The changes of one instrument over time.

    Parameters
    ----------
    changes : sequence [`Change`]
        Those of the instrument, in order.
    types : sequence [`str`]
        All types of the difference; their places are those of `Outcome`.
    """

    changes: Sequence[Change]
    types: Sequence[str]
    ranking: Ranking
    thresholds: Thresholds
    bands: frozenset[str]
    bounds: Array = field(init=False)
    _begins: Array = field(init=False)
    _ends: Array = field(init=False)
    _owners: Array = field(init=False)
    _outcomes: dict[tuple[int, FilterName | None, str], Outcome] = field(default_factory=dict)
    _banded: frozenset[str] = field(init=False)
    _hits: dict[tuple[int, FilterName | None, str], Hit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._banded = frozenset(
            change.key.type
            for change in self.changes
            if any("band" in effect.reading.of for effect in change.effects)
        )
        ranges = [(index, valid) for index, change in enumerate(self.changes) for valid in change.ranges]
        times = tai_of_bound(
            time for _, valid in ranges for time in (valid.start, valid.end) if time is not None
        )
        self._owners = np.array([index for index, _ in ranges], dtype=np.int64)
        self._begins = np.array([times[valid.start] for _, valid in ranges], dtype=np.int64)
        self._ends = np.array(
            [MOST_NS if valid.end is None else times[valid.end] for _, valid in ranges], dtype=np.int64
        )
        self.bounds = np.unique(np.concatenate([self._begins, self._ends]))

    def intervals(self, times: Array) -> Array:
        """Return between which boundaries times (TAI nanoseconds, (N,)) lie; a boundary belongs to what it begins."""
        return np.searchsorted(self.bounds, times, side="right")

    def outcome(self, interval: int, filter_name: FilterName | None, detector: str) -> Outcome:
        """Return what happens to exposures of an interval.

        Parameters
        ----------
        interval : `int`
            From `intervals`.
        filter_name : `FilterName` or `None`
            The filter; without one, calibrations of filters are not looked at.
        detector : `str`
            Directory of the detector; all detectors if empty.
        """
        key = interval, filter_name, detector
        if key not in self._outcomes:
            self._outcomes[key] = self._find(interval, filter_name, detector)
        return self._outcomes[key]

    def _find(self, interval: int, filter_name: FilterName | None, detector: str) -> Outcome:
        start = self.bounds[interval - 1] if interval else LEAST_NS
        active = np.unique(self._owners[(self._begins <= start) & (start < self._ends)]) if interval else ()
        hits: list[Hit] = []
        skips_filters = False
        for index in map(int, active):
            change = self.changes[index]
            if detector and change.key.detector not in ("", detector):
                continue
            if change.key.filter and (filter_name is None or change.key.filter != filter_name.directory):
                skips_filters |= filter_name is None
                continue
            key = index, filter_name, detector
            if key not in self._hits:
                self._hits[key] = self._judge(change, filter_name, detector)
            hits.append(self._hits[key])
        return self._summary(hits, skips_filters=skips_filters)

    def _summary(self, hits: Sequence[Hit], *, skips_filters: bool) -> Outcome:
        count = len(self.types)
        flags, ranks = np.zeros(count, dtype=np.uint8), np.zeros(count, dtype=np.int64)
        rows = np.zeros((count, len(LEVELS)), dtype=np.int64)
        places = {name: place for place, name in enumerate(self.types)}
        for hit in hits:
            place, bits = places[hit.change.key.type], FLAGS[hit.level]
            flags[place] |= bits
            ranks[place] = max(ranks[place], hit.rank)
            rows[place] += [bits >> bit & 1 for bit in range(len(LEVELS))]
        return Outcome(tuple(hits), flags, rows, ranks, skips_filters)

    def _judge(self, change: Change, filter_name: FilterName | None, detector: str) -> Hit:
        rank = max(
            (
                rank
                for effect, rank in zip(change.effects, self.ranking.ranks.get(id(change), ()), strict=True)
                if self._concerns(effect, change, filter_name, detector)
            ),
            default=0,
        )
        effect = self.ranking.effects[rank - 1][1] if rank else None
        return Hit(change, self._level(change, effect, detector), effect, rank)

    def _level(self, change: Change, effect: Effect | None, detector: str) -> str:
        if change.old is None or change.new is None:
            return "new" if change.old is None else "lost"
        if change.unreadable:
            return "effect"
        if effect is not None and counts_as_effect(effect, self.thresholds):
            return "effect"
        used = change.detectors
        if detector and used is not None and detector not in map(directory_name, used):
            return "file"
        return "content" if change.effects or change.fields else "file"

    def _concerns(
        self, effect: Effect, change: Change, filter_name: FilterName | None, detector: str
    ) -> bool:
        """Say whether an effect is one on a detector and filter: a reading may be of another one."""
        of = effect.reading.of
        is_part = bool(detector) and "detector" in of and not change.key.detector
        if is_part and directory_name(str(of["detector"])) != detector:
            return False
        has_bands = change.key.type in self._banded and not change.key.filter
        if has_bands and filter_name is not None and filter_name.band in self.bands:
            # Edges and peaks of the whole curve may be far from the filter.
            return of.get("band") == filter_name.band
        return True
