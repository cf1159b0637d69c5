"""Image products of the guider: FITS files and their side files."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from astropy.io import fits

from demo import camera, text
from demo.identity import FIRST, SOURCE, file_name, keywords

_EXPOSURE = "lsst.afw.image.ExposureF"


def _grid() -> tuple[Any, Any]:
    """Return column and row of each pixel, from -1 to 1."""
    height, width = camera.guider()["height"], camera.guider()["width"]
    return np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))


def _noise(seed: int, sigma: float) -> Any:
    """Return noise from numpy's legacy generator, which is frozen."""
    return np.random.RandomState(seed).normal(0.0, sigma, _grid()[0].shape)


def _bias() -> dict[str, Any]:
    """Return a bias with a difference between even and odd columns and a slope along y, in adu."""
    _, y = _grid()
    odd = np.arange(y.shape[1]) % 2
    return {"IMAGE": 0.4 * odd + 0.3 * y + _noise(1, 0.15)}


def _dark() -> dict[str, Any]:
    """Return a dark with the glow of an amplifier in a corner and some hot pixels, in adu/s."""
    x, y = _grid()
    image = 0.02 + 0.05 * np.exp(-8 * np.hypot(x + 1, y + 1)) + np.abs(_noise(2, 0.002))
    mask = np.zeros(image.shape, "i4")
    for row, column in ((3, 40), (17, 8), (25, 61)):
        image[row, column] = 35.0
        mask[row, column] = 1
    return {"IMAGE": image, "MASK": mask}


def _flat() -> dict[str, Any]:
    """Return a flat with vignetting, the shadow of a speck of dust and a dead column; its mean is near one."""
    x, y = _grid()
    radius = np.hypot(1.5 * (x - 0.3), 0.8 * (y + 0.2))
    image = 1.02 - 0.04 * (x**2 + y**2) - 0.08 * np.exp(-200 * (radius - 0.25) ** 2) + _noise(3, 0.003)
    mask = np.zeros(image.shape, "i4")
    image[:, 50], mask[:, 50] = 0.0, 1
    return {"IMAGE": image, "MASK": mask, "VARIANCE": np.full(image.shape, 0.003**2)}


def _fringe() -> dict[str, Any]:
    """Return interference rings of 12 adu from crest to trough."""
    x, y = _grid()
    return {"IMAGE": 6 * np.sin(18 * np.hypot(x + 0.6, 0.5 * y - 1.2)) + _noise(4, 0.4)}


def _sky() -> dict[str, Any]:
    """Return an empty sky that is brighter by two per cent towards a corner."""
    x, y = _grid()
    return {"IMAGE": 1 + 0.01 * (x + y) + _noise(5, 0.001)}


def _illumination() -> dict[str, Any]:
    """Return a correction for light that is in the flat field but does not come from stars."""
    x, y = _grid()
    image = 1 - 0.015 * np.exp(-2 * (x**2 + y**2))
    return {"IMAGE": image / image.mean(), "VARIANCE": np.full(image.shape, 0.002**2)}


def _straylight() -> dict[str, Any]:
    """Return the light of an encoder lamp beyond the right edge, in adu/s."""
    x, _ = _grid()
    return {"IMAGE": 0.08 * np.exp(4 * (x - 1)) + np.abs(_noise(6, 0.0005))}


@text.canonical
def images() -> Iterator[text.File]:
    """Yield each image and its side file; a single plane is in the primary HDU."""
    for kind, filter_name, planes, top in (
        ("bias", "", _bias(), {"unit": "adu"}),
        ("dark", "", _dark(), {"unit": "adu/s", "dark_time": 1.0}),
        ("flat", "r", _flat(), {"unit": "", "normalisation": 1.0}),
        ("fringe", "i", _fringe(), {"unit": "adu"}),
        ("sky", "r", _sky(), {"unit": ""}),
        ("illum", "r", _illumination(), {"unit": ""}),
        ("straylight", "i", _straylight(), {"unit": "adu/s", "exposure_time": 1.0}),
    ):
        detector = str(camera.guider()["name"])
        data = _fits(planes, str(top["unit"]))
        calibcls = {
            "illum": "lsst.afw.image.MaskedImageF",
            "straylight": "curated.types.straylight.StrayLight",
        }
        header = keywords(kind, calibcls.get(kind, _EXPOSURE), FIRST, detector, filter_name)
        directory = "/".join(part for part in (kind, detector, filter_name) if part)
        name = f"{file_name(FIRST)}.fits"
        tree = {**top, "image": _described(name, data, planes), "statistics": _statistics(planes)}
        yield f"{directory}/{name}", data
        yield f"{directory}/{file_name(FIRST)}.yaml", text.document(text.plain_metadata(header), tree)


def _fits(planes: Mapping[str, Any], unit: str) -> bytes:
    """Return a FITS file of 32-bit planes, rounded so that no digit depends on the machine."""
    rounded = {
        name: array if array.dtype.kind == "i" else np.round(array, 6).astype(">f4")
        for name, array in planes.items()
    }
    if len(planes) == 1:
        hdus = [fits.PrimaryHDU(rounded["IMAGE"])]
    else:
        hdus = [fits.PrimaryHDU(), *(fits.ImageHDU(array, name=name) for name, array in rounded.items())]
    for hdu in hdus:
        hdu.header["SOURCE"] = SOURCE
        if unit and hdu.name in ("PRIMARY", "IMAGE") and hdu.data is not None:
            hdu.header["BUNIT"] = unit
        if hdu.name == "MASK":
            hdu.header["MP_BAD"] = 0
    stream = io.BytesIO()
    fits.HDUList(hdus).writeto(stream)
    return stream.getvalue()


def _described(name: str, data: bytes, planes: Mapping[str, Any]) -> dict[str, Any]:
    height, width = planes["IMAGE"].shape
    sha256 = hashlib.sha256(data).hexdigest()
    return {"file": name, "sha256": sha256, "size": len(data), "width": width, "height": height}


def _statistics(planes: Mapping[str, Any]) -> dict[str, Any]:
    mask = planes.get("MASK", np.zeros(planes["IMAGE"].shape, "i4"))
    values = planes["IMAGE"][mask == 0]
    numbers = {"mean": values.mean(), "median": np.median(values), "standard_deviation": values.std()}
    return {
        **{key: float(f"{value:.4g}") for key, value in numbers.items()},
        "bad_pixels": int((mask != 0).sum()),
    }
