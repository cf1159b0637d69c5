"""Run the commands of docs/tables.md in a copy of the demonstration."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from support.commands import Commands
from support.packages import ROOT
from support.pages import commands


def test_commands_print_what_the_page_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "calibs", tmp_path / "calibs")
    shutil.copy(ROOT / "curated.yaml", tmp_path)
    run = Commands(capsys, monkeypatch)
    examples = commands((ROOT / "docs/tables.md").read_text())
    assert len(examples) >= 10
    for command, expected in examples:
        program, *words = shlex.split(command)
        if program == "cat":
            (tmp_path / words[0]).write_text(f"{expected}\n")
            continue
        done = run(tmp_path, *words)
        lines = [line for line in (done.stderr + done.stdout).splitlines() if " info CAL728 " not in line]
        assert (command, "\n".join(lines)) == (command, expected)
    assert run(tmp_path, "check", "--no-cache", "calibs/demo").status == 0
