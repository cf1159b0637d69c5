"""Repositories of somebody else run none of their programs, whatever is asked of them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

import curated
from conftest import MakePackage
from curated.check.package import read_package
from curated.convert.origin import find_origin
from curated.core.diagnostic import CuratedError
from curated.git.changes import work_tree_changes
from curated.git.checkout import check_out
from curated.git.repository import is_shallow, merge_base, open_repository, resolve_commit, tags_at
from curated.git.revisions import find_revision
from curated.history.checkout import find_hidden_differences
from curated.history.edits import find_unnoted_edits, start_edit_search
from curated.history.lookup import last_commit, package_at
from curated.package.package import open_package
from support.hostile_repositories import SHAPES, touch_files, write_programs
from support.packages import defects_path
from support.programs import run_curated


@pytest.fixture
def canaries(tmp_path: Path) -> Path:
    """The directory in which programs leave their files."""
    (tmp_path / "canaries").mkdir()
    return tmp_path / "canaries"


def ask_everything(path: Path) -> None:
    """Ask a repository everything that a command asks; some of it is refused."""
    with suppress(CuratedError):
        package = open_package(path)
        search = start_edit_search(package)
        reading = read_package(package, jobs=1)
        if search is not None:
            find_hidden_differences(search)
            find_unnoted_edits(search, list(package.layout.files))
        assert reading.reports
        find_origin(package, allow_dirty=True)
    with suppress(CuratedError):
        repository = open_repository(path)
        head = resolve_commit(repository)
        is_shallow(repository)
        tags_at(repository, head)
        for action in (lambda: merge_base(repository, "v1"), lambda: work_tree_changes(repository, "v1")):
            with suppress(CuratedError):
                action()
        with tempfile.TemporaryDirectory() as name:
            check_out(repository, head, Path(name).resolve())
    with suppress(CuratedError):
        find_revision(open_repository(path), "v1~0")
        find_revision(open_repository(path), "2030-01-01")
    with suppress(CuratedError):
        package, sha1 = package_at(path, "v1")
        last_commit(package, defects_path(), sha1)
        for file in package.layout.files:
            package.files.read(file.path)
    with suppress(CuratedError), curated.open(path, rev="HEAD") as calibrations:
        calibrations.get("defects", instrument="lab", detector="d00", at=datetime(2024, 1, 1, tzinfo=UTC))
    with suppress(CuratedError), curated.open(path.as_uri()) as calibrations:
        assert calibrations.epochs()


@pytest.mark.parametrize("shape", SHAPES)
def test_no_program_runs(make_package: MakePackage, canaries: Path, shape: str) -> None:
    path = SHAPES[shape](make_package, canaries)
    for file in canaries.iterdir():
        file.unlink()
    touch_files(path)
    ask_everything(path)
    assert os.listdir(canaries) == []


@pytest.mark.parametrize(
    "shape", ["plain", "included", "git-file", "submodule", "bare-package", "hooks-path"]
)
def test_git_itself_runs_them(make_package: MakePackage, canaries: Path, shape: str) -> None:
    """The traps are set: without our settings git does run programs."""
    path = SHAPES[shape](make_package, canaries)
    touch_files(path)
    for arguments in (["status"], ["diff", "HEAD"], ["-c", "filter.x.required=false", "add", "--all"]):
        subprocess.run(["git", *arguments], cwd=path, capture_output=True, check=False, timeout=60)
    assert os.listdir(canaries) != []


COMMANDS = [
    "check",
    "check --since v1",
    "lookup lab defects --detector d00 --at 2024-01-01",
    "lookup lab defects --detector d00 --at 2024-01-01 --as-of v1",
    "convert -o OUT/fits --allow-dirty",
    "bundle OUT/bundle --allow-dirty",
    "fingerprint v1",
    "compare v1 .",
    "diff",
    "diff v1 HEAD calibs",
    "diff v1... --format markdown",
    "deprecate FILE --reason x --by y --cover hole",
    "show FILE",
    "schema write --vscode",
]


@pytest.mark.parametrize("search_path", ["usual", "relative"])
def test_no_command_runs_a_program(
    make_package: MakePackage, canaries: Path, tmp_path: Path, search_path: str
) -> None:
    package = SHAPES["plain"](make_package, canaries)
    commands, variables = COMMANDS, {}
    if search_path == "relative":
        write_programs(package, canaries)
        commands, variables = COMMANDS[:2], {"PATH": f".::{os.environ['PATH']}"}
    for number, line in enumerate(commands):
        touch_files(package)
        words = [
            w.replace("OUT", f"{tmp_path}/{number}").replace("FILE", defects_path()) for w in line.split()
        ]
        done = run_curated("-C", package, *words, cwd=package, **variables)
        assert done.returncode in (0, 1), (line, done.stderr)
        assert os.listdir(canaries) == [], line
