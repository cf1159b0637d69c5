"""Sets of files: all of them or none, and never another file by accident."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.storage.file_set import write_file_set
from support.packages import read_tree
from support.programs import run_python

OLD, NEW = b"old\n", b"new\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "a").mkdir(parents=True)
    (tmp_path / "root" / "a" / "old").write_bytes(OLD)
    return tmp_path / "root"


def test_new_changed_and_unchanged_files(root: Path) -> None:
    contents = {"b/c/new": NEW, "a/old": NEW, "a/same": OLD}
    (root / "a" / "same").write_bytes(OLD)
    (root / "a" / "old").chmod(0o640)
    before = read_tree(root)
    expected = [("b/c/new", "new"), ("a/old", "changed"), ("a/same", "unchanged")]
    dry = write_file_set(root, contents, before={"a/old": OLD}, dry_run=True)
    assert ([(o.path, o.state) for o in dry], read_tree(root)) == (expected, before)
    outcomes = write_file_set(root, contents, before={"a/old": OLD})
    assert outcomes == dry
    assert outcomes[0].to_dict() == {"path": "b/c/new", "state": "new", "size": 4}
    assert read_tree(root) == contents
    assert (root / "a" / "old").stat().st_mode & 0o777 == 0o640


def test_files_are_replaced_by_force_alone(root: Path) -> None:
    with pytest.raises(CuratedError, match="a/old is there already") as raised:
        write_file_set(root, {"b": NEW, "a/old": NEW})
    assert "--force" in raised.value.hint
    assert read_tree(root) == {"a/old": OLD}
    write_file_set(root, {"b": NEW, "a/old": NEW}, force=True)
    assert read_tree(root) == {"a/old": NEW, "b": NEW}


def test_what_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / "out").symlink_to(tmp_path / "elsewhere")
    (root / "inside").symlink_to("a")
    (root / "a" / "link").symlink_to("old")
    (root / "a" / "fixed").write_bytes(OLD)
    (root / "a" / "fixed").chmod(0o444)
    os.mkfifo(root / "pipe")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    refused = {
        "../x": "not a path",
        "/x": "not a path",
        "a/../x": "not a path",
        "a//x": "not a path",
        "": "not a path",
        "a/x\0": "not a path",
        ".git/config": "git's own files",
        "out/x": "link to .*elsewhere, through which nothing",
        "inside/x": "link to a, through which nothing",
        "a/link": "is a link to old",
        "a": "a/? ?is a directory|is a directory",
        "pipe": "not a regular file",
        "a/old/x": "a/old is a file",
        "a/fixed": "is read-only",
    }
    for path, message in refused.items():
        for dry_run in (True, False):
            with pytest.raises(CuratedError, match=message):
                write_file_set(root, {"b/new": NEW, path: NEW}, force=True, dry_run=dry_run)
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_a_file_that_changed_meanwhile(root: Path) -> None:
    with pytest.raises(CuratedError, match="changed in the meantime"):
        write_file_set(root, {"a/old": NEW}, before={"a/old": b"older\n"})
    with pytest.raises(CuratedError, match="removed in the meantime"):
        write_file_set(root, {"a/gone": NEW}, before={"a/gone": OLD})
    assert read_tree(root) == {"a/old": OLD}


def test_a_directory_that_does_not_exist(tmp_path: Path) -> None:
    write_file_set(tmp_path / "x" / "y", {"a": NEW, "b/c": OLD})
    assert read_tree(tmp_path) == {"x/y/a": NEW, "x/y/b/c": OLD}
    (tmp_path / "file").write_bytes(OLD)
    with pytest.raises(CuratedError, match="is not a directory"):
        write_file_set(tmp_path / "file", {"a": NEW})


_INTERRUPT = """
import os, signal, sys
from pathlib import Path
from curated.core.storage.file_set import write_file_set

moment = int(sys.argv[2])
def hook(event, arguments):
    global moment
    if event in ("os.mkdir", "os.rename", "os.link", "open", "os.remove", "os.chmod"):
        moment -= 1
        if moment == 0:
            os.kill(os.getpid(), signal.SIGINT)

root = Path(sys.argv[1])
import json, shutil
sys.addaudithook(hook)
try:
    write_file_set(root / "p", {"a/old": b"new", "b/new": b"new"}, before={"a/old": b"old"} if sys.argv[3] == "old" else None)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("kind", ["old", "none"])
def test_a_signal_leaves_all_or_nothing(tmp_path: Path, kind: str) -> None:
    before = {"p/a/old": b"old"} if kind == "old" else {}
    after = {"p/a/old": b"new", "p/b/new": b"new"}
    outcomes = []
    for moment in (2, 5, 9, 12, 15, 18):
        place = tmp_path / str(moment)
        place.mkdir()
        if before:
            (place / "p" / "a").mkdir(parents=True)
            (place / "p" / "a" / "old").write_bytes(b"old")
        run_python(_INTERRUPT, str(place), str(moment), kind)
        tree = read_tree(place)
        assert tree in (before, after), moment
        assert (place / "p").exists() == bool(tree), moment
        outcomes.append(tree == before)
    assert any(outcomes)


def test_a_directory_relative_to_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for directory in (Path("new/deep"), Path()):
        (outcome,) = write_file_set(directory, {"a/b.txt": b"x"})
        assert (outcome.state, (tmp_path / directory / "a/b.txt").read_bytes()) == ("new", b"x")
