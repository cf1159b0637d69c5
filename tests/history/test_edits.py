"""Products that changed in git since they were added, with and without a note of the edit (CAL417)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.history.edits import start_edit_search
from curated.history.lookup import package_at
from support.packages import defects_path, defects_text
from support.programs import run_curated

CONFIG = {"curated.yaml": "calibs: calibs\n"}
FILE = defects_path(0)
SIDE = FILE.replace(".ecsv", ".inputs.yaml")
FIRST = "edits:\n- {name: Ada, date: '2020-01-01', what: made by hand}\n"
SECOND = f"{FIRST}- {{name: Ada, date: '2020-02-01', what: moved the box}}\n"
OLDER = "edits:\n- {name: Ada, date: '2020-01-01', what: something else}\n"


def note(*notes: str) -> dict[str, list[dict[str, str]]]:
    return {"edits": [{"name": "Ada", "date": "2020-02-01", "what": what} for what in notes]}


def warned(package: GitPackage | Path, *arguments: str) -> list[tuple[str, str]]:
    """Files without a note, and the messages about them."""
    findings, codes = checked(package, *arguments)
    assert codes <= {"CAL417"}
    return findings


def unseen(package: GitPackage | Path) -> str:
    """What is in the way of a search that finds nothing, as remarks."""
    findings, codes = checked(package)
    assert codes == {"CAL419"}
    return "\n".join(message for _, message in findings)


def checked(package: GitPackage | Path, *arguments: str) -> tuple[list[tuple[str, str]], set[str]]:
    """Files and messages of the findings of a check, and their codes."""
    done = run_curated("check", "--format", "json", *arguments, cwd=getattr(package, "path", package))
    assert done.returncode == 0, done.stdout + done.stderr
    findings = json.loads(done.stdout)["findings"]
    assert all(f["severity"] == ("info" if f["code"] == "CAL419" else "warning") for f in findings)
    return [(f["file"], f["message"]) for f in findings], {f["code"] for f in findings}


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package({**CONFIG, FILE: defects_text(), defects_path(1): defects_text(detector=1)})


def test_nothing_changed(package: GitPackage) -> None:
    assert warned(package) == []


def test_a_commit_without_a_note(package: GitPackage) -> None:
    sha1 = package.commit({FILE: defects_text(x0=5)})
    message = f"changed by commit {sha1[:12]} without a note of the edit"
    assert warned(package) == [(FILE, message)]
    # The second time all but this comes out of the cache.
    assert warned(package) == [(FILE, message)]
    assert warned(package, defects_path(1)) == []
    assert warned(package, FILE) == [(FILE, message)]


def test_a_change_that_is_not_committed(package: GitPackage) -> None:
    package.write({FILE: defects_text(x0=5)})
    assert warned(package) == [(FILE, "has changes that are not committed, without a note of the edit")]
    package.write({FILE: defects_text(note("moved the box"), x0=5)})
    assert warned(package) == []
    package.write({FILE: defects_text()})
    assert warned(package) == []


def test_a_file_that_git_does_not_know_yet(package: GitPackage) -> None:
    package.write({defects_path(2): defects_text(detector=2)})
    assert warned(package) == []
    package.git("add", "--all")
    assert warned(package) == []


@pytest.mark.parametrize("form", ["ecsv", "side"])
def test_every_change_needs_a_note_of_its_own(package: GitPackage, form: str) -> None:
    if form == "ecsv":
        noted = {FILE: defects_text(note("first"), x0=5)}
        unnoted = {FILE: defects_text(note("first"), x0=6)}
        again = {FILE: defects_text(note("first", "second"), x0=6)}
    else:
        noted, unnoted, again = (
            {FILE: defects_text(x0=5), SIDE: FIRST},
            {FILE: defects_text(x0=6)},
            {SIDE: SECOND},
        )
    package.commit(noted)
    assert warned(package) == []
    sha1 = package.commit(unnoted)
    date = "2020-02-01" if form == "ecsv" else "2020-01-01"
    message = f"changed by commit {sha1[:12]} without a note of the edit; its latest note is of {date}"
    assert warned(package) == [(FILE, message)]
    package.write(again)
    assert warned(package) == []
    package.commit()
    assert warned(package) == []


def test_a_note_that_was_there_from_the_start_is_no_note_of_the_change(make_package: MakePackage) -> None:
    package = make_package({**CONFIG, FILE: defects_text(), SIDE: FIRST})
    package.commit({FILE: defects_text(x0=5)})
    assert len(warned(package)) == 1
    package.commit({SIDE: OLDER})
    assert warned(package) == []


def test_notes_in_yaml(make_package: MakePackage) -> None:
    path = FILE.replace(".ecsv", ".yaml")
    text = (
        "metadata: {{OBSTYPE: defects, INSTRUME: Lab, DETECTOR: 0, CALIBDATE: '2020-01-01'}}\n"
        "x0: [{0}]\ny0: [1]\nwidth: [1]\nheight: [1]\n{1}"
    )
    package = make_package({**CONFIG, path: text.format(1, FIRST)})
    package.commit({path: text.format(2, FIRST)})
    assert [file for file, _ in warned(package)] == [path]
    package.commit({path: text.format(2, SECOND)})
    assert warned(package) == []


def test_a_change_that_was_taken_back(package: GitPackage) -> None:
    package.commit({FILE: defects_text(x0=5)})
    package.commit({FILE: defects_text()})
    assert warned(package) == []


def test_removed_and_added_again(package: GitPackage) -> None:
    package.commit({FILE: None})
    package.commit({FILE: defects_text(x0=5)})
    assert warned(package) == []


def test_a_new_epoch_is_no_edit(package: GitPackage) -> None:
    package.git("mv", FILE, defects_path(0, "20210101T000000"))
    package.commit({defects_path(0, "20210101T000000"): defects_text(date="2021-01-01T00:00:00")})
    assert warned(package) == []


def test_a_branch_is_one_change(package: GitPackage) -> None:
    package.git("checkout", "--quiet", "-b", "topic")
    package.commit({defects_path(2): defects_text(detector=2), SIDE: FIRST})
    package.commit({defects_path(2): defects_text(detector=2, x0=5), FILE: defects_text(x0=7)})
    assert [file for file, _ in warned(package)] == [FILE, defects_path(2)]
    package.git("checkout", "--quiet", "main")
    package.git(
        "-c", "user.name=A", "-c", "user.email=a@b", "merge", "--quiet", "--no-ff", "-m", "Merge", "topic"
    )
    # On the main line the new file is added as it is, and the note comes with the change.
    assert warned(package) == []


def test_it_can_be_silenced_wherever_history_is_cut_off(package: GitPackage, tmp_path: Path) -> None:
    silence = "silence:\n- {code: CAL417, path: '*', reason: made by a program, until: '2999-01-01'}\n"
    package.commit({"curated.yaml": CONFIG["curated.yaml"] + silence, FILE: defects_text(x0=5)})
    assert warned(package) == []
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{package.path}", clone], check=True)
    assert "shallow clone" in unseen(clone)


def test_a_shallow_clone_says_that_it_tells_nothing(package: GitPackage, tmp_path: Path) -> None:
    package.commit({FILE: defects_text(x0=5)})
    package.commit({FILE: defects_text(x0=6)})
    shallow, whole = tmp_path / "shallow", tmp_path / "whole"
    subprocess.run(["git", "clone", "-q", "--depth=2", f"file://{package.path}", shallow], check=True)
    subprocess.run(["git", "clone", "-q", f"file://{package.path}", whole], check=True)
    assert "the git history is cut off (shallow clone)" in unseen(shallow)
    assert len(warned(whole)) == 1


def test_in_a_directory_of_a_repository_and_in_a_linked_work_tree(
    make_package: MakePackage, tmp_path: Path
) -> None:
    package = make_package({f"data/{name}": text for name, text in {**CONFIG, FILE: defects_text()}.items()})
    package.commit({f"data/{FILE}": defects_text(note("first"), x0=5)})
    package.commit({f"data/{FILE}": defects_text(note("first"), x0=6)})
    assert [file for file, _ in warned(package.path / "data")] == [FILE]
    package.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    assert [file for file, _ in warned(tmp_path / "linked" / "data")] == [FILE]


def test_a_bare_package(make_package: MakePackage) -> None:
    bare = {path.removeprefix("calibs/"): text for path, text in {FILE: defects_text(), SIDE: FIRST}.items()}
    package = make_package(bare)
    package.commit({FILE.removeprefix("calibs/"): defects_text(x0=5)})
    assert [file for file, _ in warned(package)] == [FILE.removeprefix("calibs/")]


def test_git_is_not_run_without_a_repository(
    package: GitPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A git that leaves a trace when it is run.
    trace, programs = tmp_path / "trace", tmp_path / "bin"
    programs.mkdir()
    (programs / "git").write_text(f'#!/bin/sh\necho "$@" >> {trace}\nexit 1\n')
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    assert "were not looked for" in unseen(package)
    assert trace.exists()
    trace.unlink()
    (package.path / ".git").rename(tmp_path / "elsewhere")
    assert warned(package) == []
    assert not trace.exists()


def test_a_repository_without_a_commit_or_without_git(
    tmp_path: Path, package: GitPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = GitPackage(tmp_path / "empty")
    empty.path.mkdir()
    empty.git("init", "--quiet")
    empty.write({**CONFIG, FILE: defects_text()})
    assert warned(empty) == []
    package.commit({FILE: defects_text(x0=5)})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git cannot be run" in unseen(package)


def test_the_variables_of_a_hook_lead_nowhere_else(
    package: GitPackage, make_package: MakePackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_package({"README": ""}, "other")
    package.commit({FILE: defects_text(x0=5)})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    assert len(warned(package)) == 1


def damaged_tree(package: GitPackage) -> str:
    return package.git("rev-parse", "HEAD~1^{tree}")


def damaged_commit(package: GitPackage) -> str:
    return package.git("rev-parse", "HEAD~1")


@pytest.mark.parametrize("damaged", [damaged_tree, damaged_commit])
def test_history_that_cannot_be_read_is_said(
    package: GitPackage, damaged: Callable[[GitPackage], str]
) -> None:
    for x0 in (5, 6, 7):
        package.commit({FILE: defects_text(x0=x0)})
    name = damaged(package)
    (package.path / ".git/objects" / name[:2] / name[2:]).unlink()
    assert "were not looked for" in unseen(package)


def test_a_repository_with_sha256(tmp_path: Path) -> None:
    package = GitPackage(tmp_path)
    package.git("init", "--quiet", "--object-format=sha256")
    package.commit({**CONFIG, FILE: defects_text()})
    assert warned(package) == []
    package.write({FILE: defects_text(x0=5)})
    assert len(warned(package)) == 1
    package.commit()
    assert len(warned(package)) == 1
    package.commit({FILE: defects_text()})
    assert warned(package) == []


def test_a_commit_with_an_impossible_date(package: GitPackage) -> None:
    package.commit({FILE: defects_text(x0=5)})
    text = package.git("cat-file", "commit", "HEAD").replace("1704153600", "9" * 17)
    command = ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    process = subprocess.run(
        command, cwd=package.path, input=f"{text}\n".encode(), check=True, capture_output=True
    )
    package.git("update-ref", "HEAD", process.stdout.decode().strip())
    assert "99999" in package.git("cat-file", "commit", "HEAD")
    assert len(warned(package)) == 1


def test_files_of_a_commit_are_not_looked_at(package: GitPackage) -> None:
    package.commit({FILE: defects_text(x0=5)})
    past, _ = package_at(package.path, "HEAD")
    assert start_edit_search(past) is None
