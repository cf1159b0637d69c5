"""JSON lines: different keys, damaged and long lines."""

from __future__ import annotations

import json

import pytest

from support.exposures import MJD, TIME, MakeTable, read


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[1]", "7", "null", '{"a"', "{" * 5000, '{"night": "x"}', '{"x": 1}', "\0", "{}", "\xff"],
)
def test_json_lines_that_cannot_be_read_are_findings(table: MakeTable, line: str) -> None:
    good = json.dumps({"time": TIME})
    path = table(f"{good}\n{line}\n{good}\n".encode("latin-1"))
    rows, ((number, code),) = read(path)
    assert [row[0] for row in rows] == [1, 3]
    assert (number, code[:5]) == (2, "CAL45")


def test_a_long_line_of_json(table: MakeTable) -> None:
    good = json.dumps({"time": TIME})
    path = table(f"{good}\n{json.dumps({'time': TIME, 'note': 'x' * (3 << 20)})}\n{good}\n")
    rows, findings = read(path)
    assert ([row[0] for row in rows], findings) == ([1, 3], [(2, "CAL450")])


def test_objects_with_different_keys(table: MakeTable) -> None:
    lines = [
        {"mjd_tai": MJD},
        {"mjd_tai": MJD, "detector": 5},
        {"day_obs": 20240401, "visit": "v"},
        {"mjd_utc": MJD},
    ]
    rows, findings = read(table("\n".join(map(json.dumps, lines)), "x.jsonl"))
    assert [(row[3], row[5]) for row in rows] == [("", ""), ("5", ""), ("", "v")]
    assert findings == [(4, "CAL450")]  # another scale
