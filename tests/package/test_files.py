"""Files of a work tree: read whole, without waiting, and never outside of the package."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curated.package.files import LeadsOutError, WorkTree
from curated.text.reader import MAX_BYTES


@pytest.fixture
def tree(tmp_path: Path) -> WorkTree:
    (tmp_path / "package/calibs/cam").mkdir(parents=True)
    (tmp_path / "outside").write_bytes(b"secret")
    (tmp_path / "package/calibs/cam/file").write_bytes(b"content")
    return WorkTree(tmp_path / "package", "calibs")


def test_paths(tree: WorkTree) -> None:
    (tree.root / "README").write_bytes(b"")
    assert list(tree.paths()) == ["calibs/cam/file"]


def test_a_regular_file(tree: WorkTree) -> None:
    assert tree.read("calibs/cam/file") == b"content"
    assert tree.locate("calibs/cam/file") == f"{tree.root}/calibs/cam/file"


def test_a_link_within_the_package(tree: WorkTree) -> None:
    (tree.root / "calibs/link").symlink_to("cam/file")
    assert tree.read("calibs/link") == b"content"
    assert tree.locate("calibs/link") == os.path.realpath(tree.root / "calibs/cam/file")


def test_a_link_out_of_the_package(tree: WorkTree) -> None:
    (tree.root / "calibs/link").symlink_to("../../outside")
    for action in (tree.read, tree.locate):
        with pytest.raises(LeadsOutError, match=r"links to \.\./\.\./outside"):
            action("calibs/link")


@pytest.mark.parametrize("target", ["../.git/config", "../.GIT/config", "cam/.git/config", "hop"])
def test_a_link_into_the_files_of_git(tree: WorkTree, target: str) -> None:
    (tree.root / "calibs/hop").symlink_to("../.git/config")
    for directory in (".git", ".GIT", "calibs/cam/.git"):
        (tree.root / directory).mkdir()
        (tree.root / directory / "config").write_bytes(b"secret")
    (tree.root / "calibs/link").symlink_to(target)
    for action in (tree.read, tree.locate):
        with pytest.raises(LeadsOutError):
            action("calibs/link")


def test_a_directory_whose_name_the_package_starts_with(tree: WorkTree) -> None:
    other = tree.root.with_name("package2")
    other.mkdir()
    (other / "file").write_bytes(b"secret")
    (tree.root / "calibs/link").symlink_to(other / "file")
    with pytest.raises(LeadsOutError):
        tree.read("calibs/link")


def test_no_regular_file(tree: WorkTree) -> None:
    os.mkfifo(tree.root / "calibs/pipe")
    for path in ("calibs/pipe", "calibs/cam"):
        for action in (tree.read, tree.locate):
            with pytest.raises(OSError, match="Not a regular file"):
                action(path)
    with pytest.raises(FileNotFoundError):
        tree.read("calibs/none")


def test_a_large_file_is_cut(tree: WorkTree) -> None:
    with open(tree.root / "calibs/large", "wb") as file:
        file.truncate(MAX_BYTES + 100)
    assert len(tree.read("calibs/large")) in (MAX_BYTES + 1, MAX_BYTES + 2)


def test_state_changes_with_the_file(tree: WorkTree) -> None:
    state = tree.state("calibs/cam/file")
    assert state
    assert tree.state("calibs/cam/file") == state
    (tree.root / "calibs/cam/file").write_bytes(b"other content")
    assert tree.state("calibs/cam/file") != state
    assert tree.state("calibs/none") == ""
