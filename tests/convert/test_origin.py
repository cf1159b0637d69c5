"""The commit that is stamped: refused where files differ from it, or where history is cut off."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.convert.origin import find_origin
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package

A, B = (f"calibs/lab/defects/d0{n}/20200101T000000.ecsv" for n in range(2))
ECSV = Path(__file__).parents[2] / "calibs/demo/defects/d00/20200101T000000.ecsv"


@pytest.fixture
def small(make_package: MakePackage) -> GitPackage:
    text = ECSV.read_text().replace("Demo", "Lab")
    return make_package({"curated.yaml": "url: https://example.org/lab\n", A: text, "notes.txt": "text"})


def dirty_files(package: GitPackage) -> str:
    with pytest.raises(CuratedError, match="differ from the commit") as caught:
        find_origin(open_package(package.path))
    assert "--allow-dirty" in caught.value.hint
    origin = find_origin(open_package(package.path), allow_dirty=True)
    assert origin.dirty
    return str(caught.value)


def edit(package: GitPackage) -> str:
    package.write({A: (package.path / A).read_text() + "# more\n"})
    return A


def stage(package: GitPackage) -> str:
    edit(package)
    package.git("add", "--all")
    return A


def add(package: GitPackage) -> str:
    package.write({B: "new"})
    return B


def remove(package: GitPackage) -> str:
    package.write({A: None})
    return A


def ignore(package: GitPackage) -> str:
    package.commit({".gitignore": "d01/\n"})
    return add(package)


def ignore_for_me_alone(package: GitPackage) -> str:
    (package.path / ".git" / "info" / "exclude").write_text("*.ecsv\n")
    return add(package)


def configure(package: GitPackage) -> str:
    package.write({"curated.yaml": "url: https://example.org/elsewhere\n"})
    return "curated.yaml"


@pytest.mark.parametrize(
    "change", [edit, stage, add, remove, ignore, ignore_for_me_alone, configure], ids=lambda f: f.__name__
)
def test_what_differs_from_the_commit_is_named(small, change: Callable[[GitPackage], str]) -> None:
    assert not find_origin(open_package(small.path)).dirty
    name = change(small)
    assert name in dirty_files(small)


def test_what_is_elsewhere_is_no_obstacle(small: GitPackage) -> None:
    small.write({"notes.txt": "changed", "build/new.txt": "new", "calibs2/x.ecsv": "new"})
    assert not find_origin(open_package(small.path)).dirty


def test_many_changes_are_counted(small: GitPackage) -> None:
    small.write({f"calibs/lab/defects/n{n}/20200101T000000.ecsv": "x" for n in range(9)})
    assert "and 4 more" in dirty_files(small)


def test_a_touched_file_is_not_a_changed_one(small: GitPackage) -> None:
    os.utime(small.path / A, (1, 1))
    assert not find_origin(open_package(small.path)).dirty


def test_a_shallow_clone_is_refused(small: GitPackage, tmp_path: Path) -> None:
    small.commit({"notes.txt": "more"})
    clone = tmp_path / "shallow"
    command = ["git", "clone", "--quiet", "--depth=1", small.path.as_uri(), clone]
    subprocess.run(command, check=True)
    with pytest.raises(CuratedError, match="shallow clone") as caught:
        find_origin(open_package(clone))
    assert caught.value.hint == "run 'git fetch --unshallow'"
    subprocess.run(["git", "-C", clone, "fetch", "--quiet", "--unshallow"], check=True)
    assert find_origin(open_package(clone)).last_commits[A].sha1 == small.commits[0]


def test_a_linked_work_tree(small: GitPackage, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    small.git("worktree", "add", "--quiet", str(linked))
    assert find_origin(open_package(linked)).sha1 == small.commits[-1]


def test_a_package_reached_by_a_link(small: GitPackage, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(small.path)
    assert find_origin(open_package(tmp_path / "link")).last_commits[A].sha1 == small.commits[-1]
