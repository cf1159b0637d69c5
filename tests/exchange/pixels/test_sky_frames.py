"""Regions in physical and sky coordinates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from curated.core.diagnostic import CuratedError
from curated.declare import Array
from curated.exchange.foreign import Foreign, open_foreign
from curated.exchange.pixels import ds9
from curated.exchange.pixels.sky_frames import Frame, physical_scale
from support.foreign import make_target


@pytest.fixture
def image(tmp_path: Path) -> Path:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = [150.0, 2.0], [20.5, 15.5], [-0.0003, 0.0003]
    header = wcs.to_header()
    header["LTV1"], header["LTV2"], header["LTM1_1"], header["LTM2_2"] = -10.0, -5.0, 0.5, 0.5
    fits.writeto(tmp_path / "image.fits", np.zeros((30, 40), "f4"), header)
    return tmp_path / "image.fits"


def read(path: Path, text: str, **conventions: Any) -> Foreign:
    (path.parent / "bad.reg").write_text(text)
    return ds9.read(open_foreign(path.parent / "bad.reg"), make_target(**conventions))


def mask_of(foreign: Foreign) -> Array:
    mask = np.zeros((30, 40), bool)
    columns = [column.values.tolist() for column in foreign.tables[0].values()]
    for x0, y0, width, height in zip(*columns, strict=True):
        mask[y0 : y0 + height, x0 : x0 + width] = True
    return mask


@pytest.mark.parametrize(
    ("physical", "in_image"),
    [
        ("box(46,40,12,8,0)", "box(13,15,6,4,0)"),
        ("circle(60,40,10)", "circle(20,15,5)"),
        ("ellipse(60,40,10,6,30)", "ellipse(20,15,5,3,30)"),
        ("polygon(40,30,80,30,60,50)", "polygon(10,10,30,10,20,20)"),
        ("point(46,40)", "point(13,15)"),
        ("annulus(60,40,6,12)", "annulus(20,15,3,6)"),
    ],
)
def test_physical_coordinates(image: Path, physical: str, in_image: str) -> None:
    pytest.importorskip("regions")
    converted = read(image, f"physical\n{physical}\n", image=str(image))
    assert not converted.problems
    assert np.array_equal(mask_of(converted), mask_of(read(image, f"image\n{in_image}\n")))


def test_the_sky_is_converted_as_regions_does(image: Path) -> None:
    regions = pytest.importorskip("regions")
    wcs = WCS(fits.getheader(image))
    centre = SkyCoord(150.0005, 2.0008, unit="deg")
    made = [
        regions.CircleSkyRegion(centre, 6 * u.arcsec),
        regions.RectangleSkyRegion(centre, 8 * u.arcsec, 3 * u.arcsec, 20 * u.deg),
        regions.PolygonSkyRegion(SkyCoord([149.997, 150.002, 150.0], [1.998, 1.999, 2.003], unit="deg")),
    ]
    text = regions.Regions(made).serialize(format="ds9", precision=10)
    foreign = read(image, text, image=str(image))
    assert not foreign.problems
    expected = [
        region.to_pixel(wcs).to_mask(mode="center").to_image((30, 40)) > 0
        for region in regions.Regions.parse(text, format="ds9")
    ]
    assert np.array_equal(mask_of(foreign), np.any(expected, axis=0))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('fk5\ncircle(10:00:01,-80:00:00,3")', "circle"),
        ('fk5\ncircle(nonsense,2,3")', "circle"),
        ("linear\ncircle(1,2,3)", "linear"),
    ],
)
def test_what_does_not_convert(image: Path, text: str, word: str) -> None:
    pytest.importorskip("regions")
    problems = read(image, text + "\n", image=str(image)).problems
    assert problems
    assert {problem.code for problem in problems} <= {"CAL711", "CAL712"}
    assert word in problems[0].detail


def test_without_the_image_its_option_is_named(image: Path) -> None:
    assert "--image" in read(image, "physical\npoint(1,2)\n").problems[0].hint
    frame = Frame(fits.Header({"LTM1_1": 1.0, "LTM2_2": 2.0}))
    with pytest.raises(CuratedError, match="stretched"):
        frame.to_image("point", (1.0, 2.0))
    assert physical_scale({}) == (1.0, (0.0, 0.0))
    pytest.importorskip("regions")
    with pytest.raises(CuratedError, match="no celestial WCS"):
        Frame(fits.Header()).pixel_regions("fk5", 'circle(1,2,3")')
