"""Numbers of exposures by night and type, of rows in any order."""

from __future__ import annotations

import numpy as np

from curated.exposures.counting import Counter
from curated.exposures.outcomes import FLAGS, LEVELS, Outcome


def outcome(*levels: str) -> Outcome:
    """Return what has a level for each type; an empty one is not affected."""
    flags = np.array([FLAGS.get(level, 0) for level in levels], dtype=np.uint8)
    rows = np.array([[flag >> bit & 1 for bit in range(len(LEVELS))] for flag in flags.tolist()])
    return Outcome((), flags, rows, np.arange(len(levels)), skips_filters=False)


OUTCOMES = [outcome("effect", ""), outcome("", "new"), outcome("", "")]


def counted(cells: list[int], days: list[int], keys: list[int] | None, parts: int = 1) -> Counter:
    counter = Counter(2)
    for part in range(parts):
        chosen = slice(part, None, parts)
        nights = counter.places("lab", np.array(days[chosen]))
        numbers = None if keys is None else np.array(keys[chosen])
        counter.add(OUTCOMES, np.array(cells[chosen]), nights, numbers)
    counter.finish()
    return counter


def test_each_row_is_an_exposure_without_keys() -> None:
    counter = counted([0, 0, 1, 2], [7, 8, 8, 8], None)
    assert [night.day for night in counter.nights] == [7, 8]
    assert counter.totals.tolist() == [1, 3]
    every = ["file", "content", "effect", "new", "lost", "any"]
    assert dict(zip(every, counter.exposures[1, 2].tolist(), strict=True)) == {
        "file": 1,
        "content": 1,
        "effect": 1,
        "new": 1,
        "lost": 0,
        "any": 2,
    }
    assert counter.rows[1].tolist() == counter.exposures[1].tolist()
    assert counter.ranks.tolist() == [[0, 1, 1], [0, 1, 1]]


def test_rows_of_an_exposure_count_once_wherever_they_stand() -> None:
    cells, days, keys = [0, 1, 2, 0, 1, 2], [7, 7, 7, 7, 7, 8], [5, 5, 5, -3, 6, 9]
    for parts in (1, 2, 3):
        counter = counted(cells, days, keys, parts)
        assert counter.totals.sum() == 4
        assert counter.exposures[:, :, -1].sum(axis=0).tolist() == [2, 2, 3]
        assert counter.rows[:, :, -1].sum(axis=0).tolist() == [2, 2, 4]


def test_no_rows() -> None:
    counter = Counter(0)
    counter.finish()
    assert (counter.totals.sum(), counter.exposures.shape) == (0, (0, 1, 6))
