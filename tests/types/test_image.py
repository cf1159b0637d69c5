"""Image products: their units, their times, equality, the side file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.registry import get_type
from curated.types._image_units import spelled_unit, unit_of
from curated.types.bias import Bias
from curated.types.dark import Dark
from support.images import MASK, VARIANCE, make_image, make_pixels, side_text, write_image


def test_a_text_alone_has_no_pixels() -> None:
    bias = Bias.fromDict({"image": {"file": "a.fits", "sha256": "0" * 64, "size": 1}})
    with pytest.raises(CuratedError, match="bias has no pixels"):
        _ = bias.image


def test_what_contradicts_the_unit(tmp_path: Path) -> None:
    path = write_image(
        tmp_path, "dark", make_image(make_pixels(), "adu/s"), more="unit: adu/s\ndark_time: 30.0\n"
    )
    with pytest.raises(CalibrationError, match="CAL308 dark_time is 30 s"):
        Dark.readText(path)
    path = write_image(
        tmp_path, "dark", make_image(make_pixels(), "adu"), more="unit: adu\ndark_time: 30.0\n"
    )
    assert Dark.readText(path).dark_time == 30.0
    with pytest.raises(CalibrationError, match="CAL210 dark_time is missing"):
        Dark.readText(write_image(tmp_path, "dark", make_image(make_pixels(), "adu")))


@pytest.mark.parametrize(
    ("spelling", "unit"),
    [("ADU", "adu"), (" Electrons", "electron"), ("e-", "electron"), ("electron", "electron")],
)
def test_units_as_cameras_spell_them(tmp_path: Path, spelling: str, unit: str) -> None:
    assert Bias.readText(write_image(tmp_path, "bias", make_image(make_pixels(), spelling))).unit == unit


def test_every_image_type_takes_its_first_unit_for_granted(tmp_path: Path) -> None:
    for kind in ("bias", "dark", "flat", "fringe", "sky", "illum", "straylight"):
        cls: Any = get_type(kind)
        data = make_image(make_pixels(), None)
        path = tmp_path / f"{kind}.yaml"
        (tmp_path / "20240101T000000.fits").write_bytes(data)
        path.write_text(side_text(kind, data))
        calib = cls.readText(path)
        assert calib.unit == cls._units()[0]


def test_equality_sees_every_pixel_and_plane() -> None:
    image = make_pixels()
    image[1, 1] = np.nan
    bias = Bias.from_pixels(image, mask=MASK)
    assert bias == Bias.from_pixels(image.copy(), mask=MASK)
    other = image.copy()
    other[7, 15] = np.nextafter(other[7, 15], np.float32(1e9))
    values = {name: getattr(bias, name) for name in ("mean", "median", "standard_deviation", "bad_pixels")}
    assert bias != Bias.from_pixels(other, mask=MASK, **values)
    assert bias != Bias.from_pixels(image, **values)
    assert bias != Bias.from_pixels(image, mask=MASK, mask_planes={"OTHER": 0})
    assert bias != 1


def test_writing_over_the_file_that_it_was_read_from(tmp_path: Path) -> None:
    path = tmp_path / "bias.fits"
    Bias.from_pixels(make_pixels()).writeFits(path)
    bias = Bias.readFits(path)
    bias.writeFits(path)
    assert Bias.readFits(path) == Bias.from_pixels(make_pixels())
    assert [p.name for p in tmp_path.iterdir()] == ["bias.fits"]


@pytest.mark.parametrize(
    ("unit", "spelling"),
    [
        *[
            (" ADU ", "adu"),
            ("e-/s", "electron/s"),
            ("Electrons / s", "electron/s"),
            ("count", "count"),
            ("", ""),
        ],
        *[("adu s-1", "adu/s"), ("ADU s**-1", "adu/s"), ("electron s-1", "electron/s"), ("1", "")],
        *[
            ("DN", "DN"),
            ("e", "e"),
            ("foo", "foo"),
            ("ADU/", "ADU/"),
            ("**", "**"),
            ("10**400", "10**400"),
            ("9" * 70, "9" * 70),
        ],
    ],
)
def test_spellings(unit: str, spelling: str) -> None:
    assert spelled_unit(unit) == spelling


@pytest.mark.parametrize(
    ("declared", "header", "unit", "problems"),
    [
        ("adu", {}, "adu", []),
        ("adu", {"BUNIT": "ADU"}, "adu", []),
        ("adu", {"BUNIT": "electron"}, "adu", [("CAL348", ("unit",))]),
        (None, {"BUNIT": "e-"}, "electron", []),
        (None, {"BUNIT": "Jy"}, "Jy", [("CAL348", ("image", "file"))]),
        (None, {}, "adu", [("CAL411", ())]),
        (None, {"BUNIT": 5}, "adu", [("CAL411", ())]),
    ],
)
def test_the_unit_of_the_side_file_and_that_of_the_image(
    declared: str | None, header: dict[str, Any], unit: str, problems: list[Any]
) -> None:
    result, reported = unit_of(declared, header, ("adu", "electron"))
    assert (result, [(p.code, p.pointer) for p in reported]) == (unit, problems)


def test_plain_numbers_need_no_unit() -> None:
    assert unit_of(None, {}, ("", "adu")) == ("", [])


def test_sizes_that_the_side_file_gives(tmp_path: Path) -> None:
    path = write_image(tmp_path, "bias", make_image(make_pixels()))
    path.write_text(path.read_text() + "  width: 16\n  height: 9\n")
    with pytest.raises(CalibrationError) as caught:
        Bias.readText(path)
    assert [(p.code, p.pointer) for p in caught.value.problems] == [("CAL347", ("image", "height"))]
    assert "height is 9, but 20240101T000000.fits has 16 x 8" in caught.value.problems[0].detail


def test_an_image_of_another_size_than_its_detector() -> None:
    bias = Bias.from_pixels(make_pixels())
    assert list(bias.fits_on(16, 8)) == []
    (problem,) = bias.fits_on(8, 16)
    assert (problem.code, problem.detail) == ("CAL347", "the image has 16 x 8 pixels, its detector 8 x 16")


@pytest.mark.parametrize(
    ("values", "code"),
    [({"sha256": "0" * 63}, "CAL301"), ({"sha256": "G" * 64}, "CAL301"), ({"file": "../a.fits"}, "CAL341")],
)
def test_names_and_hashes_that_are_none(values: dict[str, str], code: str) -> None:
    bias = Bias.fromDict({"image": {"file": "a.fits", "sha256": "0" * 64, "size": 1}})
    assert list(bias.problems()) == []
    assert [p.code for p in dataclasses.replace(bias, **values).problems()] == [code]


@pytest.mark.parametrize(("unit", "square"), [("adu", "adu**2"), ("adu/s", "adu**2/s**2")])
def test_the_variance_has_the_square_of_the_unit(tmp_path: Path, unit: str, square: str) -> None:
    dark = Dark.from_pixels(make_pixels(), variance=VARIANCE, unit=unit, dark_time=1.0)
    dark.writeFits(tmp_path / "dark.fits")
    with fits.open(tmp_path / "dark.fits") as hdus:
        assert (hdus["IMAGE"].header["BUNIT"], hdus["VARIANCE"].header["BUNIT"]) == (unit, square)
