"""Standard streams that are closed, full, or read by a program that has enough."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import GitPackage
from support.packages import defects_path, defects_text
from support.programs import curated_command


def run(redirection: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of which a shell redirects streams."""
    script = f'set -o pipefail; "$@" {redirection}'
    return subprocess.run(
        ["bash", "-c", script, "bash", *curated_command(*arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def packages(demo: GitPackage, tmp_path: Path) -> dict[int, Path]:
    """A package by the exit status of its check."""
    wrong = tmp_path / "wrong" / defects_path()
    wrong.parent.mkdir(parents=True)
    wrong.write_text(defects_text(x0=-1))
    (tmp_path / "wrong" / "curated.yaml").write_text("")
    return {0: demo.path, 1: tmp_path / "wrong"}


@pytest.mark.parametrize(
    "redirection", [">&-", "2>&-", "<&- >&- 2>&-", "| head -c 1", "| true", "2>&1 | true", "2>/dev/full"]
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_verdict_is_the_exit_status(packages: dict[int, Path], redirection: str, form: str) -> None:
    for status, path in packages.items():
        done = run(redirection, "check", "--no-cache", "--format", form, cwd=path)
        assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.parametrize("redirection", [">/dev/full", ">/dev/full 2>&1"])
def test_results_that_cannot_be_written_are_an_error(packages: dict[int, Path], redirection: str) -> None:
    for path in packages.values():
        done = run(redirection, "check", "--no-cache", cwd=path)
        assert done.returncode == 2
        assert done.stderr in ("", "curated: error: No space left on device\n")


def test_a_bundle_without_streams_is_whole(demo: GitPackage, tmp_path: Path) -> None:
    """Files that are opened do not take the numbers of standard streams, to which git and others write."""
    done = run("<&- >&- 2>&-", "bundle", str(tmp_path / "out"), cwd=demo.path)
    assert done.returncode == 0
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "out", check=True)
