"""Repositories that somebody has spoiled, or made to deceive, and commands that must refuse them."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from curated.cli import main

CANARY = "canary_of_hostile_tests"


class Refusal(NamedTuple):
    """Exit status of a command, and what it wrote to stderr."""

    status: int
    text: str


def run_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object
) -> Refusal:
    """Run the command in this process, which is faster than one of its own; an exception that it lets out is one here."""
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["curated", *map(str, arguments)])
    status = main._run()
    return Refusal(status if isinstance(status, int) else 0, capsys.readouterr().err)


def tree(root: Path) -> dict[str, str]:
    """Return the paths below a directory, each with a hash of its content, or what it is."""
    content = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            content[str(path)] = os.readlink(path)
        elif path.is_file():
            content[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            content[str(path)] = "other"
    return content


def plant_canary(directory: Path) -> Path:
    """Write a module that leaves a file when it is imported; return the path of that file."""
    trace = directory / "imported"
    (directory / f"{CANARY}.py").write_text(
        f"open({str(trace)!r}, 'w').close()\nclass Thing:\n    defaultConfigFile = None\n"
    )
    return trace


def edit_text(old: str, new: str) -> Callable[[Path], None]:
    """Return a change of a repository's configuration."""

    def change(repo: Path) -> None:
        file = repo / "butler.yaml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))

    return change


def add_text(text: str) -> Callable[[Path], None]:
    """Return a change that appends to a repository's configuration."""

    def change(repo: Path) -> None:
        with (repo / "butler.yaml").open("a") as stream:
            stream.write(text)

    return change


def run_sql(*statements: str) -> Callable[[Path], None]:
    """Return a change of a repository's database."""

    def change(repo: Path) -> None:
        with closing(sqlite3.connect(repo / "gen3.sqlite3")) as database:
            database.execute("PRAGMA writable_schema = ON")
            for statement in statements:
                database.execute(statement)
            database.commit()

    return change


def write_bytes(name: str, content: bytes) -> Callable[[Path], None]:
    """Return a change that replaces a file of a repository."""
    return lambda repo: _none((repo / name).write_bytes(content))


def _none(_: Any) -> None:
    return None
