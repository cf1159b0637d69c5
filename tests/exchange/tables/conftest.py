"""A package to which tables are added."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.foreign_tables import Tables


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)
