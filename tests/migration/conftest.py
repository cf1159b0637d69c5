"""Where the sources of migrations lie."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A directory in that of the test: sources have directories of types, and the directory above would be a package."""
    place = tmp_path / "place"
    place.mkdir()
    return place
