"""``curated migrate``."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.cli.author import migrate_command
from curated.migration.recognition import KINDS
from support.commands import Commands
from support.sources import write_small_registry


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


def test_a_registry_becomes_a_package_that_passes(run: Commands, tmp_path: Path) -> None:
    write_small_registry(tmp_path / "source")
    words = ("migrate", "source", "target", "--instrument", "HSC")
    done = run(tmp_path, *words, "--dry-run")
    assert (done.status, (tmp_path / "target").exists()) == (0, False)
    assert "MIGRATION.md: would be written" in done.stdout
    answer = run(tmp_path, *words, "--format", "json").json
    assert (answer["version"], answer["source_kind"], answer["failed"]) == (1, "gen2", False)
    assert answer["counts"] == {"calibration": 6, "file beside": 0, "listed": 0, "not understood": 0}
    assert run(tmp_path / "target", "check", "--no-cache").status == 0
    assert "MIGRATION.md: unchanged" in run(tmp_path, *words).stdout
    account = tmp_path / "target/MIGRATION.md"
    account.write_text("mine")
    refused = run(tmp_path, *words)
    assert (refused.status, account.read_text()) == (2, "mine")
    assert run(tmp_path, *words, "--force").status == 0
    assert "6 calibrations" in account.read_text()


def test_what_cannot_be_read_writes_nothing(run: Commands, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    done = run(tmp_path, "migrate", "source", "target")
    assert (done.status, (tmp_path / "target").exists()) == (1, False)
    assert "CAL730" in done.stderr
    assert run(tmp_path, "migrate", "nowhere", "target").status == 2
    for words in (("--as", "bias"), ("--unit", "bias:adu", "--unit", "bias:nm")):
        assert run(tmp_path, "migrate", "source", "target", *words).status == 2
    assert run(tmp_path, "migrate", "source", "target", "--as", "x=unknown").status == 2


def test_the_kinds_are_those_that_are_read() -> None:
    assert tuple(kind.name for kind in KINDS) == migrate_command._KINDS


def test_the_package_is_not_part_of_the_source(run: Commands, tmp_path: Path) -> None:
    write_small_registry(tmp_path / "source")
    for target in ("source", "source/new", "."):
        done = run(tmp_path, "migrate", "source", target, "--instrument", "HSC", "--dry-run")
        assert done.status == (0 if target == "." else 2)
