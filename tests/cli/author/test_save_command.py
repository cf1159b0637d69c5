"""``curated save``."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.commands import Commands
from support.foreign import make_package

TARGET = "calibs/tiny/defects/d0/20240601T000000.ecsv"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


@pytest.fixture
def root(tmp_path: Path, run: Commands) -> Path:
    make_package(tmp_path)
    (tmp_path / "bad.reg").write_text("image\nbox(3.5,4.5,2,2,0) # text={hot}\npoint(9,9)\n")
    added = run(tmp_path, "add", "bad.reg", "--as", "defects", "--detector", "d0", "--from", "2024-06-01")
    assert added.status == 0
    return tmp_path


def test_defects_for_ds9_and_back(run: Commands, root: Path) -> None:
    text = (root / TARGET).read_bytes()
    done = run(root, "save", TARGET, "-o", "out.reg")
    assert (done.status, done.stdout, done.stderr) == (0, "out.reg: written\n", "not in it: keywords\n")
    assert "box(3.5,4.5,2,2,0) # text={hot}\n" in (root / "out.reg").read_text()
    (root / "out.reg").rename(root / "bad.reg")
    added = run(
        root, "add", "bad.reg", "--as", "defects", "--detector", "d0", "--from", "2024-06-01", "--force"
    )
    assert added.status == 0
    lines = [line for line in (root / TARGET).read_bytes().splitlines() if b"SRCSHA" not in line]
    assert lines == [line for line in text.splitlines() if b"SRCSHA" not in line]


def test_a_mask_has_the_size_of_the_detector(run: Commands, root: Path) -> None:
    from astropy.io import fits

    answer = run(root, "save", TARGET, "-o", "mask.fits", "--format", "json").json
    assert (answer["form"], answer["losses"], answer["version"]) == ("mask", ["comments of rows"], 1)
    assert fits.getdata(root / "mask.fits").shape == (30, 40)
    assert run(root, "save", TARGET, "-o", "mask.fits", "--size", "50x60", "--force").status == 0
    assert fits.getdata(root / "mask.fits").shape == (60, 50)
    assert run(root, "save", TARGET, "-o", "mask.fits", "--size", "big").status == 2


def test_nothing_is_replaced_without_force(run: Commands, root: Path) -> None:
    (root / "out.reg").write_text("precious")
    for options in ((), ("--dry-run",)):
        assert run(root, "save", TARGET, "-o", "out.reg", *options).status == 2
    assert (root / "out.reg").read_text() == "precious"
    assert run(root, "save", TARGET, "-o", "new.reg", "--dry-run").stdout == "new.reg: would be written\n"
    assert not (root / "new.reg").exists()
    assert run(root, "save", TARGET, "-o", "out.tex").status == 2


def test_the_list_of_forms(run: Commands, root: Path) -> None:
    assert "ccddata" in run(root, "save", "--list").stdout
