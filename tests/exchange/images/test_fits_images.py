"""FITS images of astropy, ccdproc and the stack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import ccdproc
import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData, InverseVariance, StdDevUncertainty, VarianceUncertainty

from curated.exchange.addition import Addition
from curated.package.package import Package
from curated.registry import get_type
from support.foreign import add, make_package

PIXELS = np.random.default_rng(3).normal(0.5, 1, (30, 40)).astype("f4")
MASK = PIXELS > 2


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return make_package(tmp_path / "package")


def calib_of(addition: Addition, tmp_path: Path, type_name: str = "bias") -> Any:
    assert not addition.failed, addition.diagnostics
    for path, content in addition.contents.items():
        (tmp_path / Path(path).name).write_bytes(content)
    return get_type(type_name).readText(tmp_path / Path(addition.path).name)


def codes(addition: Addition) -> list[str]:
    return [finding.code for finding in addition.diagnostics]


@pytest.mark.parametrize(
    "uncertainty",
    [
        None,
        StdDevUncertainty(PIXELS * 0 + 2),
        VarianceUncertainty(PIXELS * 0 + 4),
        InverseVariance(PIXELS * 0 + 0.25),
    ],
)
def test_a_ccddata(package: Package, tmp_path: Path, uncertainty: Any) -> None:
    ccd = CCDData(
        PIXELS, unit="adu", mask=MASK, uncertainty=uncertainty, meta={"OBSERVER": "Me", "HISTORY": "made"}
    )
    ccd.write(tmp_path / "ccd.fits")
    addition = add(package, tmp_path / "ccd.fits", "bias")
    assert codes(addition) == []
    bias = calib_of(addition, tmp_path)
    assert np.array_equal(bias.image, PIXELS)
    assert np.array_equal(bias.mask != 0, MASK)
    assert bias.bad_pixels == MASK.sum()
    assert (bias.variance is None) == (uncertainty is None)
    assert uncertainty is None or np.unique(bias.variance).tolist() == [4.0]
    assert (bias.unit, bias.metadata["OBSERVER"], bias.metadata["HISTORY"]) == ("adu", "Me", ["made"])


def test_a_combination_of_ccdproc(package: Package, tmp_path: Path) -> None:
    frames = [CCDData(PIXELS + number, unit="adu") for number in range(3)]
    master = ccdproc.combine(frames, method="average", dtype="f8")
    master.write(tmp_path / "master.fits")
    addition = add(package, tmp_path / "master.fits", "bias")
    assert codes(addition) in ([], ["CAL718"])
    assert np.allclose(calib_of(addition, tmp_path).image, PIXELS + 1)


def test_an_exposure_of_the_stack(package: Package, tmp_path: Path) -> None:
    planes = [fits.PrimaryHDU(header=fits.Header({"OBSTYPE": "bias", "FILTER": "NONE"}))]
    for name, values in {"IMAGE": PIXELS, "MASK": MASK.astype("i4") * 8, "VARIANCE": PIXELS * 0 + 4}.items():
        hdu = fits.CompImageHDU(values, compression_type="GZIP_1", quantize_level=0)
        hdu.header["EXTTYPE"] = name
        if name == "MASK":
            hdu.header["MP_CR"] = 3
        planes.append(hdu)
    fits.HDUList(planes).writeto(tmp_path / "stack.fits")
    bias = calib_of(add(package, tmp_path / "stack.fits", "bias", units={"": "adu"}), tmp_path)
    assert np.array_equal(bias.image, PIXELS)
    assert (bias.mask_planes, int(bias.mask.max()), float(bias.variance[0, 0])) == ({"CR": 3}, 8, 4.0)
    assert "FILTER" not in bias.metadata


@pytest.mark.skipif("CURATED_CORPUS" not in os.environ, reason="CURATED_CORPUS names no copy of the corpus")
def test_a_real_exposure_of_the_stack(tmp_path: Path) -> None:
    path = (
        Path(os.environ["CURATED_CORPUS"])
        / "stack_repositories/latiss/CALIB/bias/2018-09-21/bias-det000_2018-09-21.fits"
    )
    if not path.exists():
        pytest.skip("the corpus has no such file")
    addition = add(make_package(tmp_path), path, "bias", units={"": "adu"})
    assert codes(addition) == ["CAL713"]
    assert "4072 x 4000" in addition.diagnostics[0].message


@pytest.mark.parametrize(
    ("bunit", "header", "conventions", "expected"),
    [
        ("adu", {"EXPTIME": 300.0}, {}, (300.0, ["CAL718"])),
        ("adu", {"EXPTIME": 300.0}, {"values": {"dark_time": "100"}}, (100.0, [])),
        ("adu / s", {"EXPTIME": 300.0}, {}, (1.0, [])),
        ("adu", {}, {}, (None, ["CAL714"])),
    ],
)
def test_the_time_of_a_dark(
    package: Package,
    tmp_path: Path,
    bunit: str,
    header: dict[str, Any],
    conventions: dict[str, Any],
    expected: Any,
) -> None:
    fits.writeto(tmp_path / "dark.fits", np.abs(PIXELS), fits.Header({"BUNIT": bunit, **header}))
    addition = add(package, tmp_path / "dark.fits", "dark", **conventions)
    assert codes(addition) == expected[1]
    if expected[0] is not None:
        assert calib_of(addition, tmp_path, "dark").dark_time == expected[0]


def test_the_level_of_a_flat_is_asked_for(package: Package, tmp_path: Path) -> None:
    CCDData(PIXELS + 20000, unit="adu").write(tmp_path / "flat.fits")
    addition = add(package, tmp_path / "flat.fits", "flat", filter="r")
    assert codes(addition) == ["CAL352"]
    assert "--set normalisation=" in addition.diagnostics[0].hint
    level = {"values": {"normalisation": "median"}}
    flat = calib_of(add(package, tmp_path / "flat.fits", "flat", filter="r", **level), tmp_path, "flat")
    assert flat.normalisation == pytest.approx(20000.5, abs=0.2)


@pytest.mark.parametrize(
    ("pixels", "header", "code"),
    [
        (PIXELS, {}, "CAL714"),
        (PIXELS.T, {"BUNIT": "adu"}, "CAL713"),
        (PIXELS, {"BUNIT": "adu", "OBSTYPE": "dark"}, "CAL711"),
        (PIXELS, {"BUNIT": "adu", "DET_NAME": "d1"}, "CAL717"),
        (PIXELS.astype("f8") + 1e-12, {"BUNIT": "adu"}, "CAL718"),
        (PIXELS.astype("f8") + 1e300, {"BUNIT": "adu"}, "CAL711"),
    ],
)
def test_findings(package: Package, tmp_path: Path, pixels: Any, header: dict[str, Any], code: str) -> None:
    fits.writeto(tmp_path / "image.fits", pixels, fits.Header(header))
    assert code in codes(add(package, tmp_path / "image.fits", "bias"))


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("dark_time", "inf", "finite"),
        ("dark_time", "soon", "not a number"),
        ("file", "../x", "not for a person"),
        ("dork_time", "3", "no field"),
        ("dark_time", "median", "no pixel is good"),
    ],
)
def test_values_that_nobody_can_set(
    package: Package, tmp_path: Path, name: str, text: str, word: str
) -> None:
    fits.writeto(tmp_path / "image.fits", PIXELS * np.nan, fits.Header({"BUNIT": "adu"}))
    addition = add(package, tmp_path / "image.fits", "dark", values={"dark_time": "1", name: text})
    assert addition.diagnostics[0].code == "CAL714"
    assert word in addition.diagnostics[0].message


def test_marks_of_another_package_are_not_kept(package: Package, tmp_path: Path) -> None:
    header = {"BUNIT": "adu", "HIERARCH DEPRECATED_BY": "x", "VALIDEND": "1999-01-01", "REPOSHA1": "0" * 40}
    fits.writeto(tmp_path / "image.fits", PIXELS, fits.Header(list(header.items())))
    addition = add(package, tmp_path / "image.fits", "bias")
    assert codes(addition) == []
    kept = calib_of(addition, tmp_path).metadata
    assert not {"DEPRECATED_BY", "VALIDEND", "REPOSHA1"} & set(kept)


def test_several_images(package: Package, tmp_path: Path) -> None:
    header = fits.Header({"BUNIT": "adu"})
    hdus = [fits.PrimaryHDU(), *(fits.ImageHDU(PIXELS + n, header, name=f"AMP{n}") for n in (1, 2))]
    fits.HDUList(hdus).writeto(tmp_path / "amps.fits")
    assert codes(add(package, tmp_path / "amps.fits", "bias")) == ["CAL715"]
    addition = add(package, tmp_path / "amps.fits", "bias", hdu="amp2")
    assert codes(addition) == ["CAL716"]
    assert np.array_equal(calib_of(addition, tmp_path).image, PIXELS + 2)
