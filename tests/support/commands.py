"""The command line, run in this process: much quicker than a process of its own, for tests that need none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from curated.cli.main import cli
from curated.core.diagnostic import CuratedError


class Done(NamedTuple):
    """How a command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


class Commands:
    """Runs commands in a directory."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys, self.monkeypatch = capsys, monkeypatch

    def __call__(self, directory: Path, *arguments: str | Path) -> Done:
        self.monkeypatch.chdir(directory)
        words: Sequence[str] = [str(argument) for argument in arguments]
        messages = ""
        self.capsys.readouterr()
        try:
            status = cli.main(list(words), standalone_mode=False) or 0
        except SystemExit as ended:
            status = int(ended.code or 0)
        except CuratedError as error:
            status, messages = error.exit_status, f"error: {error.message}\nhint: {error.hint}\n"
        except click.ClickException as error:
            status, messages = error.exit_code, f"error: {error.format_message()}\n"
        captured = self.capsys.readouterr()
        return Done(status, captured.out, captured.err + messages)
