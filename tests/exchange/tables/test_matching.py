"""Columns that are fields: by declared names, usual names and options; their units."""

from __future__ import annotations

from typing import Any

import pytest

from support.foreign_tables import Tables, findings

CURVE = "wavelength (nm),throughput\n300,0.1\n400,0.5\n500,0.2\n"


@pytest.mark.parametrize(
    "header", ["wave_nm,trans", "Lambda [nm],Transmission", "WAVELENGTH (NM),QE", "w (nm),t"]
)
def test_names(tables: Tables, header: str) -> None:
    options = {"columns": {"wavelength": "w", "efficiency": "2"}} if header == "w (nm),t" else {}
    if "trans" in header:
        options = {"columns": {"efficiency": "TRANS"}}
    calib: Any = tables.add(f"{header}\n300,0.1\n400,0.5\n", "transmission_filter", **options).calib
    assert calib.wavelength.tolist() == [300, 400]
    assert calib.efficiency.tolist() == [0.1, 0.5]


def test_names_that_do_not_exist(tables: Tables) -> None:
    text = "wavelength (nm),flux\n300,0.1\n"
    code, _, message = findings(tables.add(text, "transmission_filter"))[0]
    assert (code, message.startswith("no column of wavelength, flux is efficiency")) == ("CAL721", True)
    addition = tables.add(text, "transmission_filter", columns={"efficency": "flux"})
    assert any(finding.hint == "did you mean 'efficiency'?" for finding in addition.diagnostics)
    addition = tables.add(text, "transmission_filter", columns={"efficiency": "fluxx"})
    assert any(finding.hint == "did you mean 'flux'?" for finding in addition.diagnostics)
    assert findings(addition, "warning") == [("CAL722", 0, "columns 'flux' are left out")]


def test_two_columns_for_one_field(tables: Tables) -> None:
    text = "wavelength (nm),transmission,response\n300,0.1,0.2\n"
    message = "columns transmission and response may both be efficiency"
    assert ("CAL721", 0, message) in findings(tables.add(text, "transmission_filter"))
    addition = tables.add(text, "transmission_filter", columns={"efficiency": "response"})
    assert not [finding for finding in findings(addition) if finding[0] == "CAL721"]


@pytest.mark.parametrize(
    ("unit", "samples"),
    [("nm", [300, 400]), ("Angstrom", [30, 40]), ("micron", [300e3, 400e3])],
)
def test_wavelengths_have_units(tables: Tables, unit: str, samples: list[float]) -> None:
    text = "wavelength,throughput\n300,0.1\n400,0.5\n"
    assert findings(tables.add(text, "transmission_filter")) == [
        ("CAL723", 0, "column wavelength has no unit")
    ]
    calib: Any = tables.add(text, "transmission_filter", units={"wavelength": unit}).calib
    if calib is not None:
        assert calib.samples()[0] == pytest.approx(samples)


def test_units_that_do_not_fit(tables: Tables) -> None:
    text = "wavelength (nm),throughput\n300,0.1\n400,0.5\n"
    message = "column wavelength is in nm, but --unit says um"
    assert findings(tables.add(text, "transmission_filter", units={"wavelength": "um"})) == [
        ("CAL723", 0, message)
    ]
    message = "column wavelength: s does not convert to nm"
    assert findings(tables.add(text.replace("(nm)", "(s)"), "transmission_filter")) == [
        ("CAL723", 0, message)
    ]
    assert (
        findings(tables.add(text.replace("(nm)", "(furlong per)"), "transmission_filter"))[0][0] == "CAL723"
    )


def test_units_of_columns_that_are_not_there(tables: Tables) -> None:
    addition = tables.add(CURVE, "transmission_filter", units={"wavelenth": "nm"})
    assert findings(addition) == [("CAL721", 0, "--unit wavelenth: there is no such column")]
    assert any(finding.hint == "did you mean 'wavelength'?" for finding in addition.diagnostics)


def test_percent_and_fractions(tables: Tables) -> None:
    text = "wavelength (nm),efficiency\n300,10\n400,50\n"
    assert findings(tables.add(text, "transmission_filter"))[0][0] == "CAL723"
    for type_name in ("transmission_filter", "qe_curve"):
        for unit, scale in (("percent", 1), ("fraction", 0.01)):
            numbers = f"wavelength (nm),efficiency\n300,{10 * scale}\n400,{50 * scale}\n"
            calib: Any = tables.add(numbers, type_name, units={"efficiency": unit}).calib
            assert calib.fractions.tolist() == pytest.approx([0.1, 0.5])
    assert calib.units["efficiencies"] == "%"


def test_gains(tables: Tables) -> None:
    rows = "C00,1.5,5\nC01,1.25,6\nC10,1,7\nC11,2,8\n"
    calib: Any = tables.add(f"amp,gain (e-/DN),Read Noise (e-)\n{rows}", "ptc").calib
    assert calib.gain == {"C00": 1.5, "C01": 1.25, "C10": 1, "C11": 2}
    assert calib.noise == {"C00": 5, "C01": 6, "C10": 7, "C11": 8}
    messages = [message for _, _, message in findings(tables.add(f"amp,gain,noise\n{rows}", "ptc"))]
    assert messages == ["column gain has no unit", "column noise has no unit"]
    addition = tables.add(f"amp,gain (adu/electron),noise (e-)\n{rows}", "ptc")
    assert addition.diagnostics[0].hint == "gain is in electron/adu: take the reciprocals"
    units = {"gain": "electron/adu", "noise": "electron"}
    assert not tables.add(f"amp,gain,noise\n{rows}", "ptc", units=units).failed
