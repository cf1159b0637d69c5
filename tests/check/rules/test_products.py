"""Tests of curves of a system against the product of the curves of its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curated.check.package import check_package
from curated.package.package import open_package

GRID = np.arange(350, 751, 1.0)

FACTORS = {
    "transmission_optics": (np.arange(300, 1101, 10.0), lambda w: 0.8 - 0.0002 * (w - 550)),
    "transmission_filter/r": (
        GRID,
        lambda w: 0.95 * np.clip((w - 500) / 4, 0, 1) * np.clip((650 - w) / 4, 0, 1),
    ),
    "transmission_sensor/d00": (np.arange(300, 1101, 5.0), lambda w: 0.9 * np.sin(np.pi * (w - 290) / 830)),
    "transmission_atmosphere": (np.arange(300, 1101, 2.0), lambda w: 0.9 - 0.1 * (400 / w) ** 4),
}
"""Wavelengths and fraction of each factor."""


def product(wavelengths: Any, without: str = "") -> Any:
    return np.prod(
        [
            np.interp(wavelengths, grid, curve(grid))
            for name, (grid, curve) in FACTORS.items()
            if name != without
        ],
        axis=0,
    )


def write(
    root: Path, name: str, wavelengths: Any, fractions: Any, start: str = "2024-01-01", **keywords: Any
) -> Path:
    """Write a curve, with the detector and filter in the name of its directory."""
    obstype, *levels = name.split("/")
    keywords |= {"INSTRUME": "cam", "OBSTYPE": obstype, "CALIBDATE": f"{start}T00:00:00"}
    keywords |= {"DETECTOR": 0} if "d00" in levels else {}
    keywords |= {"FILTER": "r"} if "r" in levels else {}
    lines = ["%ECSV 1.0", "---", "datatype:", "- {name: wavelength, unit: nm, datatype: float64}"]
    lines += ["- {name: efficiency, unit: '%', datatype: float64}", "meta: !!omap"]
    lines += [f"- {{{key}: {value!r}}}" for key, value in keywords.items()]
    text = "".join(f"# {line}\n" for line in [*lines, "schema: astropy-2.0"]) + "wavelength efficiency\n"
    text += "".join(
        f"{w!r} {100 * f!r}\n" for w, f in zip(wavelengths.tolist(), fractions.tolist(), strict=True)
    )
    path = root / "calibs" / "cam" / name / f"{start.replace('-', '')}T000000.ecsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def findings(root: Path, *paths: str) -> list[tuple[str, str, str]]:
    (root / "curated.yaml").touch()
    report = check_package(open_package(root), paths, use_cache=False)
    return [(d.code, Path(d.file).parts[2], d.message) for d in report.diagnostics]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, (wavelengths, curve) in FACTORS.items():
        write(tmp_path, name, wavelengths, curve(wavelengths))
    return tmp_path


SYSTEM = "transmission_system/d00/r"


@pytest.mark.parametrize("step", [1.0, 0.5, 3.0])
@pytest.mark.parametrize("factor", [1.0, 1.03, 0.97])
def test_a_product_agrees(root: Path, step: float, factor: float) -> None:
    wavelengths = np.arange(400, 750, step)
    write(root, SYSTEM, wavelengths, factor * product(wavelengths))
    assert findings(root) == []


def test_a_contradiction_says_what_was_multiplied_and_where(root: Path) -> None:
    fractions = product(GRID)
    fractions[GRID == 600] *= 0.7
    write(root, SYSTEM, GRID, fractions)
    [(code, place, message)] = findings(root)
    assert (code, place) == ("CAL368", "transmission_system")
    assert "at 600 nm" in message
    assert all(f"calibs/cam/{name}/20240101T000000.ecsv" in message for name in FACTORS)
    size = 100 * 0.3 * product(np.array([600.0]))[0] / product(GRID).max()
    assert abs(float(message.split(" % of its peak")[0].split()[-1]) - size) < 1
    assert "above 5 %" in message


@pytest.mark.parametrize("factor", [2.0, 0.5, 0.9, 1.1])
def test_another_scale(root: Path, factor: float) -> None:
    write(root, SYSTEM, GRID, np.minimum(factor * product(GRID), 1))
    assert [code for code, _, _ in findings(root)] == ["CAL368"]


@pytest.mark.parametrize("name", FACTORS)
def test_a_part_that_was_left_out(root: Path, name: str) -> None:
    write(root, SYSTEM, GRID, product(GRID, without=name))
    [(code, _, message)] = [f for f in findings(root) if f[1] == "transmission_system" and f[0] != "CAL365"]
    assert code == "CAL368"
    assert message.endswith(f"it agrees with the product without {name.split('/', maxsplit=1)[0]}")


@pytest.mark.parametrize("name", FACTORS)
def test_without_a_part_the_others_are_a_limit(root: Path, name: str) -> None:
    for path in (root / "calibs" / "cam" / name).glob("*.ecsv"):
        path.unlink()
    for factor in (1.0, 0.3):
        write(root, SYSTEM, GRID, factor * product(GRID))
        assert findings(root) == []
    write(root, SYSTEM, GRID, np.minimum(1.2 * product(GRID, without=name), 1))
    [(code, _, message)] = [f for f in findings(root) if f[1] == "transmission_system" and f[0] != "CAL365"]
    assert code == "CAL368"
    assert name.partition("/")[0] in message.partition(" of its peak")[2]
    assert message.endswith(", which the package lacks, can only make it less")


def test_without_any_part_nothing_is_compared(tmp_path: Path) -> None:
    write(tmp_path, SYSTEM, GRID, product(GRID))
    assert findings(tmp_path) == []


def test_the_parts_in_force_at_its_start_count(root: Path) -> None:
    write(root, "transmission_optics", GRID, np.full(len(GRID), 0.4), "2025-01-01")
    write(root, SYSTEM, GRID, product(GRID), "2024-06-01")
    assert findings(root) == []
    write(root, SYSTEM, GRID, product(GRID), "2025-06-01")
    [(code, _, message)] = findings(root)
    assert code == "CAL368"
    assert "transmission_optics/20250101T000000.ecsv" in message
    before_all = write(root, SYSTEM, GRID, 0.5 * product(GRID), "2023-01-01")
    assert len(findings(root)) == 1
    before_all.unlink()
    write(
        root,
        "transmission_optics",
        GRID,
        np.full(len(GRID), 0.4),
        "2025-01-01",
        VALIDEND="2025-02-01T00:00:00",
    )
    assert [f for f in findings(root) if f[0] == "CAL368"] == []


def test_the_filter_at_the_detector_comes_first(root: Path) -> None:
    grid, curve = FACTORS["transmission_filter/r"]
    write(root, "transmission_filter_detector/d00/r", grid, curve(grid + 10))
    write(root, SYSTEM, GRID, product(GRID))
    [(code, _, message)] = findings(root)
    assert code == "CAL368"
    assert "transmission_filter_detector/d00/r" in message
    assert "transmission_filter/r" not in message


def test_a_table_that_ends_in_the_light_says_nothing_beyond(root: Path) -> None:
    short = np.arange(560, 600, 1.0)
    write(root, "transmission_filter/r", short, FACTORS["transmission_filter/r"][1](short))
    write(root, SYSTEM, GRID, product(GRID))
    assert [f for f in findings(root) if f[0] == "CAL368"] == []


def test_an_instrument_has_its_own_tolerance(root: Path) -> None:
    write(root, SYSTEM, GRID, 0.9 * product(GRID))
    bounds = "bounds:\n- {type: transmission_system, quantity: product, maximum: %s, reason: measured as a whole}\n"
    instrument = root / "calibs" / "cam" / "instrument.yaml"
    text = "name: cam\ndetectors: [{id: 0, name: d00}]\nfilters: [{name: r}]\n"
    instrument.write_text(text + bounds % 0.15)
    assert findings(root) == []
    instrument.write_text(text + bounds % 0.02)
    assert [(code, "above 2 %" in message) for code, _, message in findings(root)] == [("CAL368", True)]


def test_a_part_with_errors_is_said(root: Path) -> None:
    path = root / "calibs" / "cam" / "transmission_optics" / "20240101T000000.ecsv"
    path.write_text(path.read_text().replace("310.0 ", "290.0 "))
    write(root, SYSTEM, GRID, 2 * product(GRID))
    codes = {code: message for code, place, message in findings(root) if place == "transmission_system"}
    assert sorted(codes) == ["CAL364", "CAL369"]
    assert "transmission_optics/20240101T000000.ecsv" in codes["CAL369"]


def test_one_path_is_compared_with_all_parts(root: Path) -> None:
    write(root, SYSTEM, GRID, 0.5 * product(GRID))
    path = f"calibs/cam/{SYSTEM}/20240101T000000.ecsv"
    assert [code for code, _, _ in findings(root, path)] == ["CAL368"]
    assert findings(root, "calibs/cam/transmission_optics") == []
