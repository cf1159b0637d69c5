"""Run the commands and steps of docs/pull-requests.md, and compare its tables with the workflow."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import GitPackage
from support.packages import ROOT, defects_path, defects_text
from support.pages import assert_page_shows, commands, environment_with_curated, without_counts
from support.workflows import actionlint

PAGE = (ROOT / "docs/pull-requests.md").read_text("utf-8")
CALLED = "curated-calibs/curated/.github/workflows/reusable-check.yaml"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """The demonstration package with its schemas, as one commit."""
    package_copy = GitPackage(tmp_path_factory.mktemp("page") / "package")
    for name in ("calibs", "schemas"):
        shutil.copytree(ROOT / name, package_copy.path / name)
    shutil.copy(ROOT / "curated.yaml", package_copy.path)
    package_copy.git("init", "--quiet")
    package_copy.commit(message="Add calibrations")
    return package_copy


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `curated` is that of this source tree."""
    return environment_with_curated(tmp_path_factory.mktemp("bin"))


def test_commands_print_what_the_page_shows(
    package: GitPackage, environment: dict[str, str], request: pytest.FixtureRequest
) -> None:
    assert len(commands(PAGE)) >= 10
    update = request.config.getoption("--update-expected")
    assert_page_shows(
        ROOT / "docs/pull-requests.md", package.path, environment, without_counts, update=update
    )


def test_the_annotation_is_quoted_as_it_is_printed() -> None:
    (line,) = [line for line in PAGE.splitlines() if line.startswith("    ::error ")]
    file, number, title, message = re.findall(r"file=(.*),line=(\d+),.*title=(\w+)::(.*)", line)[0]
    quoted = [line.removeprefix("> ") for line in PAGE.splitlines() if line.startswith("> ")]
    assert quoted == [f"❌ **{title}**", f"Check failure on line {number} in {file}", message]


def test_the_five_lines_call_the_workflow(tmp_path: Path) -> None:
    (text,) = [block for block in blocks("yaml") if CALLED in block]
    assert len(text.splitlines()) == 5
    assert textwrap.indent(text, "    ") in (ROOT / "README.md").read_text("utf-8")
    directory = tmp_path / ".github" / "workflows"
    directory.mkdir(parents=True)
    shutil.copy(ROOT / ".github/workflows/reusable-check.yaml", directory)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    caller = directory / "calibrations.yaml"
    local = re.sub(rf"{CALLED}@\S+", "./.github/workflows/reusable-check.yaml", text)
    # actionlint compares a call of a workflow in the same repository with the declared inputs.
    for workflow_text, status in ((local, 0), (local.replace("version:", "revision:"), 1)):
        caller.write_text(workflow_text)
        process = actionlint(caller, cwd=tmp_path)
        assert process.returncode == status, process.stdout


def test_every_input_of_the_workflow_is_on_the_page() -> None:
    workflow: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/reusable-check.yaml").read_text())
    # YAML 1.1 reads the key `on` as true.
    inputs = workflow[True]["workflow_call"]["inputs"]
    rows = re.findall(r"^\| `([\w-]+)` \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(inputs)
    for name, description, default in rows:
        assert inputs[name]["description"].split(";")[0].rstrip(".") == description.replace("`", "").rstrip(
            "."
        )
        value = inputs[name].get("default", "required")
        assert default.strip("`") == (str(value).lower() if isinstance(value, bool) else value or "none")


def run_step(name: str, directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step of the workflow like a runner: its script in bash, its inputs in the environment."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/reusable-check.yaml").read_text())
    (step,) = [step for step in workflow["jobs"]["check"]["steps"] if step.get("name") == name]
    assert set(step["env"].values()) <= {
        "${{ inputs.directory }}",
        "${{ inputs.exposures }}",
        "${{ github.base_ref }}",
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-c", step["run"]],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def make_tool(directory: Path) -> None:
    """Make the program where the workflow installs it."""
    tool = directory / "curated/.venv/bin/curated"
    tool.parent.mkdir(parents=True)
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m curated "$@"\n')
    tool.chmod(0o755)


def test_the_report_of_a_pull_request_goes_into_the_summary(tmp_path: Path) -> None:
    package = GitPackage(tmp_path / "package")
    package.write({f"data/{defects_path()}": defects_text(), "data/curated.yaml": ""})
    package.write({"data/my visits.csv": "visit,date_obs\n1,2021-01-01T00:00:00\n"})
    package.git("init", "--quiet")
    package.commit()
    package.git("update-ref", "refs/remotes/origin/release/1", "HEAD")
    make_tool(tmp_path)
    summary = tmp_path / "summary with spaces.md"
    environment = {"DIRECTORY": "data", "BASE": "release/1", "GITHUB_STEP_SUMMARY": str(summary)}
    # An error in a calibration was reported by the check, and the report is made all the same.
    for x0, exposures, heading in (
        (3, "data/my visits.csv", "1 of 1 exposures affected"),
        (-1, "", "failed"),
    ):
        package.commit({f"data/{defects_path()}": defects_text(x0=x0)})
        process = run_step("Report", tmp_path, EXPOSURES=exposures, **environment)
        assert (process.returncode, process.stderr) == (0, "")
        assert heading in summary.read_text()
        assert "pixels_gained" in (tmp_path / "curated-report/index.html").read_text()


def test_the_steps_of_the_workflow_do_what_they_say(tmp_path: Path) -> None:
    package = GitPackage(tmp_path / "package")
    package.write({f"data/{defects_path()}": defects_text(x0=-1), "data/curated.yaml": ""})
    package.git("init", "--quiet")
    package.commit()
    make_tool(tmp_path)
    summary = tmp_path / "summary with spaces.md"
    for wrong, status in ((True, 1), (False, 0)):
        package.commit({f"data/{defects_path()}": defects_text(x0=-1 if wrong else 1)})
        process = run_step("Check", tmp_path, DIRECTORY="data", GITHUB_STEP_SUMMARY=str(summary))
        assert (process.returncode, process.stderr) == (status, "")
        assert process.stdout.startswith(f"::error file=data/{defects_path()},") is wrong
        assert ("failed" if wrong else "passed") in summary.read_text().rpartition("## ")[2]
        assert run_step("Write SARIF", tmp_path, DIRECTORY="data").returncode == 0
        (run,) = json.loads((tmp_path / "curated.sarif").read_text())["runs"]
        assert ("CAL301" in [result["ruleId"] for result in run["results"]]) is wrong
    for directory in ("nowhere", "$(touch x); x", "-v"):
        for name in ("Check", "Write SARIF"):
            process = run_step(name, tmp_path, DIRECTORY=directory, GITHUB_STEP_SUMMARY=str(summary))
            assert process.returncode not in (0, 1) or name == "Write SARIF"
            assert process.returncode != 0
    assert not (tmp_path / "x").exists()


def test_the_examples_are_yaml() -> None:
    for text in blocks("yaml"):
        assert yaml.safe_load(text) or text.startswith("# yaml-language-server:")
