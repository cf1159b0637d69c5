"""Files of a source, and names that lead out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.migration.tree import open_source


def test_names_stay_within_the_source(tmp_path: Path) -> None:
    root = tmp_path / "source"
    (root / "a").mkdir(parents=True)
    (root / "a/file").write_bytes(b"12345")
    (tmp_path / "secret").write_text("no")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "dir").symlink_to(tmp_path)
    (root / "inside").symlink_to("a/file")
    os.mkfifo(root / "pipe")
    tree = open_source(root)
    assert tree.files == ("a/file", "inside")
    for path in (
        "",
        "/etc/passwd",
        "../secret",
        "a/../../secret",
        "out",
        "dir/secret",
        "pipe",
        "a",
        "x\0y",
        "none",
    ):
        assert tree.fault(path), path
    assert tree.read("a/file", 5) == b"12345"
    with pytest.raises(CuratedError, match="larger"):
        tree.read("a/file", 4)


def test_a_file_is_its_directory_with_an_index(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("x")
    tree = open_source(tmp_path / "index")
    assert (tree.root, tree.single, tree.head("index")) == (os.path.realpath(tmp_path), "index", b"x")
    with pytest.raises(CuratedError, match="not there"):
        open_source(tmp_path / "nothing")
