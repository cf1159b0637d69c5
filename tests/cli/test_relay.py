"""One process does the work of the driver for all files of a ``git diff``, and nothing of it is left."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.cli.relay import ask_helper, encoded, leave_helper
from curated.report.git.content_text import external_difference
from support.changes import EPOCHS, OLD, version
from support.programs import run_curated

PATHS = [OLD, *(OLD.replace("2020", str(year)) for year in (2031, 2032, 2033))]
WAITS = "zz/last.txt"

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="helpers need Linux")


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    """A package with four changed calibrations, whose clone has the driver."""
    package = make_package({**EPOCHS, **{path: version(OLD) for path in PATHS}, WAITS: "a\n"})
    assert run_curated("git", "install", "--private", cwd=package.path).returncode == 0
    package.write({path: version(OLD, x0=3 + number) for number, path in enumerate(PATHS)})
    return package


def drivers(package: GitPackage) -> list[int]:
    """Return the processes of drivers that run in a package."""
    pids = []
    for entry in Path("/proc").iterdir():
        try:
            is_driver = b"external-diff" in (entry / "cmdline").read_bytes()
            if entry.name.isdecimal() and is_driver and (entry / "cwd").readlink() == package.path.resolve():
                pids.append(int(entry.name))
        except OSError:
            continue
    return pids


def wait_for(package: GitPackage, count: int) -> list[int]:
    """Return the drivers once there are so many."""
    end = time.monotonic() + 20
    while len(pids := drivers(package)) != count and time.monotonic() < end:
        time.sleep(0.02)
    return pids


def test_the_first_driver_does_the_work_of_all(
    package: GitPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tmp_path / Path(OLD).name
    before.write_text(version(OLD))
    monkeypatch.chdir(package.path)
    expected = [
        line
        for path in sorted(PATHS)
        for line in external_difference((path, str(before), "1" * 40, "", path, "2" * 40, ""))
    ]
    done = subprocess.run(
        ["git", "diff"],
        cwd=package.path,
        env=os.environ | {"PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "".join(f"{line}\n" for line in expected)
    assert "pixels_gained" in done.stdout
    modules = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    assert (modules.count("curated.cli.main"), modules.count("curated.cli.relay")) == (1, len(PATHS))
    assert wait_for(package, 0) == []


def test_a_helper_ends_with_git_and_answers_nobody_else(package: GitPackage) -> None:
    package.git("config", "diff.slow.command", "sleep 60; :")
    attributes = package.path / ".git/info/attributes"
    attributes.write_text(f"{attributes.read_text()}\n{WAITS} diff=slow\n")
    package.write({WAITS: "b\n"})
    with subprocess.Popen(
        ["git", "diff"], cwd=package.path, stdout=subprocess.PIPE, process_group=0
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4 * len(PATHS))]
        assert lines[0].startswith(b"diff --curated")
        (helper,) = wait_for(package, 1)
        start = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"\0curated-git-{os.getuid()}-{process.pid}-{start}")
            with suppress(OSError):  # the other end may be closed by now
                connection.sendall(bytes(8))
                assert connection.recv(1) == b""
        assert drivers(package) == [helper]
        process.kill()
        assert wait_for(package, 0) == []
        os.killpg(process.pid, 9)  # what waits


def test_without_git_there_is_no_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["git", "external-diff", "--program", "1", "--", "a"]
    assert not ask_helper(arguments)
    assert not ask_helper(["git", "textconv", "--program", "1", "--", "a"])
    monkeypatch.setenv("GIT_DIFF_PATH_COUNTER", "1")
    monkeypatch.setenv("GIT_DIFF_PATH_TOTAL", "9")
    leave_helper(lambda _: b"")
    assert not ask_helper(arguments)


def test_text_that_the_output_cannot_show() -> None:
    assert encoded(["a\udcff", ""]) == b"a\\udcff\n\n"
