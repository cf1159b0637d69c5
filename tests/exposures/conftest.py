"""Files with tables of exposures."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.exposures import MakeTable


@pytest.fixture
def table(tmp_path: Path) -> MakeTable:
    """Make a file of text or bytes."""

    def make(content: str | bytes, name: str = "exposures.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make
