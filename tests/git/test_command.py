"""Neither a user's configuration nor a hook's variables change what git answers."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from curated.git.changes import last_commits, read_differences, start_difference
from curated.git.command import GitError, run_git, split_nul
from curated.git.objects import Objects, find_blobs, read_objects
from curated.git.repository import Repository, open_repository, resolve_commit, tags_at

A, B, C = (f"calibs/lab/defects/d0{n}/20200101T000000.ecsv" for n in range(3))


def differences(repository: Repository, path: str = "calibs") -> list[str]:
    changes = read_differences(start_difference(repository, path))
    return [change.path.removeprefix(repository.prefix) for change in changes]


def git_log(package: GitPackage, paths: list[str], revision: str = "HEAD") -> dict[str, str]:
    """What git itself says, file by file."""
    return {path: package.git("log", "-1", "--format=%H", revision, "--", path) for path in paths}


def test_settings_of_the_user_change_nothing(make_package: MakePackage, tmp_path: Path, monkeypatch) -> None:
    package = make_package({A: "1", B: "1"})
    (package.path / C).parent.mkdir()
    package.git("mv", A, C)
    package.commit(message="Rename")
    package.git("tag", "v1")
    package.git("tag", "v2")
    config = tmp_path / "gitconfig"
    config.write_text(
        "[log]\nfollow = true\nshowSignature = true\nshowRoot = false\nabbrevCommit = true\ndate = relative\n"
        "[color]\nui = always\n[column]\nui = always\n[core]\nquotePath = true\nabbrev = 4\n"
        "[i18n]\nlogOutputEncoding = latin1\n[status]\nshortRelative = true\nbranch = true\n"
        "showUntrackedFiles = no\n[diff]\nrenames = copies\nrelative = true\nnoprefix = true\n"
        "[format]\npretty = fuller\n"
    )
    package.commit({B: "2"}, author="Zoë")
    package.git("tag", "v3")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    repository = open_repository(package.path)
    head = resolve_commit(repository)
    assert len(head) == 40
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    last_commits_by_path = git_log(package, [B, C])
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    for path, sha1 in last_commits_by_path.items():
        changes = last_commits(repository, head, {path: find_blobs(repository, head)[path]}, path)
        assert changes[path].sha1 == sha1
        assert changes[path].author == ("Zoë" if path == B else "Ada Astronomer")
    package.write({B: "changed"})
    assert differences(repository) == [B]
    assert tags_at(repository, head)[0] == "v3"


def test_a_hook_does_not_lead_elsewhere(make_package: MakePackage, tmp_path: Path, monkeypatch) -> None:
    package = make_package({A: "1"})
    other = make_package({B: "1"}, "other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    repository = open_repository(package.path)
    assert resolve_commit(repository) == package.commits[-1]
    assert list(find_blobs(repository, package.commits[-1])) == [A]
    assert differences(repository) == []


RESOLVE = """
from pathlib import Path
from curated.git.repository import open_repository, resolve_commit
resolve_commit(open_repository(Path('.')))
"""


def test_git_that_is_not_there_is_said_to_be_missing(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({A: "1"})
    (tmp_path / "bin").mkdir()
    environment = {**os.environ, "PATH": str(tmp_path / "bin")}
    command = [sys.executable, "-c", RESOLVE]
    done = subprocess.run(
        command, cwd=package.path, env=environment, capture_output=True, text=True, check=False
    )
    assert "CuratedError: git cannot be run" in done.stderr
    assert shutil.which("git")


def test_objects_are_those_of_the_package_in_a_hook_too(make_package: MakePackage, monkeypatch) -> None:
    package, other = make_package({A: "1"}), make_package({B: "2"}, "other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    repository = open_repository(package.path)
    assert Objects(repository).read(f"HEAD:{A}") == b"1"
    assert Objects(repository).find_blob(f"HEAD:{B}") == ""
    assert list(read_objects(repository, [f"HEAD:{B}", f"HEAD:{A}"])) == [b"", b"1"]


def test_a_command_that_fails_says_why(make_package: MakePackage) -> None:
    package = make_package({A: "1"})
    with pytest.raises(GitError, match="git show failed: fatal: ") as caught:
        run_git(package.path, "show", "nowhere")
    assert "nowhere" in caught.value.stderr


def test_fields_are_split_wherever_blocks_end() -> None:
    fields = ["", "a" * (1 << 16), "\n:b", "", "\udcff", "end"]
    data = "\0".join(fields).encode("utf-8", errors="surrogateescape")
    assert list(split_nul(io.BytesIO(data))) == fields
    assert list(split_nul(io.BytesIO(data + b"\0"))) == fields
    assert list(split_nul(io.BytesIO())) == list(split_nul(None)) == []


@pytest.mark.parametrize("content", [None, b"", b"garbage"])
@pytest.mark.parametrize("revision", ["HEAD", "HEAD:calibs"])
def test_damage_is_one_sentence_with_the_way_out(
    make_package: MakePackage, revision: str, content: bytes | None
) -> None:
    package = make_package({A: "1"})
    name = package.git("rev-parse", revision)
    file = package.path / ".git/objects" / name[:2] / name[2:]
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    repository = open_repository(package.path)
    with pytest.raises(CuratedError) as caught:
        find_blobs(repository, resolve_commit(repository))
    assert "git fsck" in caught.value.hint
    assert ";" not in caught.value.message
