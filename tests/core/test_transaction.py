"""Moves of files and directories that take effect together; the tests of files alone are in `test_staging`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curated.core.staging import staging_directory
from curated.core.transaction import move_together, undo


def tree(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_directories_and_files_move_together(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("old")
    with staging_directory(tmp_path) as staging:
        for path in ("new/a/b/c", "new/there/file"):
            (staging / path).parent.mkdir(parents=True)
            (staging / path).write_text("new")
        move_together(staging, tmp_path, {"new/a": "a", "new/there/file": "there/file"})
    assert tree(tmp_path) == {"a/b/c": "new", "there/file": "new"}


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
    assert tree(tmp_path) == {"there/file": "old"}
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
    assert tree(tmp_path) == {"file": "new"}


def test_a_journal_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "journal.json").mkdir()
    assert undo(tmp_path, tmp_path.parent) == ("", "its journal cannot be read (IsADirectoryError)")
