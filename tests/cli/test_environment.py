"""Limits, missing directories and odd settings of Python: no bug of this program."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import GitPackage
from curated.cli.environment import environment_failure
from support.packages import UNTOUCHED
from support.programs import curated_command, run_curated


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "memory ran out"),
        (RecursionError("maximum recursion depth exceeded"), "an input is nested too deeply"),
        (OSError(errno.ENOSPC, "No space left on device", "out"), "No space left on device: out"),
        (OSError(errno.EIO, "Input/output error", b"out"), "Input/output error: out"),
        (OSError("no usable directory"), "no usable directory"),
        (TimeoutError(), ""),
        (RuntimeError("can't start new thread"), "the system starts no more threads"),
        (ImportError("libx.so: failed to map segment from shared object"), "memory ran out"),
        (
            ModuleNotFoundError("No module named 'lsst'", name="lsst"),
            "a module cannot be imported: No module named 'lsst'",
        ),
        (ImportError("", name="numpy"), "a module cannot be imported: numpy"),
    ],
    ids=repr,
)
def test_failures_of_the_environment(error: Exception, message: str) -> None:
    failure = environment_failure(error)
    assert failure is not None
    assert failure.message == message


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), RuntimeError("x"), AssertionError(), KeyError("x"), ImportError("x", name="curated.x")],
    ids=repr,
)
def test_bugs(error: Exception) -> None:
    assert environment_failure(error) is None


def test_an_import_that_fails_for_lack_of_files_is_no_broken_installation() -> None:
    error = ImportError("IMPORTANT: PLEASE READ THIS\nlong text", name="numpy")
    error.__cause__ = OSError(errno.EMFILE, "Too many open files", "x.so")
    failure = environment_failure(error)
    assert failure is not None
    assert failure.message == "Too many open files: x.so"


@pytest.mark.parametrize("limit", ["-n 16", "-n 24", "-v 60000", "-v 100000", "-f 20"])
def test_limits_are_said(demo: GitPackage, tmp_path: Path, limit: str) -> None:
    script = f'ulimit {limit}; "$@"'
    output = tmp_path / "out"
    command = ["bash", "-c", script, "bash", *curated_command("bundle", output, "-j2")]
    done = subprocess.run(command, cwd=demo.path, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    if done.returncode == 0:
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=output, check=True)
    else:
        assert done.returncode == 2
        assert done.stderr.startswith("curated: error: ")
        assert not output.exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("options", [["-OO"], ["-W", "error", "-bb", "-X", "dev"]], ids="".join)
def test_options_of_python_change_nothing(demo: GitPackage, tmp_path: Path, options: list[str]) -> None:
    for name, python in (("plain", []), ("other", options)):
        for arguments in (
            ["schema", "write", "--help"],
            ["bundle", str(tmp_path / name), "-j2"],
            ["show", UNTOUCHED],
        ):
            command = [sys.executable, *python, "-m", "curated", *arguments]
            done = subprocess.run(command, cwd=demo.path, capture_output=True, text=True, check=False)
            assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert (tmp_path / "plain" / "SHA256SUMS").read_bytes() == (
        tmp_path / "other" / "SHA256SUMS"
    ).read_bytes()


def test_schemas_without_docstrings() -> None:
    root = Path(__file__).parents[2]
    done = run_curated("schema", "check", cwd=root, PYTHONOPTIMIZE="2")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_directory_that_no_longer_exists(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = ["bash", "-c", 'rmdir "$PWD"; "$@"', "bash", *curated_command("check")]
    done = subprocess.run(command, cwd=gone, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "curated: error: the current directory no longer exists" in done.stderr


def test_no_home_and_no_temporary_directory(demo: GitPackage) -> None:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")
    }
    for odd in ({"TMPDIR": "/nowhere"}, {"HOME": "/dev/null"}, {"XDG_CACHE_HOME": "relative"}):
        done = subprocess.run(
            curated_command("check"),
            cwd=demo.path,
            env=environment | odd,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert not (demo.path / "relative").exists()
        assert not (demo.path / "~").exists()
