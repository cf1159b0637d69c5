"""The oldest and the newest Butler: both do all that curated needs, and a release that is too old is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from curated.butler.repository import require_butler
from curated.butler.repository.compatibility import OLDEST, installed_version, release_numbers
from curated.core.diagnostic import CuratedError
from support.oldest_butler import REQUIREMENTS, ROOT, install, oldest_butler

OLDEST_NAME = ".".join(map(str, OLDEST))
PROGRAM = ROOT / "tools" / "exercise_butler.py"
# Runs the command line with a Butler that calls itself otherwise.
PRETENDER = """
import sys, lsst.daf.butler.version as version
version.__version__ = sys.argv.pop(1)
from curated.cli.main import main
main()
"""


def run(*arguments: str | Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({} if path is None else {"PYTHONPATH": str(path)})
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=200)


def test_the_oldest_release() -> None:
    process = run(PROGRAM, OLDEST_NAME, path=oldest_butler())
    assert process.returncode == 0, process.stdout + process.stderr
    assert process.stdout.startswith(f"lsst-daf-butler {OLDEST_NAME}, ")


def test_the_locked_release() -> None:
    process = run(PROGRAM, installed_version())
    assert process.returncode == 0, process.stdout + process.stderr


def test_the_program_fails_with_another_release_than_it_is_told() -> None:
    process = run(PROGRAM, "1.2.3")
    assert process.returncode == 1
    assert "FAILED: this is not release 1.2.3" in process.stdout


def test_without_a_network_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="CURATED_TEST_OFFLINE=1 to skip"):
        install(tmp_path, "--no-index", "--find-links", str(tmp_path))


def test_the_declared_release_is_the_oldest_that_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (requirement,) = project["optional-dependencies"]["butler"]
    assert release_numbers(requirement.removeprefix("lsst-daf-butler>=")) == OLDEST
    assert f"lsst-daf-butler=={OLDEST_NAME} " in REQUIREMENTS.read_text()


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        ("29.0.0", (29, 0, 0)),
        ("29.2025.4800", (29, 2025, 4800)),
        ("30.2026.4300.dev0", (30, 2026, 4300)),
        ("29.0.0.rc1", (29, 0, 0)),
        ("v29_1_1", (29, 1, 1)),
        ("30", (30, 0, 0)),
        ("28.0.2-1-g0123abc+5", (28, 0, 2)),
        # What a stack built from source calls itself.
        ("g3ca4f9ee1f+86e1c3d3e6", None),
        ("7e1f00d", None),
        ("1234567890abcdef", None),
        ("w_2026_05", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_numbers_of_a_release(version: str, numbers: tuple[int, int, int] | None) -> None:
    assert release_numbers(version) == numbers


def test_a_release_that_is_too_old_is_refused_in_one_sentence(tmp_path: Path) -> None:
    process = run("-c", PRETENDER, "28.0.2", "export", "repo", "-o", tmp_path / "text")
    assert process.returncode == 2, process.stderr
    assert process.stderr.splitlines() == [
        f"curated: error: lsst-daf-butler 28.0.2 is older than {OLDEST_NAME}, the oldest supported release",
        f"curated: hint: pip install 'lsst-daf-butler>={OLDEST_NAME}', or set up a stack of v29 or newer",
    ]


@pytest.mark.parametrize("version", ["g3ca4f9ee1f+86e1c3d3e6", "w_2026_05", OLDEST_NAME, "31.2027.100"])
def test_a_stack_built_from_source_is_judged_by_what_it_has(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsst.daf.butler.version.__version__", version)
    require_butler()


def test_a_stack_built_from_source_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsst.daf.butler.version.__version__", "g3ca4f9ee1f+86e1c3d3e6")
    monkeypatch.delattr("lsst.daf.butler.Butler.query_dimension_records")
    with pytest.raises(CuratedError, match=r"g3ca4f9ee1f\+86e1c3d3e6 is older than 29\.0\.0"):
        require_butler()
