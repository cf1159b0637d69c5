"""When a migration is complete."""

from __future__ import annotations

from datetime import datetime

from curated.core.diagnostic import Diagnostic, Problem
from curated.migration.result import ADDED, LISTED, Migration, Outcome
from curated.migration.survey import Product

PRODUCT = Product(label="x", index="i", kind="k", start=datetime(2020, 1, 1))


def test_complete_means_that_nothing_is_lost_or_wrong() -> None:
    added = Migration(contents={"x": b""}, outcomes=(Outcome(PRODUCT, ADDED),))
    error = Diagnostic.from_problem(Problem("CAL730", (), "x"), "i")
    assert added.is_complete
    assert not Migration(contents={"x": b""}, outcomes=(Outcome(PRODUCT, LISTED),)).is_complete
    assert not Migration(contents={"x": b""}, unread=1).is_complete
    assert not Migration(contents={"x": b""}, findings=(error,)).is_complete
    assert Migration(diagnostics=(error,)).failed
