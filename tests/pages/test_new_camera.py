"""Run docs/new-camera.md: from an empty directory to a release and a calibrated real image, in fifteen lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData

from support.frames import frames, write_laboratory
from support.packages import ROOT
from support.page_doctests import run_page, typed_lines

PAGE = ROOT / "docs/new-camera.md"


def test_fifteen_lines_are_typed() -> None:
    assert len(typed_lines(PAGE.read_text())) <= 15


@pytest.mark.filterwarnings("ignore")
def test_from_an_empty_directory_to_a_calibrated_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = frames()
    if source is None:
        pytest.skip("needs real frames: install msfc-ccd")
    write_laboratory(tmp_path / "lab", source)
    monkeypatch.chdir(tmp_path)
    for key, value in (("NAME", "Ada Astronomer"), ("EMAIL", "ada@example.org")):
        for role in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{role}_{key}", value)
    frame = CCDData.read("lab/frame.fits")
    values = {"frame": frame}
    shown, failures = run_page(PAGE.read_text(), "docs/new-camera.md", values)
    assert failures == ""
    assert shown >= 8
    assert_calibrated(tmp_path, frame)


def assert_calibrated(directory: Path, frame: CCDData) -> None:
    """Compare the image with what numpy makes of the laboratory's files."""
    import curated

    calibs = curated.open(directory / "esis")
    exposure = {"instrument": "ESIS", "detector": "S1", "at": "2019-10-02T03:00:00"}
    image = calibs.get("defects", **exposure).apply(calibs.get("bias", **exposure).apply(frame))
    detector = calibs.detector("S1", instrument="ESIS", at=exposure["at"])
    image = calibs.get("gains", **exposure).apply(image, detector=detector)
    expected = frame.data.astype("f8") - fits.getdata(directory / "lab/bias.fits")
    table = np.genfromtxt(directory / "lab/gains.csv", delimiter=",", skip_header=1, usecols=1)
    for number, gain in enumerate(table):
        y, x = 520 * (number // 2), 1024 * (number % 2)
        expected[y : y + 520, x : x + 1024] *= gain
    np.testing.assert_allclose(image.data, expected, rtol=1e-5)
    assert str(image.unit) == "electron"
    regions = (directory / "lab/bad.reg").read_text().count("box(")
    assert image.mask.sum() == regions > 0
    assert image.meta["CALPTH1"] == "calibs/esis/bias/s1/20190930T000000.yaml"
    (bias,) = [path for path in (directory / "release/files").rglob("*.fits") if "bias" in path.parts]
    header = fits.getheader(bias)
    assert (header["INSTRUME"].lower(), header["VALIDSTART"][:10]) == ("esis", "2019-09-30")
