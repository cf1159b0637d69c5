"""Files from outside: only regular files of a directory are opened, and never through a link."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from curated.core.regular_files import FileTree, UnsafeFileError, blocks, find_program, is_sparse, path_parts


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_bytes(b"inside")
    (root / "top").write_bytes(b"top")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_bytes(b"outside")
    return root


def test_files_of_any_depth_in_any_order(root: Path) -> None:
    (root / "a" / "other").write_bytes(b"other")
    with FileTree(root) as tree:
        assert [tree.read(path, 100) for path in ("a/b/file", "top", "a/other", "a/b/file")] == [
            b"inside",
            b"top",
            b"other",
            b"inside",
        ]


def test_the_root_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(root)
    with FileTree(tmp_path / "latest") as tree:
        assert tree.read("top", 3) == b"top"


def test_no_descriptor_is_left_open(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with FileTree(root) as tree:
        for path in ("a/b/file", "top", "a", "a/b", "missing", "top/x", "../outside/file", "a/b/file"):
            try:
                os.close(tree.open(path))
            except OSError:
                continue
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "path", ["", "/", "/top", "a/../top", "..", "../outside/file", "a//b/file", "./top", "a/", "top\0", "."]
)
def test_paths_that_lead_out(root: Path, path: str) -> None:
    with FileTree(root) as tree, pytest.raises(UnsafeFileError, match="leads out of its directory"):
        tree.open(path)
    with pytest.raises(UnsafeFileError):
        path_parts(path)


def link_to_file(place: Path) -> None:
    place.symlink_to(place.parent / "b" / "file")


def link_outside(place: Path) -> None:
    place.symlink_to(place.parents[2] / "outside" / "file")


def dangling_link(place: Path) -> None:
    place.symlink_to("nowhere")


def link_to_itself(place: Path) -> None:
    place.symlink_to(place.name)


def bound_socket(place: Path) -> None:
    before = os.getcwd()
    os.chdir(place.parent)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(place.name)
    finally:
        os.chdir(before)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (link_to_file, "is a symbolic link"),
        (link_outside, "is a symbolic link"),
        (dangling_link, "is a symbolic link"),
        (link_to_itself, "is a symbolic link"),
        (os.mkfifo, "is a named pipe"),
        (Path.mkdir, "is a directory"),
        (bound_socket, "is a socket"),
    ],
)
def test_what_is_no_regular_file(root: Path, make: Callable[[Path], None], reason: str) -> None:
    make(root / "a" / "odd")
    with FileTree(root) as tree, pytest.raises(UnsafeFileError) as failure:
        tree.open("a/odd")
    assert (failure.value.strerror, failure.value.filename) == (reason, "a/odd")


def test_devices(tmp_path: Path) -> None:
    with FileTree("/dev") as tree, pytest.raises(UnsafeFileError, match="is a device"):
        tree.open("zero")


@pytest.mark.parametrize("target", ["../outside", "a/b"])
def test_directories_that_are_links(root: Path, target: str) -> None:
    (root / "linked").symlink_to(target)
    with FileTree(root) as tree, pytest.raises(UnsafeFileError, match="reached through a symbolic link"):
        tree.open("linked/file")


def test_a_link_that_replaces_a_directory_is_not_followed(root: Path, tmp_path: Path) -> None:
    with FileTree(root) as tree:
        assert tree.read("a/b/file", 10) == b"inside"
        (root / "a" / "b").rename(root / "old")
        (root / "a" / "b").symlink_to(tmp_path / "outside")
        assert tree.read("a/b/file", 10) == b"inside"
        assert tree.read("top", 10) == b"top"
        with pytest.raises(UnsafeFileError):
            tree.read("a/b/file", 10)


@pytest.mark.parametrize(
    ("path", "kind"), [("missing", FileNotFoundError), ("no/file", FileNotFoundError), ("top/x", OSError)]
)
def test_what_is_missing(root: Path, path: str, kind: type[OSError]) -> None:
    with FileTree(root) as tree, pytest.raises(kind) as failure:
        tree.open(path)
    assert not isinstance(failure.value, UnsafeFileError)
    assert failure.value.filename == path


def test_more_bytes_than_allowed(root: Path) -> None:
    with FileTree(root) as tree:
        assert tree.read("a/b/file", 6) == b"inside"
        with pytest.raises(UnsafeFileError, match="more than 5 bytes"):
            tree.read("a/b/file", 5)


def test_sparse_files(root: Path) -> None:
    for name, size, content in (
        ("hole", 1 << 40, b""),
        ("head", 1 << 40, b"x" * 5000),
        ("small", 1 << 20, b""),
    ):
        with (root / name).open("wb") as stream:
            stream.write(content)
            stream.truncate(size)
    with FileTree(root) as tree:
        answers = {}
        for name in ("hole", "head", "small", "top"):
            handle = tree.open(name)
            answers[name] = is_sparse(handle)
            assert os.lseek(handle, 0, os.SEEK_CUR) == 0
            os.close(handle)
        handle = tree.open("hole")
        assert [len(block) for block in blocks(handle, 3_000_000)] == [
            1 << 20,
            1 << 20,
            3_000_000 - (2 << 20),
        ]
        os.close(handle)
    assert answers == {"hole": True, "head": True, "small": False, "top": False}


def test_a_pipe_without_a_writer_does_not_hang(root: Path) -> None:
    os.mkfifo(root / "pipe")
    code = "import sys; from curated.core.regular_files import FileTree; FileTree(sys.argv[1]).open('pipe')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)], capture_output=True, text=True, timeout=20, check=False
    )
    assert "is a named pipe" in done.stderr


def test_programs_are_looked_for_in_absolute_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, mode in (("a", 0o644), ("b", 0o755)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "program").touch(mode)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f":b:./b:{tmp_path}/absent:{tmp_path}/a:{tmp_path}/b")
    assert find_program("program") == f"{tmp_path}/b/program"
    monkeypatch.setenv("PATH", "b")
    with pytest.raises(FileNotFoundError):
        find_program("program")
