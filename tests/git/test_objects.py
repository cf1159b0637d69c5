"""The files of any commit, without a checkout."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.convert.origin import find_origin
from curated.core.diagnostic import CuratedError
from curated.git.objects import CommitTree, find_blobs
from curated.git.repository import open_repository
from curated.history.lookup import package_at
from curated.package.package import open_package

A, B, C = (f"calibs/lab/defects/d0{n}/20200101T000000.ecsv" for n in range(3))
ECSV = Path(__file__).parents[2] / "calibs/demo/defects/d00/20200101T000000.ecsv"


@pytest.fixture
def small(make_package: MakePackage) -> GitPackage:
    text = ECSV.read_text().replace("Demo", "Lab")
    return make_package({"curated.yaml": "url: https://example.org/lab\n", A: text, "notes.txt": "text"})


def test_a_link_to_a_file_of_the_package_stands_for_it(small: GitPackage) -> None:
    (small.path / B).parent.mkdir(parents=True)
    (small.path / B).symlink_to("../d00/20200101T000000.ecsv")
    (small.path / C).parent.mkdir(parents=True)
    (small.path / C).symlink_to("/etc/passwd")
    last = small.commit(message="Add links")
    package = open_package(small.path)
    repository = open_repository(small.path)
    blobs = find_blobs(repository, last, "calibs")
    assert blobs == {A: blobs[A], B: blobs[A]}
    assert find_blobs(repository, last, "calibs/lab/defects/d01") == {B: blobs[A]}
    assert CommitTree(repository, last, "calibs").read(B) == (small.path / A).read_bytes()
    with pytest.raises(CuratedError, match="differ from the commit") as caught:
        find_origin(package)
    assert C in str(caught.value)
    small.commit({C: None})
    origin = find_origin(package := open_package(small.path))
    assert origin.last_commits[B].sha1 == last
    assert [file.path for file in package.layout.files] == [A, B]


def test_a_commit_is_read_without_a_checkout(small: GitPackage) -> None:
    first = small.commits[0]
    text = (small.path / A).read_bytes()
    small.git("mv", "calibs", "data")
    small.commit({"curated.yaml": "calibs: data\n"}, "Move everything")
    small.write({"data/lab/defects/d00/20200101T000000.ecsv": "not committed"})
    state = small.git("status", "--porcelain")
    package, sha1 = package_at(small.path, "HEAD~1")
    assert sha1 == first
    assert [file.path for file in package.layout.files] == [A]
    assert package.files.read(A) == text
    with pytest.raises(FileNotFoundError):
        package.files.read("data/lab/defects/d00/20200101T000000.ecsv")
    assert small.git("status", "--porcelain") == state
    later, _ = package_at(small.path, "HEAD")
    assert [file.path for file in later.layout.files] == ["data/lab/defects/d00/20200101T000000.ecsv"]
    assert later.files.read(later.layout.files[0].path) == text


def test_hidden_files_are_hidden_in_a_commit_too(make_package: MakePackage) -> None:
    hidden = "calibs/lab/.old/20200101T000000.ecsv"
    package = make_package({"curated.yaml": "", A: "1", hidden: "1", "calibs/lab/defects/.x.ecsv": ""})
    work_tree = list(open_package(package.path).files.paths())
    commit, _ = package_at(package.path, "HEAD")
    assert list(commit.files.paths()) == work_tree == [A]


def test_a_partial_clone_is_said_to_be_one(small: GitPackage) -> None:
    repository = open_repository(small.path)
    blob = small.git("rev-parse", f"HEAD:{A}")
    tree = CommitTree(repository, small.commits[-1])
    (small.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(CuratedError, match="missing or damaged") as caught:
        tree.read(A)
    assert "git fsck" in caught.value.hint
    small.git("config", "remote.origin.promisor", "true")
    with pytest.raises(CuratedError, match="partial clone") as caught:
        CommitTree(repository, small.commits[-1]).read(A)
    assert "--refetch" in caught.value.hint


def _read_all(tree: CommitTree) -> list[bytes]:
    return [tree.read(path) for _ in range(20) for path in tree.paths()]


_TREE: list[CommitTree] = []


def _read_inherited(_: int) -> list[bytes]:
    return _read_all(_TREE[0])


def test_processes_do_not_share_the_pipes_of_git(make_package: MakePackage) -> None:
    """Processes that were forked after the first object was read would take each other's answers."""
    package = make_package({f"calibs/{n}.txt": f"{n}" * (200 + n) for n in range(40)})
    tree = CommitTree(open_repository(package.path), package.commits[0])
    expected = _read_all(tree)
    _TREE[:] = [tree]
    with ProcessPoolExecutor(3, get_context("fork")) as pool:
        assert all(contents == expected for contents in pool.map(_read_inherited, range(6)))
    assert _read_all(tree) == expected
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert pool.submit(_read_all, pickle.loads(pickle.dumps(tree))).result() == expected
