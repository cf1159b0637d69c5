"""Staging directories: unique, locked, removed at the end, or else by the next process; and moves out of them."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.storage.disk import leftovers, take_lock
from curated.core.storage.staging import (
    move_together,
    remove_leftovers,
    rename_new,
    replace_together,
    staging_directory,
)
from curated.core.storage.undoing import undo
from support.programs import python_command, run_python

# -- directories and files -----------------------------------------------------------------------------


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_staging_directory_is_removed(tmp_path: Path) -> None:
    parent = tmp_path / "not" / "yet"
    with staging_directory(parent, ".package.curated-") as staging:
        assert staging.parent == parent
        (staging / "content").mkdir()
        (staging / "content").rename(parent / "content")
        (staging / "scratch").write_text("")
    assert names(parent) == ["content"]
    with pytest.raises(KeyError), staging_directory(parent):
        raise KeyError
    assert names(parent) == ["content"]


_INTERRUPT = """
import os, signal, sys
from curated.core.storage.staging import staging_directory

moment = int(sys.argv[2])
def hook(event, arguments):
    global moment
    if event in ("os.mkdir", "os.rmdir", "os.remove", "os.scandir", "shutil.rmtree", "fcntl.flock", "open"):
        moment -= 1
        if moment == 0:
            os.kill(os.getpid(), signal.SIGINT)

import shutil
sys.addaudithook(hook)
try:
    with staging_directory(sys.argv[1]) as staging:
        (staging / "new").mkdir()
        (staging / "new" / "file").write_text("")
except KeyboardInterrupt:
    sys.exit(130)
sys.exit(0 if moment > 0 else 1)
"""


def test_an_interrupt_at_any_moment_leaves_no_directory(tmp_path: Path) -> None:
    for moment in range(1, 40):
        done = run_python(_INTERRUPT, str(tmp_path), str(moment))
        assert names(tmp_path) == []
        if done.returncode == 0:
            break
        assert done.returncode == 130, done.stderr
    assert 5 < moment < 39


def test_the_umask_decides_who_may_enter_it(tmp_path: Path) -> None:
    for umask, private, mode in ((0o000, False, 0o777), (0o027, False, 0o750), (0o000, True, 0o700)):
        before = os.umask(umask)
        try:
            with staging_directory(tmp_path, private=private) as staging:
                assert staging.stat().st_mode & 0o777 == mode
        finally:
            os.umask(before)


@pytest.mark.parametrize("umask", [0o777, 0o700, 0o200, 0o400, 0o100])
def test_a_umask_that_forbids_reading_ones_own_files(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with pytest.raises(CuratedError, match="umask"), staging_directory(tmp_path):
            pass
    finally:
        os.umask(before)
    assert names(tmp_path) == []


_STAGE = """
import sys
from curated.core.storage.staging import staging_directory
with staging_directory(sys.argv[1], ".out.curated-") as staging:
    (staging / "half").write_text("")
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_the_directory_of_a_killed_process_is_removed_by_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    command = python_command(_STAGE, tmp_path)
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    assert len(leftovers(tmp_path)) == 2
    processes[0].send_signal(signal.SIGKILL)
    processes[0].communicate()
    remove_leftovers(tmp_path)
    # The other one is at work.
    assert len(leftovers(tmp_path)) == 1
    assert (Path(leftovers(tmp_path)[0]) / "half").exists()
    assert caplog.text.count("which an interrupted run had left") == 1
    processes[1].communicate()
    assert names(tmp_path) == []


def test_only_one_takes_a_name(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "target").mkdir()
    assert rename_new(tmp_path / "first", tmp_path / "target")
    assert not rename_new(tmp_path / "second", tmp_path / "target")
    assert (tmp_path / "target" / "file").read_text() == "first"
    (tmp_path / "a-file").write_text("")
    assert not rename_new(tmp_path / "second", tmp_path / "a-file")


# -- several files ------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with three files, one of which is a link to another directory of it."""
    for name in ("a", "b"):
        (tmp_path / "d").mkdir(exist_ok=True)
        (tmp_path / "d" / name).write_text(f"old {name}")
    (tmp_path / "d" / "b").chmod(0o640)
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "target").write_text("old c")
    (tmp_path / "d" / "c").symlink_to("../e/target")
    return tmp_path


NEW = {f"d/{name}": f"new {name}".encode() for name in "abc"}
OLD = {f"d/{name}": f"old {name}".encode() for name in "abc"}


def contents(root: Path) -> dict[str, bytes]:
    return {path: (root / path).read_bytes() for path in NEW}


def test_files_are_replaced_together(tree: Path) -> None:
    replace_together(tree, NEW)
    assert contents(tree) == NEW
    assert (tree / "d" / "c").is_symlink()
    assert (tree / "d" / "b").stat().st_mode & 0o777 == 0o640
    assert names(tree) == ["d", "e"]


def test_new_files_take_no_place(tree: Path) -> None:
    with pytest.raises(FileExistsError):
        replace_together(tree, {"x/y/z": b"", "d/a": b""}, only_new=True)
    assert names(tree) == ["d", "e"]
    assert contents(tree) == OLD
    replace_together(tree, {"x/y/z": b"1", "x/y2": b"2"}, only_new=True)
    assert (tree / "x" / "y" / "z").read_bytes() == b"1"
    assert (tree / "x" / "y2").read_bytes() == b"2"


def test_a_move_that_fails_undoes_the_others(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def fail(source: Path, target: Path) -> None:
        if str(target).endswith("/e/target") and "/new/" in str(source):
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(OSError, match="Input/output"):
        replace_together(tree, NEW | {"x/y": b""})
    assert contents(tree) == OLD
    assert names(tree) == ["d", "e"]


_REPLACE = """
import os, signal, sys
from pathlib import Path
from curated.core.storage.staging import replace_together
root, count, only_new = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "new"
def hook(name, arguments):
    global count
    if name in ("os.rename", "os.link", "os.mkdir", "os.remove"):
        count -= 1
        if count == 0:
            os.kill(os.getpid(), signal.SIGKILL)
files = {f"d/{name}": f"new {name}".encode() for name in "abc"}
if only_new:
    files = {f"new/{path}": content for path, content in files.items()}
sys.addaudithook(hook)
replace_together(root, files, only_new=only_new)
"""


@pytest.mark.parametrize("kind", ["old", "new"])
def test_a_kill_at_any_moment_leaves_all_or_nothing_after_the_next_run(tree: Path, kind: str) -> None:
    number, partial = 0, 0
    while True:
        number += 1
        done = run_python(_REPLACE, str(tree), str(number), kind)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        files = [tree / ("new" if kind == "new" else ".") / path for path in NEW]
        changed = [path.exists() and path.read_bytes().startswith(b"new") for path in files]
        partial += any(changed) and not all(changed)
        remove_leftovers(tree)
        changed = [path.exists() and path.read_bytes().startswith(b"new") for path in files]
        assert all(changed) or not any(changed)
        assert names(tree) in (["d", "e"], ["d", "e", "new"])
        if all(changed):
            for path, content in OLD.items():
                (tree / path).write_bytes(content)
            if kind == "new":
                for path in files:
                    path.unlink()
                (tree / "new" / "d").rmdir()
                (tree / "new").rmdir()
    assert partial >= 2
    assert number > 9


def test_a_file_that_was_edited_after_the_kill_is_left_alone(
    tree: Path, caplog: pytest.LogCaptureFixture
) -> None:
    number = 1
    while contents(tree)["d/a"] != NEW["d/a"]:
        remove_leftovers(tree)
        run_python(_REPLACE, str(tree), str(number), "old")
        number += 1
    (staging,) = leftovers(tree)
    (tree / "d" / "a").unlink()
    (tree / "d" / "a").write_text("edited")
    # Of the three only this one was moved.
    caplog.clear()
    remove_leftovers(tree)
    assert contents(tree) == OLD | {"d/a": b"edited"}
    assert leftovers(tree) in ([], [staging])


@pytest.mark.parametrize(
    "journal",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version": 3, "moves": [], "directories": []}',
        b'{"version": 1, "moves": [{}], "directories": []}',
        b'{"version": 1, "moves": [], "directories": ["../x"]}',
        b'{"version": 1, "moves": [{"source": "/etc/passwd", "place": "d/a", "old": "", "inode": 1, "mtime": 1}], "directories": []}',
        b'{"version": 1, "moves": [{"source": "new/0", "place": "../../d/a", "old": "", "inode": 1, "mtime": 1}], "directories": []}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_journal_of_somebody_else_changes_nothing(
    tree: Path, journal: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    staging = tree / ".curated-0123456789abcdef"
    staging.mkdir()
    (staging / "journal.json").write_bytes(journal)
    remove_leftovers(tree)
    assert contents(tree) == OLD
    assert staging.exists()
    assert "journal" in caplog.text


def test_a_journal_moves_only_its_own_files(tree: Path) -> None:
    """A directory of this name that came with a clone cannot know inodes."""
    staging = tree / ".curated-0123456789abcdef"
    (staging / "old").mkdir(parents=True)
    (staging / "old" / "0").write_text("evil")
    status = (tree / "d" / "a").stat()
    moves = [
        {
            "source": "new/0",
            "place": "d/a",
            "old": "old/0",
            "inode": status.st_ino + 1,
            "mtime": status.st_mtime_ns,
        }
    ]
    (staging / "journal.json").write_text(json.dumps({"version": 1, "moves": moves, "directories": []}))
    remove_leftovers(tree)
    assert contents(tree) == OLD


def test_what_another_process_works_on_is_not_undone(tree: Path) -> None:
    staging = tree / ".curated-0123456789abcdef"
    staging.mkdir()
    lock = take_lock(staging)
    assert lock is not None
    remove_leftovers(tree)
    assert staging.exists()
    os.close(lock)
    remove_leftovers(tree)
    assert not staging.exists()


# -- moves ---------------------------------------------------------------------------------------------


def texts(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_directories_and_files_move_together(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("old")
    with staging_directory(tmp_path) as staging:
        for path in ("new/a/b/c", "new/there/file"):
            (staging / path).parent.mkdir(parents=True)
            (staging / path).write_text("new")
        move_together(staging, tmp_path, {"new/a": "a", "new/there/file": "there/file"})
    assert texts(tmp_path) == {"a/b/c": "new", "there/file": "new"}


@pytest.mark.parametrize("number", [1, 2])
def test_a_move_that_fails_brings_directories_back(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("old")
    rename, count = os.rename, 0

    def fail(source: Path, target: Path) -> None:
        nonlocal count
        count += "/new/" in str(source)
        if count == number:
            count += 100
            raise OSError(28, "No space left on device")
        rename(source, target)

    with staging_directory(tmp_path) as staging:
        for path in ("new/a/b/c", "new/there/file"):
            (staging / path).parent.mkdir(parents=True)
            (staging / path).write_text("new")
        monkeypatch.setattr(os, "rename", fail)
        with pytest.raises(OSError, match="No space"):
            move_together(staging, tmp_path, {"new/a": "a", "new/there/file": "there/file"})
    assert texts(tmp_path) == {"there/file": "old"}
    assert not (tmp_path / "a").exists()


def test_without_hard_links_old_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(os, "link", refuse)
    with staging_directory(tmp_path) as staging:
        (staging / "new").write_text("new")
        move_together(staging, tmp_path, {"new": "file"})
        assert (staging / "old" / "new").read_text() == "old"
    assert texts(tmp_path) == {"file": "new"}


def test_a_journal_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "journal.json").mkdir()
    assert undo(tmp_path, tmp_path.parent) == ("", "its journal cannot be read (IsADirectoryError)")


def test_what_a_broken_disk_keeps_from_being_undone_is_left_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = {name: name.encode() for name in "abc"}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    rename, calls = os.rename, iter(range(99))

    def refuse(source: Path, target: Path) -> None:
        # After the journal and one file got their names, the disk allows no renaming any more.
        if next(calls) > 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(source))
        rename(source, target)

    with monkeypatch.context() as broken:
        broken.setattr(os, "rename", refuse)
        with pytest.raises(OSError, match="Input/output"):
            replace_together(tmp_path, dict.fromkeys(before, b"new"))
    assert "could neither be completed nor undone" in caplog.text
    assert (tmp_path / "a").read_bytes() == b"new"
    remove_leftovers(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
