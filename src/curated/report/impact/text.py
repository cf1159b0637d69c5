"""What a change does to exposures, as text of at most 80 columns and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from curated.exposures.impact import Counts, Impact, Largest, NightImpact, TypeImpact
from curated.report.difference_text import effect_text
from curated.report.text import count_text, printable

MOST_NIGHTS = 40
"""Nights that text shows; JSON has all of them."""

_LEVELS = ("file", "content", "effect", "new", "lost")
_NAME, _NUMBER = 28, 10


def impact_lines(impact: Impact) -> Iterator[str]:
    """Yield the lines of an impact: how many exposures, then by type and by night."""
    states = f"{printable(impact.before)[:12]} to {printable(impact.after)[:12]}"
    affected, nights = impact.affected.any, count_text(impact.night_count, "night")
    yield f"{states}: {affected:,} of {impact.total:,} exposures in {nights} affected"
    if impact.rejected:
        yield f"{count_text(impact.rejected, 'row')} could not be looked at"
    if impact.left_out:
        yield f"{count_text(impact.left_out, 'row')} of other instruments left out"
    if not affected:
        return
    yield ""
    yield _line("exposures by type", *_LEVELS)
    for kind in impact.types:
        yield from _type_lines(kind)
    yield _line("any of them", *_numbers(impact.affected))
    yield ""
    instruments = dict.fromkeys(night.instrument for night in impact.nights)
    yield _line("affected of exposures by night", *_LEVELS)
    shown = impact.nights if len(impact.nights) <= MOST_NIGHTS else impact.nights[: MOST_NIGHTS - 1]
    for night in shown:
        yield _line(_night_text(night, len(instruments) > 1), *_numbers(night.affected))
    rest = impact.nights[len(shown) :]
    if rest:
        counts = [sum(night.affected[level] for night in rest) for level in range(1, len(_LEVELS) + 1)]
        yield _line(f"{len(rest):,} more until {rest[-1].night}", *(f"{count:,}" for count in counts))


def _night_text(night: NightImpact, is_mixed: bool) -> str:
    instrument = f" {printable(night.instrument)}" if is_mixed else ""
    return f"{night.night}{instrument} {night.affected.any:,} of {night.total:,}"


def _type_lines(kind: TypeImpact) -> Iterator[str]:
    yield _line(printable(kind.type), *_numbers(kind.exposures))
    if kind.largest is not None:
        place = kind.largest.change.key
        where = "/".join(part for part in (place.detector, place.filter) if part)
        text = f"{effect_text(kind.largest.effect)}{f' in {printable(where)}' if where else ''}"
        yield f"  at most {text}"


def _numbers(counts: Counts) -> tuple[str, ...]:
    return tuple(f"{number:,}" for number in counts[1:])


def _line(name: str, *cells: str) -> str:
    # A long name takes from the blanks of the first column.
    first, *rest = cells
    width = _NAME + _NUMBER
    start = f"{name} {first:>{max(width - len(name) - 1, len(first))}}"
    return start + "".join(f"{cell:>{_NUMBER}}" for cell in rest)


def impact_to_json(impact: Impact) -> dict[str, Any]:
    """Return an impact as plain values."""
    return {
        "before": impact.before,
        "after": impact.after,
        "total": impact.total,
        "rejected": impact.rejected,
        "left_out": impact.left_out,
        "night_count": impact.night_count,
        "affected": impact.affected._asdict(),
        "types": [_type_to_json(kind) for kind in impact.types],
        "nights": [
            {
                "instrument": night.instrument,
                "night": night.night.isoformat(),
                "total": night.total,
                "affected": night.affected._asdict(),
                "types": [_type_to_json(kind) for kind in night.types],
            }
            for night in impact.nights
        ],
        "findings": [finding.to_dict() for finding in impact.findings],
    }


def _type_to_json(kind: TypeImpact) -> dict[str, Any]:
    return {
        "type": kind.type,
        "exposures": kind.exposures._asdict(),
        "rows": kind.rows._asdict(),
        "largest": None if kind.largest is None else _largest_to_json(kind.largest),
    }


def _largest_to_json(largest: Largest) -> dict[str, Any]:
    reading, change = largest.effect.reading, largest.change
    return {
        "measure": largest.effect.measure.name,
        "of": dict(reading.of),
        "value": reading.value if math.isfinite(reading.value) else None,
        "unit": largest.effect.measure.unit,
        "detector": change.key.detector or None,
        "filter": change.key.filter or None,
        "old": change.old,
        "new": change.new,
    }
