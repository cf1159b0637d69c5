"""Calibrations in the forms of other programs, and read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.nddata import CCDData
from astropy.table import Table

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.exchange.writers import WRITERS, Outgoing, write_foreign
from curated.package.package import Package
from curated.types.bias import Bias
from curated.types.crosstalk import Crosstalk
from curated.types.defects import Defects
from curated.types.qe_curve import QECurve
from support.foreign import add, make_package

MASK = np.zeros((30, 40), bool)
MASK[:, 3] = MASK[7, 9:30] = True


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return make_package(tmp_path / "package")


def defects() -> Defects:
    return Defects.from_mask(MASK, metadata={"INSTRUME": "Tiny", "DETECTOR": 0, "DET_NAME": "d0"})


@pytest.mark.parametrize("form", [w.name for w in WRITERS if w.takes(Defects)])
def test_defects_come_back(package: Package, tmp_path: Path, form: str) -> None:
    content, losses, writer = write_foreign(Outgoing(calib=defects(), size=(40, 30)), "out", form)
    path = tmp_path / f"out{writer.ending}"
    path.write_bytes(content)
    addition = add(package, path)
    assert not addition.failed, addition.diagnostics
    assert isinstance(addition.calib, Defects)
    assert np.array_equal(addition.calib.mask(MASK.shape), MASK)
    assert ("keywords" in losses) == (form in ("ds9", "csv"))
    again, _, _ = write_foreign(Outgoing(calib=defects(), size=(40, 30)), "out", form)
    assert again == content


def test_an_image_comes_back(package: Package, tmp_path: Path) -> None:
    pixels = np.arange(1200, dtype="f4").reshape(30, 40) / 1e4
    keywords = {"OBSERVER": "Å", "A_LONG_KEYWORD": "x" * 80, "NOTE": "short", "DETECTOR": 0}
    bias = Bias.from_pixels(pixels, mask=MASK, variance=pixels + 1, metadata=keywords)
    content, losses, _ = write_foreign(Outgoing(calib=bias), "out.fits")
    (tmp_path / "out.fits").write_bytes(content)
    assert losses == ["keywords that no card holds: A_LONG_KEYWORD, OBSERVER"]
    ccd = CCDData.read(tmp_path / "out.fits")
    assert (str(ccd.unit), ccd.header["NOTE"]) == ("adu", "short")
    assert np.array_equal(ccd.mask, MASK)
    addition = add(package, tmp_path / "out.fits", "bias")
    again: Any = addition.calib
    assert not addition.failed
    assert all(
        np.array_equal(a, b)
        for a, b in zip((again.image, again.mask, again.variance), (pixels, MASK, pixels + 1), strict=True)
    )


@pytest.mark.parametrize("form", ["csv", "ecsv"])
def test_curves_are_tables(tmp_path: Path, form: str) -> None:
    curve = QECurve.readText(next(Path("calibs/demo/qe_curve/d00").glob("*.ecsv")))
    content, _, _ = write_foreign(Outgoing(calib=curve), f"out.{form}")
    (tmp_path / f"out.{form}").write_bytes(content)
    table = Table.read(tmp_path / f"out.{form}", format=f"ascii.{form}")
    assert len(table) == len(curve.wavelength)
    assert np.array_equal(
        np.asarray(table.columns[1], "f8"), np.asarray(list(curve.tables()[0].columns.values())[1].values)
    )


def test_a_matrix_is_a_matrix() -> None:
    crosstalk = Crosstalk.readText(next(Path("calibs/demo/crosstalk/d00").glob("2020*.yaml")))
    content, losses, _ = write_foreign(Outgoing(calib=crosstalk), "out.csv")
    rows = [[float(cell) for cell in line.split(",")] for line in content.decode().splitlines()]
    assert rows == crosstalk.coeffs.tolist()
    assert "everything but coeffs" in losses


@pytest.mark.parametrize(
    ("outgoing", "name", "form", "hint"),
    [
        (Outgoing(calib=defects()), "out.fits", "", "--size"),
        (Outgoing(calib=defects()), "out.tex", "", "ds9 (.reg)"),
        (Outgoing(calib=defects()), "out.reg", "ccddata", "ds9 (.reg)"),
    ],
)
def test_what_cannot_be_written(outgoing: Outgoing, name: str, form: str, hint: str) -> None:
    with pytest.raises(CuratedError) as raised:
        write_foreign(outgoing, name, form)
    assert hint in raised.value.hint


def test_one_of_several_tables() -> None:
    from curated.types.camera import CameraGeometry

    camera: Calib = CameraGeometry.readText(next(Path("calibs/demo/camera").glob("*.yaml")))
    outgoing = Outgoing(calib=camera)
    with pytest.raises(CuratedError, match="3 tables"):
        write_foreign(outgoing, "out.csv")
    by_name, losses, _ = write_foreign(replace(outgoing, table="filters"), "out.csv")
    assert by_name == write_foreign(replace(outgoing, table="3"), "out.csv")[0]
    assert "the other tables" in losses
