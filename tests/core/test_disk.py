"""Flushing files to the disk, and reading them again before success is reported."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.disk import flush, flush_tree, size_and_hash_of, verify_tree


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
