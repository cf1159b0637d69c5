"""The diff driver in the settings of a clone: written, found by git itself, and removed without a trace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import GitPackage
from curated.core.diagnostic import CuratedError
from curated.git.drivers import find_driver, install, uninstall
from curated.git.repository import open_repository

PROGRAM = ["/a path/with 'quotes'/\"both\" $HOME `x` \\/python", "-m", "curated"]
NAME = "20240101T000000.ecsv"


def files(package: GitPackage) -> dict[str, bytes]:
    names = (".git/config", ".git/info/attributes", ".gitattributes", "deep/.gitattributes")
    return {name: (package.path / name).read_bytes() for name in names if (package.path / name).exists()}


@pytest.fixture
def repository(tmp_path: Path) -> GitPackage:
    package = GitPackage(tmp_path / "r")
    package.path.mkdir()
    package.git("init", "--quiet")
    package.commit({"README.md": "text"})
    return package


@pytest.mark.parametrize("is_private", [False, True])
@pytest.mark.parametrize("top", ["calibs", "", 'my calibs [1] "quoted" *é', "a\tb", "#!x", "back\\slash"])
@pytest.mark.parametrize("prefix", ["", "deep/"])
def test_git_understands_what_is_written(
    repository: GitPackage, prefix: str, top: str, is_private: bool
) -> None:
    (repository.path / prefix).mkdir(exist_ok=True)
    before = files(repository)
    opened = open_repository(repository.path / prefix)
    driver = find_driver(opened, top, is_private=is_private)
    assert len(install(driver, PROGRAM, "1.0")) == 2
    assert install(driver, PROGRAM, "1.0") == []
    for key, command in (("command", "external-diff"), ("textconv", "textconv")):
        value = repository.git("config", f"diff.curated.{key}")
        # As git does: a shell splits the command.
        words = repository.git("-c", f'alias.words=!for w in {value}; do echo "$w"; done; #', "words").split(
            "\n"
        )
        assert words == [*PROGRAM, "git", command, "--program", "1.0", "--"]
    base = f"{prefix}{top}/" if top else prefix
    paths = [
        f"{base}lab/defects/d00/{NAME}",
        f"{base}lab/bias/{NAME.replace('ecsv', 'fits')}",
        f"{base}instrument.yaml",
    ]
    shown = repository.git("check-attr", "-z", "diff", "--", *paths).split("\0")[2::3]
    assert shown == ["curated", "curated", "unspecified"]
    assert len(uninstall(opened, [driver])) == 2
    assert files(repository) == before
    assert uninstall(opened, [driver]) == []


def test_another_version_takes_the_place_and_files_of_others_stay(repository: GitPackage) -> None:
    (repository.path / ".gitattributes").write_bytes(
        b"*.fits filter=lfs diff=lfs merge=lfs -text\r\n*.png binary"
    )
    repository.git("config", "user.name", "Somebody")
    before = files(repository)
    opened = open_repository(repository.path)
    driver = find_driver(opened, "calibs")
    install(driver, ["old"], "1.0")
    repository.git("config", "diff.other.textconv", "cat")
    install(driver, PROGRAM, "2.0")
    assert repository.git("config", "diff.curated.command").endswith("--program 2.0 --")
    assert repository.git("config", "--get-all", "diff.curated.command").count("\n") == 0
    repository.git("config", "--remove-section", "diff.other")
    uninstall(opened, [driver])
    assert files(repository) == before


def test_settings_that_somebody_added_to_the_section_stay(repository: GitPackage) -> None:
    opened = open_repository(repository.path)
    driver = find_driver(opened, "calibs")
    install(driver, PROGRAM, "1.0")
    repository.git("config", "diff.curated.xfuncname", "^[a-z]")
    uninstall(opened, [driver])
    assert repository.git("config", "--get-regexp", "^diff") == "diff.curated.xfuncname ^[a-z]"


def test_a_driver_of_somebody_else_is_not_replaced(repository: GitPackage) -> None:
    repository.git("config", "diff.curated.textconv", "cat")
    before = files(repository)
    with pytest.raises(CuratedError, match="somebody else"):
        install(find_driver(open_repository(repository.path), "calibs"), PROGRAM, "1.0")
    assert files(repository) == before


@pytest.mark.parametrize("kind", ["lock", "link", "pipe", "directory"])
def test_what_cannot_be_written_is_said(repository: GitPackage, kind: str) -> None:
    opened = open_repository(repository.path)
    attributes = repository.path / ".gitattributes"
    if kind == "lock":
        (repository.path / ".git/config.lock").touch()
    elif kind == "link":
        attributes.symlink_to("README.md")
    elif kind == "pipe":
        os.mkfifo(attributes)
    else:
        attributes.mkdir()
    with pytest.raises((CuratedError, OSError)):
        install(find_driver(opened, "calibs"), PROGRAM, "1.0")
    assert (repository.path / "README.md").read_text() == "text"
    assert attributes.exists() is (kind != "lock")
    assert b"curated" not in (repository.path / ".git/config").read_bytes()


def test_linked_work_trees_share_the_settings(repository: GitPackage) -> None:
    repository.git("worktree", "add", "--quiet", "../w")
    before = files(repository)
    linked = open_repository(repository.path.parent / "w")
    driver = find_driver(linked, "calibs")
    changed = install(driver, PROGRAM, "1.0")
    assert [os.path.realpath(path) for path in changed] == [
        str(repository.path.parent / "w/.gitattributes"),
        str(repository.path / ".git/config"),
    ]
    uninstall(linked, [driver])
    assert files(repository) == before
