"""Tests of flats of several detectors against their normalisation, beside each other."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from curated.check.package import check_package
from curated.package.package import open_package
from support.images import make_image

COUNT = 5
TIME = "20240101T000000"


def write(root: Path, levels: dict[int, float], *, start: str = "2024-01-01", norm: float = 1.0) -> None:
    """Write a flat with a median for each detector, in units of its normalisation."""
    (root / "curated.yaml").write_text("calibs: calibs\n")
    for number, level in levels.items():
        pixels = (
            np.random.RandomState(number).normal(level * norm, 0.01 * level * norm, (32, 32)).astype(">f4")
        )
        data = make_image(pixels, unit="" if norm == 1 else "adu")
        directory = root / "calibs" / "cam" / "flat" / f"d{number:02d}" / "r"
        directory.mkdir(parents=True, exist_ok=True)
        name = f"{start.replace('-', '')}T000000"
        (directory / f"{name}.fits").write_bytes(data)
        (directory / f"{name}.yaml").write_text(
            f"metadata:\n  OBSTYPE: flat\n  INSTRUME: cam\n  DETECTOR: {number}\n  FILTER: r\n"
            f"  CALIBDATE: '{start}T00:00:00'\nnormalisation: {norm}\nimage:\n  file: {name}.fits\n"
            f"  sha256: {hashlib.sha256(data).hexdigest()}\n  size: {len(data)}\n"
        )


def declare(root: Path, count: int = COUNT, more: str = "") -> None:
    lines = ["name: cam", "detectors:", *(f"- {{id: {n}, name: d{n:02d}}}" for n in range(count))]
    directory = root / "calibs" / "cam"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "instrument.yaml").write_text("\n".join([*lines, "filters:", "- {name: r}", more]) + "\n")


def findings(root: Path, *paths: str) -> list[tuple[str, str, str]]:
    report = check_package(open_package(root), paths, use_cache=False, jobs=1)
    return [(d.code, Path(d.file).parts[3] + "/" + Path(d.file).stem, d.message) for d in report.diagnostics]


def codes(root: Path) -> list[tuple[str, str]]:
    return [(code, place) for code, place, _ in findings(root)]


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        # divided by the mean or the median of the focal plane
        ((0.7, 0.95, 1.0, 1.15, 1.2), ""),
        ((0.7, 1.0, 1.03, 1.1, 1.2), ""),
        ((0.9, 0.95, 1.01, 1.04, 1.1), ""),
        ((0.75, 0.97, 1.03, 1.06, 1.1), ""),
        # with a vignetted one, or another one that is found by itself
        ((0.5, 1.05, 1.1, 1.15, 1.2), "CAL353"),
        ((1.6, 1.6, 1.6, 1.6, 1.6), "CAL353 CAL353 CAL353 CAL353 CAL353"),
        ((1.0, 1.0, 1.6, 1.0, 1.0), "CAL353"),
        # every detector by its own
        ((1.0, 1.0, 1.0, 1.0, 1.0), ""),
        # by another number than is declared
        ((1.2, 1.2, 1.2, 1.2, 1.2), "CAL371"),
        ((0.8, 0.8, 0.8, 0.8, 0.8), "CAL371"),
        ((1.07, 1.08, 1.09, 1.1, 1.1), "CAL371"),
        ((0.84, 1.14, 1.2, 1.38, 1.44), "CAL371"),
        # one of those that were divided by their own
        ((1.0, 1.0, 1.3, 1.0, 1.0), "CAL353"),
        ((1.0, 0.8, 1.0, 1.0, 1.0), "CAL353"),
        ((1.0, 1.0, 1.0, 1.2, 1.04), "CAL353 CAL353"),
    ],
)
def test_levels_of_a_focal_plane(tmp_path: Path, levels: tuple[float, ...], code: str) -> None:
    write(tmp_path, dict(enumerate(levels)), norm=20000.0 if code else 1.0)
    declare(tmp_path)
    problems = findings(tmp_path)
    assert [problem[0] for problem in problems] == code.split()
    if code == "CAL353":
        worst = max(levels, key=lambda level: abs(level - 1))
        assert problems[0][1] == f"d{levels.index(worst):02d}/{TIME}"
        assert f"images are divided by {worst:.2g}" in problems[0][2]
    if code == "CAL371":
        level = re.search(r"median level of (\S+) times", problems[0][2])
        assert level is not None
        assert float(level[1]) == pytest.approx(np.median(levels), rel=5e-3)


def test_without_a_declared_instrument(tmp_path: Path) -> None:
    write(tmp_path, {0: 1.2})
    assert codes(tmp_path) == []  # of how many detectors this is the flat is not known
    write(tmp_path, {1: 1.25})
    assert codes(tmp_path) == [("CAL371", f"d01/{TIME}")]


@pytest.mark.parametrize(("level", "is_wrong"), [(1.1, False), (0.85, False), (1.4, True), (0.7, True)])
def test_one_of_several_detectors(tmp_path: Path, level: float, is_wrong: bool) -> None:
    write(tmp_path, {0: level})
    declare(tmp_path)
    assert codes(tmp_path) == ([("CAL371", f"d00/{TIME}")] if is_wrong else [])


def test_each_epoch_counts_by_itself(tmp_path: Path) -> None:
    declare(tmp_path, 3)
    write(tmp_path, {0: 0.9, 1: 1.0, 2: 1.1})
    write(tmp_path, {0: 1.17, 1: 1.3, 2: 1.43}, start="2024-02-01")
    assert codes(tmp_path) == [("CAL371", "d02/20240201T000000")]
    # A right flat beside two wrong ones that stay in force is no finding of its own.
    write(tmp_path, {0: 0.99}, start="2024-03-01")
    assert codes(tmp_path) == [("CAL371", "d02/20240201T000000")]
    write(tmp_path, {0: 0.9, 1: 1.0, 2: 1.1}, start="2024-04-01")
    assert codes(tmp_path) == [("CAL371", "d02/20240201T000000")]


def test_an_instrument_can_allow_more(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(range(COUNT), 1.2))
    reason = "divided by the level of the guider"
    declare(tmp_path, more=f"bounds:\n- {{type: flat, quantity: level, maximum: 0.25, reason: {reason}}}")
    assert codes(tmp_path) == []
    declare(tmp_path, more=f"bounds:\n- {{type: flat, quantity: level, maximum: 0.1, reason: {reason}}}")
    assert [code for code, _ in codes(tmp_path)] == ["CAL371"]


def test_the_cache_keeps_levels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "package"
    root.mkdir()
    write(root, dict.fromkeys(range(COUNT), 1.2))
    declare(root)
    reports = [check_package(open_package(root), jobs=1) for _ in range(2)]
    assert [[d.code for d in report.diagnostics] for report in reports] == [["CAL371"]] * 2
