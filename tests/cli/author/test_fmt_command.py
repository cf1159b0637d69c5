"""``curated fmt``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.canonical.formatter import format_text
from support.packages import defects_path, defects_text
from support.programs import run_curated

CONFIG = "# who we are\nurl:   'https://example.org/calibs'\n"
CANONICAL_CONFIG = "# who we are\nurl: 'https://example.org/calibs'\n"


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    text = format_text(defects_text().encode(), "ecsv").data.decode()
    package = make_package({"curated.yaml": CONFIG, defects_path(0): text, defects_path(1): text + "\n\n"})
    assert run_curated("fmt", "--check", defects_path(0), cwd=package.path).returncode == 0
    return package


def state(root: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file() and ".git/" not in str(p)}


def test_it_changes_what_is_not_canonical_and_nothing_else(package: GitPackage) -> None:
    before = state(package.path)
    done = run_curated("fmt", cwd=package.path)
    assert (done.returncode, done.stdout) == (0, f"{defects_path(1)}: changed\ncurated.yaml: changed\n")
    after = state(package.path)
    assert {path for path in before if before[path] != after[path]} == {
        str(package.path / "curated.yaml"),
        str(package.path / defects_path(1)),
    }
    assert (package.path / "curated.yaml").read_text() == CANONICAL_CONFIG
    again = run_curated("fmt", cwd=package.path)
    assert (again.returncode, again.stdout) == (0, "")
    assert "3 texts: all in canonical form" in again.stderr


@pytest.mark.parametrize(("option", "part"), [("--check", "curated.yaml: not in canonical form"), ("--diff", "+url: 'https://example.org/calibs'"),
                                              ("--dry-run", "curated.yaml: would be changed")])  # fmt: skip
def test_looking_changes_nothing(package: GitPackage, option: str, part: str) -> None:
    before = state(package.path)
    done = run_curated("fmt", option, cwd=package.path)
    assert (done.returncode, part in done.stdout) == (int(option != "--dry-run"), True)
    assert state(package.path) == before


def test_json(package: GitPackage) -> None:
    done = run_curated("fmt", "--check", "--format", "json", "calibs", cwd=package.path)
    result = json.loads(done.stdout)
    assert (done.returncode, result["failed"], result["checked"]) == (1, True, 2)
    assert [entry["path"] for entry in result["files"]] == [defects_path(1)]


def test_a_text_that_cannot_be_read_is_a_finding_and_the_others_are_formatted(package: GitPackage) -> None:
    package.write({defects_path(2): "# %ECSV 1.0\n"})
    done = run_curated("fmt", cwd=package.path)
    assert done.returncode == 1
    assert f"{defects_path(2)}:1:1: error CAL205" in done.stdout + done.stderr
    assert f"{defects_path(1)}: changed" in done.stdout


def test_links_and_files_that_may_not_be_written(package: GitPackage, tmp_path: Path) -> None:
    outside = tmp_path / "outside.ecsv"
    outside.write_text(defects_text() + "\n\n")
    (package.path / defects_path(2)).parent.mkdir(parents=True)
    os.symlink(outside, package.path / defects_path(2))
    done = run_curated("fmt", cwd=package.path)
    assert (done.returncode in (1, 2), outside.read_text()) == (True, defects_text() + "\n\n")
    (package.path / defects_path(2)).unlink()
    package.write({defects_path(1): defects_text() + "\n\n"})
    (package.path / defects_path(1)).chmod(0o444)
    before = state(package.path)
    done = run_curated("fmt", cwd=package.path)
    assert (done.returncode, "read-only" in done.stderr, state(package.path)) == (2, True, before)


def test_paths(package: GitPackage, tmp_path: Path) -> None:
    assert run_curated("fmt", "nothing", cwd=package.path).returncode == 2
    (package.path / "notes.txt").write_text("x")
    done = run_curated("fmt", "notes.txt", cwd=package.path)
    assert (done.returncode, "no calibration" in done.stderr) == (2, True)
    done = run_curated("-C", package.path, "fmt", "--check", "calibs/lab", cwd=tmp_path)
    assert done.returncode in (1, 2)
