"""Temporary names and their locks; flushing files to the disk, and reading them again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.storage.disk import (
    exclusive,
    flush,
    flush_tree,
    interrupted_changes,
    leftovers,
    prefix_of,
    remove_unused,
    size_and_hash_of,
    take_lock,
    temporary_name,
    verify_tree,
)
from support.kills import locked

# -- locks ---------------------------------------------------------------------------------------------

NAME = ".curated-0123456789abcdef"


def test_names_are_unique_and_recognised(tmp_path: Path) -> None:
    names = {
        temporary_name(prefix)
        for prefix in (".curated-", prefix_of("out"), prefix_of("x" * 255))
        for _ in range(9)
    }
    assert len(names) == 27
    assert max(map(len, names)) <= 255
    for name in names:
        (tmp_path / name).mkdir()
    assert leftovers(tmp_path) == sorted(str(tmp_path / name) for name in names)


@pytest.mark.parametrize(
    "name",
    [
        "curated-0123456789abcdef",
        ".curated-0123456789abcde",
        ".curated-0123456789abcdef0",
        ".curated-0123456789ABCDEF",
        ".curated-0123456789abcdef\n",
        ".out.0123456789abcdef",
        ".xcurated-0123456789abcdef",
    ],
)
def test_other_names_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert leftovers(tmp_path) == []


def test_links_and_pipes_are_no_leftovers(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / NAME).symlink_to("target")
    os.mkfifo(tmp_path / ".curated-fedcba9876543210")
    assert leftovers(tmp_path) == []
    assert leftovers(tmp_path / "missing") == []


def test_files_of_other_users_are_no_leftovers(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    (tmp_path / NAME).mkdir()
    os.chown(tmp_path / NAME, 12345, -1)
    assert leftovers(tmp_path) == []


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    lock = take_lock(tmp_path)
    assert lock is not None
    assert take_lock(tmp_path) is None
    os.close(lock)
    with (
        exclusive(tmp_path),
        pytest.raises(CuratedError, match="another process is writing to"),
        exclusive(tmp_path),
    ):
        pass
    assert take_lock(tmp_path / "missing") is None


def test_unused_files_are_removed_and_directories_are_not(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("")
    (tmp_path / ".curated-1123456789abcdef").mkdir()
    with locked(tmp_path / ".curated-fedcba9876543210"):
        remove_unused(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".curated-1123456789abcdef",
        ".curated-fedcba9876543210",
    ]


def test_only_a_journal_that_nobody_works_on_is_an_interrupted_change(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    assert interrupted_changes(tmp_path) == []
    (tmp_path / NAME / "journal.json").write_text("{}")
    assert interrupted_changes(tmp_path) == [NAME]
    lock = take_lock(tmp_path / NAME)
    assert lock is not None
    assert interrupted_changes(tmp_path) == []
    os.close(lock)


# -- disk ----------------------------------------------------------------------------------------------


def make_tree(root: Path, count: int = 7) -> dict[str, tuple[int, str]]:
    files = {}
    for number in range(count):
        path = root / f"d{number % 3}" / f"f{number}"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"x" * number)
        files[str(path.relative_to(root))] = (number, hashlib.sha256(b"x" * number).hexdigest())
    return files


@pytest.mark.parametrize("count", [1, 7])
def test_all_files_and_directories_are_flushed(
    tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tree(tmp_path, count)
    flushed = []
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: flushed.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    )
    flush_tree(tmp_path)
    assert sorted(flushed) == sorted(str(path) for path in (tmp_path, *tmp_path.rglob("*")))


def test_what_cannot_be_flushed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        flush([str(tmp_path / "missing")])
    with pytest.raises(OSError, match=r"\[Errno 22\]"):
        flush(["/dev/null"])


def test_a_tree_is_verified(tmp_path: Path) -> None:
    files = make_tree(tmp_path)
    verify_tree(tmp_path, files)


@pytest.mark.parametrize("change", ["missing", "extra", "shorter", "other", "link", "pipe", "directory"])
def test_a_tree_that_others_changed_is_refused(tmp_path: Path, change: str) -> None:
    files = make_tree(tmp_path)
    path = tmp_path / "d0" / "f6"
    if change == "extra":
        (tmp_path / "d1" / "more").write_text("")
    else:
        path.unlink()
    if change == "shorter":
        path.write_bytes(b"xxxxx")
    elif change == "other":
        path.write_bytes(b"xxxxxy")
    elif change == "link":
        (tmp_path.parent / f"{tmp_path.name}.target").write_bytes(b"xxxxxx")
        path.symlink_to(tmp_path.parent / f"{tmp_path.name}.target")
    elif change == "pipe":
        os.mkfifo(path)
    elif change == "directory":
        path.mkdir()
    with pytest.raises(CuratedError, match="changed files while they were written"):
        verify_tree(tmp_path, files)


def test_size_and_hash(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert size_and_hash_of(tmp_path / "file") == (3, hashlib.sha256(b"abc").hexdigest())
    os.mkfifo(tmp_path / "pipe")
    assert size_and_hash_of(tmp_path / "pipe") == (-1, "")


def test_a_link_is_flushed_with_its_directory(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    flush_tree(tmp_path)
