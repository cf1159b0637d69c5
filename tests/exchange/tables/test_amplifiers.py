"""Amplifiers of a table against those of the detector."""

from __future__ import annotations

from typing import Any

from support.foreign_tables import AMPLIFIERS, Tables, findings


def gains(names: list[str]) -> str:
    return "amp,gain (e-/adu)\n" + "".join(f"{name},{1 + i / 10}\n" for i, name in enumerate(names))


def test_names_that_no_amplifier_has(tables: Tables) -> None:
    addition = tables.add(gains(["c00", "C01", "C10", "C11"]), "ptc")
    assert findings(addition)[-1] == ("CAL725", 2, "row 1: the detector has no amplifier 'c00'")
    assert addition.diagnostics[-1].hint == "did you mean 'C00'?"
    assert ("CAL725", 0, "no row for C00: 4 amplifiers in the file, 4 in the detector") in findings(addition)


def test_numbers_of_amplifiers(tables: Tables) -> None:
    addition = tables.add(gains(["C00", "C01", "C10"]), "ptc")
    assert findings(addition) == [
        ("CAL725", 0, "no row for C11: 3 amplifiers in the file, 4 in the detector")
    ]
    addition = tables.add(gains([*AMPLIFIERS, "C01"]), "ptc")
    assert findings(addition)[0] == ("CAL724", 6, "row 5: amplifier 'C01' is that of row 2")
    addition = tables.add(gains([*AMPLIFIERS, "C12"]), "ptc")
    assert findings(addition)[0] == ("CAL725", 6, "row 5: the detector has no amplifier 'C12'")


def test_order_is_asked_for(tables: Tables) -> None:
    numbered = gains(["1", "2", "3", "4"])
    addition = tables.add(numbered, "ptc")
    assert [code for code, _, _ in findings(addition)] == ["CAL725"] * 4
    assert "--by-order" in addition.diagnostics[-1].hint
    calib: Any = tables.add(numbered, "ptc", by_order=True).calib
    assert calib.gain == {"C00": 1.0, "C01": 1.1, "C10": 1.2, "C11": 1.3}
    few = tables.add(gains(["1", "2", "3"]), "ptc", by_order=True)
    assert findings(few) == [("CAL725", 0, "3 amplifiers in the file, 4 in the detector")]


def test_no_names(tables: Tables) -> None:
    text = "gain (e-/adu)\n1.0\n1.1\n1.2\n1.3\n"
    addition = tables.add(text, "ptc")
    assert findings(addition)[0] == ("CAL725", 0, "no column has the names of the amplifiers")
    calib: Any = tables.add(text, "ptc", by_order=True).calib
    assert list(calib.gain.values()) == [1.0, 1.1, 1.2, 1.3]


def test_the_column_is_chosen(tables: Tables) -> None:
    text = "where,gain (e-/adu)\n" + "".join(f"{name},1.5\n" for name in reversed(AMPLIFIERS))
    assert findings(tables.add(text, "ptc"))[0][0] == "CAL725"
    calib: Any = tables.add(text, "ptc", columns={"amplifier": "where"}).calib
    assert sorted(calib.gain) == list(AMPLIFIERS)
