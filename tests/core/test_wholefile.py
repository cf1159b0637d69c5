"""Files and directories that appear whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from curated.core.wholefile import replacing, write_new, write_staged, write_whole
from support.kills import locked


def broken() -> Iterator[bytes]:
    """Content of which the second part cannot be had."""
    yield b"half"
    raise OSError("no more")


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    # The old content can be read until the new one is complete.
    assert write_whole(path, iter([b"new ", path.read_bytes()])) == str(path)
    assert path.read_bytes() == b"new old"
    assert path.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["file"]


def test_a_new_file_has_the_permissions_of_one(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "file", [b"new"], durable=False)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("elsewhere/file")
    write_whole(tmp_path / "link", [b"new"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere" / "file").read_bytes() == b"new"


@pytest.mark.parametrize("write", [write_whole, write_new])
def test_a_failure_leaves_no_trace(tmp_path: Path, write) -> None:
    (tmp_path / "old").write_bytes(b"old")
    for name in ("old", "new"):
        with pytest.raises(OSError, match="no more"):
            write(tmp_path / name, broken())
    assert names(tmp_path) == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"


def test_a_new_file_never_takes_the_place_of_another(tmp_path: Path) -> None:
    write_new(tmp_path / "file", [b"first"])
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "file", [b"second"])
    assert (tmp_path / "file").read_bytes() == b"first"
    assert names(tmp_path) == ["file"]


def test_a_temporary_file_takes_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with replacing(tmp_path / "file") as temporary:
        Path(temporary).write_bytes(b"new")
        assert (tmp_path / "file").read_bytes() == b"old"
    assert (tmp_path / "file").read_bytes() == b"new"
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "file") as temporary:
        os.rename(temporary, tmp_path / "nowhere" / "file")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_what_a_killed_process_left_is_removed_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    (tmp_path / ".curated-0123456789abcdef").write_bytes(b"half")
    with locked(tmp_path / ".curated-fedcba9876543210"):
        write_whole(tmp_path / "file", [b"new"])
        assert names(tmp_path) == [".curated-fedcba9876543210", "file"]


def test_errors_name_the_file(tmp_path: Path) -> None:
    def full() -> Iterator[bytes]:
        raise OSError(errno.ENOSPC, "No space left on device")
        yield b""

    for write in (write_whole, write_new, write_staged):
        with pytest.raises(OSError, match="No space left") as caught:
            write(tmp_path / "file", full())
        assert caught.value.filename == str(tmp_path / "file")
    for write in (write_whole, write_new):
        with pytest.raises(FileNotFoundError) as caught:
            write(tmp_path / "none/file", [b""])
        assert caught.value.filename == str(tmp_path / "none/file")
