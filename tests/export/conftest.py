"""Repositories as pipelines fill them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.exports import Lab, make_repository


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository without datasets."""
    pytest.importorskip("lsst.daf.butler")
    return make_repository(tmp_path_factory.mktemp("template") / "repo")


@pytest.fixture
def lab(tmp_path: Path, template: Path) -> Lab:
    """A repository without datasets, for a test to fill."""
    return Lab(tmp_path / "repo", template)
