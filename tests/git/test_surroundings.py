"""Git as it is met: in hooks, of another user, too old, broken or absent, and with names that look like options."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import AUTHOR, EMAIL, GitPackage, MakePackage
from curated.cli.main import _run as run_command_line
from curated.core.diagnostic import CuratedError
from curated.git.changes import last_commits, work_tree_changes
from curated.git.objects import CommitTree, find_blobs
from curated.git.repository import open_repository, resolve_commit, tags_at
from support.packages import defects_path, defects_text
from support.programs import curated_command, run_curated

A, B = defects_path(), defects_path(1)
IDENTITY_VARIABLES = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", AUTHOR), ("EMAIL", EMAIL))
}


def make_lab(make: MakePackage, name: str = "package") -> GitPackage:
    return make({"curated.yaml": "calibs: calibs\n", A: defects_text(), B: defects_text(detector=1)}, name)


# -- hooks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["inside", "below", "elsewhere", "linked", "all", "only"])
def test_a_hook_checks_the_package_that_is_committed(
    make_package: MakePackage, tmp_path: Path, place: str
) -> None:
    package = make_lab(make_package)
    other = make_lab(make_package, "other")
    output = tmp_path / "output"
    hook = package.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    check = " ".join(map(repr, curated_command("check", "--format", "json")))
    hook.write_text(f"#!/bin/sh\nenv | grep ^GIT_ > {output}.env\n{check} > {output}\n")
    hook.chmod(0o755)
    directory, top = package.path, package.path
    if place == "linked":
        directory = top = tmp_path / "linked"
        package.git("worktree", "add", "--quiet", str(directory))
    package_text = defects_text(x0=-5)
    (top / A).write_text(package_text)
    commands = {
        "below": ["git", "commit", "-m", "x", "--all"],
        "elsewhere": ["git", "-C", str(top), "commit", "-m", "x", "--all"],
        "only": ["git", "commit", "-m", "x", "--only", A],
    }
    cwd = {"below": top / "calibs", "elsewhere": other.path}.get(place, directory)
    if place in ("inside", "linked"):
        subprocess.run(["git", "add", "--all"], cwd=top, check=True)
    command = commands.get(place, ["git", "commit", "-m", "x", *(["--all"] if place == "all" else [])])
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | IDENTITY_VARIABLES, capture_output=True, text=True, check=False
    )
    assert "GIT_INDEX_FILE" in Path(f"{output}.env").read_text()
    # The wrong value stops the commit.
    assert done.returncode == 1, done.stderr
    text = output.read_text()
    assert '"CAL' in text
    assert A in text


# -- git itself -------------------------------------------------------------------------------------------

BROKEN = {
    "fails": "exit 1",
    "fails silently with an odd status": "exit 77",
    "prints something": "echo hello",
    "prints control characters": "printf '\\033[2J\\0\\377'",
    "prints nothing": "true",
    "is too old": "echo 'unknown option: --no-pager' >&2; exit 129",
    "kills itself": "kill -9 $$",
    "prints a commit": f"echo {'0' * 40}",
    "prints a lot": "head -c 3000000 /dev/zero | tr '\\0' x",
}


@pytest.fixture
def convert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Path, str], tuple[object, str]]:
    """Convert a package with a search path; a process for each would take most of the time."""

    def call(directory: Path, search_path: str) -> tuple[object, str]:
        monkeypatch.setenv("PATH", search_path)
        words = ["curated", "-C", str(directory), "convert", "-o", str(tmp_path / "out")]
        monkeypatch.setattr("sys.argv", words)
        return run_command_line(), capsys.readouterr().err

    return call


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
@pytest.mark.timeout(60)
def test_a_git_that_is_broken(make_package: MakePackage, tmp_path: Path, convert: Any, text: str) -> None:
    package = make_lab(make_package)
    program = tmp_path / "bin/git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    status, message = convert(package.path, f"{program.parent}:{os.environ['PATH']}")
    assert status == 2, message
    assert message.startswith("curated: error: ")
    assert len(message) < 1000
    assert "\x1b" not in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "kind", ["absent", "not executable", "no program", "a directory", "a link to itself"]
)
def test_no_git(make_package: MakePackage, tmp_path: Path, convert: Any, kind: str) -> None:
    package = make_lab(make_package)
    program = tmp_path / "bin/git"
    program.parent.mkdir()
    if kind == "a directory":
        program.mkdir()
    elif kind == "a link to itself":
        program.symlink_to(program)
    elif kind != "absent":
        program.write_bytes(b"\x7fELF\0")
        program.chmod(0o755 if kind == "no program" else 0o644)
    status, message = convert(package.path, str(program.parent))
    assert status == 2
    assert "curated: error: git cannot be run" in message
    assert "see that it is on the PATH" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_another_user(make_package: MakePackage, monkeypatch: pytest.MonkeyPatch) -> None:
    package = make_lab(make_package)
    for path in (package.path, package.path / ".git"):
        os.chown(path, 12345, 12345)
    for command in (
        ["convert", "-o", "out"],
        ["lookup", "lab", "defects", "--detector", "d00", "--at", "2024-01-01"],
    ):
        done = run_curated(
            *command, *(["--as-of", "HEAD"] if command[0] == "lookup" else []), cwd=package.path
        )
        assert done.returncode == 2
        assert "belongs to another user" in done.stderr
        assert f"git config --global --add safe.directory {package.path}" in done.stderr
        assert "dubious" not in done.stderr
    # The way out is one.
    config = package.path.parent / "gitconfig"
    config.write_text(f"[safe]\ndirectory = {package.path}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert resolve_commit(open_repository(package.path)) == package.commits[0]


# -- answers ----------------------------------------------------------------------------------------------


def test_no_commit_stands_for_another(make_package: MakePackage) -> None:
    package = make_lab(make_package)
    second = package.commit({A: defects_text(x0=2)}, author="Bea")
    third = package.commit({"notes": "x"})
    repository = open_repository(package.path)
    blobs = find_blobs(repository, third)

    def answers() -> object:
        tree = CommitTree(repository, third)
        return last_commits(repository, third, {A: blobs[A]}), tree.read(A), find_blobs(repository, second)

    plain = answers()
    package.git("replace", second, package.commits[0])
    package.git("replace", blobs[A], blobs[B])
    assert answers() == plain
    (package.path / ".git/info/grafts").write_text(f"{third}\n{second} {third}\n")
    assert answers() == plain


NAMES = [
    "-x",
    "--all",
    "-",
    "--",
    "*",
    "?",
    "[a]",
    ":(glob)x",
    ":!x",
    ":^a",
    "^x",
    "a b",
    "\t",
    "\\",
    '"',
    "~",
    "é",
    "@{0}",
]


@pytest.mark.parametrize("name", NAMES)
def test_paths_are_names_and_no_patterns(make_package: MakePackage, name: str) -> None:
    package = make_package({f"{name}/{A}": "1", "x": "2", "ax": "3", f"{name}x/y": "4"})
    repository = open_repository(package.path / name)
    assert list(find_blobs(repository, resolve_commit(repository))) == [A]
    package.write({f"{name}/{A}": "2", "x": "9", f"{name}x/y": "9"})
    assert work_tree_changes(repository, package.commits[0]).paths == {A}
    blobs = find_blobs(repository, package.commits[0])
    assert last_commits(repository, package.commits[0], blobs)[A].sha1 == package.commits[0]


@pytest.mark.parametrize(
    "revision",
    ["-x", "--all", "--git-dir=/", "-", "--", "HEAD\0", "HEAD\n", ":/x", "^HEAD", "HEAD..", "a b", "\udcff"],
)
def test_revisions_that_are_none(make_package: MakePackage, revision: str) -> None:
    with pytest.raises(CuratedError, match="is not a"):
        resolve_commit(open_repository(make_lab(make_package).path), revision)


@pytest.mark.parametrize("tag", ["--x", "-d", "+x", "v1'", "é"])
def test_tags_that_look_like_options(make_package: MakePackage, tag: str) -> None:
    package = make_lab(make_package)
    package.git("update-ref", f"refs/tags/{tag}", "HEAD")
    assert tags_at(open_repository(package.path), package.commits[0]) == [tag]


def test_no_other_directory_is_searched(make_package: MakePackage) -> None:
    """A repository that git does not take for one is not answered for by the one above."""
    outer = make_lab(make_package)
    inner = outer.path / "inner"
    (inner / ".git").mkdir(parents=True)
    (inner / ".git/HEAD").write_text("ref: refs/heads/main\n")
    with pytest.raises(CuratedError, match="not a git repository"):
        resolve_commit(open_repository(inner))
