"""``curated new package``."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.commands import Commands


@pytest.fixture
def curated(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


def tree(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text("utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


def test_new_package_passes_the_check_and_says_that_it_is_new(curated: Commands, tmp_path: Path) -> None:
    done = curated(tmp_path, "new", "package", "cam")
    assert done.status == 0
    assert "curated.yaml: written" in done.stdout
    assert "cd cam" in done.stdout
    done = curated(tmp_path / "cam", "check")
    assert done.status == 0
    assert "info CAL703" in done.stdout
    # Nothing at all is still an error, and so is the check of a path with nothing in it.
    assert curated(tmp_path / "cam", "check", "calibs").status == 2
    settings = tmp_path / "cam/curated.yaml"
    settings.write_text(settings.read_text("utf-8").replace("stage: new", "# stage: new"), "utf-8")
    assert curated(tmp_path / "cam", "check").status == 2


def test_git_repository_has_no_hooks_of_a_template(
    curated: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = tmp_path / "template"
    (template / "hooks").mkdir(parents=True)
    (template / "hooks/post-checkout").write_text("#!/bin/sh\n", "utf-8")
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(template))
    assert curated(tmp_path, "new", "package", "cam").status == 0
    root = tmp_path / "cam"
    assert not (root / ".git/hooks").exists()
    branch = subprocess.run(
        ["git", "-C", root, "symbolic-ref", "HEAD"], check=True, capture_output=True, text=True
    )
    assert branch.stdout == "refs/heads/main\n"


def test_inside_a_repository_and_without_git_none_is_made(curated: Commands, tmp_path: Path) -> None:
    assert curated(tmp_path, "new", "package", "plain", "--no-git").status == 0
    assert not (tmp_path / "plain/.git").exists()
    assert curated(tmp_path, "new", "package", "outer").status == 0
    (tmp_path / "outer/curated.yaml").unlink()
    assert curated(tmp_path / "outer", "new", "package", "inner", "--git").status == 0
    assert not (tmp_path / "outer/inner/.git").exists()


def test_nothing_is_overwritten_without_force(curated: Commands, tmp_path: Path) -> None:
    root = tmp_path / "cam"
    root.mkdir()
    (root / "README.md").write_text("mine\n", "utf-8")
    done = curated(root, "new", "package", ".")
    assert (done.status, tree(root)) == (2, {"README.md": "mine\n"})
    assert "README.md is there already" in done.stderr
    assert "--force" in done.stderr
    assert curated(root, "new", "package", ".", "--force").status == 0
    assert tree(root)["README.md"].startswith("# cam\n")


def test_dry_run_prints_what_it_would_write(curated: Commands, tmp_path: Path) -> None:
    done = curated(tmp_path, "new", "package", "cam", "--dry-run")
    assert done.status == 0
    assert "--- curated.yaml\n" in done.stdout
    assert "calibs: calibs\n" in done.stdout
    planned = curated(tmp_path, "new", "package", "cam", "--dry-run", "--format", "json").json
    assert os.listdir(tmp_path) == []
    assert curated(tmp_path, "new", "package", "cam").status == 0
    assert {file["path"]: file["text"] for file in planned["files"]} == tree(tmp_path / "cam")
    assert planned["version"] == 1


def test_a_repository_that_cannot_be_made_is_refused_at_once(
    curated: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = curated(tmp_path, "new", "package", "plain", "--git")
    assert (done.status, "there is no git" in done.stderr, list(tmp_path.iterdir())) == (2, True, [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["outer/inner"], "is in the package"),
        (["/"], "no name for a package"),
        ([""], "no name for a package"),
        (["new", "--url", "https://me:secret@example.org/"], "url has a user or a password"),
        (["README.md"], "is not a directory"),
    ],
)
def test_refusals_leave_nothing_behind(
    curated: Commands, tmp_path: Path, arguments: list[str], message: str
) -> None:
    assert curated(tmp_path, "new", "package", "outer", "--no-git").status == 0
    (tmp_path / "README.md").write_text("", "utf-8")
    before = sorted(tmp_path.rglob("*"))
    done = curated(tmp_path, "new", "package", *arguments)
    assert (done.status, sorted(tmp_path.rglob("*"))) == (2, before)
    assert message in done.stderr
    assert "secret" not in done.stderr
