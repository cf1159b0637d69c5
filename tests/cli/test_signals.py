"""Commands that are ended by signals: exit status, message, and nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from support.kills import run_and_kill
from support.packages import defects_path, defects_text
from support.programs import curated_command, run_curated, run_python

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
        "from curated.cli import main\nfrom curated.cli.signals import handle_signals\nhandle_signals()\n"
        "os.kill(os.getpid(), signal.SIGHUP)\nprint('alive')\n"
    )
    assert run_python(code).stdout == "alive\n"


def test_a_signal_in_the_removal_of_an_object_is_not_lost() -> None:
    code = (
        "import os, signal\nfrom curated.cli.signals import Stop, handle_signals\nhandle_signals()\n"
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
