"""The pre-commit hook, installed and run by pre-commit in a repository that uses it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from conftest import GitPackage, MakePackage
from support.packages import ROOT, defects_path, defects_text

MANIFEST = ".pre-commit-hooks.yaml"


def pre_commit(*arguments: str, cwd: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run pre-commit so that it installs only our package; dependencies are those installed for the tests.

    Nothing is downloaded.
    """
    environment = os.environ | {
        "PRE_COMMIT_HOME": str(home),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # as pip reads it: no isolation
        "PYTHONPATH": os.pathsep.join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}),
    }
    command = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """The current state of this repository as one commit, to which a user's configuration refers."""
    repository = GitPackage(tmp_path_factory.mktemp("tool") / "curated")
    shutil.copytree(ROOT / "src", repository.path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", MANIFEST):
        shutil.copy(ROOT / name, repository.path)
    repository.git("init", "--quiet")
    repository.commit()
    return repository


def test_the_manifest_is_valid(tmp_path: Path) -> None:
    process = pre_commit("validate-manifest", MANIFEST, cwd=ROOT, home=tmp_path)
    assert (process.returncode, process.stdout + process.stderr) == (0, "")


@pytest.mark.slow
def test_the_hook_runs(tool: GitPackage, make_package: MakePackage, tmp_path: Path) -> None:
    hook = {"repo": str(tool.path), "rev": tool.commits[0], "hooks": [{"id": "curated-check"}]}
    package = make_package(
        {
            "curated.yaml": "",
            defects_path(0): defects_text(),
            defects_path(1): defects_text(detector=1),
            "notes.txt": "text",
            ".pre-commit-config.yaml": yaml.safe_dump({"repos": [hook]}),
        }
    )

    def run_hook(files: dict[str, str]) -> subprocess.CompletedProcess[str]:
        package.write(files)
        package.git("add", "--all")
        return pre_commit("run", cwd=package.path, home=tmp_path / "home")

    skipped = run_hook({"notes.txt": "more text"})
    assert (skipped.returncode, "Skipped" in skipped.stdout) == (0, True), skipped.stdout
    failed = run_hook({defects_path(0): defects_text(x0=-1)})
    assert (failed.returncode, "Failed" in failed.stdout) == (1, True), failed.stdout + failed.stderr
    assert f"{defects_path(0)}:{len(defects_text().splitlines())}:1: error CAL301 " in failed.stdout
    assert "2 calibrations checked" in failed.stdout, "the whole package, whichever file was changed"
    passed = run_hook({defects_path(0): defects_text(x0=2)})
    assert (passed.returncode, "Passed" in passed.stdout) == (0, True), passed.stdout
    (installed,) = (tmp_path / "home").glob("*/py_env-*/bin/curated")
    assert installed.is_file(), "the check is that of the hook's own environment"
