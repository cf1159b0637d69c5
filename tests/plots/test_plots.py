"""Default plots: one of each type, the same bytes each time."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.plots import plot
from curated.registry import own_types
from support.demo import demo_calib
from support.plots import png_size

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("name", [n for n, cls in own_types().items() if cls.SPEC.plot is not None])
def test_one_of_each_type_twice(name: str, tmp_path: Path) -> None:
    calib = demo_calib(name)
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

    calib = demo_calib("defects")
    plot(calib, tmp_path / "plain.png")
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "black", "savefig.dpi": 30}):
        plot(calib, tmp_path / "settings.png")
        assert mpl.rcParams["font.size"] == 20
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "settings.png").read_bytes()


def test_pyplot_is_not_touched(tmp_path: Path) -> None:
    before = "matplotlib.pyplot" in sys.modules
    plot(demo_calib("camera"), tmp_path / "camera.png")
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_a_long_title_fits(tmp_path: Path) -> None:
    calib = demo_calib("defects")
    metadata = type(calib.metadata)({**calib.metadata, "DET_NAME": "d" * 200})
    plot(dataclasses.replace(calib, metadata=metadata), tmp_path / "long.png")
    assert png_size((tmp_path / "long.png").read_bytes())[0] < 2000


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(CuratedError, match="plots need matplotlib") as caught:
        plot(demo_calib("defects"), tmp_path / "no.png")
    assert "curated-calibs[plots]" in caught.value.hint


@pytest.mark.parametrize("name", ["defects", "transmission_filter", "crosstalk", "bias"])
@pytest.mark.parametrize(("ending", "start"), [(".svg", b"<?xml"), (".pdf", b"%PDF-"), (".PNG", b"\x89PNG")])
def test_the_ending_is_the_format(name: str, ending: str, start: bytes, tmp_path: Path) -> None:
    drawings = []
    for directory in ("first", "second"):
        (tmp_path / directory).mkdir()
        path = tmp_path / directory / f"look{ending}"
        plot(demo_calib(name), path)
        drawings.append(path.read_bytes())
    assert drawings[0].startswith(start)
    assert drawings[0] == drawings[1]
    for stamp in (b"CreationDate", b"dc:date", b"Matplotlib v"):
        assert stamp not in drawings[0]


@pytest.mark.parametrize("name", ["look.jpg", "look", "look.png.txt", ".svg", "look.eps", "look.pdf "])
def test_other_endings_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match=r"\.png, \.svg, \.pdf"):
        plot(demo_calib("defects"), tmp_path / name)
    assert not list(tmp_path.iterdir())
