"""Calibration index files of HEASARC's CALDB: ``caldb.indx``, a FITS table of the memo CAL/GEN/92-008.

A row has a start only, in UTC: of the rows of one kind, detector and filter that start before a time and have the quality 0,
the last one is used. Boundary conditions (CAL_CBD) choose beside that; a package has no place for them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from curated.core.diagnostic import Problem, brief
from curated.core.times import EARLIEST, LATEST, parse_time
from curated.datasets.deprecation import PREVIOUS, Deprecation
from curated.exchange.foreign import ForeignError, open_foreign
from curated.exchange.hdus import open_hdus
from curated.migration.names import NOTHING, detector_numbers, name_fault
from curated.migration.survey import Note, Product, SourceError, SourceOptions, Survey
from curated.migration.tree import SourceTree
from curated.registry import find_type

_TYPES = {
    "BADPIX": "defects",
    "BIAS": "bias",
    "DARK": "dark",
    "FLATFIELD": "flat",
    "QE": "qe_curve",
    "FTRANS": "transmission_filter",
}
"""Types by CAL_CNAM, where the names mean the same."""

_NEEDED = ("INSTRUME", "CAL_DIR", "CAL_FILE", "CAL_CNAM", "CAL_VSD", "CAL_QUAL")
_PLACED = frozenset(
    (*_NEEDED, "TELESCOP", "DETNAM", "FILTER", "CAL_XNO", "CAL_VST", "CAL_CBD", "CAL_DATE", "REF_TIME")
)
_LARGEST, _MOST_ROWS = 256 << 20, 200_000


def recognises(_: str, head: bytes) -> bool:
    """Say by the first bytes of a file whether it is an index."""
    return head.startswith(b"SIMPLE") and b"'CAL_CNAM" in head


def survey_caldb(tree: SourceTree, indices: tuple[str, ...], options: SourceOptions) -> Survey:
    """Read the indices of a calibration database.

    Raises
    ------
    SourceError
        If one of them cannot be read, or lacks columns.
    """
    rows = [(index, number, row) for index in indices for number, row in enumerate(_read(tree, index), 1)]
    instruments = sorted({row["INSTRUME"] for _, _, row in rows if row["INSTRUME"]})
    telescopes = sorted({row.get("TELESCOP", "") for _, _, row in rows} - {""})
    products: list[Product] = []
    notes: list[Note] = []
    for index, number, row in rows:
        label = f"row {number}, {brief(row['CAL_CNAM'])} {brief(row['CAL_FILE'])}"
        result = _product(row, label, index, options, several=len(instruments) > 1)
        if isinstance(result, Problem):
            notes.append(Note(result, index, 1))
            continue
        file = tree.find(f"{row['CAL_DIR']}/{row['CAL_FILE']}", index)
        if not file:
            detail = f"{label}: {brief(row['CAL_DIR'])} has no such file in the source"
            notes.append(Note(Problem("CAL732", (), detail), index))
        products.append(replace(result, file=file))
    detectors = detector_numbers(product.detector for product in products if product.detector)
    notes += _place_notes(rows)
    alone = instruments[0] if len(instruments) == 1 else ""
    return Survey(
        kind="caldb",
        instrument=alone or (telescopes[0] if len(telescopes) == 1 else ""),
        products=tuple(products),
        notes=tuple(notes),
        detectors=detectors,
        filters=tuple(sorted({product.filter for product in products if product.filter})),
        indices=indices,
        latest_wins=True,
    )


def _read(tree: SourceTree, index: str) -> list[dict[str, Any]]:
    """Return the rows of an index; texts are stripped."""
    if tree.size(index) > _LARGEST:
        raise SourceError(Problem("CAL730", (), f"it has more than {_LARGEST >> 20} MB: no index has"), index)
    try:
        with open_hdus(open_foreign(tree.locate(index))) as hdus:
            columns = _columns(hdus)
    except ForeignError as error:
        problem = error.problems[0]
        raise SourceError(Problem("CAL730", (), problem.detail, problem.hint), index) from error
    count = len(columns["CAL_CNAM"])
    return [{name: _plain(values[row]) for name, values in columns.items()} for row in range(count)]


def _columns(hdus: Any) -> dict[str, Any]:
    tables = [hdu for hdu in hdus if "CAL_CNAM" in getattr(getattr(hdu, "columns", None), "names", ())]
    if len(tables) != 1:
        raise ForeignError(Problem("CAL730", (), f"{len(tables)} of its tables have CAL_CNAM"))
    names = [str(name) for name in tables[0].columns.names]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise ForeignError(Problem("CAL730", (), f"the index has no {', '.join(missing)}"))
    data = tables[0].data
    if len(data) > _MOST_ROWS:
        raise ForeignError(Problem("CAL730", (), f"it has {len(data)} rows: no index has"))
    return {name: np.asarray(data[name]) for name in names}


def _plain(value: Any) -> Any:
    """Return a cell as a text, a number, or a tuple of texts."""
    if isinstance(value, bytes):
        return value.decode("ascii", "backslashreplace").strip("\0 ")
    if isinstance(value, str):
        return value.strip("\0 ")
    if isinstance(value, np.ndarray):
        return tuple(_plain(item) for item in value.ravel())
    return value.item() if isinstance(value, np.generic) else value


def _product(
    row: Mapping[str, Any], label: str, index: str, options: SourceOptions, *, several: bool
) -> Product | Problem:
    """Return the product of a row, or what is wrong with it."""
    for name in ("INSTRUME", "CAL_DIR", "CAL_FILE", "CAL_CNAM", "CAL_VSD"):
        if not isinstance(row[name], str):
            return Problem("CAL731", (), f"{label}: {name} is no text")
    kind = row["CAL_CNAM"]
    type_name = options.types.get(kind, _TYPES.get(kind.upper(), ""))
    cls = find_type(type_name) if type_name else None
    start = _start(row)
    if start is None:
        detail = f"{label}: {brief(row['CAL_VSD'])} {brief(row.get('CAL_VST', ''))} is no date before 2100"
        return Problem("CAL731", (), detail)
    detector = filter_name = ""
    if cls is not None and cls.SPEC.has_detector:
        name = _text(row, "DETNAM") or options.detector
        words = [row["INSTRUME"]] if several or not name else []
        detector = "_".join([*words, *([name] if name else [])])
        fault = name_fault(detector, "detector")
        if fault:
            return Problem("CAL731", (), f"{label}: {fault}")
    if cls is not None and cls.SPEC.has_filter:
        filter_name = _text(row, "FILTER") or options.filter
        fault = name_fault(filter_name, "filter")
        if fault:
            return Problem("CAL731", (), f"{label}: {fault}", "say it with --filter")
    quality = row["CAL_QUAL"]
    if not isinstance(quality, (int, float)) or not float(quality).is_integer():
        return Problem("CAL731", (), f"{label}: CAL_QUAL is {brief(quality)}, and no whole number")
    date = _text(row, "CAL_DATE")
    mark = None
    if quality != 0:
        reason = f"CAL_QUAL is {quality} in {index}"
        day = date if re.fullmatch(r"\d{4}-\d\d-\d\d", date, re.ASCII) else start.date().isoformat()
        mark = Deprecation(reason, "CALDB", day, PREVIOUS)
    number = row.get("CAL_XNO")
    return Product(
        label=label,
        index=index,
        kind=kind,
        type=cls.SPEC.name if cls is not None else "",
        detector=detector,
        filter=filter_name,
        start=start,
        selectors=_selectors(row, cls),
        deprecation=mark,
        hdu=str(number) if isinstance(number, int) and number > 0 else "",
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    """Return a text of a row; empty for what stands for nothing."""
    value = row.get(name)
    return value if isinstance(value, str) and value.lower() not in NOTHING else ""


def _start(row: Mapping[str, Any]) -> datetime | None:
    """Return the start of a row's range; `None` if it has none that a package can have."""
    day = row["CAL_VSD"]
    old = re.fullmatch(r"(\d\d)/(\d\d)/(\d\d)", day, re.ASCII)
    if old is not None:
        # Before 1999 FITS dates had two digits for a year of the twentieth century.
        day = f"19{old[3]}-{old[2]}-{old[1]}"
    clock = _text(row, "CAL_VST") or "00:00:00"
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII) or not re.fullmatch(
        r"\d\d:\d\d(:\d\d)?", clock, re.ASCII
    ):
        return None
    try:
        start = parse_time(f"{day}T{clock}")
    except ValueError:
        return None
    return max(start, EARLIEST) if start < LATEST else None


def _boundaries(row: Mapping[str, Any]) -> list[str]:
    value = row.get("CAL_CBD", ())
    texts = value if isinstance(value, tuple) else (value,)
    return [text for text in texts if isinstance(text, str) and text.lower() not in NOTHING]


def _selectors(row: Mapping[str, Any], cls: Any) -> dict[str, str]:
    """Return what else a row depends on: its boundaries, and a filter or detector that the type has not."""
    selectors = {}
    boundaries = _boundaries(row)
    if boundaries:
        selectors["CAL_CBD"] = "; ".join(boundaries)
    for column, is_level in (
        ("FILTER", cls is not None and cls.SPEC.has_filter),
        ("DETNAM", cls is not None and cls.SPEC.has_detector),
    ):
        if not is_level and _text(row, column):
            selectors[column] = _text(row, column)
    return selectors


def _place_notes(rows: list[tuple[str, int, dict[str, Any]]]) -> list[Note]:
    """Return notes on columns that have no place in a package."""
    counts = Counter[tuple[str, str]]()
    for index, _, row in rows:
        if _boundaries(row):
            counts[index, "CAL_CBD"] += 1
        for name, value in row.items():
            if name not in _PLACED and (not isinstance(value, str) or value.lower() not in NOTHING):
                counts[index, name] += 1
    return [
        Note(
            Problem(
                "CAL736",
                (),
                f"{brief(name)} has no place in a package; {count} rows have a value",
                "the copy of the index keeps it",
            ),
            index,
        )
        for (index, name), count in sorted(counts.items())
    ]
