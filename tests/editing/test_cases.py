"""Edits of a small package in tests/data/edits: each directory has commands, and what they print and change."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest

from support.commands import Commands
from support.editing import copy_package
from support.packages import read_tree

DATA = Path(__file__).parents[1] / "data" / "edits"
CASES = sorted(path for path in DATA.iterdir() if path.is_dir())


def shown_changes(before: dict[str, bytes], now: dict[str, bytes]) -> Iterator[str]:
    """Yield what is new, gone or changed, with the lines of texts."""
    for path in sorted({*before, *now}):
        old, new = before.get(path), now.get(path)
        if old == new:
            continue
        origin = next((p for p, data in before.items() if data == new), "")
        if new is None:
            yield f"gone: {path}"
        elif origin:
            yield f"new: {path}, the bytes of {origin}"
        else:
            nearest = max(
                (
                    p
                    for p in before
                    if Path(p).suffix == Path(path).suffix and Path(p).parent == Path(path).parent
                ),
                key=lambda p: len(set(before[p].split(b"\n")) & set(new.split(b"\n"))),
                default="",
            )
            reference = old if old is not None else before.get(nearest, b"")
            yield (
                f"changed: {path}"
                if old is not None
                else f"new: {path}{f', like {nearest}' if nearest else ''}"
            )
            lines = unified_diff(*(text.decode().splitlines(keepends=True) for text in (reference, new)), n=0)
            for line in list(lines)[2:]:
                if not line.startswith("@@"):
                    yield repr(line.rstrip("\n"))[1:-1] if "\r" in line else line.rstrip("\n")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(
    case: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> None:
    package = copy_package(tmp_path / "package")
    run = Commands(capsys, monkeypatch)
    lines: list[str] = []
    original = read_tree(package)
    for command in (case / "commands.txt").read_text().splitlines():
        lines.append(f"$ {command}")
        if not command.startswith("curated "):
            subprocess.run(command, cwd=package, shell=True, check=True)
            original = read_tree(package)
            continue

        done = run(package, *shlex.split(command)[1:])
        lines += [*done.stdout.splitlines(), *done.stderr.splitlines()]
        lines += [f"exit status {done.status}"] if done.status else []
    lines += ["", *shown_changes(original, read_tree(package))]
    result = "".join(f"{line}\n" for line in lines).replace(str(package), "PACKAGE")
    if pytestconfig.getoption("update_expected"):
        (case / "transcript.txt").write_text(result)
    assert result == (case / "transcript.txt").read_text()
