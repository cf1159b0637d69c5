"""Commands that are ended by signals, whose streams are closed or full, or whose environment lacks something."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.cli.process import environment_failure
from support.kills import run_and_kill
from support.packages import UNTOUCHED, defects_path, defects_text
from support.programs import curated_command, run_curated, run_python

# -- signals -------------------------------------------------------------------------------------------

SIGNALS = {
    signal.SIGINT: "curated: interrupted\n",
    signal.SIGTERM: "curated: terminated\n",
    signal.SIGHUP: "curated: the terminal was closed\n",
}
MARK = ["--reason", "x", "--by", "Ada", "--cover", "hole"]


@pytest.mark.parametrize(("number", "message"), SIGNALS.items())
@pytest.mark.parametrize("command", ["bundle", "convert"])
def test_a_signal_leaves_nothing(
    demo: GitPackage, tmp_path: Path, number: signal.Signals, message: str, command: str
) -> None:
    output = tmp_path / "parent" / "out"
    arguments = ["bundle", output] if command == "bundle" else ["convert", "-o", output]
    done = run_and_kill([*arguments, "-j1"], "os.mkdir", 7, number, demo.path)
    assert (done.returncode, done.stderr, done.stdout) == (128 + number, message, "")
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "package" not in path.parts] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_processes_of_a_check_end_without_a_word(demo: GitPackage, number: signal.Signals) -> None:
    command = curated_command("check", "--no-cache", "-j2")
    process = subprocess.Popen(
        command,
        cwd=demo.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None and len(children.read_text().split()) < 2:
        time.sleep(0.005)
    # As a terminal does it: all processes get the signal.
    os.killpg(process.pid, number)
    _, stderr = process.communicate()
    assert (process.returncode, stderr) in ((128 + number, SIGNALS[number]), (0, ""))


def test_the_next_run_removes_what_a_killed_one_left(demo: GitPackage, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    for command in (["bundle", parent / "out"], ["convert", "-o", parent / "out"]):
        done = run_and_kill([*command, "-j1"], "os.mkdir", 7, signal.SIGKILL, demo.path)
        assert done.returncode == -signal.SIGKILL
        assert list(parent.rglob(".*curated-*"))
        assert not list(parent.rglob("manifest.json"))
        done = run_curated(*command, cwd=demo.path)
        assert done.returncode == 0
        assert "which an interrupted run had left" in done.stderr
        assert not list(parent.rglob(".*curated-*"))
        subprocess.run(["rm", "-r", parent], check=True)


def test_marks_are_set_on_all_files_or_on_none(make_package: MakePackage) -> None:
    before = {defects_path(number): defects_text(detector=number).encode() for number in range(2)}
    package = make_package({"curated.yaml": "", **before}).path

    def contents() -> dict[str, bytes]:
        return {path: (package / path).read_bytes() for path in before}

    partial = 0
    for count in range(1, 7):
        done = run_and_kill(["deprecate", *before, *MARK], "os.rename", count, signal.SIGKILL, package)
        if done.returncode == 0:
            break
        changed = [content != before[path] for path, content in contents().items()]
        if any(changed) and not all(changed):
            partial += 1
            check = run_curated("check", cwd=package)
            assert (check.returncode, "CAL652" in check.stdout) == (1, True)
            run = run_curated("bundle", package.parent / "no", "--allow-dirty", cwd=package)
            assert (run.returncode, "CAL652" in run.stderr) == (1, True)
        # The next one undoes it before it begins.
        undo = run_curated("deprecate", "--undo", *before, cwd=package)
        assert undo.returncode == 0
        assert contents() == before
        assert "CAL652" not in run_curated("check", cwd=package).stdout
    assert (partial, done.returncode) == (1, 0)
    assert before.items().isdisjoint(contents().items())
    assert not list(package.rglob(".curated-*"))


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    code = (
        "import os, signal, sys\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from curated.cli import main\nfrom curated.cli.process import handle_signals\nhandle_signals()\n"
        "os.kill(os.getpid(), signal.SIGHUP)\nprint('alive')\n"
    )
    assert run_python(code).stdout == "alive\n"


def test_a_signal_in_the_removal_of_an_object_is_not_lost() -> None:
    code = (
        "import os, signal\nfrom curated.cli.process import Stop, handle_signals\nhandle_signals()\n"
        "class A:\n    def __del__(self):\n        os.kill(os.getpid(), signal.SIGINT)\n        [None for _ in range(9)]\n"
        "try:\n    A()\n    import time; time.sleep(5)\nexcept Stop as stop:\n    print(stop.number)\n"
    )
    done = run_python(code)
    assert (done.stdout, done.stderr) == ("2\n", "")


def test_a_signal_during_the_imports_shows_no_traceback() -> None:
    code = (
        "import sys, os, signal\n"
        "class Finder:\n    def find_spec(self, name, *_):\n"
        "        if name == 'click': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\nfrom curated.cli.main import main\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


# -- streams -------------------------------------------------------------------------------------------


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
def packages(tmp_path: Path) -> dict[int, Path]:
    """A package by the exit status of its check."""
    places = {0: tmp_path / "right", 1: tmp_path / "wrong"}
    for status, place in places.items():
        file = place / defects_path()
        file.parent.mkdir(parents=True)
        file.write_text(defects_text(x0=1 - 2 * status))
        (place / "curated.yaml").write_text("")
    return places


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


# -- environment ---------------------------------------------------------------------------------------


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


def test_a_file_in_no_directory(tmp_path: Path) -> None:
    """Whoever writes into a directory that is not there learns which one to make."""
    failure = environment_failure(
        FileNotFoundError(errno.ENOENT, "No such file", str(tmp_path / "none/a.png"))
    )
    assert failure is not None
    assert failure.hint == f"there is no directory {tmp_path / 'none'}: make it first"
    failure = environment_failure(FileNotFoundError(errno.ENOENT, "No such file", str(tmp_path / "a.png")))
    assert failure is not None
    assert failure.hint == ""


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
