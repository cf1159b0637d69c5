"""Crosstalk, kernels, cameras and curves with any values: text, object, FITS and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import Calib
from curated.registry import own_types
from support.texts import examples

Tree = dict[str, Any]

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([5e-324, -0.0, 1e-300])
LOOSE = st.floats()
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
NAMES = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="\\"), min_size=1, max_size=8
) | st.sampled_from(["C00", "C:0/1", "ÄÖ", "増幅器", "1", "None", "true", "~", "a b"])
OVERSCAN = (
    *("raw_x0", "raw_y0", "serial_overscan_x0", "serial_overscan_y0"),
    *("serial_overscan_width", "serial_overscan_height"),
)
PIXELS = st.integers(1, 10**6)


def listed(elements: st.SearchStrategy[Any], size: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(elements, min_size=size, max_size=size)


def metadata(obstype: str, **more: Any) -> Tree:
    return {"OBSTYPE": obstype, "INSTRUME": "cam", "DETECTOR": 0, "CALIBDATE": "2024-01-01T00:00:00", **more}


@st.composite
def crosstalk(draw: st.DrawFn) -> Tree:
    size = draw(st.integers(1, 3))
    diagonal = range(0, size * size, size + 1)

    def matrix(elements: st.SearchStrategy[Any]) -> list[Any]:
        values = draw(listed(elements, size * size))
        # No amplifier talks to itself; that is a rule of its own.
        return [0.0 if i in diagonal else value for i, value in enumerate(values)]

    return {
        "metadata": metadata("CROSSTALK", CROSSTALK_VERSION=1.2, NAMP=size, HAS_CROSSTALK=True),
        "coeffs": matrix(NUMBERS),
        "coeffErr": matrix(LOOSE),
        "coeffNum": draw(listed(st.integers(0, 2**62), size * size)),
        "coeffValid": draw(listed(st.booleans(), size * size)),
        "coeffsSqr": matrix(NUMBERS),
        "coeffErrSqr": matrix(LOOSE),
        "ampGainRatios": matrix(LOOSE),
        "fitGains": draw(listed(LOOSE, size)),
        "crosstalkRatiosUnits": draw(st.sampled_from(["adu", "electron"])),
        "interChip": {
            name: draw(listed(NUMBERS, size * size))
            for name in draw(st.lists(NAMES, max_size=2, unique=True))
        },
    }


@st.composite
def kernels(draw: st.DrawFn) -> Tree:
    x, y, pairs = 2 * draw(st.integers(1, 2)) + 1, 2 * draw(st.integers(1, 2)) + 1, draw(st.integers(0, 3))
    level = draw(st.sampled_from(["AMP", "DETECTOR"]))
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)) if level == "AMP" else []
    kernel = listed(LOOSE, x * y)

    def each(values: st.SearchStrategy[Any]) -> Tree:
        return {name: draw(values) for name in names}

    valid = each(st.booleans())
    tree = {
        "metadata": metadata("bfk", bfk_VERSION=1.1, LEVEL=level, KERNEL_DX=x, KERNEL_DY=y),
        "expIdMask": each(listed(st.booleans(), pairs)),
        "rawMeans": each(listed(LOOSE, pairs)),
        "rawVariances": each(listed(LOOSE, pairs)),
        "rawXcorrs": each(listed(LOOSE, pairs * ((x - 1) * (y - 1) // 4))),
        "gain": each(LOOSE),
        "noise": each(LOOSE),
        "meanXcorrs": each(kernel),
        # One that is in force is finite; that is a rule of its own.
        "ampKernels": {name: draw(listed(NUMBERS if flag else LOOSE, x * y)) for name, flag in valid.items()},
        "valid": valid,
    }
    if level == "DETECTOR":
        tree["detKernels"] = {draw(NAMES): draw(listed(NUMBERS, x * y))}
    return tree


@st.composite
def cameras(draw: st.DrawFn) -> Tree:
    detectors, amplifiers = [], []
    for number, name in enumerate(draw(st.lists(NAMES, max_size=2, unique=True))):
        # Amplifiers beside each other, as wide as the detector together.
        parts = draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))
        width, height = draw(PIXELS), draw(PIXELS)
        detectors.append(
            {
                "id": number,
                "name": name,
                "raft": draw(NAMES),
                "slot": draw(NAMES),
                "serial": draw(NAMES),
                "width": width * len(parts),
                "height": height,
                "x": draw(NUMBERS),
                "y": draw(NUMBERS),
                "pixel_size": draw(POSITIVE),
            }
        )
        amplifiers += [
            {
                "detector": name,
                "name": part,
                "x0": i * width,
                "y0": 0,
                "width": width,
                "height": height,
                **{key: draw(st.integers(0, 10**6)) for key in OVERSCAN},
                "flip_x": draw(st.booleans()),
                "flip_y": draw(st.booleans()),
                "gain": draw(POSITIVE),
                "read_noise": draw(POSITIVE),
                "saturation": draw(POSITIVE),
                "readout_corner": draw(st.sampled_from(["LL", "LR", "UL", "UR"])),
            }
            for i, part in enumerate(parts)
        ]
    filters = [{"name": name, "band": draw(NAMES)} for name in draw(st.lists(NAMES, max_size=2, unique=True))]
    found = {"OBSTYPE": "camera", "INSTRUME": "cam", "CALIBDATE": "2024-01-01T00:00:00"}
    return {"metadata": found, "detectors": detectors, "amplifiers": amplifiers, "filters": filters}


@st.composite
def curves(draw: st.DrawFn) -> Tree:
    grid = sorted(draw(st.lists(st.floats(1e-300, 1e300), min_size=2, max_size=5, unique=True)))
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    count = len(grid) * max(len(names), 1)
    tree = {
        "metadata": metadata("transmission_sensor"),
        "wavelength": grid * max(len(names), 1),
        "efficiency": draw(listed(st.floats(0, 100), count)),
        "units": {"wavelength": "nm", "efficiency": "%"},
    }
    return {**tree, "amp_name": [name for name in names for _ in grid]} if names else tree


STRATEGIES = {
    "crosstalk": crosstalk(),
    "bfk": kernels(),
    "camera": cameras(),
    "transmission_sensor": curves(),
}


def assert_comes_back(calib: Calib, path: Path) -> None:
    cls = type(calib)
    assert cls.fromDict(calib.toDict()) == calib
    forms = [form for form in cls.SPEC.forms if form != "ecsv" or len(calib.tables()) == 1]
    for form in forms:
        text = path / f"any.{form}"
        calib.writeText(text)
        again = cls.readText(text)
        assert again == calib, form
        written = text.read_bytes()
        again.writeText(text)
        assert text.read_bytes() == written, form
    calib.writeFits(path / "any.fits")
    assert cls.readFits(path / "any.fits") == calib


@pytest.mark.parametrize("name", STRATEGIES)
@examples(50)
@given(data=st.data())
def test_round_trips(name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    calib = own_types()[name].fromDict(data.draw(STRATEGIES[name]))
    assert_comes_back(calib, tmp_path_factory.getbasetemp())
