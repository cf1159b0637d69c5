"""Run docs/verification.md on the frames of a real camera, and compare its record with numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.nddata import CCDData

from curated.verification.record_file import read_record
from support.frames import frames, trimmed
from support.packages import ROOT
from support.page_doctests import run_page

PAGE = ROOT / "docs/verification.md"
FILES = ("led/ESIS1_04860.fit.gz", "led/ESIS1_04861.fit.gz")


@pytest.mark.filterwarnings("ignore")
def test_a_real_bias_is_verified_and_certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = frames()
    if source is None:
        pytest.skip("needs real frames: install msfc-ccd")
    monkeypatch.chdir(tmp_path)
    bias = np.mean([trimmed(source / name) for name in FILES], axis=0).astype("f4")
    CCDData(bias, unit="adu").write("bias.fits")
    page = PAGE.read_text().replace("FRAMES/", f"{source}/")
    shown, failures = run_page(page, "docs/verification.md", {"Path": Path})
    assert failures == ""
    assert shown >= 8
    record = read_record(
        (tmp_path / "esis/calibs/esis/bias/s1/20170712T000000.verify.yaml").read_bytes()
    ).record
    assert record is not None
    means = {(r.amplifier, r.exposure): r.value for r in record.results if r.test.id == "BIAS-MEAN"}
    assert len(means) == 8
    for (amplifier, exposure), value in means.items():
        path = next(source.glob(f"*/{exposure}"))
        # As the page says: the overscan is columns 25 to 50 of each tap.
        expected = 2.5 * (overscan_subtracted(path) - bias)
        y, x = 520 * ("ABCD".index(amplifier) // 2), 1024 * ("ABCD".index(amplifier) % 2)
        assert value == pytest.approx(expected[y : y + 520, x : x + 1024].mean(), abs=2e-3)


def overscan_subtracted(path: Path) -> np.ndarray:
    """A frame of the camera less the median of columns 25 to 50 of each row of each tap, counted from the readout."""
    from astropy.io import fits

    raw = fits.getdata(path).astype("f8")
    rows = []
    for row in (0, 1):
        parts = []
        for column in (0, 1):
            tap = raw[520 * row : 520 * (row + 1), 1076 * column : 1076 * (column + 1)]
            tap = tap[:, ::-1] if column else tap
            light = tap[:, 50:1074] - np.median(tap[:, 25:50], axis=1)[:, None]
            parts.append(light[:, ::-1] if column else light)
        rows.append(np.hstack(parts))
    return np.vstack(rows)
