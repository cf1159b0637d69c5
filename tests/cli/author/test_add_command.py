"""``curated add``."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.commands import Commands
from support.foreign import make_package

TARGET = "calibs/tiny/defects/d0/20240601T000000.ecsv"
OPTIONS = ("--as", "defects", "--detector", "d0", "--from", "2024-06-01")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_package(tmp_path)
    (tmp_path / "bad.reg").write_text("image\nbox(3.5,4.5,2,2,0) # text={hot}\n")
    return tmp_path


def test_a_file_is_added_once_and_passes_the_check(run: Commands, root: Path) -> None:
    done = run(root, "add", "bad.reg", *OPTIONS, "--dry-run")
    assert (done.status, done.stdout) == (0, f"{TARGET}: would be written\n")
    assert not (root / TARGET).exists()
    assert run(root, "add", "bad.reg", *OPTIONS).stdout == f"{TARGET}: written\n"
    assert run(root, "check", "--no-cache").status == 0
    assert run(root, "add", "bad.reg", *OPTIONS).stdout == f"{TARGET}: unchanged\n"
    before = (root / TARGET).read_bytes()
    (root / "bad.reg").write_text("image\nbox(13,4,2,2,0)\n")
    refused = run(root, "add", "bad.reg", *OPTIONS)
    assert (refused.status, (root / TARGET).read_bytes()) == (2, before)
    assert "--force" in refused.stderr
    assert run(root, "add", "bad.reg", *OPTIONS, "--force").status == 0
    assert (root / TARGET).read_bytes() != before


def test_findings_and_nothing_written(run: Commands, root: Path) -> None:
    (root / "bad.reg").write_text("physical\nbox(3,4,2,2,0)\n")
    done = run(root, "add", "bad.reg", *OPTIONS)
    assert (done.status, done.stdout) == (1, "")
    assert "bad.reg:2:1: error CAL712" in done.stderr
    assert not (root / TARGET).exists()
    answer = run(root, "add", "bad.reg", *OPTIONS, "--format", "json").json
    assert (answer["failed"], answer["files"], answer["version"]) == (True, [], 1)
    assert [finding["code"] for finding in answer["findings"]] == ["CAL712"]


def test_the_list_of_readers(run: Commands, root: Path) -> None:
    done = run(root, "add", "--list")
    assert done.status == 0
    assert "ds9" in done.stdout


@pytest.mark.parametrize(
    "options", [("--set", "mean"), ("--unit", "x=m", "--unit", "x=nm"), ("--from", "soon")]
)
def test_wrong_options(run: Commands, root: Path, options: tuple[str, ...]) -> None:
    assert run(root, "add", "bad.reg", *OPTIONS, *options).status == 2
