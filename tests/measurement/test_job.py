"""One verification as a whole: a package, a bias, raw frames, and a record that numpy confirms."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.core.diagnostic import CuratedError
from curated.measurement.job import VerificationJob, verify, verify_all
from curated.verification.record import VerificationRecord
from support.verification import (
    BIAS,
    GAIN,
    HEIGHT,
    READ_NOISE,
    TABLE,
    WIDTH,
    make_package,
    pattern,
    write_frames,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_package(tmp_path / "package")
    return tmp_path / "package"


def job(root: Path, exposures: list[Path], path: str = BIAS) -> VerificationJob:
    return VerificationJob(str(root), path, tuple(map(str, exposures)), "Ada", "2026-11-28T12:00:00")


def values(record: VerificationRecord, test: str) -> dict[tuple[str, str], float]:
    return {(r.amplifier, r.exposure): r.value for r in record.results if r.test.id == test}


def residual(path: Path, index: int) -> np.ndarray:
    """What is left of a frame, in electron: by numpy alone."""
    raw = fits.getdata(path, index + 1).astype("f8")
    level = np.median(raw[:, WIDTH:], axis=1)[:, None]
    return GAIN * (raw[:, :WIDTH] - level - pattern()[:, WIDTH * index : WIDTH * (index + 1)])


def test_a_good_bias_passes(root: Path, tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames", 2)
    record = verify(job(root, frames))
    assert record.verdict == "pass"
    assert (record.tests_source, record.by, record.date) == (TABLE, "Ada", "2026-11-28T12:00:00")
    assert [(use.name, use.begin, use.corrections) for use in record.exposures] == [
        ("frame0.fits", "2024-02-01T00:00:00", ()),
        ("frame1.fits", "2024-02-01T00:01:00", ()),
    ]
    assert [use.sha256 for use in record.exposures] == [
        hashlib.sha256(p.read_bytes()).hexdigest() for p in frames
    ]
    means, noises = values(record, "BIAS-MEAN"), values(record, "BIAS-NOISE")
    for index, name in enumerate("AB"):
        for path in frames:
            left = residual(path, index)
            assert means[name, path.name] == pytest.approx(left.mean(), abs=1e-3)
            # Nothing is clipped at 5 sigma in so few pixels.
            assert noises[name, path.name] == pytest.approx(left.std(ddof=1) / READ_NOISE - 1, rel=1e-3)
    assert values(record, "BIAS-MASK") == {("", ""): 0.0}


@pytest.mark.parametrize(
    ("options", "failing"),
    [({"level": 5.0}, "BIAS-MEAN"), ({"noise": 1.6 * READ_NOISE / GAIN}, "BIAS-NOISE")],
)
def test_frames_that_it_does_not_fit_fail(
    root: Path, tmp_path: Path, options: dict[str, float], failing: str
) -> None:
    record = verify(job(root, write_frames(tmp_path / "frames", 1, **options)))
    assert record.verdict == "fail"
    assert {r.test.id for r in record.results if r.verdict == "fail"} == {failing}


def test_without_exposures_it_is_not_verified(root: Path) -> None:
    record = verify(job(root, []))
    assert record.verdict == "not run"
    assert {r.reason for r in record.results if r.verdict == "not run"} == {"no exposures were given"}


def test_frames_of_other_detectors_are_left_out(root: Path, tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames", 2)
    fits.setval(frames[0], "DETECTOR", value=3)
    record = verify(job(root, frames))
    assert [use.name for use in record.exposures] == ["frame1.fits"]
    assert record.remarks == ("1 of 2 exposures are of other detectors or filters",)


def test_a_frame_that_says_nothing_of_itself_is_taken_and_noted(root: Path, tmp_path: Path) -> None:
    (frame,) = write_frames(tmp_path / "frames", 1)
    fits.delval(frame, "INSTRUME")
    record = verify(job(root, [frame]))
    assert record.verdict == "pass"
    (remark,) = record.remarks
    assert "does not say of which instrument it is" in remark
    assert str(tmp_path) not in remark


def test_the_gains_in_force_replace_those_of_the_camera(root: Path, tmp_path: Path) -> None:
    gains = root / "calibs/cam/gains/d00/20240101T000000.yaml"
    gains.parent.mkdir(parents=True)
    gains.write_text(
        "metadata: {OBSTYPE: gains, INSTRUME: Cam, DETECTOR: 0, CALIBDATE: '2024-01-01T00:00:00'}\n"
        "gain: {A: 4.0, B: 2.0}\nreadNoise: {A: 12.0, B: 6.0}\n"
    )
    frames = write_frames(tmp_path / "frames", 1)
    before = values(verify(job(root, frames)), "BIAS-MEAN")
    gains.unlink()
    after = values(verify(job(root, frames)), "BIAS-MEAN")
    assert before["A", "frame0.fits"] == pytest.approx(2 * after["A", "frame0.fits"])
    assert before["B", "frame0.fits"] == pytest.approx(after["B", "frame0.fits"])


def test_inputs_are_told_from_exposures_held_back(root: Path, tmp_path: Path) -> None:
    side = (root / BIAS).with_suffix(".inputs.yaml")
    side.write_text("inputs:\n- {data_id: {exposure: 1}, date: '2024-02-01T00:00:00'}\n")
    record = verify(job(root, write_frames(tmp_path / "frames", 2)))
    assert [use.role for use in record.exposures] == ["input", "held back"]


@pytest.mark.parametrize(
    ("name", "message"),
    [("frame0.fits", "cannot be read"), ("frame1.fits", "neither the detector's 40 x 24")],
)
def test_frames_that_do_not_fit_are_errors(root: Path, tmp_path: Path, name: str, message: str) -> None:
    frames = write_frames(tmp_path / "frames", 1)
    if name == "frame0.fits":
        frames[0].write_bytes(frames[0].read_bytes()[:7000])
    else:
        fits.PrimaryHDU(np.zeros((HEIGHT, 3), "f4")).writeto(frames[0], overwrite=True)
    (outcome,) = verify_all([job(root, frames)])
    assert isinstance(outcome, CuratedError)
    assert message in outcome.message
    with pytest.raises(CuratedError, match=r"there is no calibration calibs/cam/bias/d01"):
        verify(job(root, frames, "calibs/cam/bias/d01/x.yaml"))
