"""Repositories that there are and that there are not, their revisions and their tags."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from curated.git.objects import find_blobs
from curated.git.repository import (
    Repository,
    find_work_tree,
    git_directory,
    is_shallow,
    open_repository,
    resolve_commit,
    tags_at,
)

A = "calibs/lab/defects/d00/20200101T000000.ecsv"

IDENTITY = ("-c", "user.name=x", "-c", "user.email=x@example.org")


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="is not in a git repository") as caught:
        open_repository(tmp_path)
    assert "git init" in caught.value.hint
    assert caught.value.exit_status == 2


def test_no_commit_yet(tmp_path: Path) -> None:
    package = GitPackage(tmp_path)
    package.git("init", "--quiet")
    with pytest.raises(CuratedError, match="no commit yet") as caught:
        resolve_commit(open_repository(tmp_path))
    assert caught.value.hint == "commit the calibrations first"


def test_a_repository_of_somebody_else_is_said_to_be_one(make_package: MakePackage, monkeypatch) -> None:
    package = make_package({A: "1"})
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(CuratedError, match="belongs to another user") as caught:
        resolve_commit(open_repository(package.path))
    assert caught.value.hint == f"if you trust it: git config --global --add safe.directory {package.path}"
    assert "dubious" not in caught.value.message


def test_a_bare_repository(make_package: MakePackage, tmp_path: Path) -> None:
    make_package({A: "1"})
    subprocess.run(["git", "clone", "--quiet", "--bare", tmp_path / "package", tmp_path / "bare"], check=True)
    repository = open_repository(tmp_path / "bare")
    assert list(find_blobs(repository, resolve_commit(repository))) == [A]
    with pytest.raises(CuratedError, match="without a work tree"):
        open_repository(tmp_path / "bare" / "objects")


def test_where_a_package_is(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({f"data/{A}": "1"})
    assert open_repository(package.path) == Repository(package.path)
    assert open_repository(package.path / "data/calibs") == Repository(package.path, "data/calibs/")
    assert Repository(package.path, "data/").pathspec("calibs") == "data/calibs"
    assert Repository(package.path).pathspec() == "."
    # Git passes over a directory of the name that is no repository, and so do we.
    (package.path / "data/.git").mkdir()
    assert find_work_tree(package.path / "data/calibs") == package.path
    package.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    assert open_repository(tmp_path / "linked/data") == Repository(tmp_path / "linked", "data/")
    assert find_work_tree(tmp_path) is None
    with pytest.raises(CuratedError, match="is not in a git repository"):
        open_repository(package.path / "nothing")


@pytest.mark.parametrize("kind", ["clone", "worktree"])
def test_history_that_is_cut_off(make_package: MakePackage, tmp_path: Path, kind: str) -> None:
    package = make_package({A: "1"})
    package.commit({A: "2"})
    shallow, linked = tmp_path / "shallow", tmp_path / "linked"
    subprocess.run(["git", "clone", "-q", "--depth=1", package.path.as_uri(), shallow], check=True)
    if kind == "worktree":
        subprocess.run(["git", "-C", shallow, "worktree", "add", "-q", linked], check=True)
    repository = open_repository(linked if kind == "worktree" else shallow)
    assert is_shallow(repository)
    subprocess.run(["git", "-C", shallow, "fetch", "-q", "--unshallow"], check=True)
    assert not is_shallow(repository)


def test_a_submodule_is_a_repository_of_its_own(make_package: MakePackage) -> None:
    package, outer = make_package({A: "1"}), make_package({"README": ""}, "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(package.path), "data")
    repository = open_repository(outer.path / "data/calibs")
    assert repository == Repository(outer.path / "data", "calibs/")
    assert resolve_commit(repository) == package.commits[0]
    assert not is_shallow(repository)
    assert git_directory(repository) == str(outer.path / ".git/modules/data")


def test_unknown_revisions(make_package: MakePackage) -> None:
    repository = open_repository(make_package({A: "1"}).path)
    for revision in ("nowhere", "--all", "HEAD~5", "a..b", "HEAD:calibs", ""):
        with pytest.raises(CuratedError, match="is not a"):
            resolve_commit(repository, revision)


@pytest.mark.parametrize(
    ("tags", "highest"),
    [
        ([], ""),
        (["v1.0"], "v1.0"),
        (["v1.9", "v1.10", "v1.2"], "v1.10"),
        (["v2.0-rc1", "v2.0", "v2.0-rc2"], "v2.0"),
        (["v2.0-rc9", "v2.0-rc10"], "v2.0-rc10"),
        (["release/2024.1"], "release/2024.1"),
    ],
)
def test_the_highest_tag(make_package: MakePackage, tags: list[str], highest: str) -> None:
    package = make_package({A: "1"})
    for n, tag in enumerate(tags):
        package.git(*IDENTITY, "tag", *(["--annotate", "--message=x"] if n % 2 else []), tag)
    package.commit({A: "2"})
    package.git("tag", "v99")
    assert tags_at(open_repository(package.path), package.commits[0])[:1] == [highest][: len(tags)]
