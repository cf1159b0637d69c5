"""Default plots: one of each type, the same bytes each time."""

from __future__ import annotations

import dataclasses
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.plots import plot
from curated.plots.maps import covered_pixels
from curated.registry import own_types

pytest.importorskip("matplotlib")

DEMO = Path(__file__).parents[2] / "calibs" / "demo"


def example(name: str, **levels: str) -> Calib:
    """The first file of a type in the demonstration package."""
    paths = (
        p
        for p in sorted((DEMO / name).rglob("*T*.*"))
        if p.suffix in (".ecsv", ".yaml", ".json") and all(part in p.parts for part in levels.values())
    )
    return own_types()[name].readText(next(paths))


def png_size(data: bytes) -> tuple[int, int]:
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", data[16:24])


@pytest.mark.parametrize("name", [n for n, cls in own_types().items() if cls.SPEC.plot is not None])
def test_one_of_each_type_twice(name: str, tmp_path: Path) -> None:
    calib = example(name)
    for file in ("one.png", "two.png"):
        plot(calib, tmp_path / file, size=(1024, 1024))
    data = (tmp_path / "one.png").read_bytes()
    width, height = png_size(data)
    assert 500 < width < 2000
    assert 500 < height < 2000
    assert data == (tmp_path / "two.png").read_bytes()
    assert b"Software" not in data


def test_settings_of_the_user_change_nothing(tmp_path: Path) -> None:
    import matplotlib as mpl

    calib = example("defects")
    plot(calib, tmp_path / "plain.png")
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "black", "savefig.dpi": 30}):
        plot(calib, tmp_path / "settings.png")
        assert mpl.rcParams["font.size"] == 20
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "settings.png").read_bytes()


def test_pyplot_is_not_touched(tmp_path: Path) -> None:
    before = "matplotlib.pyplot" in sys.modules
    plot(example("camera"), tmp_path / "camera.png")
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_kernels_of_a_detector(tmp_path: Path) -> None:
    calib = example("bfk", detector="d01")
    assert list(calib.kernels) == ["d01"]
    plot(calib, tmp_path / "kernel.png")
    png_size((tmp_path / "kernel.png").read_bytes())


@pytest.mark.parametrize("size", [None, (1024, 1024)])
def test_no_defects(tmp_path: Path, size: tuple[int, int] | None) -> None:
    plot(example("defects", detector="d03"), tmp_path / "none.png", size=size)
    png_size((tmp_path / "none.png").read_bytes())


@pytest.mark.parametrize(
    "coeffs", [None, np.zeros((0, 0)), np.full((3, 3), np.nan), np.zeros((3, 3)), np.eye(40) * 7]
)
def test_matrices_at_the_limits(tmp_path: Path, coeffs: np.ndarray | None) -> None:
    plot(dataclasses.replace(example("crosstalk"), coeffs=coeffs), tmp_path / "matrix.png")
    png_size((tmp_path / "matrix.png").read_bytes())


def test_many_amplifiers(tmp_path: Path) -> None:
    curve = example("transmission_sensor")
    names = np.repeat([f"A{i:02d}" for i in range(20)], 5)
    many = dataclasses.replace(
        curve,
        amp_name=names,
        wavelength=np.tile(np.linspace(400, 800, 5), 20),
        efficiency=np.linspace(10, 90, 100),
    )
    plot(many, tmp_path / "many.png")
    png_size((tmp_path / "many.png").read_bytes())


def test_a_long_title_fits(tmp_path: Path) -> None:
    calib = example("defects")
    metadata = type(calib.metadata)({**calib.metadata, "DET_NAME": "d" * 200})
    plot(dataclasses.replace(calib, metadata=metadata), tmp_path / "long.png")
    assert png_size((tmp_path / "long.png").read_bytes())[0] < 2000


def test_pixels_in_two_boxes_count_once() -> None:
    assert covered_pixels([]) == 0
    assert covered_pixels([(0, 0, 10, 10), (5, 5, 10, 10), (2, 2, 3, 3)]) == 175
    assert covered_pixels([(0, 0, 1, 5), (0, 5, 1, 5), (3, 0, 1, 1)]) == 11


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(CuratedError, match="plots need matplotlib") as caught:
        plot(example("defects"), tmp_path / "no.png")
    assert "curated-calibs[plots]" in caught.value.hint
