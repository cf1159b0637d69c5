"""The files of a commit, with every object proved by its hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from curated.git.repository import open_repository
from curated.git.tree import object_name, read_tree

NAMES = ["a/b/c.txt", "a/b.txt", "a/bc/d.txt", "top.txt", "a/line\nend", 'a/"quoted"', "a/tab\t", "ä/é.txt"]


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package({name: name for name in NAMES})


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([""], NAMES),
        (["a"], [name for name in NAMES if name.startswith("a/")]),
        (["a/b"], ["a/b/c.txt"]),
        (["a/b", "top.txt"], ["a/b/c.txt", "top.txt"]),
        (["a/b.txt"], ["a/b.txt"]),
        (["none", "a/b/c.txt/d"], []),
    ],
)
def test_the_files_below_some_paths(package: GitPackage, paths: list[str], expected: list[str]) -> None:
    entries = read_tree(open_repository(package.path), package.commits[-1], paths)
    found = [entry.path for entry in entries if entry.path in expected]
    assert found == sorted(expected)
    assert len(entries) == len(found) or paths == ["none", "a/b/c.txt/d"]
    assert all(entry.name == object_name("blob", entry.path.encode()) for entry in entries)


def test_it_is_the_list_of_git(package: GitPackage) -> None:
    lines = package.git("ls-tree", "-r", "-z", "--full-tree", "HEAD").rstrip("\0").split("\0")
    expected = sorted((re.split("[ \t]", line, maxsplit=3)) for line in lines)
    entries = read_tree(open_repository(package.path), package.commits[-1], [""])
    assert sorted([e.mode, "blob", e.name, e.path] for e in entries) == expected


def test_names_in_repositories_with_sha256(tmp_path: Path) -> None:
    package = GitPackage(tmp_path)
    package.git("init", "--quiet", "--object-format=sha256")
    package.commit({"a/b": "text"})
    (entry,) = read_tree(open_repository(tmp_path), package.commits[-1], [""])
    assert entry == ("100644", package.git("rev-parse", "HEAD:a/b"), "a/b")
    assert entry.name == object_name("blob", b"text", 64)


@pytest.mark.parametrize("name", ["HEAD", "HEAD^{tree}", "HEAD:a"])
def test_replacements_do_not_count(package: GitPackage, name: str) -> None:
    first = package.git("rev-parse", name)
    package.commit({"a/b.txt": "another"})
    package.git("replace", first, package.git("rev-parse", name))
    (entry,) = read_tree(open_repository(package.path), package.commits[0], ["a/b.txt"])
    assert entry.name == object_name("blob", b"a/b.txt")


def test_an_object_under_the_name_of_another(package: GitPackage) -> None:
    package.commit({"a/b.txt": "another"})
    first, second = (package.git("rev-parse", f"{commit}:a") for commit in package.commits)
    path, other = (package.path / ".git/objects" / name[:2] / name[2:] for name in (first, second))
    path.chmod(0o644)
    path.write_bytes(other.read_bytes())
    with pytest.raises(CuratedError, match="damaged"):
        read_tree(open_repository(package.path), package.commits[0], ["a/b.txt"])
