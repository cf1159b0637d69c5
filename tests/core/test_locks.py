"""Temporary names, their locks, and what is taken for a leftover of a killed process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.locks import (
    exclusive,
    interrupted_changes,
    leftovers,
    prefix_of,
    remove_unused,
    take_lock,
    temporary_name,
)
from support.kills import locked

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
