"""``curated epoch`` and ``curated split``: JSON, files that git ignores, failures; texts are in tests/data/edits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import GitPackage
from support.commands import Commands
from support.editing import copy_package
from support.packages import read_tree

D00 = "calibs/demo/defects/d00"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


def test_json(tmp_path: Path, run: Commands) -> None:
    root = copy_package(tmp_path / "package")
    before = read_tree(root)
    arguments = ("epoch", "demo", "defects", "--detector", "d00", "--from", "2024-06-01", "--format", "json")
    dry = run(root, *arguments, "--dry-run").json
    assert read_tree(root) == before
    value = run(root, *arguments).json
    assert {**value, "dry_run": True} == dry
    assert (value["format"], value["version"], value["failed"]) == ("curated-epoch", 1, False)
    assert value["source"] == f"{D00}/20240301T000000.ecsv"
    assert [(f["path"], f["state"]) for f in value["files"]] == [(f"{D00}/20240601T000000.ecsv", "new")]
    assert value["effects"] == [
        {
            "key": "demo/defects/d00",
            "begin": "2024-06-01T00:00:00Z",
            "end": None,
            "before": f"{D00}/20240301T000000.ecsv",
            "now": f"{D00}/20240601T000000.ecsv",
        }
    ]
    split = run(root, "split", f"{D00}/20200101T000000.ecsv", "--at", "2021-01-01", "--format", "json")
    assert (split.json["format"], split.json["remarks"]) == ("curated-split", [])


def test_a_file_that_git_ignores(tmp_path: Path, run: Commands) -> None:
    package = GitPackage(copy_package(tmp_path / "package"))
    package.git("init", "--quiet")
    (package.path / ".gitignore").write_text("*.fits\n")
    done = run(package.path, "epoch", "calibs/demo/bias/g00/20200101T000000.yaml", "--from", "2024-06-01")
    assert "calibs/demo/bias/g00/20240601T000000.fits is ignored by git (.gitignore:1)" in done.stderr


def test_what_is_in_the_way(tmp_path: Path, run: Commands) -> None:
    root = copy_package(tmp_path / "package")
    source = "calibs/demo/bias/g00/20200101T000000.yaml"
    (root / "calibs/demo/bias/g00/20240601T000000.fits").write_bytes(b"another")
    before = read_tree(root)
    done = run(root, "epoch", source, "--from", "2024-06-01")
    assert (done.status, "is there already" in done.stderr) == (2, True)
    assert read_tree(root) == before
    image = root / "calibs/demo/bias/g00/20200101T000000.fits"
    image.write_bytes(image.read_bytes() + bytes(2880))
    done = run(root, "epoch", source, "--from", "2024-07-01")
    assert (done.status, "is not the image that the side file means" in done.stderr) == (2, True)
    os.remove(image)
    done = run(root, "epoch", source, "--from", "2024-07-01")
    assert (done.status, "20200101T000000.fits is not there" in done.stderr) == (2, True)


def test_a_text_that_cannot_be_read(tmp_path: Path, run: Commands) -> None:
    root = copy_package(tmp_path / "package")
    (root / D00 / "20240301T000000.ecsv").write_bytes(b"\xff\xfe")
    done = run(root, "epoch", f"{D00}/20240301T000000.ecsv", "--from", "2024-06-01")
    assert (done.status, f"{D00}/20240301T000000.ecsv: CAL202" in done.stderr) == (2, True)
