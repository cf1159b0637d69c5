"""The merge driver that ``curated git install`` sets up, used by git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from conftest import AUTHOR, EMAIL, GitPackage, MakePackage
from curated.canonical.formatter import format_text
from curated.cli.main import cli
from support.changes import EPOCHS, OLD
from support.programs import run_curated

NO_PATH = {"PATH": "/usr/bin:/bin"}
"""A search path without curated."""

ROWS = "1 2 3 4\n"
PREFIX = "my 'data' $HOME %O/"


def canonical(text: str | bytes) -> str:
    return format_text(text.encode() if isinstance(text, str) else text, "ecsv").data.decode()


@pytest.fixture
def branches(make_package: MakePackage) -> GitPackage:
    """A package in a directory with blanks and quotes, in whose clone the drivers are installed."""
    texts = {path: canonical(text) if path.endswith(".ecsv") else text for path, text in EPOCHS.items()}
    package = make_package({f"{PREFIX}{path}": text for path, text in texts.items()}, name='a "b" %A c')
    package.git("config", "user.name", AUTHOR)
    package.git("config", "user.email", EMAIL)
    done = run_curated("git", "install", cwd=package.path / PREFIX)
    assert (done.returncode, done.stderr) == (0, "")
    package.commit()
    package.git("tag", "start")
    return package


def diverge(package: GitPackage, path: str, left: str, right: str) -> None:
    """Commit a version of a file on each of two branches; the first one is checked out."""
    package.git("checkout", "--quiet", "-B", "work", "start")
    package.git("checkout", "--quiet", "-B", "other")
    package.commit({path: right})
    package.git("checkout", "--quiet", "work")
    package.commit({path: left})


def git_status(package: GitPackage, *arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", NO_PATH["PATH"])
        return subprocess.run(
            ["git", *arguments], cwd=package.path, capture_output=True, check=False
        ).returncode


@pytest.mark.parametrize(
    "command", [["merge", "--no-edit", "other"], ["rebase", "other"], ["cherry-pick", "other"]]
)
def test_rows_of_two_branches_merge_clean(branches: GitPackage, command: list[str]) -> None:
    path = f"{PREFIX}{OLD}"
    text = (branches.path / path).read_text()
    assert ROWS in text
    diverge(branches, path, f"{text}# mine\n11 1 1 1\n", f"{text}12 1 1 1\n# last\n")
    assert git_status(branches, *command) == 0
    merged = (branches.path / path).read_text()
    added = ["# mine\n11 1 1 1\n", "12 1 1 1\n"]
    # In a rebase the other branch is 'ours' for git.
    expected = "".join(added[::-1] if command[0] == "rebase" else added)
    assert merged == f"{text}{expected}# last\n"
    assert canonical(merged) == merged


def test_a_cell_that_both_changed_is_a_conflict_that_the_check_finds(branches: GitPackage) -> None:
    path = f"{PREFIX}{OLD}"
    text = (branches.path / path).read_text()
    diverge(branches, path, text.replace(ROWS, "1 2 3 5\n"), text.replace(ROWS, "1 2 3 6\n"))
    assert git_status(branches, "merge", "other") == 1
    marked = text.replace(ROWS, "<<<<<<< ours\n1 2 3 5\n=======\n1 2 3 6\n>>>>>>> theirs\n")
    assert (branches.path / path).read_text() == marked
    assert branches.git("diff", "--name-only", "--diff-filter=U", "-z") == f"{path}\0"
    done = run_curated("check", cwd=branches.path / PREFIX)
    assert done.returncode == 1
    assert done.stdout.count("CAL203") >= 3
    # Cells side by side are none.
    branches.git("merge", "--abort")
    diverge(branches, path, text.replace(ROWS, "1 2 3 5\n"), text.replace(ROWS, "2 2 3 4\n"))
    assert git_status(branches, "merge", "--no-edit", "other") == 0
    assert "\n2 2 3 5\n" in (branches.path / path).read_text()


def test_without_the_program_git_merges_lines(branches: GitPackage) -> None:
    path = f"{PREFIX}{OLD}"
    text = (branches.path / path).read_text()
    config = branches.path / ".git/config"
    settings = config.read_text()
    for command, program in (
        ("import curated", "import no_such_module"),
        ("merge-driver", "no-such-command"),
    ):
        config.write_text(settings.replace(command, program))
        assert config.read_text() != settings
        diverge(branches, path, f"{text}11 1 1 1\n", f"{text}12 1 1 1\n")
        assert git_status(branches, "merge", "--no-edit", "other") == 1
        marked = f"{text}<<<<<<< ours\n11 1 1 1\n=======\n12 1 1 1\n>>>>>>> theirs\n"
        assert (branches.path / path).read_text() == marked
        branches.git("merge", "--abort")


def test_attributes_without_settings_change_nothing(branches: GitPackage) -> None:
    path = f"{PREFIX}{OLD}"
    text = (branches.path / path).read_text()
    branches.git("config", "--remove-section", "merge.curated")
    diverge(branches, path, f"{text}11 1 1 1\n", f"{text}12 1 1 1\n")
    assert git_status(branches, "merge", "--no-edit", "other") == 1
    assert "<<<<<<< HEAD\n11 1 1 1\n" in (branches.path / path).read_text()


def run_driver(
    directory: Path, base: bytes, left: bytes, right: bytes, path: str, size: str = "7"
) -> tuple[int, bytes]:
    for name, data in (("O", base), ("A", left), ("B", right)):
        (directory / name).write_bytes(data)
    files = [str(directory / name) for name in "OAB"]
    done = CliRunner().invoke(cli, ["git", "merge-driver", "--program", "1", "--", *files, size, path])
    return done.exit_code, (directory / "A").read_bytes()


@pytest.mark.parametrize(
    ("base", "left", "right", "path"),
    [
        (b"a: 1\nb: 2\nc: 3\nd: 4\n", b"a: [\nb: 2\nc: 3\nd: 4\n", b"a: 1\nb: 2\nc: 3\nd: 5\n", "1.yaml"),
        (b"a: 1\nb: 2\nc: 3\n", b"x: 1\na: 1\nb: 2\nc: 3\nx: 2\n", b"a: 1\nb: 5\nc: 3\n", "1.yaml"),
        (b"a: 1\n", b"\xff\xfe\n", b"a: 2\n", "1.yaml"),
        (b"a\n", b"b\n", b"c\n", "1.txt"),
        (b"", b"# %ECSV 1.0\n", b"x\n", "1.ecsv"),
    ],
)  # fmt: skip
def test_what_cannot_be_merged_by_content_is_a_conflict_of_lines(
    tmp_path: Path, base: bytes, left: bytes, right: bytes, path: str
) -> None:
    status, data = run_driver(tmp_path, base, left, right, path)
    assert status == 1
    assert [line[:7] for line in data.split(b"\n") if line[:7] in (b"<<<<<<<", b"=======", b">>>>>>>")]
    for line in (*left.split(b"\n"), *right.split(b"\n")):
        assert line in data.split(b"\n") or line in base.split(b"\n")


def test_markers_have_the_size_that_git_asks_for(tmp_path: Path) -> None:
    status, data = run_driver(tmp_path, b"a: 1\n", b"a: 2\n", b"a: 3\n", "1.yaml", "9")
    assert (status, data) == (1, b"<<<<<<<<< ours\na: 2\n=========\na: 3\n>>>>>>>>> theirs\n")
    done = CliRunner().invoke(cli, ["git", "merge-driver", "--", "O", "A", "B", "x", "p"])
    assert done.exit_code == 2
