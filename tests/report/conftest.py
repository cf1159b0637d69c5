"""Findings that tests of several reporters share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from curated.check.package import check_package
from curated.core.diagnostic import Diagnostic
from curated.package.package import open_package

BAD = Path(__file__).parents[1] / "data" / "bad"


@pytest.fixture(scope="session")
def all_bad() -> list[Diagnostic]:
    """Return the findings of all bad cases."""
    found = []
    for case in sorted(path for path in BAD.iterdir() if path.is_dir()):
        # A bare package must not stand inside another one; those with a curated.yaml are most of them.
        if (case / "curated.yaml").is_file():
            package = open_package(case)
            found += check_package(package, use_cache=False, jobs=1, today=date(2026, 1, 1)).diagnostics
    assert len({d.code for d in found}) > 50
    return found
