"""``curated note``: who is asked for, and JSON; texts are in tests/data/edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import GitPackage
from support.commands import Commands
from support.editing import copy_package

SHUTTER = "calibs/demo/shutter/20200101T000000.json"


def test_who_edits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Commands(capsys, monkeypatch)
    package = GitPackage(copy_package(tmp_path / "package"))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    for variable in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.delenv(variable, raising=False)
    package.git("init", "--quiet")
    done = run(package.path, "note", SHUTTER, "why")
    assert (done.status, "give --by NAME" in done.stderr) == (2, True)
    package.git("config", "user.name", "Ada A.")
    value = run(package.path, "note", SHUTTER, "why", "--format", "json", "--dry-run").json
    assert (value["format"], value["note"]["name"], value["note"]["what"]) == (
        "curated-note",
        "Ada A.",
        "why",
    )
    assert value["calibrations"] == {SHUTTER: SHUTTER}
    assert "Ada A." not in (package.path / SHUTTER).read_text()
    done = run(package.path, "note", SHUTTER, "why", "--by", "Bob", "--date", "2024-01-01")
    assert (done.status, done.stdout) == (0, f"{SHUTTER}: changed\n")
