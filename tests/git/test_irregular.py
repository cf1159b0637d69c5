"""Pipes and devices in place of files are refused at once; git would wait for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from curated.git.changes import start_difference, work_tree_changes
from curated.git.index import attributes, ignoring_rules
from curated.git.irregular import refuse_irregular_files, refuse_irregular_rules
from curated.git.repository import open_repository
from support.packages import defects_path, defects_text
from support.programs import run_curated

A = defects_path()


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package({"curated.yaml": "calibs: calibs\n", A: defects_text(), "x/y": "1"})


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.timeout(20)
def test_in_place_of_files_of_a_repository(package: GitPackage, kind: str) -> None:
    blob = package.git("rev-parse", f"HEAD:{A}")
    pack = "pack-0000000000000000000000000000000000000000"
    for name in (
        *(
            "config",
            "HEAD",
            "index",
            "packed-refs",
            "shallow",
            "info/exclude",
            "info/attributes",
            "commondir",
        ),
        *("refs/heads/main", "refs/tags/v2", "logs/HEAD", "refs/replace/x", "info/sparse-checkout"),
        *(f"objects/pack/{pack}.idx", f"objects/pack/{pack}.pack", "objects/pack/multi-pack-index"),
        *("objects/info/alternates", "objects/info/commit-graph", f"objects/{blob[:2]}/{blob[2:]}"),
        *(
            "objects/info/commit-graphs/commit-graph-chain",
            "../.gitattributes",
            "../.gitmodules",
            "../.gitignore",
        ),
    ):
        path = package.path / ".git" / name
        content = path.read_bytes() if path.exists() else None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/zero")
        with pytest.raises(CuratedError, match=f"{path.name} is not a regular file"):
            open_repository(package.path)
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    assert open_repository(package.path).top == package.path


def test_in_other_directories_of_a_repository(package: GitPackage, tmp_path: Path) -> None:
    linked, pipe = tmp_path / "linked", tmp_path / "shared/objects/pack/x.idx"
    package.git("worktree", "add", "--quiet", str(linked))
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    for path in (package.path, linked):
        refuse_irregular_files(path)
    (package.path / ".git/objects/info/alternates").write_text(f"# shared\n{tmp_path}/shared/objects\n")
    for path in (package.path, linked):
        with pytest.raises(CuratedError, match=r"x\.idx is not a regular file"):
            refuse_irregular_files(path)


def test_what_git_does_not_read_is_no_concern(package: GitPackage) -> None:
    git_directory = package.path / ".git"
    (git_directory / "hooks").mkdir(exist_ok=True)
    os.mkfifo(git_directory / "hooks/pipe")
    (git_directory / "refs/loop").symlink_to("..")
    (git_directory / "objects/info/alternates").write_text("../objects\n/nonexistent\n\n")
    (git_directory / "dangling").symlink_to("nowhere")
    refuse_irregular_files(package.path)


@pytest.mark.parametrize("name", [".gitattributes", ".gitignore"])
@pytest.mark.parametrize("directory", ["calibs", os.path.dirname(A), "x"])
@pytest.mark.timeout(20)
def test_in_place_of_rules(package: GitPackage, directory: str, name: str) -> None:
    repository = open_repository(package.path)
    os.mkfifo(package.path / directory / name)
    package.write({A: defects_text(x0=2), "x/y": "2"})
    path = "x/y" if directory == "x" else A
    for action in (
        lambda: start_difference(repository, os.path.dirname(path)),
        lambda: work_tree_changes(repository, package.commits[0]),
        lambda: attributes(repository, ["filter"], iter([path])),
        lambda: ignoring_rules(repository, [path]),
    ):
        with pytest.raises(CuratedError, match=f"{directory}/{name} is not a regular file"):
            action()
    refuse_irregular_rules(package.path, ["curated.yaml", "absent/file", "z"])


@pytest.mark.timeout(60)
def test_commands_end_with_the_reason(package: GitPackage) -> None:
    pipe = package.path / "calibs/.gitattributes"
    os.mkfifo(pipe)
    package.write({A: defects_text(x0=2)})
    checked = run_curated("check", cwd=package.path)
    assert "CAL419" in checked.stdout
    assert "calibs/.gitattributes is not a regular file" in checked.stdout
    compared = run_curated("check", "--since", "HEAD", cwd=package.path)
    assert compared.returncode == 2
    assert "calibs/.gitattributes is not a regular file" in compared.stderr
