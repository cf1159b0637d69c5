"""Repositories as pipelines fill them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.exports import PipelineRepository, make_repository


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository without datasets."""
    pytest.importorskip("lsst.daf.butler")
    return make_repository(tmp_path_factory.mktemp("template") / "repo")


@pytest.fixture
def lab(tmp_path: Path, template: Path) -> PipelineRepository:
    """A repository without datasets, for a test to fill."""
    return PipelineRepository(tmp_path / "repo", template)
