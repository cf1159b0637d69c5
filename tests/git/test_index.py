"""What the index and the rules of git say about files."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.git.command import GitError
from curated.git.index import attributes, ignoring_rules, is_sparse, read_index, start_index
from curated.git.repository import open_repository


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package({"a.txt": "a", "b.txt": "b", "line\nend": "c", "d/e.txt": "e"})


def test_the_flags_of_files(package: GitPackage) -> None:
    package.git("update-index", "--assume-unchanged", "a.txt")
    package.git("update-index", "--skip-worktree", "b.txt")
    entries = {e.path: e for e in read_index(start_index(open_repository(package.path), ["."]))}
    assert [path for path, entry in entries.items() if entry.is_unwatched] == ["a.txt", "b.txt"]
    assert [path for path, entry in entries.items() if entry.is_skipped] == ["b.txt"]
    assert entries["line\nend"].blob == package.git("hash-object", "line\nend")
    assert not any(entry.is_unmerged for entry in entries.values())


def test_a_damaged_index(package: GitPackage) -> None:
    (package.path / ".git/index").write_bytes(b"garbage")
    with pytest.raises(GitError, match="ls-files"):
        list(read_index(start_index(open_repository(package.path), ["."])))


def test_a_sparse_checkout(package: GitPackage) -> None:
    repository = open_repository(package.path)
    assert not is_sparse(repository)
    package.git("sparse-checkout", "set", "--cone", "d")
    assert is_sparse(repository)
    package.git("sparse-checkout", "disable")
    assert not is_sparse(repository)


def test_the_rule_that_hides_a_file(package: GitPackage, tmp_path: Path) -> None:
    package.write({".gitignore": "# rules\n*.ecsv\n!kept.ecsv\n", "d/.gitignore": "e*\n"})
    (package.path / ".git/info").mkdir(exist_ok=True)
    (package.path / ".git/info/exclude").write_text("x*\n")
    (tmp_path / "mine").write_text("y*\n")
    package.git("config", "core.excludesFile", str(tmp_path / "mine"))
    paths = ["a.ecsv", "kept.ecsv", "d/e2.txt", "x1", "y1", "line\n.ecsv", "plain.txt"]
    assert ignoring_rules(open_repository(package.path), paths) == {
        "a.ecsv": ".gitignore:2",
        "d/e2.txt": "d/.gitignore:1",
        "x1": ".git/info/exclude:1",
        "y1": f"{tmp_path / 'mine'}:1",
        "line\n.ecsv": ".gitignore:2",
    }
    assert ignoring_rules(open_repository(package.path), []) == {}


def test_attributes(package: GitPackage) -> None:
    package.write({".gitattributes": "*.txt filter=lfs -text\nb.txt working-tree-encoding=UTF-16\n"})
    names = ("filter", "working-tree-encoding", "text")
    assert attributes(open_repository(package.path), names, ["a.txt", "b.txt", "other"]) == {
        "a.txt": {"filter": "lfs"},
        "b.txt": {"filter": "lfs", "working-tree-encoding": "UTF-16"},
    }
