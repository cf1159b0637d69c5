"""A difference as text of at most 80 columns, and as JSON."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from curated.core.times import iso
from curated.declare import AB, Levels
from curated.difference import wording
from curated.difference.change import Change, Difference, Effect, find_totals, part_text
from curated.difference.sources import TITLES
from curated.difference.wording import different_names, number_text, range_text
from curated.package.validity import Range
from curated.report.text import count_text, printable

_MOST_EFFECTS = 6
"""Values of a measure that text shows for one change."""

_WIDTH = 80
_NO_BREAK = "\xa0"

_MOST_NAMES = 6

_MOST_LEVELS = 3
"""Sources of gains and saturations that text names."""

_OF_SOURCE = "zero_point_shift"
"""End of the names of measures that depend on the source of synthetic photometry."""


def effect_text(effect: Effect) -> str:
    """Return an effect for a terminal, such as ``zero_point_shift (u) -409.3 mmag``."""
    return printable(wording.effect_text(effect))


def difference_lines(difference: Difference, *, most: int | None = None) -> Iterator[str]:
    """Yield the lines of a difference: each change, the largest first, then totals.

    Parameters
    ----------
    most : `int`, optional
        Number of changes that are shown; the rest is counted.
    """
    groups = difference.groups(difference.changes)
    shown = groups if most is None else groups[:most]
    for changes in shown:
        yield from change_lines(changes, difference)
    if len(shown) < len(groups):
        yield f"and {sum(map(len, groups[len(shown) :])):,} smaller ones"
    yield from total_lines(difference)


def measures_text(change: Change, most: int = 3) -> str:
    """Return the largest effects of a change in one line, the others counted; empty if it has none.

    Parameters
    ----------
    most : `int`, optional
        Number of effects that are shown.
    """
    texts = [effect_text(effect) for effect in change.effects[:most]]
    if len(change.effects) > most:
        texts.append(f"and {len(change.effects) - most:,} more")
    return ", ".join(texts)


def change_lines(changes: Sequence[Change], difference: Difference) -> Iterator[str]:
    """Yield the lines of a change, which is that of several detectors or filters where these share a file."""
    change = changes[0]
    yield from _key_lines(changes)
    old, new = difference.stored_paths(change)
    if old is not None and old == new:
        yield f"  ~ {printable(old)}"
    else:
        for sign, path in (("-", old), ("+", new)):
            yield f"  {sign} {printable(path) if path else 'nothing in force'}"
    yield from (f"    {range_text(valid)}" for valid in change.ranges)
    if not change.ranges:
        yield "    in force at no time"
    for path in change.unreadable:
        yield f"    {printable(difference.stored_path(path))} cannot be read; 'curated check' says why"
    yield from _effect_lines(change.effects)
    names = different_names(change)
    if not change.effects and names:
        yield from wrapped(names_text(names))


def _key_lines(changes: Sequence[Change]) -> Iterator[str]:
    key = changes[0].key
    if len(changes) == 1:
        yield printable(str(key))
        return
    names = [printable("/".join(filter(None, (c.key.detector, c.key.filter)))) for c in changes]
    yield from wrapped(f"{printable(key.instrument)}/{key.type}: {', '.join(names)}", "")


def _effect_lines(effects: Sequence[Effect]) -> Iterator[str]:
    """Yield the largest values of each measure in a line or two, the measure with the largest effect first."""
    groups: dict[str, list[Effect]] = {}
    for effect in effects:
        groups.setdefault(effect.measure.name, []).append(effect)
    for name, group in groups.items():
        unit = group[0].measure.unit
        # A value stays on a line with what it is of; spaces of names that do not break were escaped before.
        texts = [_value_text(effect).replace(" ", _NO_BREAK) for effect in group[:_MOST_EFFECTS]]
        text = f"{', '.join(texts)} {unit}".strip()
        if len(group) > _MOST_EFFECTS:
            text += f", and {len(group) - _MOST_EFFECTS:,} smaller"
        yield from wrapped(f"{name} {text}")


def wrapped(text: str, indent: str = "    ") -> Iterator[str]:
    """Yield the lines of a text that is already printable, those after the first further to the right."""
    lines = textwrap.wrap(
        text, _WIDTH - len(indent), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    yield from (f"{indent}{line.replace(_NO_BREAK, ' ')}" for line in lines)


def _value_text(effect: Effect) -> str:
    of = part_text(effect.reading.of)
    value = number_text(effect.reading.value, signed=True)
    return f"({printable(of)}) {value}" if of else value


def names_text(names: tuple[str, ...]) -> str:
    """Return which values differ, those beyond a few counted."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"differs in {printable(', '.join(names[:_MOST_NAMES]))}{more}"


def total_lines(difference: Difference) -> Iterator[str]:
    """Yield how many calibrations changed, and the totals or largest values of each measure."""
    counts = ", ".join(f"{count:,} {name}" for name, count in difference.counts.items())
    if difference.changes:
        yield f"{count_text(len(difference.changes), 'calibration')} changed: {counts}"
    for total in find_totals(difference.changes):
        value = number_text(total.value, signed=True)
        kind = "in all" if total.measure.additive else "at most"
        name = f"{total.type_name} {total.measure.name}"
        of = part_text(total.of)
        place = "" if total.measure.additive else f" ({printable(of)})" if of else ""
        unit = f" {total.measure.unit}" if total.measure.unit else ""
        line = f"  {name:44} {value}{unit} {kind}{place}"
        yield from textwrap.wrap(
            line, _WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
    if source_text(difference):
        yield source_text(difference)
    if levels_text(difference):
        yield from wrapped(levels_text(difference), "")
    if difference.unchanged:
        files = count_text(len(difference.unchanged), "calibration")
        yield f"{files} with no physical change: the files differ, their values do not"
    if not difference.changes and not difference.unchanged:
        yield "no calibration changed"


def source_text(difference: Difference) -> str:
    """Return of which source zero points are; empty where that is the usual one, or nothing has a zero point."""
    has_any = any(
        effect.measure.name.endswith(_OF_SOURCE) for change in difference.changes for effect in change.effects
    )
    if difference.source == AB.name or not has_any:
        return ""
    return (
        f"zero points are of {printable(TITLES.get(difference.source, f'the spectrum {difference.source}'))}"
    )


def levels_text(difference: Difference) -> str:
    """Return by which gains and saturations changes were measured; empty where only by the usual ones, or by none."""
    levels = list(dict.fromkeys(c.levels for c in difference.changes if c.levels is not None))
    texts = list(dict.fromkeys(text for text in map(_one_levels_text, levels) if text))
    more = f"; {len(texts) - _MOST_LEVELS:,} others" if len(texts) > _MOST_LEVELS else ""
    return f"measured by {'; '.join(texts[:_MOST_LEVELS])}{more}" if texts else ""


def _one_levels_text(levels: Levels) -> str:
    """Return where gains and saturations come from, if from anywhere."""
    if levels.gain == levels.saturation:
        paths = [path for path in levels.gain if path]
        return f"gain and saturation of {_paths_text(levels.gain)}" if paths else ""
    parts = (("gain", levels.gain), ("saturation", levels.saturation))
    return ", ".join(f"{name} of {_paths_text(paths)}" for name, paths in parts if any(paths))


def _paths_text(paths: Sequence[str | None]) -> str:
    names = " and ".join(printable(path) for path in paths if path)
    return f"{names} where known" if None in paths else names


def difference_to_json(difference: Difference) -> dict[str, Any]:
    """Return a difference as plain values."""
    return {
        "before": difference.before,
        "after": difference.after,
        "source": difference.source,
        "changes": [_stored_change(change, difference) for change in difference.changes],
        "unchanged": len(difference.unchanged),
        "no_physical_change": [_stored_change(change, difference) for change in difference.unchanged],
    }


def _stored_change(change: Change, difference: Difference) -> dict[str, Any]:
    """Return a change as plain values, with the paths of the files that there are."""
    old, new = difference.stored_paths(change)
    unreadable = [difference.stored_path(path) for path in change.unreadable]
    return {**change_to_json(change), "old": old, "new": new, "unreadable": unreadable}


def change_to_json(change: Change) -> dict[str, Any]:
    """Return a change as plain values."""
    key = change.key
    return {
        "instrument": key.instrument,
        "type": key.type,
        "detector": key.detector or None,
        "filter": key.filter or None,
        "old": change.old,
        "new": change.new,
        "old_range": _range_to_json(change.old_range),
        "new_range": _range_to_json(change.new_range),
        "ranges": [_range_to_json(valid) for valid in change.ranges],
        "measures": [effect_to_json(effect) for effect in change.effects],
        "levels": _levels_to_json(change.levels),
        "values": list(change.fields),
        "keywords": list(change.keywords),
        "unreadable": list(change.unreadable),
    }


def _range_to_json(valid: Range | None) -> dict[str, str | None] | None:
    if valid is None:
        return None
    return {"begin": f"{iso(valid.start)}Z", "end": f"{iso(valid.end)}Z" if valid.end else None}


def _levels_to_json(levels: Levels | None) -> dict[str, list[str | None]] | None:
    return None if levels is None else {"gain": list(levels.gain), "saturation": list(levels.saturation)}


def effect_to_json(effect: Effect) -> dict[str, Any]:
    """Return an effect as plain values."""
    value, old, new, of = effect.reading
    return {
        "name": effect.measure.name,
        "of": dict(of),
        "value": _finite(value),
        "unit": effect.measure.unit,
        "old": _finite(old),
        "new": _finite(new),
        "worse": effect.measure.worse,
    }


def _finite(value: float | None) -> float | None:
    """Return a number, or `None` where JSON has none for it."""
    return value if value is not None and math.isfinite(value) else None
