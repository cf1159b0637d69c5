"""The files of a new package."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from curated.core.version import __version__
from curated.drafts.package import STAGE_LINE, draft_package, without_stage
from curated.package.config import parse_config

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("url", ["", "https://example.org/calibs", "https://example.org/#a: b"])
def test_settings_are_read_as_they_are_meant(url: str) -> None:
    config = parse_config(draft_package("cam", url)["curated.yaml"])
    assert (config.stage, config.url, config.calibs, config.diagnostics) == ("new", url, "calibs", ())


def test_stage_is_taken_out_and_nothing_else() -> None:
    text = draft_package("cam")["curated.yaml"]
    lines = without_stage(text).splitlines()
    assert STAGE_LINE not in lines
    assert [*lines[:2], STAGE_LINE, *lines[2:]] == text.splitlines()
    assert without_stage("calibs: .\nstage: new\n") == "calibs: .\nstage: new\n"


def test_workflow_calls_the_reusable_one_with_inputs_that_it_has() -> None:
    job = yaml.safe_load(draft_package("cam")[".github/workflows/calibrations.yaml"])["jobs"]["calibrations"]
    path, _, version = job["uses"].partition("@")
    called = yaml.safe_load((ROOT / path.removeprefix("curated-calibs/curated/")).read_text("utf-8"))
    assert set(job["with"]) <= set(called[True]["workflow_call"]["inputs"])
    assert version == job["with"]["version"] == f"v{__version__}"


def test_hook_is_one_that_there_is() -> None:
    (repository,) = yaml.safe_load(draft_package("cam")[".pre-commit-config.yaml"])["repos"]
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert {hook["id"] for hook in repository["hooks"]} <= {hook["id"] for hook in hooks}
