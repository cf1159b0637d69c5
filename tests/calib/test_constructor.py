"""Calibrations that are made of plain values, and copies with other values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.table import Column, MaskedColumn

from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.core.metadata import Metadata
from curated.registry import find_type
from curated.types._image import ImageCalib
from curated.types.bias import Bias
from curated.types.crosstalk import Crosstalk
from curated.types.defects import Defects
from curated.types.linearizer import Linearizer
from curated.types.qe_curve import QECurve
from curated.types.transmission_filter import FilterTransmission

DEMO = Path(__file__).parents[2] / "calibs" / "demo"
BOXES: dict[str, Any] = {"x0": [1, 2], "y0": [3, 4], "width": [1, 1], "height": [5, 6]}


def test_lists_and_a_plain_mapping_of_keywords(tmp_path: Path) -> None:
    defects = Defects(**BOXES, metadata={"INSTRUME": "demo", "detName": "d00"})  # type: ignore[arg-type]
    assert defects.x0.dtype == np.int64
    assert isinstance(defects.metadata, Metadata)
    assert defects.metadata["obstype"] == "defects"
    assert defects.metadata["DEFECTS_VERSION"] == 2.0
    assert defects.metadata["DETNAME"] == "d00"
    assert Defects.readText(defects.writeText(tmp_path / "x.ecsv")) == defects
    assert Defects.readFits(defects.writeFits(tmp_path / "x.fits")) == defects


def test_keywords_that_are_there_stay() -> None:
    defects = Defects(**BOXES, metadata={"obstype": "manual_defects"})  # type: ignore[arg-type]
    assert defects.metadata["OBSTYPE"] == "manual_defects"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": [0, 1]}, "CAL301 width value 1: 0 is not positive"),
        ({"x0": [1.5, 2]}, "CAL305 x0 value 1: 1.5 is not a whole number"),
        ({"x0": ["a", 2]}, "CAL211 x0 value 1: 'a' is not a whole number"),
        ({"x0": [1]}, "CAL215 the columns differ in length: x0 1, y0 2"),
        ({"x0": [1, None]}, "CAL211 x0"),
        ({"x0": [[1], [2, 3]]}, "CAL215 x0: rows of different lengths"),
        ({"metadata": {"WEIGHT": [1, [2]]}}, "CAL502 WEIGHT"),
    ],
)
def test_wrong_values_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(CalibrationError) as caught:
        Defects(**{**BOXES, "metadata": {"INSTRUME": "demo"}, **values})
    assert message in str(caught.value)


def test_quantities_and_columns_have_units() -> None:
    curve = FilterTransmission(wavelength=[3000, 4000] * u.AA, efficiency=[0.1, 0.5] * u.one)
    assert curve.units["wavelength"] == "Angstrom"
    wavelengths, fractions = curve.samples()
    assert wavelengths.tolist() == [300, 400]
    assert fractions.tolist() == [0.1, 0.5]
    names = Column(np.array([b"A ", b"A"]), name="amp_name")
    curve_of_amplifier = QECurve(
        amp_name=names,
        wavelength=Column([1.0, 2.0], unit="um"),
        efficiencies=[10, 20] * u.percent,
        mode="AMP",
    )
    assert curve_of_amplifier.amplifiers == ["A"]
    assert curve_of_amplifier.efficiency([1500] * u.nm)[0] == pytest.approx(0.15)
    with pytest.raises(CalibrationError, match="CAL216 wavelength: unit 's', expected 'nm'"):
        FilterTransmission(wavelength=[1, 2] * u.s, efficiency=[1.0, 1.0])


def test_masked_values() -> None:
    numbers = np.ma.MaskedArray([0.1, 0.5], mask=[False, True])
    for values in (numbers, MaskedColumn(numbers)):
        curve = FilterTransmission(wavelength=[300, 400] * u.nm, throughput=values)
        assert curve.throughput is not None
        assert np.isnan(curve.throughput).tolist() == [False, True]
    whole = np.ma.MaskedArray([1, 2], mask=[False, True])
    for boxes in (whole, MaskedColumn(whole)):
        with pytest.raises(CuratedError, match="x0: no value in row 2"):
            Defects(**{**BOXES, "x0": boxes})
        with pytest.raises(CuratedError, match="x0: no value in row 2"):
            Defects(**BOXES).replace(x0=boxes)


def test_values_that_follow_from_others() -> None:
    crosstalk = Crosstalk(coeffs=[[0, 1e-4], [2e-4, 0]])  # type: ignore[arg-type]
    assert (crosstalk.nAmp, crosstalk.hasCrosstalk) == (2, True)
    assert crosstalk.coeffValid is not None
    assert crosstalk.coeffValid.all()
    linearizer = Linearizer(
        linearityType={"A": "Polynomial"},
        linearityCoeffs={"A": [1e-6, 2e-9]},  # type: ignore[dict-item]
        linearityBBox={"A": [0, 0, 10, 10]},  # type: ignore[dict-item]
    )
    assert linearizer.hasLinearity
    assert not linearizer.hasTable
    assert np.isinf(linearizer.inputTurnoff["A"])


def test_arrays_are_taken_as_they_are() -> None:
    x0 = np.array([1, 2])
    arrays = {name: np.array(value) for name, value in BOXES.items()}
    assert Defects(**{**arrays, "x0": x0}).x0 is x0


def test_replace() -> None:
    defects = Defects.readText(DEMO / "defects/d00/20230510T000000.ecsv")
    moved = defects.replace(x0=(defects.x0 + 1).tolist(), metadata={"source": "by hand", "CALIB_ID": None})
    assert moved.x0.tolist() == (defects.x0 + 1).tolist()
    assert moved.metadata["SOURCE"] == "by hand"
    assert "CALIB_ID" not in moved.metadata
    assert moved.origin is None
    assert defects.metadata["SOURCE"].startswith("Demonstration")
    assert defects.replace() == defects
    assert moved.replace(x0=defects.x0, metadata=dict(defects.metadata)) == defects


def test_replace_checks() -> None:
    defects = Defects.readText(DEMO / "defects/d00/20230510T000000.ecsv")
    with pytest.raises(CalibrationError, match="CAL301 width value 1: 0 is not positive"):
        defects.replace(width=0 * defects.width)
    with pytest.raises(CuratedError, match="defects has no value 'widht'") as caught:
        defects.replace(widht=[1])
    assert caught.value.hint == "did you mean 'width'?"


def test_replace_of_values_that_are_keywords() -> None:
    crosstalk = Crosstalk.readText(DEMO / "crosstalk/d00/20200101T000000.yaml")
    by_value = crosstalk.replace(crosstalkRatiosUnits="electron")
    by_keyword = crosstalk.replace(metadata={"CROSSTALK_RATIOS_UNITS": "electron"})
    assert by_value.metadata["CROSSTALK_RATIOS_UNITS"] == by_keyword.crosstalkRatiosUnits == "electron"
    assert by_value == by_keyword


def test_replace_keeps_units_and_takes_new_ones() -> None:
    curve = FilterTransmission(wavelength=[3000, 4000] * u.AA, efficiency=[10, 50] * u.percent)
    shifted = curve.replace(wavelength=curve.wavelength + 100)
    assert shifted.units["wavelength"] == "Angstrom"
    assert shifted.samples()[0].tolist() == [310, 410]
    assert curve.replace(wavelength=[0.31, 0.41] * u.um).samples()[0] == pytest.approx([310, 410])


def test_replace_keeps_pixels() -> None:
    bias = Bias.from_pixels(np.arange(6.0).reshape(2, 3), metadata={"INSTRUME": "demo"})
    copy = bias.replace(metadata={"SOURCE": "x"})
    assert copy.image.tolist() == bias.image.tolist()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def test_every_type_is_made_of_plain_values_and_replaced_by_itself() -> None:
    count = 0
    for directory in sorted(DEMO.iterdir()):
        texts = sorted(path for path in directory.rglob("2*") if path.suffix in (".yaml", ".ecsv", ".json"))
        cls = find_type(directory.name)
        if cls is None or not texts:
            continue
        calib = cls.readText(texts[0])
        values = {field.name: _plain(getattr(calib, field.name)) for field in cls.FIELDS}
        given = {name: value for name, value in values.items() if value is not None}
        pixels = {"planes": calib.planes} if isinstance(calib, ImageCalib) else {}
        options: dict[str, Any] = {"metadata": dict(calib.metadata), "units": calib.units, **pixels, **given}
        assert cls(**options, provenance=calib.provenance) == calib, directory.name
        assert calib.replace() == calib, directory.name
        count += 1
    assert count > 20
