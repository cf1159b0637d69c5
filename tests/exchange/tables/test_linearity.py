"""Corrections of non-linearity: what they do to a signal is what the table says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support.akima import slow_akima
from support.foreign_tables import AMPLIFIERS, Tables, findings

ADU: dict[str, Any] = {"units": {"": "adu"}}


def test_polynomials(tables: Tables) -> None:
    tables.add_camera()
    text = "amp,c1,c2,c3\n" + "".join(f"{name},1,{i}e-6,2e-12\n" for i, name in enumerate(AMPLIFIERS))
    addition = tables.add(text, "linearizer", **ADU)
    assert not findings(addition)
    calib: Any = addition.calib
    signal = np.array([0.0, 1e3, 5e4])
    for i, name in enumerate(AMPLIFIERS):
        expected = signal + i * 1e-6 * signal**2 + 2e-12 * signal**3
        assert calib.correct(name, signal) == pytest.approx(expected, rel=1e-12)
    assert calib.linearityBBox["C11"].tolist() == [20, 15, 20, 15]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("amp,c0,c2\nC00,5,1e-6\nC01,0,0\nC10,0,0\nC11,0,0\n", "CAL727", 2),
        ("amp,c1,c2\nC00,0.98,1e-6\nC01,1,0\nC10,1,0\nC11,0,0\n", "CAL727", 2),
        ("amp,c2\nC00,nan\nC01,0\nC10,0\nC11,0\n", "CAL724", 2),
        ("amp,c2\nC00,1e-6\nC01,0\nC10,0\n", "CAL725", 0),
        ("amp,colour\nC00,red\nC01,red\nC10,red\nC11,blue\n", "CAL727", 0),
    ],
)
def test_other_forms(tables: Tables, text: str, code: str, line: int) -> None:
    tables.add_camera()
    assert [finding[:2] for finding in findings(tables.add(text, "linearizer", **ADU))] == [(code, line)]


def test_unit_and_boxes_are_needed(tables: Tables) -> None:
    text = "amp,c2\n" + "".join(f"{name},1e-6\n" for name in AMPLIFIERS)
    assert [code for code, _, _ in findings(tables.add(text, "linearizer"))] == ["CAL723", "CAL727"]
    tables.add_camera()
    assert [code for code, _, _ in findings(tables.add(text, "linearizer"))] == ["CAL723"]


def test_splines(tables: Tables) -> None:
    tables.add_camera()
    nodes, values = [0.0, 1e4, 2e4, 4e4, 8e4], [0.0, -5.0, 3.0, 40.0, 90.0]
    rows = "".join(f"{name},{x},{y}\n" for name in AMPLIFIERS for x, y in zip(nodes, values, strict=True))
    addition = tables.add(f"amplifier,node (adu),value (adu)\n{rows}", "linearizer")
    assert not findings(addition)
    calib: Any = addition.calib
    signal = np.array([1e3, 1.5e4, 6e4])
    expected = [x - slow_akima(nodes, values, x) for x in signal.tolist()]
    assert calib.correct("C01", signal) == pytest.approx(expected)
    swapped = f"amplifier,node,value\n{rows}".replace("C00,10000.0", "C00,30000.0")
    assert findings(tables.add(swapped, "linearizer", **ADU))[0][:2] == ("CAL724", 4)


def test_lookup_tables(tables: Tables) -> None:
    tables.add_camera()
    table = np.arange(40.0).reshape(4, 10)
    rows = "".join(
        f"{name} {' '.join(map(str, row))}\n" for name, row in zip(AMPLIFIERS, table.tolist(), strict=True)
    )
    addition = tables.add(rows, "linearizer", **ADU)
    assert not findings(addition)
    calib: Any = addition.calib
    assert calib.tableData.tolist() == table.tolist()
    assert calib.correct("C10", np.array([3.0])).tolist() == [3 + table[2, 3]]
