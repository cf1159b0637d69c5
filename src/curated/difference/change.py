"""Changes as values: which calibration takes the place of which, when, and what that means physically."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from curated.core.geometry import DetectorGeometry
from curated.core.keys import CalibKey
from curated.declare import AB, Levels, Measure, Part, Reading, Spectrum
from curated.package.validity import Range


class Effect(NamedTuple):
    """A measure of a change that is not zero."""

    measure: Measure
    reading: Reading

    @property
    def weight(self) -> float:
        """How many times larger than notable it is; see `Measure.weight`."""
        return self.measure.weight(self.reading.value)


def part_text(of: Part) -> str:
    """Return what a reading is of, such as ``u`` or ``C00, u``; empty for the whole calibration."""
    return ", ".join(str(value) for value in of.values())


@dataclass(frozen=True, slots=True)
class Change:
    """A calibration that takes the place of another, at all times at which it does.

    Parameters
    ----------
    key : `CalibKey`
        Instrument, type, detector and filter.
    old, new : `str` or `None`
        Paths of the calibrations before and after; `None` where nothing was or is in force.
    ranges : `tuple` [`Range`]
        When the one was in force and the other is now; empty for calibrations that are never in force.
    effects : `tuple` [`Effect`]
        What that means physically, the largest first.
    fields : `tuple` [`str`]
        Names of the values that differ.
    keywords : `tuple` [`str`]
        Names of the keywords that differ.
    unreadable : `tuple` [`str`]
        Paths of those that cannot be read.
    old_range, new_range : `Range` or `None`
        When each of them is in force in its own state; `None` where there is none.
    detectors : `tuple` [`str`] or `None`
        Names of the detectors whose values differ, where the calibration has rows of several; `None` for all.
    geometry : `DetectorGeometry` or `None`
        The detector by which it was measured; `None` where it is not known.
    levels : `Levels` or `None`
        Where gains and saturations come from; `None` where no effect depends on them.
    """

    key: CalibKey
    old: str | None
    new: str | None
    ranges: tuple[Range, ...] = ()
    effects: tuple[Effect, ...] = ()
    fields: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    old_range: Range | None = None
    new_range: Range | None = None
    detectors: tuple[str, ...] | None = None
    geometry: DetectorGeometry | None = field(default=None, compare=False, repr=False)
    levels: Levels | None = None

    @property
    def is_physical(self) -> bool:
        """Whether images are calibrated otherwise, or that is not known."""
        is_paired = self.old is not None and self.new is not None
        return bool(self.effects or self.fields or self.unreadable) or not is_paired

    @property
    def weight(self) -> float:
        """Weight of the largest effect; infinite where a calibration cannot be read."""
        if self.unreadable:
            return math.inf
        return max((effect.weight for effect in self.effects), default=0.0)


class Total(NamedTuple):
    """A measure over all changes of a type.

    Parameters
    ----------
    calibrations : `int`
        Number of calibrations with an effect of this measure.
    value : `float`
        Sum of measures that add up, else the value farthest from zero.
    worst : `Change`
        The change with that value, or with the largest.
    of : `dict`
        What that value is of.
    """

    type_name: str
    measure: Measure
    calibrations: int
    value: float
    worst: Change
    of: Part


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes from one state to another.

    Parameters
    ----------
    before, after : `str`
        Names of the two states, such as a commit or ``work tree``.
    changes : `tuple` [`Change`]
        Those that are physical, the largest first.
    unchanged : `tuple` [`Change`]
        Calibrations whose files differ, and whose values are the same.
    source : `str`
        Name of the source of synthetic photometry.
    old_shared, new_shared : `dict` [`str`, `str`]
        Paths of shared files before and after, by those of the copies that changes name; see
        `curated.package.sharing`.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    unchanged: tuple[Change, ...]
    source: str = AB.name
    old_shared: Mapping[str, str] = field(default_factory=dict, compare=False)
    new_shared: Mapping[str, str] = field(default_factory=dict, compare=False)

    def stored_paths(self, change: Change) -> tuple[str | None, str | None]:
        """Return the paths of the files that there were and are, of a change."""
        old, new = change.old, change.new
        return old and self.old_shared.get(old, old), new and self.new_shared.get(new, new)

    def stored_path(self, path: str) -> str:
        """Return the path of a file that there is, or that there was before."""
        return self.new_shared.get(path) or self.old_shared.get(path, path)

    def groups(self, changes: Sequence[Change]) -> list[tuple[Change, ...]]:
        """Return changes in groups of those that are the same change of the same shared file, in their order."""
        groups: dict[object, list[Change]] = {}
        for i, change in enumerate(changes):
            if change.old in self.old_shared or change.new in self.new_shared:
                paths = self.stored_paths(change)
                values = (
                    change.ranges,
                    repr(change.effects),
                    change.fields,
                    change.keywords,
                    len(change.unreadable),
                )
                groups.setdefault((change.key.instrument, change.key.type, *paths, *values), []).append(
                    change
                )
            else:
                groups[i] = [change]
        return [tuple(group) for group in groups.values()]

    @classmethod
    def of(cls, before: str, after: str, changes: Iterable[Change], source: Spectrum = AB) -> Difference:
        """Return a difference, with its changes in order."""
        ordered = sorted(
            changes, key=lambda change: (-change.weight, change.key, change.new or "", change.old or "")
        )
        physical = tuple(change for change in ordered if change.is_physical)
        unchanged = tuple(change for change in ordered if not change.is_physical)
        return cls(before, after, physical, unchanged, source.name)

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of changes by type, in the order of the names."""
        return dict(sorted(Counter(change.key.type for change in self.changes).items()))


def find_totals(changes: Sequence[Change]) -> list[Total]:
    """Return the totals of all measures, by type and in the order in which the type declares them."""
    totals: dict[tuple[str, str], Total] = {}
    order: dict[tuple[str, str], int] = {}
    largest_by_key: dict[tuple[str, str], float] = {}
    for change in changes:
        effects_by_name: dict[str, list[Effect]] = {}
        for effect in change.effects:
            effects_by_name.setdefault(effect.measure.name, []).append(effect)
        for name, effects in effects_by_name.items():
            key = change.key.type, name
            order.setdefault(key, len(order))
            worst = max(effects, key=_size)
            value = sum(e.reading.value for e in effects) if worst.measure.additive else worst.reading.value
            total = totals.get(key)
            if total is None or _size(worst) > largest_by_key[key]:
                largest_by_key[key] = _size(worst)
                latest = Total(change.key.type, worst.measure, 1, value, change, worst.reading.of)
            else:
                latest = total._replace(calibrations=1)
            if total is not None:
                both = total.value + value if worst.measure.additive else latest.value
                latest = latest._replace(calibrations=total.calibrations + 1, value=both)
            totals[key] = latest
    return sorted(
        totals.values(), key=lambda total: (total.type_name, order[total.type_name, total.measure.name])
    )


def _size(effect: Effect) -> float:
    """Return how far from zero an effect is; a number that is none hides no other."""
    return -1.0 if math.isnan(effect.reading.value) else abs(effect.reading.value)
