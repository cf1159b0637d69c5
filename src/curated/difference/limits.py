"""Limits of changes: which measures may change by how much without a note that names the change."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from curated.check.instruments import read_instruments
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.core.keys import CalibKey
from curated.core.similar import similar_name
from curated.core.units import is_same_unit
from curated.declare import Measure
from curated.difference.change import Change, Effect, part_text
from curated.difference.notes import TRAILER, Notes
from curated.package.config import CONFIG_FILE
from curated.package.package import Package
from curated.package.settings.limits import LimitValues, measure_fault, parse_limits
from curated.registry import all_types, get_type

_OPTION = re.compile(
    r"\s*(?:(?P<type>[^.=\s]+)\.)?(?P<measure>[^.=\s]+)\s*=\s*"
    r"(?P<value>[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)\s*(?P<unit>\S.*?)?\s*"
)
_FORM = "write MEASURE=VALUE or TYPE.MEASURE=VALUE, such as zero_point_shift=20"
OPTION = "--max"


class Limit(NamedTuple):
    """A limit, and where it was set."""

    value: float
    place: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that apply to a package.

    Parameters
    ----------
    options : `dict`
        Those of the command line, which win.
    instruments : `dict` [`str`, `tuple`]
        By directory of the instrument: where they are set, and the limits.
    package : `dict`
        Those of ``curated.yaml``.
    """

    options: LimitValues = field(default_factory=dict)
    instruments: Mapping[str, tuple[str, LimitValues]] = field(default_factory=dict)
    package: LimitValues = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return bool(self.options or self.package or any(values for _, values in self.instruments.values()))

    def find(self, key: CalibKey, measure: str) -> Limit | None:
        """Return the limit of a measure of a calibration; `None` if it has none."""
        instrument = self.instruments.get(key.instrument.lower(), ("", {}))
        for place, values in ((OPTION, self.options), instrument, (CONFIG_FILE, self.package)):
            value = values.get((key.type, measure))
            if value is not None:
                return Limit(value, place)
        return None

    def apply_to(self, key: CalibKey) -> bool:
        """Say whether a calibration has any limit."""
        return any(self.find(key, measure.name) is not None for measure in get_type(key.type).SPEC.measures)


def find_limits(package: Package, options: LimitValues | None = None) -> tuple[Limits, list[Diagnostic]]:
    """Return the limits of a package, and the errors in its settings: a limit that is wrong would hide a change.

    Parameters
    ----------
    options : `dict`, optional
        Limits of the command line; see `parse_options`.
    """
    declared, findings = read_instruments(package)
    instruments: dict[str, tuple[str, LimitValues]] = {}
    for directory, path in package.layout.instruments.items():
        override = package.config.instruments.get(directory, {}).get("limits", {})
        if override:
            instruments[directory.lower()] = CONFIG_FILE, parse_limits(override, "CAL001")[0]
        elif directory in declared:
            instruments[directory.lower()] = path, declared[directory].limits
    faults = [finding for finding in (*package.config.diagnostics, *findings) if finding.is_error]
    return Limits(options or {}, instruments, package.config.limits), faults


def parse_options(options: Iterable[str]) -> LimitValues:
    """Return the limits of texts such as ``zero_point_shift=20`` or ``flat.median_ratio = 2 %``.

    Without a type, a limit applies to all types that have the measure. The unit may be left out.

    Raises
    ------
    CuratedError
        If a text is no limit, or there is no such type or measure; the message says which is meant.
    """
    limits: dict[tuple[str, str], float] = {}
    general: dict[tuple[str, str], float] = {}
    for text in options:
        match = _OPTION.fullmatch(text)
        value = float(match["value"]) if match else math.nan
        if match is None or not math.isfinite(value):
            raise CuratedError(f"{OPTION} {text!r:.100} is no limit", _FORM)
        measures = _measures(match["type"] or "", match["measure"])
        units = {measure.unit for measure in measures.values()}
        unit = match["unit"] or ""
        fitting = {t: m for t, m in measures.items() if not unit or _is_unit(unit, m.unit)}
        if not fitting:
            listing = " or ".join(sorted(repr(unit) if unit else "none" for unit in units))
            raise CuratedError(
                f"{OPTION} {text!r:.100}: the unit of {match['measure']} is {listing}",
                "write the value in that unit",
            )
        target = limits if match["type"] else general
        target.update(((type_name, match["measure"]), value) for type_name in fitting)
    return {**general, **limits}


def _is_unit(unit: str, declared: str) -> bool:
    return unit == declared or (bool(declared) and is_same_unit(unit, declared))


def _measures(type_name: str, name: str) -> dict[str, Measure]:
    """Return the measures of a name, by type."""
    if type_name:
        cls = get_type(type_name)
        fault = measure_fault(type_name, name)
        if fault:
            raise CuratedError(f"{OPTION}: {fault}", _FORM)
        return {cls.SPEC.name: next(m for m in cls.SPEC.measures if m.name == name)}
    types = {cls.SPEC.name: cls.SPEC.measures for cls in all_types().values()}
    measures = {type_name: m for type_name, declared in types.items() for m in declared if m.name == name}
    if not measures:
        meant = similar_name(name, dict.fromkeys(m.name for declared in types.values() for m in declared))
        question = f"; did you mean {meant!r}?" if meant else ""
        raise CuratedError(
            f"{OPTION}: {name!r:.80} is not a measure of any type{question}",
            "'curated diff' shows the measures of a change; the page of each type lists them",
        )
    return measures


# -- what exceeds them ------------------------------------------------------------------------------------


class Excess(NamedTuple):
    """A change that is larger than its limit.

    Parameters
    ----------
    worst : `Effect`
        Its largest effect of the measure.
    size : `float`
        What was compared with the limit: the value farthest from zero, or the sum of values that add up.
    more : `int`
        Number of further effects of the measure beyond the limit.
    """

    change: Change
    worst: Effect
    size: float
    more: int
    limit: Limit


def find_excesses(changes: Iterable[Change], limits: Limits) -> Iterator[Excess]:
    """Yield the measures of changes that are larger than their limits.

    A calibration that takes the place of nothing changes no result, and one that is never in force has no effect.
    """
    for change in changes:
        if change.old is None or not change.ranges:
            continue
        effects_by_name: dict[str, list[Effect]] = {}
        for effect in change.effects:
            effects_by_name.setdefault(effect.measure.name, []).append(effect)
        for name, effects in effects_by_name.items():
            limit = limits.find(change.key, name)
            if limit is None:
                continue
            worst = max(effects, key=lambda effect: _size(effect.reading.value))
            more = sum(_size(effect.reading.value) > limit.value for effect in effects) - 1
            size = worst.reading.value
            if worst.measure.additive:
                size, more = sum(effect.reading.value for effect in effects), 0
            if _size(size) > limit.value:
                yield Excess(change, worst, size, more, limit)


def _size(value: float) -> float:
    """Return how far from zero a value is; what is not a number is larger than all limits."""
    return math.inf if math.isnan(value) else abs(value)


def find_limit_findings(
    changes: Sequence[Change], limits: Limits, notes: Notes | None = None
) -> list[Diagnostic]:
    """Return an error (CAL446) for each change beyond a limit that no note names.

    A change with limits that could not be measured, since a calibration cannot be read, is a warning (CAL447).
    """
    if not limits:
        return []
    findings = [
        _finding(excess)
        for excess in find_excesses(changes, limits)
        if notes is None or not notes.name(excess.change, excess.worst.measure.name)
    ]
    for change in changes:
        if change.unreadable and change.old is not None and change.ranges and limits.apply_to(change.key):
            detail = (
                f"{', '.join(change.unreadable)} cannot be read, so that no limit was applied to the change"
            )
            findings.append(Diagnostic.from_problem(Problem("CAL447", (), detail), _path(change)))
    return sorted(findings)


def _path(change: Change) -> str:
    return change.new or change.old or ""


def _finding(excess: Excess) -> Diagnostic:
    change, (measure, reading), size, more, limit = excess
    unit = f" {measure.unit}" if measure.unit else ""
    of = "" if measure.additive else part_text(reading.of)
    place = f" ({of})" if of else ""
    value = "is not a number any more" if math.isnan(size) else f"changes by {size:+.6g}{unit}"
    others = f", and {more} more of it are beyond the limit" if more else ""
    old = change.old if change.old != change.new else "before"
    against = f" against {old}" if old != "before" else ""
    if change.new is None:
        against = ", since nothing takes its place"
    detail = (
        f"{measure.name}{place} {value}{against} from {change.ranges[0]} UTC; the limit "
        f"{'of' if limit.place == OPTION else 'in'} {limit.place} is {limit.value:g}{unit}{others}"
    )
    hint = (
        f"if it is intended, say so: name {measure.name} in a new note in 'edits' of the file, or write "
        f"'{TRAILER}: {change.key.type}.{measure.name}' into the message of a commit that changes the file"
    )
    return Diagnostic.from_problem(Problem("CAL446", (), detail, hint), _path(change))
