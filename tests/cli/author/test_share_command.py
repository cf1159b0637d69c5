"""``curated share`` and ``curated unshare``: text, JSON, and that nothing changes in a repository's terms."""

from __future__ import annotations

import pytest

from conftest import GitPackage, MakePackage
from support.commands import Commands
from support.packages import read_tree
from support.sharing import TOP, copies, copy_text

NAME = "20200101T000000.ecsv"
SHARED = f"{TOP}/shared/{NAME}"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package(copies(d02=copy_text("d02", x0=5)))


def test_text(package: GitPackage, run: Commands) -> None:
    before = read_tree(package.path / "calibs")
    dry = run(package.path, "share", "--dry-run")
    assert read_tree(package.path / "calibs") == before
    done = run(package.path, "share", "calibs")
    assert (done.status, done.stdout) == (0, dry.stdout)
    assert done.stdout.splitlines() == [
        f"{SHARED}: 2 files, for 2 detectors: d00, d01",
        "  without DETECTOR (2 values), DET_NAME (2 values)",
        f"not merged: {TOP}/d02/{NAME}: other values of pixels, beside {TOP}/d00/{NAME}",
    ]
    assert "1 file written, 2 removed" in done.stderr
    assert "1 file would be written, 2 would be removed" in dry.stderr
    diff = run(package.path, "diff")
    assert (diff.status, "no physical change" in diff.stdout) == (0, True)
    again = run(package.path, "share")
    assert (again.status, "nothing to merge" in again.stderr) == (0, True)
    back = run(package.path, "unshare", SHARED, "--detector", "d01")
    assert (back.status, back.stdout.splitlines()) == (
        0,
        [f"{TOP}/d01/{NAME}: written", f"{SHARED}: changed"],
    )
    assert run(package.path, "diff").status == 0


def test_json(package: GitPackage, run: Commands) -> None:
    value = run(package.path, "share", "--format", "json", "--name", "e2v").json
    path = f"{TOP}/shared-e2v/{NAME}"
    assert (value["format"], value["version"], value["failed"], value["dry_run"]) == (
        "curated-share",
        1,
        False,
        False,
    )
    assert value["merged"] == [
        {
            "path": path,
            "members": [f"{TOP}/d00/{NAME}", f"{TOP}/d01/{NAME}"],
            "detectors": ["d00", "d01"],
            "filters": [],
            "all": False,
            "dropped": {"DETECTOR": 2, "DET_NAME": 2},
        }
    ]
    states = {f["path"]: f["state"] for f in value["files"]}
    assert states == {path: "new", f"{TOP}/d00/{NAME}": "removed", f"{TOP}/d01/{NAME}": "removed"}
    unshared = run(package.path, "unshare", path, "--from", "2024-01-01", "--format", "json").json
    assert (unshared["format"], unshared["remaining"]) == ("curated-unshare", ["d00", "d01"])
    assert sorted(unshared["paths"].values()) == [f"{TOP}/d0{i}/20240101T000000.ecsv" for i in (0, 1)]


def test_usage(package: GitPackage, run: Commands) -> None:
    for arguments, message in (
        (("share", "--name", "../x"), "use letters"),
        (("share", "--drop", "INSTRUME"), "INSTRUME decides"),
        (("share", "nowhere"), "nowhere does not exist"),
        (("unshare", f"{TOP}/d00/{NAME}"), "is not shared"),
        (("unshare", TOP), "has 3 calibrations"),
    ):
        done = run(package.path, *arguments)
        assert (done.status, message in done.stderr) == (2, True), done
