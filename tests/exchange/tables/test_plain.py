"""Tables of columns as calibrations: what passes the check, and rows that do not."""

from __future__ import annotations

from typing import Any

import pytest

from support.foreign_tables import AMPLIFIERS, Tables, findings

CURVES = "amp,wavelength (nm),qe (%)\n" + "".join(
    f"{name},{wavelength},{value}\n"
    for name in AMPLIFIERS
    for wavelength, value in ((300, 10.5), (500, 90), (900, 20))
)


def test_curves_of_amplifiers(tables: Tables) -> None:
    addition = tables.add(CURVES, "qe_curve")
    assert not addition.diagnostics
    assert list(addition.contents) == ["calibs/tiny/qe_curve/d0/20240601T000000.ecsv"]
    calib: Any = addition.calib
    assert calib.amplifiers == list(AMPLIFIERS)
    assert calib.efficiencies.reshape(4, 3).tolist() == [[10.5, 90, 20]] * 4
    assert not tables.add(CURVES, "transmission_sensor").failed


def test_rows_that_cannot_be_used(tables: Tables) -> None:
    text = "wavelength (nm),throughput\n300,0.1\n300,0.5\n290,nan\n400,\nx,0.2\n"
    assert findings(tables.add(text, "transmission_filter")) == [
        ("CAL724", 4, "row 3: throughput is nan"),
        ("CAL724", 5, "row 4: throughput has no value"),
        ("CAL724", 6, "row 5: wavelength is 'x', not a number"),
    ]
    text = "wavelength (nm),throughput\n300,0.1\n300,0.5\n290,0.2\n"
    assert findings(tables.add(text, "transmission_filter")) == [
        ("CAL724", 3, "row 2: wavelength 300 is there twice"),
        ("CAL724", 4, "row 3: wavelength 290 follows 300"),
    ]


def test_sorting_is_asked_for(tables: Tables) -> None:
    text = "wavelength (nm),throughput\n500,0.1\n400,0.5\n300,0.2\n"
    assert [finding[0] for finding in findings(tables.add(text, "transmission_filter"))] == ["CAL724"] * 2
    calib: Any = tables.add(text, "transmission_filter", sort=True).calib
    assert calib.wavelength.tolist() == [300, 400, 500]
    assert calib.efficiency.tolist() == [0.2, 0.5, 0.1]
    mixed = "amp,wavelength (nm),qe (%)\n" + "".join(
        f"{a},{w},{w / 10}\n" for w in (900, 300) for a in AMPLIFIERS
    )
    curve: Any = tables.add(mixed, "qe_curve", sort=True).calib
    assert curve.amp_name.tolist() == [name for name in AMPLIFIERS for _ in range(2)]
    assert curve.efficiencies.tolist() == [30, 90] * 4
    twice = "wavelength (nm),throughput\n400,0.1\n300,0.5\n400,0.2\n"
    addition = tables.add(twice, "transmission_filter", sort=True)
    assert findings(addition) == [("CAL724", 4, "row 3: wavelength 400 is there twice")]


def test_two_columns_without_names(tables: Tables) -> None:
    text = "# a filter\n3000 0.1\n4000 0.5\n"
    assert findings(tables.add(text, "transmission_filter")) == [
        ("CAL723", 0, "column wavelength has no unit")
    ]
    calib: Any = tables.add(text, "transmission_filter", units={"wavelength": "Angstrom"}).calib
    assert calib.samples()[0].tolist() == [300, 400]
    assert findings(tables.add("1 2 3\n4 5 6\n", "gain_correction"))[0][0] == "CAL721"


def test_boxes_count_from_somewhere(tables: Tables) -> None:
    calib: Any = tables.add("x0,y0,width,height\n1,2,3,4\n5,6,1,1\n", "defects").calib
    assert (calib.x0.tolist(), calib.height.tolist()) == ([1, 5], [4, 1])
    columns = {"x0": "x", "y0": "y", "width": "w", "height": "h"}
    text = "x,y,w,h\n1,2,3,4\n"
    addition = tables.add(text, "defects", columns=columns)
    assert [code for code, _, _ in findings(addition)] == ["CAL712"] * 2
    for origin in (0, 1):
        boxes: Any = tables.add(text, "defects", columns=columns, origin=origin).calib
        assert (boxes.x0.tolist(), boxes.y0.tolist()) == ([1 - origin], [2 - origin])
    assert tables.add("x0,y0,width,height\n38,2,3,4\n", "defects").failed


def test_numbers_of_amplifiers(tables: Tables) -> None:
    text = "amp gain_adjustment\nC00 1.01\nC01 1.02\nC10 1\nC11 1\n"
    calib: Any = tables.add(text, "gain_correction").calib
    assert calib.ampNames.tolist() == list(AMPLIFIERS)
    assert calib.gainAdjustments.tolist() == [1.01, 1.02, 1, 1]


def test_what_a_table_of_gains_leaves_open_is_said(tables: Tables) -> None:
    addition = tables.add("amp,gain (e-/adu)\n" + "".join(f"{n},1.5\n" for n in AMPLIFIERS), "ptc")
    assert (
        "CAL728",
        0,
        "only what the table has is filled in; there are no pairs of flat fields",
    ) in findings(addition, "info")
    assert not addition.failed


@pytest.mark.parametrize("type_name", ["cti", "bfk", "electroBfDistortionMatrix", "provenance"])
def test_types_that_a_table_does_not_fill(tables: Tables, type_name: str) -> None:
    assert tables.add("amp,gain (e-/adu)\nC00,1\n", type_name).failed


def test_a_table_of_gains_alone(tables: Tables) -> None:
    rows = "C00,1.5,5,6e4\nC01,1.25,6,6.1e4\nC10,1,7,6.2e4\nC11,2,8,6.3e4\n"
    calib: Any = tables.add(f"amp,gain (e-/DN),Read Noise (e-),saturation (adu)\n{rows}", "gains").calib
    assert calib.gain == {"C00": 1.5, "C01": 1.25, "C10": 1, "C11": 2}
    assert calib.readNoise == {"C00": 5, "C01": 6, "C10": 7, "C11": 8}
    assert calib.saturation["C11"] == 6.3e4
    units = {"gain": "electron/adu", "noise": "electron", "full": "adu"}
    columns = {"noise": "noise", "saturation": "full"}
    options: dict[str, Any] = {"units": units, "columns": columns, "values": {"source": "nominal"}}
    nominal: Any = tables.add(f"amp,gain,noise,full\n{rows}", "gains", **options).calib
    assert (nominal.source, nominal.readNoise) == ("nominal", calib.readNoise)


@pytest.mark.parametrize("text", ["x0,y0,width,height\n", "x0 [pix],y0 [pix],width [pix],height [pix]\n"])
def test_a_list_without_bad_pixels(tables: Tables, text: str) -> None:
    addition = tables.add(text, "defects")
    calib: Any = addition.calib
    assert [finding.code for finding in addition.diagnostics] == ["CAL717"]
    assert len(calib.x0) == 0
    assert [message for _, _, message in findings(tables.add("amp,gain,x0\n", "gains"))] == [
        "the table has no rows"
    ]


def test_amplifiers_by_order_come_in_the_order_of_their_numbers(tables: Tables) -> None:
    options: dict[str, Any] = {"by_order": True, "units": {"gain": "electron/adu"}}
    rows = [f"amp{i} 1.{i}\n" for i in range(4)]
    calib: Any = tables.add("amp gain\n" + "".join(rows), "gains", **options).calib
    assert list(calib.gain.values()) == [1.0, 1.1, 1.2, 1.3]
    addition = tables.add("amp gain\n" + "".join(reversed(rows)), "gains", **options)
    assert [code for code, _, _ in findings(addition)] == ["CAL725"]


def test_a_unit_of_no_column(tables: Tables) -> None:
    addition = tables.add("amp,gain\nC00,1\nC01,1\nC10,1\nC11,1\n", "gains", units={"": "electron/adu"})
    assert "CAL756" in [code for code, _, _ in findings(addition)]
