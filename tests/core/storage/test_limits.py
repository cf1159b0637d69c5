"""Errors that say nothing about a file: they are never taken for a file that is not there or is wrong."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable

import pytest

from conftest import GitPackage
from curated.core.storage import limits
from curated.git.command import run_git
from curated.git.settings import own_settings
from curated.package.config import CONFIG_FILE
from curated.package.files import read_file
from curated.package.package import open_package
from support.packages import make_demo_package
from support.programs import curated_command


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """The demonstration package, which no test changes."""
    return make_demo_package(tmp_path_factory.mktemp("demo") / "package")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("most", [8, 11, 16, 24])
def test_a_check_with_few_handles_has_no_verdict(demo: GitPackage, most: int, form: str) -> None:
    done = subprocess.run(
        curated_command("check", "-j2", "--no-cache", "--format", form),
        cwd=demo.path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] in (
        "curated: error: Too many open files",
        "curated: error: Too many open files: /dev/null",
    )


def test_a_check_that_python_can_hardly_start_has_no_verdict(demo: GitPackage) -> None:
    """With four handles Python itself may fail, with its own status, while it imports modules."""
    done = subprocess.run(
        curated_command("check", "-j2", "--no-cache"),
        cwd=demo.path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert done.stdout == ""


@pytest.mark.parametrize("code", sorted(limits.EXHAUSTED))
def test_no_part_of_a_check_goes_on_without_a_file(
    demo: GitPackage, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Each call that the system refuses is an error, and never a finding or a file that is passed over."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    files = open_package(demo.path).files
    calls: dict[str, tuple[object, str, Callable[[], object]]] = {
        "git": (subprocess.Popen, "__init__", lambda: run_git(demo.path, "status")),
        "settings": (os, "open", lambda: own_settings(demo.path)),
        "layout": (os, "scandir", lambda: open_package(demo.path).layout),
        "file": (os, "open", lambda: read_file(files, CONFIG_FILE)),
        "package": (os, "open", lambda: open_package(demo.path)),
    }
    for name, (owner, attribute, call) in calls.items():
        with monkeypatch.context() as patch:
            patch.setattr(owner, attribute, refuse)
            with pytest.raises(OSError, match=os.strerror(code)[1:]) as caught:
                call()
        assert caught.value.errno == code, name
