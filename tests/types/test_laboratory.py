"""The laboratory's types put to use, against computations of another kind."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.nddata import CCDData, InverseVariance, StdDevUncertainty, VarianceUncertainty

from curated.calib import Calib, CalibrationError
from curated.calib.arrays import is_equal
from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.core.tables import TextColumn
from curated.registry import find_type, own_types
from curated.types.flat_gradient import FlatGradient
from curated.types.gain_correction import GainCorrection
from curated.types.photodiode import Photodiode
from curated.types.qe_curve import QECurve

DEMO = Path(__file__).parents[2] / "calibs" / "demo"
TYPES = (
    "qe_curve",
    "gain_correction",
    "flat_gradient",
    "electroBfDistortionMatrix",
    "photodiode",
    "photodiode_correction",
    "shutter",
)


def demo(name: str) -> Calib:
    (path,) = (DEMO / name).rglob("*T*.*")
    return own_types()[name].readText(path)


def test_aliases() -> None:
    assert find_type("QE_CURVE") is QECurve
    assert find_type("electrostatic") is own_types()["electroBfDistortionMatrix"]
    assert {own_types()[name].SPEC.storage_class for name in TYPES} == {"QECurve", "IsrCalib"}


@pytest.mark.parametrize("name", [n for n in TYPES if n != "gain_correction"])
def test_what_is_no_correction_of_images_says_so(name: str) -> None:
    with pytest.raises(CuratedError, match=f"{name} is nothing that can be applied to an image"):
        demo(name).apply(np.zeros((2, 2)))


# -- quantum efficiency -------------------------------------------------------------------------------


def qe(**more: object) -> QECurve:
    tree = {"wavelength": [400.0, 500.0, 700.0], "efficiency": [40.0, 80.0, 60.0], **more}
    return QECurve.fromDict(tree)


def test_efficiency_is_linear_between_samples_and_zero_beyond_them() -> None:
    curve = qe()
    wanted = np.array([399.9, 400.0, 425.0, 600.0, 700.0, 700.1])
    np.testing.assert_allclose(curve.efficiency(wanted), [0, 0.4, 0.5, 0.7, 0.6, 0], rtol=1e-14)
    assert curve.efficiency(425.0).shape == ()
    assert curve.efficiency(np.full((2, 3), 425.0)).shape == (2, 3)
    assert np.isnan(curve.efficiency(np.nan))


@pytest.mark.parametrize("unit", [u.nm, u.Angstrom, u.um])
def test_efficiency_takes_quantities(unit: u.Unit) -> None:
    wanted = np.array([410.0, 550.0]) * u.nm
    expected = [0.44, 0.75]
    np.testing.assert_allclose(qe().efficiency(wanted.to(unit)), expected, rtol=1e-12)
    in_angstrom = qe(wavelength=[4000.0, 5000.0, 7000.0], units={"wavelength": "Angstrom"})
    np.testing.assert_allclose(in_angstrom.efficiency(wanted.to(unit)), expected, rtol=1e-12)


def test_efficiency_of_an_amplifier_and_their_mean() -> None:
    curve = demo("qe_curve")
    assert isinstance(curve, QECurve)
    wanted = np.linspace(310, 1090, 57)
    each = []
    for name in curve.amplifiers:
        mine = curve.amp_name == name
        x, y = curve.wavelength[mine], curve.efficiencies[mine] / 100
        # Another way to interpolate: weights of the two neighbours.
        after = np.searchsorted(x, wanted)
        weight = (wanted - x[after - 1]) / (x[after] - x[after - 1])
        each.append(y[after - 1] * (1 - weight) + y[after] * weight)
        np.testing.assert_allclose(curve.efficiency(wanted, name), each[-1], rtol=1e-10)
    np.testing.assert_allclose(curve.efficiency(wanted), np.mean(each, axis=0), rtol=1e-10)


def test_efficiency_of_no_amplifier() -> None:
    with pytest.raises(CuratedError, match="no amplifier 'C99'") as caught:
        demo("qe_curve").efficiency(500.0, "C99")  # type: ignore[attr-defined]
    assert "C00, C01" in caught.value.hint
    with pytest.raises(CuratedError) as caught:
        qe().efficiency(500.0, "C00")
    assert "whole detector" in caught.value.hint


def test_the_mode_follows_from_the_columns() -> None:
    assert (qe().mode, qe().metadata["MODE"], qe().metadata["TYPE"]) == ("DETECTOR", "DETECTOR", "QE")
    assert qe(amp_name=["A", "A", "A"]).metadata["MODE"] == "AMP"


def test_the_stack_would_read_our_efficiencies(tmp_path: Path) -> None:
    from astropy.table import QTable

    demo("qe_curve").writeFits(tmp_path / "qe.fits")
    table = QTable.read(tmp_path / "qe.fits", hdu=1)
    assert table["efficiency"].unit.is_equivalent(u.percent)
    assert (1 * table["efficiency"].unit).to(u.percent).value == 1
    assert table["wavelength"].unit == u.nm
    assert table.meta["MODE"] == "AMP"


# -- gains --------------------------------------------------------------------------------------------

HALVES = DetectorGeometry(
    name="d00",
    id=0,
    width=6,
    height=4,
    amplifiers=(Amplifier("C00", Box(0, 0, 3, 4)), Amplifier("C01", Box(3, 0, 3, 4))),
)


def gains(**more: float) -> GainCorrection:
    values = {"C00": 1.01, "C01": 0.98, **more}
    return GainCorrection.fromDict({"ampNames": list(values), "gainAdjustments": list(values.values())})


@pytest.mark.parametrize("dtype", ["f4", ">f4", "f8", "u2"])
def test_gains_scale_their_amplifiers(dtype: str) -> None:
    image = np.arange(24).reshape(4, 6).astype(dtype)
    kept = image.copy()
    corrected = gains(C99=1.1).apply(image, detector=HALVES)
    expected = np.concatenate([image[:, :3] * 1.01, image[:, 3:] * 0.98], axis=1)
    np.testing.assert_allclose(corrected, expected, rtol=1e-6)
    assert corrected.dtype == ("f8" if dtype == "u2" else "f4" if "f4" in dtype else "f8")
    np.testing.assert_array_equal(image, kept)
    back = gains().apply(corrected, detector=HALVES, invert=True)
    np.testing.assert_allclose(back, image, rtol=1e-6)


@pytest.mark.parametrize("kind", [StdDevUncertainty, VarianceUncertainty, InverseVariance])
def test_gains_scale_ccddata_with_its_uncertainty(kind: type) -> None:
    image = np.full((4, 6), 100.0)
    sigma = StdDevUncertainty(np.full((4, 6), 5.0)).represent_as(kind)
    ccd = CCDData(image, unit="electron", uncertainty=sigma, header={"OBJECT": "flat"})
    corrected = gains().apply(ccd, detector=HALVES)
    expected = np.array([1.01] * 3 + [0.98] * 3)
    np.testing.assert_allclose(corrected.data[0], 100 * expected)
    np.testing.assert_allclose(corrected.uncertainty.represent_as(StdDevUncertainty).array[1], 5 * expected)
    assert (corrected.unit, corrected.header["OBJECT"]) == (u.electron, "flat")
    assert ccd.data[0, 0] == 100
    assert ccd.uncertainty.represent_as(StdDevUncertainty).array[0, 0] == pytest.approx(5)


def test_gains_that_do_not_fit_the_detector() -> None:
    image = np.zeros((4, 6))
    lacking = GainCorrection.fromDict({"ampNames": ["C01"], "gainAdjustments": [1.0]})
    with pytest.raises(CuratedError, match="amplifier C00 has no gain adjustment"):
        lacking.apply(image, detector=HALVES)
    with pytest.raises(CuratedError, match="the image has 6 x 5 pixels, detector d00 6 x 4"):
        gains().apply(np.zeros((5, 6)), detector=HALVES)
    with pytest.raises(CuratedError, match="the detector has no gain adjustment"):
        gains().apply(image, detector=dataclasses.replace(HALVES, amplifiers=()))
    with pytest.raises(CuratedError, match="is no image"):
        gains().apply(np.zeros(3), detector=HALVES)


# -- flat fields --------------------------------------------------------------------------------------


def test_plane_and_radius() -> None:
    gradient = demo("flat_gradient")
    assert isinstance(gradient, FlatGradient)
    assert gradient.plane(gradient.centroidX, gradient.centroidY) == 1.0
    step = gradient.plane(1 + gradient.centroidX, gradient.centroidY) - 1
    assert step == pytest.approx(gradient.gradientX, rel=1e-9)
    centre = gradient.centroidX + gradient.centroidDeltaX, gradient.centroidY + gradient.centroidDeltaY
    np.testing.assert_allclose(
        gradient.radius(centre[0] + np.array([0.0, 3.0]), centre[1] + np.array([0.0, 4.0])), [0, 5]
    )
    assert gradient.plane(np.zeros((2, 3)), np.ones((2, 3))).shape == (2, 3)


def test_numbers_of_a_gradient_are_vectors_in_fits(tmp_path: Path) -> None:
    demo("flat_gradient").writeFits(tmp_path / "gradient.fits")
    with fits.open(tmp_path / "gradient.fits") as hdus:
        assert hdus[1].data["ITL_RATIO"].shape == (1, 1)


# -- photodiode ---------------------------------------------------------------------------------------


def diode(times: np.ndarray, samples: np.ndarray, method: str = "DIRECT_SUM") -> Photodiode:
    return Photodiode.fromDict(
        {
            "timeSamples": times.tolist(),
            "currentSamples": samples.tolist(),
            "integrationMethod": method,
        }
    )


def test_the_charge_of_a_current_is_its_integral() -> None:
    times = np.sort(np.concatenate([np.linspace(0, 2, 4001), [0.3333]]))
    record = diode(times, 3e-9 * np.sin(np.pi * times / 2) ** 2)
    assert record.integrate() == pytest.approx(3e-9, rel=1e-6)
    ramp = diode(np.array([0.0, 1.0, 4.0]), np.array([0.0, 2.0, 8.0]))
    assert ramp.integrate() == 16.0


def test_charges_are_summed_without_the_dark_current() -> None:
    times = np.cumsum(np.r_[0.0, np.tile([0.1, 0.15], 20)])
    dark, light = 2e-12, 1e-9
    on = np.zeros(len(times))
    on[15:25] = 1
    charges = np.r_[0.0, np.diff(times)] * (dark + light * on)
    expected = light * np.sum(np.diff(times) * on[1:])
    assert diode(times, charges, "CHARGE_SUM").integrate() == pytest.approx(expected, rel=1e-9)
    # A sample of the ramp, next to the light, is no measure of the dark current.
    charges[14] = (dark + 0.04 * light) * (times[14] - times[13])
    expected += 0.04 * light * (times[14] - times[13])
    assert diode(times, charges, "CHARGE_SUM").integrate() == pytest.approx(expected, rel=1e-9)
    assert diode(times, charges).integrate("CHARGE_SUM") == pytest.approx(expected, rel=1e-9)


def test_charges_that_cannot_be_summed() -> None:
    with pytest.raises(CuratedError, match="all samples are in the light"):
        diode(np.arange(5.0), np.array([0.0, 1.0, 0.0, 1.0, 1.0]), "CHARGE_SUM").integrate()
    for method in ("TRIMMED_SUM", "MEAN"):
        with pytest.raises(CuratedError, match="has no definition here") as caught:
            diode(np.arange(3.0), np.ones(3), method).integrate()
        assert "DIRECT_SUM" in caught.value.hint


def test_the_observatorys_files_are_read() -> None:
    """A row for each sample, other names of columns, and an instrument by its electrometer."""
    columns = {
        "RNUM": TextColumn(np.array([1.0, 2.0, 3.0]), "float64", ""),
        "Elapsed Time": TextColumn(np.array([0.0, 0.5, 1.0]), "float64", "s"),
        "Signal": TextColumn(np.array([0.0, 2e-9, 0.0]), "float64", "A"),
    }
    metadata = {"INSTRUME": "Electrometer_index_201", "LOCATN": "AuxTel"}
    made, problems = Photodiode.from_columns(metadata, [columns], "ecsv")
    assert made is not None
    assert not problems
    assert made.timeSamples.tolist() == [1.0, 2.0, 3.0], "the last column that is there is taken"
    del columns["RNUM"]
    made, problems = Photodiode.from_columns(metadata, [columns], "ecsv")
    assert made is not None
    assert not problems
    assert made.integrate() == 1e-9
    assert (made.metadata["INSTRUME"], made.metadata["OBSTYPE"]) == ("LATISS", "PHOTODIODE")
    assert "LOCATN" not in made.metadata


def test_currents_in_other_units() -> None:
    tree = {
        "timeSamples": [0.0, 1000.0],
        "currentSamples": [2.0, 2.0],
        "units": {"timeSamples": "ms", "currentSamples": "nA"},
    }
    assert Photodiode.fromDict(tree).integrate() == pytest.approx(2e-9, rel=1e-12)


# -- shutter ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("version", [1.0, 2.0])
def test_shutters_with_few_samples(version: float, number: int, tmp_path: Path) -> None:
    """The stack's reader makes bare scalars of a table of one row."""
    tree = demo("shutter").toDict()
    profile = tree["motionProfile"]
    tree["version"] = 2.0
    for name in ("encodeSamples", "hallTransitions"):
        profile[name] = profile[name][:number]
    profile["fitResults"] = {"Model": "M"} | dict(list(profile["fitResults"].items())[1 : 1 + number])
    cls = own_types()["shutter"]
    calib = dataclasses.replace(cls.fromDict(tree), version=version)
    assert calib.position.shape == (number,)  # type: ignore[attr-defined]
    calib.writeFits(tmp_path / "shutter.fits")
    found = cls.readFits(tmp_path / "shutter.fits")
    assert found.toDict()["motionProfile"]["fitResults"]["Model"] == "M"
    for field in cls.FIELDS:
        if field.name != "version":
            assert is_equal(getattr(found, field.name), getattr(calib, field.name)), field.name


def test_both_versions_of_a_shutters_text_say_the_same() -> None:
    cls, tree = own_types()["shutter"], demo("shutter").toDict()
    first = dataclasses.replace(cls.fromDict(tree), version=1.0).toDict()
    assert "time" in first["motionProfile"]["encodeSamples"][0]
    assert "isot" in tree["motionProfile"]["encodeSamples"][0]["tai"]
    one, two = cls.fromDict(first), cls.fromDict(tree)
    assert [f.name for f in cls.FIELDS if not is_equal(getattr(one, f.name), getattr(two, f.name))] == [
        "version"
    ]


def test_a_shutters_model_stands_in_its_own_table(tmp_path: Path) -> None:
    calib = demo("shutter")
    calib.writeFits(tmp_path / "shutter.fits")
    with fits.open(tmp_path / "shutter.fits") as hdus:
        assert ["FIT_MODEL" in hdu.header for hdu in hdus] == [False, False, False, True]
        assert [name for name in ("startPosition", "startTime_tai") if name not in hdus[1].header] == []


def test_wrong_shutters_are_told_all_that_is_wrong() -> None:
    tree = demo("shutter").toDict()
    tree["motionProfile"]["encodeSamples"][0] = "nothing"
    tree["motionProfile"]["fitResults"]["motorEncoderFit"] = 5
    del tree["motionProfile"]["endPosition"]
    with pytest.raises(CalibrationError) as caught:
        own_types()["shutter"].fromDict(tree)
    assert {p.pointer[:2] for p in caught.value.problems} >= {
        ("motionProfile", "encodeSamples"),
        ("motionProfile", "fitResults"),
    }
    assert any("endPosition" in p.detail for p in caught.value.problems)


# -- electrostatics -----------------------------------------------------------------------------------


def test_the_electrostatic_row_in_ecsv_and_fits(tmp_path: Path) -> None:
    calib = demo("electroBfDistortionMatrix")
    calib.writeFits(tmp_path / "electro.fits")
    found = type(calib).readFits(tmp_path / "electro.fits")
    assert found == calib
    assert found.usedPixels.shape == (5, 5)  # type: ignore[attr-defined]
    assert found.aEByFilter["g"].shape == (4, 4)  # type: ignore[attr-defined]
    (table,) = calib.toTable()
    assert len(table) == 1
    assert type(calib).fromTable([table]) == calib


def test_sizes_in_the_header_must_be_those_of_the_table() -> None:
    (table,) = demo("electroBfDistortionMatrix").toTable()
    table.meta["FIT_RANGE"] = 5
    with pytest.raises(CalibrationError, match="FIT_RANGE is 4 in the table, but 5 in the header"):
        own_types()["electroBfDistortionMatrix"].fromTable([table])
