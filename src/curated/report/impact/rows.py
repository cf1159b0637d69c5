"""The calibrations of each affected exposure as rows of CSV, ECSV and JSON lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from curated.difference.change import part_text
from curated.exposures.impact import Examined
from curated.exposures.moments import night_date
from curated.exposures.outcomes import Hit

ROW_FORMS = ("csv", "ecsv", "jsonl")
"""Forms of the rows."""

_EXPOSURE_COLUMNS = ("exposure", "instrument", "night", "filter")
_COLUMNS = (
    *(*_EXPOSURE_COLUMNS, "detector", "type", "old", "new", "level", "measure", "of"),
    *("value", "unit"),
)
_QUOTED = frozenset(',"\r\n')
_MOST_TEXTS = 1 << 17
_MOST_CHARACTERS = 1 << 20


def heading(form: str) -> str:
    """Return what stands before the rows of a form."""
    if form == "jsonl":
        return ""
    names = ",".join(_COLUMNS) + "\n"
    if form == "csv":
        return names
    types = {"value": "float64"}
    columns = "".join(f"# - {{name: {name}, datatype: {types.get(name, 'string')}}}\n" for name in _COLUMNS)
    return f"# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n{columns}# schema: astropy-2.0\n{names}"


def row_texts(parts: Iterable[Examined], form: str) -> Iterator[str]:
    """Yield the rows of affected exposures, many at a time, in the order of the table and of type, detector and filter.

    The columns are those of the issue of a calibration for an exposure: which exposure (its name, or else the line of
    the table), the file before and now, how it is affected (`curated.exposures.outcomes.LEVELS`) and the largest measure.

    Parameters
    ----------
    form : `str`
        One of `ROW_FORMS`.
    """
    first: Callable[..., str] = _json_start if form == "jsonl" else _csv_start
    second: Callable[..., str] = _json_rest if form == "jsonl" else _csv_rest
    texts: dict[tuple[int, str], str] = {}
    hits: list[Hit] = []  # keeps the identities of what is remembered
    for part in parts:
        lines: list[str] = []
        size = 0
        rests: dict[int, list[str]] = {}
        exposures = part.exposures
        for place, cell in enumerate(part.cells.tolist()):
            instrument, detector, outcome = part.outcomes[cell]
            if not outcome.hits:
                continue
            if cell not in rests:
                if len(texts) > _MOST_TEXTS:
                    texts.clear()
                    hits.clear()
                for hit in outcome.hits:
                    if (id(hit), detector) not in texts:
                        hits.append(hit)
                        texts[id(hit), detector] = second(hit, detector)
                rests[cell] = [texts[id(hit), detector] for hit in outcome.hits]
            name = exposures.ids[place] or str(exposures.rows[place])
            start = first(name, instrument, str(night_date(part.nights[place])), exposures.filters[place])
            lines.append(start + f"\n{start}".join(rests[cell]) + "\n")
            size += len(lines[-1])
            if size > _MOST_CHARACTERS:
                yield "".join(lines)
                lines, size = [], 0
        if lines:
            yield "".join(lines)


def _csv_start(*cells: str) -> str:
    return "".join(f"{_csv_cell(cell)}," for cell in cells)


def _csv_rest(hit: Hit, detector: str) -> str:
    key, effect = hit.change.key, hit.effect
    cells = [key.detector or detector, key.type, hit.change.old or "", hit.change.new or "", hit.level]
    if effect is not None:
        reading = effect.reading
        cells += [effect.measure.name, part_text(reading.of), repr(float(reading.value)), effect.measure.unit]
    else:
        cells += [""] * 4
    return ",".join(map(_csv_cell, cells))


def _csv_cell(text: str) -> str:
    # A line feed or a quote in a name is a part of the cell.
    return text if _QUOTED.isdisjoint(text) else '"{}"'.format(text.replace('"', '""'))


def _json_start(*cells: str) -> str:
    values = dict(zip(_EXPOSURE_COLUMNS, cells, strict=True))
    return _json({**values, "filter": values["filter"] or None})[:-1] + ","


def _json_rest(hit: Hit, detector: str) -> str:
    key, effect = hit.change.key, hit.effect
    values = {
        "detector": key.detector or detector or None,
        "type": key.type,
        "old": hit.change.old,
        "new": hit.change.new,
        "level": hit.level,
        **dict.fromkeys(("measure", "of", "value", "unit")),
    }
    if effect is not None:
        value = float(effect.reading.value)
        values |= {
            "measure": effect.measure.name,
            "of": dict(effect.reading.of),
            "value": value if math.isfinite(value) else None,
            "unit": effect.measure.unit,
        }
    return _json(values)[1:]


def _json(values: dict[str, Any]) -> str:
    # Names may have halves of surrogate pairs, which JSON cannot hold.
    try:
        return orjson.dumps(values, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return orjson.dumps({k: _plain(v) for k, v in values.items()}).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    return value if isinstance(value, (int, float)) or value is None else str(value)
