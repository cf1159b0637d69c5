"""Rows of affected exposures, as programs read them."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from curated.core.keys import CalibKey
from curated.declare import Measure, Reading
from curated.difference.change import Change, Effect
from curated.exposures.batch import Exposures
from curated.exposures.impact import Examined
from curated.exposures.outcomes import Hit, Outcome
from curated.report.impact.rows import heading, row_texts

SHIFT = Measure(name="zero_point_shift", unit="mmag", doc="", compute=lambda *_: (), notable=5)
NASTY = 'a,"b"\nc'


def make_part(name: str = "v1", value: float = -409.25) -> Examined:
    hits = (
        Hit(
            Change(CalibKey("cam", "flat", "d00", "u"), "a/b.yaml", "c.yaml"),
            "effect",
            Effect(SHIFT, Reading(value, of={"band": "u", "amplifier": "C00"})),
            1,
        ),
        Hit(Change(CalibKey("cam", "camera"), None, "x.yaml"), "new", None, 0),
    )
    empty = np.zeros(0)
    outcomes = [("cam", "d00", Outcome(h, empty, empty, empty, skips_filters=False)) for h in (hits, ())]
    exposures = Exposures(
        np.array([2, 3, 4]), np.zeros(3), np.zeros(3), ["cam"] * 3, ["0"] * 3, ["u", "", "u"], [name, "", ""]
    )
    return Examined(exposures, np.array([19723, 19724, 19725]), np.array([0, 1, 0]), outcomes)


def text_of(form: str, *parts: Examined) -> str:
    return heading(form) + "".join(row_texts(parts, form))


def test_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(text_of("csv", make_part()))))
    first = {
        "exposure": "v1",
        "instrument": "cam",
        "night": "2024-01-01",
        "filter": "u",
        "detector": "d00",
        "type": "flat",
        "old": "a/b.yaml",
        "new": "c.yaml",
        "level": "effect",
        "measure": "zero_point_shift",
        "of": "u, C00",
        "value": "-409.25",
        "unit": "mmag",
    }
    empty = dict.fromkeys(("old", "measure", "of", "value", "unit"), "")
    second = {**first, "type": "camera", "new": "x.yaml", "level": "new", **empty}
    # An exposure without a name has the line of the table, and one that is not affected has no row.
    last = {"exposure": "4", "night": "2024-01-03"}
    assert rows == [first, second, {**first, **last}, {**second, **last}]


def test_ecsv_is_read_by_astropy() -> None:
    table = Table.read(text_of("ecsv", make_part(NASTY)), format="ascii.ecsv")
    assert (len(table), table["value"].dtype, table["exposure"][0]) == (4, np.dtype("f8"), NASTY)
    assert table["value"].mask.tolist() == [False, True, False, True]


@pytest.mark.parametrize("name", ["v1", NASTY, "ü\u2028", "\udcff", "\0"])
def test_names_survive(name: str) -> None:
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in text_of("jsonl", make_part(name)).split("\n")[:-1]
    ]
    assert [row["exposure"] for row in rows[:2]] == [name.encode(errors="backslashreplace").decode()] * 2
    (first, *_) = csv.reader(io.StringIO(text_of("csv", make_part(name)).partition("\n")[2]))
    assert first[0] == name


def test_json_lines_have_null_for_what_is_missing() -> None:
    first, second, *_ = map(json.loads, text_of("jsonl", make_part(value=math.nan)).splitlines())
    assert (first["of"], first["value"]) == ({"band": "u", "amplifier": "C00"}, None)
    assert [second[name] for name in ("old", "measure", "of", "value", "unit")] == [None] * 5
    assert list(first) == list(second) == heading("csv").strip().split(",")


def test_parts_follow_each_other() -> None:
    part = make_part()
    assert text_of("csv", part, part) == heading("csv") + 2 * "".join(row_texts([part], "csv"))
