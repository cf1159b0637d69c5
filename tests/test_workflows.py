"""The workflows pass their linters and follow our own rules."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from support.workflows import SCRIPTS, actionlint

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
PINNED = re.compile(r"^\s*(?:- )?uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)

INJECTION = """\
on: issues
jobs:
  greet:
    runs-on: ubuntu-24.04
    steps:
      - run: echo ${{ github.event.issue.title }} $unquoted
"""


def zizmor(*paths: Path) -> subprocess.CompletedProcess[str]:
    command = [SCRIPTS / "zizmor", "--offline", "--pedantic", "--strict-collection", "--no-progress", *paths]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_actionlint() -> None:
    process = actionlint(*WORKFLOWS)
    assert process.returncode == 0, process.stdout + process.stderr


def test_zizmor() -> None:
    process = zizmor(*WORKFLOWS, ROOT / ".pre-commit-config.yaml")
    assert process.returncode == 0, process.stdout + process.stderr


def test_the_tools_do_find_things(tmp_path: Path) -> None:
    workflow = tmp_path / ".github" / "workflows" / "bad.yaml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(INJECTION)
    linted, audited = actionlint(workflow), zizmor(workflow)
    assert linted.returncode == 1
    assert "potentially untrusted" in linted.stdout
    assert "SC2086" in linted.stdout
    assert audited.returncode > 1
    assert "template-injection" in audited.stdout


def test_there_are_workflows() -> None:
    assert {path.stem for path in WORKFLOWS} >= {"check", "release", "reusable-check", "test"}


@each_workflow
def test_actions_are_pinned_to_a_commit(path: Path) -> None:
    uses = [line for line in path.read_text().splitlines() if re.match(r"\s*(- )?uses:", line)]
    assert uses
    assert [line for line in uses if not PINNED.match(line)] == []


@each_workflow
def test_permissions_and_timeouts_are_explicit(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] in ({}, {"contents": "read"})
    assert workflow["concurrency"]
    for name, job in workflow["jobs"].items():
        assert "permissions" in job, name
        assert 0 < job["timeout-minutes"] <= 60, name


@each_workflow
def test_a_checkout_has_the_whole_history_and_leaves_no_credentials(path: Path) -> None:
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    steps = [
        step for job in jobs for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert steps
    for step in steps:
        assert step["with"]["persist-credentials"] is False
        # The history of another repository is not needed for provenance.
        assert step["with"].get("fetch-depth", 1) == (1 if "repository" in step["with"] else 0)
