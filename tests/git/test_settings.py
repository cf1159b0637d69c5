"""The settings of git, its environment, and the files that it reads of its own accord."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.core.diagnostic import CuratedError
from curated.git import command, index, settings
from curated.git.changes import last_commits, work_tree_changes
from curated.git.index import attributes, ignoring_rules
from curated.git.objects import find_blobs
from curated.git.repository import open_repository, resolve_commit

A = "calibs/lab/defects/d00/20200101T000000.ecsv"

HOOK = {
    "GIT_DIR": "/x",
    "GIT_WORK_TREE": "/x",
    "GIT_INDEX_FILE": "/x",
    "GIT_PREFIX": "x",
    "GIT_OBJECT_DIRECTORY": "/x",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "/x",
    "GIT_QUARANTINE_PATH": "/x",
    "GIT_COMMON_DIR": "/x",
    "GIT_NAMESPACE": "x",
    "GIT_REPLACE_REF_BASE": "refs/x",
    "GIT_SHALLOW_FILE": "/x",
    "GIT_EXTERNAL_DIFF": "x",
    "GIT_PAGER": "x",
    "GIT_EDITOR": "x",
    "GIT_TRACE": "1",
    "GIT_TRACE2_EVENT": "/x",
    "GIT_ICASE_PATHSPECS": "1",
    "GIT_NOGLOB_PATHSPECS": "1",
    "GIT_CONFIG": "/x",
    "GIT_TEMPLATE_DIR": "/x",
    "GIT_ATTR_SOURCE": "x",
    "GIT_SSH_COMMAND": "x",
    "GIT_ASKPASS": "x",
}


def test_variables_of_hooks_are_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = settings.environment(tmp_path)
    for name, value in HOOK.items():
        monkeypatch.setenv(name, value)
    assert settings.environment(tmp_path) == plain


def test_variables_of_the_user_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_KEY_0",
        "GIT_CONFIG_VALUE_0",
        "GIT_EXEC_PATH",
    ):
        monkeypatch.setenv(name, "x")
        assert settings.environment(tmp_path)[name] == "x"
    for name in ("GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_SSL_CAINFO", "GIT_HTTP_USER_AGENT"):
        monkeypatch.setenv(name, "x")
        assert name not in settings.environment(tmp_path)
        assert settings.environment(tmp_path, fetches=True)[name] == "x"


def test_the_repository_is_the_one_of_the_directory(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({A: "1"})
    package.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    assert settings.environment(package.path)["GIT_WORK_TREE"] == str(package.path)
    assert settings.environment(tmp_path / "bare")["GIT_DIR"] == str(tmp_path / "bare")
    assert not {"GIT_DIR", "GIT_WORK_TREE"} & settings.environment(tmp_path).keys()


def test_filters_lose_their_programs() -> None:
    names = "filter.a.clean\0filter.b=\n.c.process\0core.bare\0filter.clean\0"
    pairs = settings.without_filters(names, {"GIT_CONFIG_COUNT": "2"})
    assert pairs["GIT_CONFIG_COUNT"] == "10"
    values = {pairs[f"GIT_CONFIG_KEY_{n}"]: pairs[f"GIT_CONFIG_VALUE_{n}"] for n in range(2, 10)}
    assert values["filter.a.clean"] == values["filter.b=\n.c.process"] == ""
    assert values["filter.a.required"] == "false"
    assert settings.without_filters("core.bare\0", {"GIT_CONFIG_COUNT": "x"}) == {}


def test_settings_are_read_where_they_are(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({A: "1"})
    package.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    assert b"filter" not in settings.own_settings(package.path)
    assert b"filter" not in settings.own_settings(tmp_path / "linked")
    package.git("config", "FILTER.x.clean", "cat")
    assert b"filter" in settings.own_settings(package.path)
    assert b"filter" in settings.own_settings(tmp_path / "linked")
    git_directory = settings.find_git_directory(tmp_path / "linked")
    assert git_directory == package.path / ".git/worktrees/linked"
    package.git("config", "--unset", "filter.x.clean")
    assert b"filter" not in settings.own_settings(tmp_path / "linked")
    (git_directory / "config.worktree").write_text("[include]\npath = x\n")
    assert b"include" in settings.own_settings(tmp_path / "linked")


@pytest.mark.parametrize(
    ("key", "file"),
    [
        *(("mailmap.file", "/dev/zero"), ("mailmap.file", "pipe"), ("diff.orderFile", "/dev/zero")),
        *(("diff.orderFile", "pipe"), ("core.attributesFile", "pipe")),
    ],
)
@pytest.mark.timeout(20)
def test_settings_that_name_endless_files(make_package: MakePackage, key: str, file: str) -> None:
    package = make_package({A: "1"})
    os.mkfifo(package.path / "pipe")
    package.git("config", key, file if file.startswith("/") else str(package.path / file))
    repository = open_repository(package.path)
    commit = resolve_commit(repository)
    blobs = find_blobs(repository, commit)
    assert last_commits(repository, commit, blobs)[A].sha1 == commit
    assert work_tree_changes(repository, commit).paths == frozenset()
    assert ignoring_rules(repository, ["x"]) == {}
    assert attributes(repository, ["filter"], [A]) == {}


def test_a_pipe_of_rules_is_given_up(make_package: MakePackage, monkeypatch: pytest.MonkeyPatch) -> None:
    package = make_package({A: "1"})
    os.mkfifo(package.path / "pipe")
    package.git("config", "core.excludesFile", str(package.path / "pipe"))
    monkeypatch.setattr(index, "_SECONDS", 1)
    assert ignoring_rules(open_repository(package.path), ["x"]) == {}


@pytest.mark.timeout(60)
def test_an_included_pipe_is_given_up(make_package: MakePackage, monkeypatch: pytest.MonkeyPatch) -> None:
    package = make_package({A: "1"})
    os.mkfifo(package.path / "pipe")
    (package.path / ".git/config").write_text("[include]\npath = ../pipe\n")
    monkeypatch.setitem(command._QUICK_SECONDS, "config", 1)
    with pytest.raises(CuratedError, match="git config does not end"):
        open_repository(package.path)
