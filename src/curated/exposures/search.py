"""The search for the exposures that a change of calibrations affects."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np

from curated.core.diagnostic import MAX_FINDINGS, Diagnostic, Problem
from curated.difference.change import Change, Difference
from curated.exposures.batch import NO_NIGHT, NO_TIME, Array, Batch, Exposures
from curated.exposures.counting import Counter
from curated.exposures.impact import Counts, Examined, Impact, Largest, NightImpact, TypeImpact
from curated.exposures.moments import DAY_NS, night_date, nights_of, noon_of
from curated.exposures.names import FilterName, Names, UnknownNameError
from curated.exposures.outcomes import LEVELS, Outcome, Ranking, Thresholds, Timeline

_MOST_NAMES = 1 << 17
_MOST_NIGHTS = 1 << 17

T = TypeVar("T")


def find_impact(
    difference: Difference,
    batches: Iterable[Batch],
    names: Names,
    *,
    thresholds: Thresholds | None = None,
    source: str = "exposures",
) -> Impact:
    """Find out which exposures a difference affects.

    Parameters
    ----------
    difference : `Difference`
        What changed; see `~curated.difference.revisions.find_difference`.
    batches : iterable [`Batch`]
        The exposures, from `~curated.exposures.table.read_exposures` or from a repository.
    names : `Names`
        Names of the package's instruments, detectors and filters.
    thresholds : `dict` [`str`, `float`], optional
        Sizes from which effects count, by the name of the measure; by default from where they are notable.
    source : `str`, optional
        Name of the table, for findings.
    """
    search = ImpactSearch(difference, names, thresholds or {}, source)
    for batch in batches:
        search.examine(batch)
    return search.impact()


class _Use(NamedTuple):
    """What an exposure uses: the folded directory of the instrument, that of the detector or all, and the filter."""

    instrument: str
    detector: str
    filter: FilterName | None


@dataclass(slots=True, eq=False)
class ImpactSearch:
    """Looks at exposures part by part, and counts.

    Parameters
    ----------
    difference, names, thresholds, source
        As for `find_impact`.
    """

    difference: Difference
    names: Names
    thresholds: Thresholds = field(default_factory=dict)
    source: str = "exposures"
    _types: list[str] = field(init=False)
    _ranking: Ranking = field(init=False)
    _timelines: dict[str, Timeline] = field(init=False)
    _counter: Counter = field(init=False)
    _rejected: int = 0
    _left_out: int = 0
    _problems: list[Problem] = field(default_factory=list)
    _problem_counts: Tally[str] = field(default_factory=Tally)
    _unknown: dict[str, tuple[int, int]] = field(default_factory=dict)
    _without_filter: Tally[str] = field(default_factory=Tally)
    _split_nights: dict[tuple[str, int], None] = field(default_factory=dict)
    _uses: dict[tuple[str, str, str], _Use | list[str]] = field(default_factory=dict)
    _nothing: Outcome = field(init=False)

    def __post_init__(self) -> None:
        changes = [c for c in (*self.difference.changes, *self.difference.unchanged) if c.ranges]
        changes.sort(key=lambda c: (c.key.type, c.key.detector, c.key.filter, c.new or "", c.old or ""))
        self._types = sorted({change.key.type for change in changes})
        self._ranking = Ranking.of(changes, self.thresholds)
        self._counter = Counter(len(self._types))
        zeros = np.zeros(len(self._types), dtype=np.int64)
        rows = np.zeros((len(self._types), len(LEVELS)), dtype=np.int64)
        self._nothing = Outcome((), zeros.astype(np.uint8), rows, zeros, skips_filters=False)
        bands = frozenset(self.names.bands)
        by_instrument: dict[str, list[Change]] = {}
        for change in changes:
            by_instrument.setdefault(change.key.instrument.lower(), []).append(change)
        self._timelines = {
            folded: Timeline(group, self._types, self._ranking, self.thresholds, bands)
            for folded, group in by_instrument.items()
        }

    def examine(self, batch: Batch) -> Examined:
        """Look at some exposures, count them, and return what happens to each."""
        self._add_problems(batch.problems)
        exposures = batch.exposures
        texts = zip(exposures.instruments, exposures.detectors, exposures.filters, strict=True)
        codes, names = _codes(texts, len(exposures))
        uses = [self._resolve(*name) for name in names]
        self._note_unknown(uses, codes, exposures.rows)
        is_usable = np.array([isinstance(use, _Use) for use in uses], dtype=bool)[codes]
        if not is_usable.all():
            exposures, codes = _selected(exposures, is_usable), codes[is_usable]
        nights, cells = np.zeros(len(exposures), dtype=np.int64), np.zeros(len(exposures), dtype=np.int64)
        outcomes: list[tuple[str, str, Outcome]] = []
        by_code = [use.instrument if isinstance(use, _Use) else "" for use in uses]
        for folded in dict.fromkeys(by_code[code] for code in np.unique(codes)):
            places = np.flatnonzero(np.array([name == folded for name in by_code], dtype=bool)[codes])
            nights[places], cells[places], results = self._examine(
                folded, exposures, places, codes[places], uses
            )
            cells[places] += len(outcomes)
            outcomes += [(self.names.directories[folded], detector, result) for detector, result in results]
        return Examined(exposures, nights, cells, outcomes)

    def _examine(
        self, folded: str, exposures: Exposures, places: Array, codes: Array, uses: Sequence[_Use | list[str]]
    ) -> tuple[Array, Array, list[tuple[str, Outcome]]]:
        """Return the nights of exposures of one instrument, and which detector and outcome each has."""
        offset = self.names.utc_offset(folded)
        times, days = exposures.times[places], exposures.nights[places].astype(np.int64)
        has_time, has_night = times != NO_TIME, days != NO_NIGHT
        days[~has_night] = nights_of(times[~has_night], offset)
        noons = noon_of(days[~has_time], offset)
        times[~has_time] = noons + DAY_NS // 2
        night_places = self._counter.places(folded, days)
        timeline = self._timelines.get(folded)
        are_images = np.array([isinstance(use, _Use) and use.detector != "" for use in uses], dtype=bool)[
            codes
        ]
        if timeline is None:
            cells = np.zeros_like(days)
            self._count([self._nothing], cells, night_places, exposures, places, are_images)
            return days, cells, [("", self._nothing)]
        intervals = timeline.intervals(times)
        self._note_split_nights(timeline, folded, days[~has_time], noons)
        count = len(timeline.bounds) + 1
        pairs, cells = np.unique(codes * count + intervals, return_inverse=True)
        results: list[tuple[str, Outcome]] = []
        for code, interval in (divmod(pair, count) for pair in pairs.tolist()):
            use = uses[code]
            if isinstance(use, _Use):  # as all are that have an instrument
                results.append((use.detector, timeline.outcome(interval, use.filter, use.detector)))
        outcomes = [outcome for _, outcome in results]
        self._count(outcomes, cells, night_places, exposures, places, are_images)
        skips = np.array([outcome.skips_filters for outcome in outcomes], dtype=bool)
        self._without_filter[folded] += int(np.count_nonzero(skips[cells]))
        return days, cells, results

    def _note_split_nights(self, timeline: Timeline, folded: str, days: Array, noons: Array) -> None:
        first, last = (timeline.intervals(moments) for moments in (noons, noons + DAY_NS - 1))
        for day in np.unique(days[first != last]).tolist():
            if len(self._split_nights) < _MOST_NIGHTS:
                self._split_nights[folded, day] = None

    def _count(
        self,
        outcomes: Sequence[Outcome],
        cells: Array,
        nights: Array,
        exposures: Exposures,
        places: Array,
        are_images: Array,
    ) -> None:
        if not are_images.all():
            self._counter.add(outcomes, cells[~are_images], nights[~are_images], None)
        if not are_images.any():
            return
        images = places[are_images].tolist()
        # Rows of one exposure have the same number, or else the same time and filter.
        keys = (
            hash((night, exposures.ids[place] or (int(exposures.times[place]), exposures.filters[place])))
            for night, place in zip(nights[are_images].tolist(), images, strict=True)
        )
        numbers = np.fromiter(keys, dtype=np.int64, count=len(images))
        self._counter.add(outcomes, cells[are_images], nights[are_images], numbers)

    def _resolve(self, instrument: str, detector: str, filter_name: str) -> _Use | list[str]:
        """Return what names of a table stand for, or what is wrong with them; looked up once."""
        key = instrument, detector, filter_name
        use = self._uses.get(key)
        if use is None:
            if len(self._uses) > _MOST_NAMES:
                self._uses.clear()
            use = self._uses[key] = self._find(*key)
        return use

    def _find(self, instrument: str, detector: str, filter_name: str) -> _Use | list[str]:
        faults: list[str] = []
        try:
            folded = self.names.instrument(instrument)
        except UnknownNameError as error:
            return [str(error)]
        if folded is None:
            return []
        directory, filter_found = "", None
        try:
            directory = self.names.detector(folded, detector) if detector else ""
        except UnknownNameError as error:
            faults.append(str(error))
        try:
            filter_found = self.names.filter(folded, filter_name) if filter_name else None
        except UnknownNameError as error:
            faults.append(str(error))
        return faults or _Use(folded, directory, filter_found)

    def _note_unknown(self, uses: Sequence[_Use | list[str]], codes: Array, rows: Array) -> None:
        """Keep which names are unknown, with the first row of each and how many rows have it."""
        if all(isinstance(use, _Use) for use in uses):
            return
        unique, firsts, counts = np.unique(codes, return_index=True, return_counts=True)
        for code, first, count in zip(unique.tolist(), firsts.tolist(), counts.tolist(), strict=True):
            use = uses[code]
            if isinstance(use, _Use):
                continue
            self._rejected += count if use else 0
            self._left_out += 0 if use else count
            for message in use:
                row, before = self._unknown.get(message, (int(rows[first]), 0))
                if before or len(self._unknown) < _MOST_NAMES:
                    self._unknown[message] = min(row, int(rows[first])), before + count

    def _add_problems(self, problems: Sequence[Problem]) -> None:
        # Those without a line are of a whole column, whose rows are read.
        self._rejected += sum(problem.line is not None for problem in problems)
        for problem in problems:
            self._problem_counts[problem.code] += 1
            if self._problem_counts[problem.code] <= MAX_FINDINGS:
                self._problems.append(problem)

    def impact(self) -> Impact:
        """Return what was counted so far."""
        counter = self._counter
        counter.finish()
        order = sorted(range(len(counter.nights)), key=lambda place: counter.nights[place][::-1])
        nights = [
            NightImpact(
                self.names.directories[counter.nights[place].instrument],
                night_date(counter.nights[place].day),
                int(counter.totals[place]),
                _counts(counter.exposures[place, -1]),
                self._type_impacts(counter.exposures[place], counter.rows[place], counter.ranks[place]),
            )
            for place in order
            if counter.exposures[place, -1].any()
        ]
        exposures = counter.exposures.sum(axis=0)
        ranks = counter.ranks.max(axis=0, initial=0)
        return Impact(
            self.difference.before,
            self.difference.after,
            int(counter.totals.sum()),
            self._rejected,
            self._left_out,
            len(counter.nights),
            _counts(exposures[-1]),
            self._type_impacts(exposures, counter.rows.sum(axis=0), ranks),
            tuple(nights),
            tuple(self._findings()),
        )

    def _type_impacts(self, exposures: Array, rows: Array, ranks: Array) -> tuple[TypeImpact, ...]:
        return tuple(
            TypeImpact(
                name, _counts(exposures[place]), _counts(rows[place]), self._largest(int(ranks[place]))
            )
            for place, name in enumerate(self._types)
            if exposures[place].any()
        )

    def _largest(self, rank: int) -> Largest | None:
        if not rank:
            return None
        change, effect = self._ranking.effects[rank - 1]
        return Largest(effect, change)

    def _findings(self) -> Iterable[Diagnostic]:
        problems = list(self._problems)
        for code, count in self._problem_counts.items():
            if count > MAX_FINDINGS:
                problems.append(Problem(code, (), f"{count - MAX_FINDINGS:,} more rows"))
        for message, (row, count) in list(self._unknown.items())[:MAX_FINDINGS]:
            more = f", in {count:,} rows" if count > 1 else ""
            problems.append(Problem("CAL452", (), f"{message}{more}", line=row))
        if len(self._unknown) > MAX_FINDINGS:
            problems.append(
                Problem("CAL452", (), f"{len(self._unknown) - MAX_FINDINGS:,} more unknown names")
            )
        for folded, count in sorted((+self._without_filter).items()):
            types = sorted({c.key.type for c in self._timelines[folded].changes if c.key.filter})
            detail = f"{self.names.directories[folded]} has {count:,} rows without a filter"
            problems.append(Problem("CAL453", (), f"{detail}: changes of {', '.join(types)} are not counted"))
        split_nights = sorted(self._split_nights)
        if split_nights:
            dates = ", ".join(f"{night_date(day)}" for _, day in split_nights[:6])
            more = f" and {len(split_nights) - 6} more" if len(split_nights) > 6 else ""
            problems.append(Problem("CAL454", (), f"nights within which calibrations change: {dates}{more}"))
        findings = [Diagnostic.from_problem(problem, self.source) for problem in problems]
        unreadable = dict.fromkeys(
            path for timeline in self._timelines.values() for c in timeline.changes for path in c.unreadable
        )
        findings += [
            Diagnostic.from_problem(Problem("CAL455", (), "cannot be read; 'curated check' says why"), path)
            for path in list(unreadable)[:MAX_FINDINGS]
        ]
        return findings


class _Numbers(dict[T, int]):
    """Numbers of different values, in the order in which they are asked for."""

    def __missing__(self, value: T) -> int:
        number = self[value] = len(self)
        return number


def _codes(names: Iterable[T], count: int) -> tuple[Array, list[T]]:
    """Return the numbers of different values, (N,), and these values."""
    numbers: _Numbers[T] = _Numbers()
    codes = np.fromiter(map(numbers.__getitem__, names), dtype=np.int64, count=count)
    return codes, list(numbers)


def _counts(numbers: Array) -> Counts:
    *levels, every = (int(number) for number in numbers)
    return Counts(every, *levels)


def _selected(exposures: Exposures, keep: Array) -> Exposures:
    names = (exposures.instruments, exposures.detectors, exposures.filters, exposures.ids)
    return Exposures(
        exposures.rows[keep],
        exposures.times[keep],
        exposures.nights[keep],
        *([name for name, is_kept in zip(column, keep, strict=True) if is_kept] for column in names),
    )
