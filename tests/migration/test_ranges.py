"""Ranges of products against a brute-force model."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from curated.migration.ranges import Epoch, close_gaps, resolve_epochs
from curated.migration.survey import Product

DAY = timedelta(days=1)
BEGIN = datetime(2020, 1, 1)


def product(number: int, start: int, end: int | None, **selectors: str) -> Product:
    return Product(
        label=str(number),
        index="i",
        kind="k",
        start=BEGIN + start * DAY,
        end=None if end is None else BEGIN + end * DAY,
        selectors=selectors,
    )


def in_force(epochs: list[Epoch], time: datetime) -> Product | None:
    """Return what a package with the epochs has in force."""
    before = [epoch for epoch in epochs if epoch.start <= time]
    if not before or (before[-1].until is not None and time >= before[-1].until):
        return None
    return before[-1].product


@pytest.mark.parametrize("latest_wins", [False, True])
def test_each_time_has_the_product_of_the_latest_start(latest_wins: bool) -> None:
    chance = random.Random(7)
    for _ in range(300):
        products = []
        for number in range(chance.randint(0, 6)):
            start = chance.randint(0, 12)
            end = chance.choice([None, start + chance.randint(0, 6)])
            products.append(product(number, start, end, cfg=chance.choice("aab")))
        epochs, conflicts = resolve_epochs(products, latest_wins=latest_wins)
        assert len({epoch.start for epoch in epochs}) == len(epochs)
        for half in range(-1, 44):
            time = BEGIN + half * DAY / 2
            valid = [p for p in products if p.start <= time and (p.end is None or time < p.end)]
            if latest_wins:
                last = max((p.start for p in valid), default=None)
                valid = [p for p in valid if p.start == last]
            is_split = len({p.selectors["cfg"] for p in valid}) > 1
            last_start = max((p.start for p in valid), default=None)
            expected = None if is_split or not valid else [p for p in valid if p.start == last_start][-1]
            assert in_force(epochs, time) is expected
            is_conflict = any(c.start <= time and (c.end is None or time < c.end) for c in conflicts)
            assert is_conflict == (len(valid) > 1)


def test_gaps_and_overlaps_of_a_day_are_closed() -> None:
    products = [
        product(0, 0, 4),
        product(1, 5, 12),
        product(2, 11, 20),
        product(3, 22, 30),
        product(4, 28, None),
    ]
    closed, count = close_gaps(products, timedelta(days=1.001))
    assert count == 2
    assert [(p.end - BEGIN).days if p.end else None for p in closed] == [5, 11, 20, 30, None]
