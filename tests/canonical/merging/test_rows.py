"""Rows of three versions of a table."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.canonical.merging.rows import Row, join_rows, match_rows
from support.texts import examples


def merged(base: list[Row], left: list[Row], right: list[Row]) -> list[Row] | None:
    """Return the merged rows; `None` for a conflict."""
    rows: list[Row] = []
    for row in join_rows(base, left, right):
        if row.is_conflict:
            return None
        if row.is_deleted:
            continue
        cells = []
        for place, side in enumerate(row.sides):
            index = row.left if side == "left" else row.right
            assert index is not None
            cells.append((left if side == "left" else right)[index][place])
        rows.append(tuple(cells))
    return rows


A, B, C, D = (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4)


@pytest.mark.parametrize(
    ("base", "left", "right", "expected"),
    [
        ([A, B], [A, B, C], [A, B, D], [A, B, C, D]),
        ([A, B], [A, B, C], [A, B, C], [A, B, C]),
        ([A, B], [C, A, B], [A, B, C], [C, A, B]),
        ([A, B], [A, B, C, C], [A, B, C], [A, B, C, C]),
        ([], [A], [B], [A, B]),
        ([A, B, C], [A, C], [A, B, C, D], [A, C, D]),
        ([A, B, C], [A, C], [A, C], [A, C]),
        ([A, B, C], [A, C], [A, (2, 2, 9), C], None),
        ([A, B], [A, (9, 2, 2)], [A, (2, 9, 2)], [A, (9, 9, 2)]),
        ([A, B], [A, (9, 2, 2)], [A, (9, 2, 8)], [A, (9, 2, 8)]),
        ([A, B], [A, (9, 2, 2)], [A, (8, 2, 2)], None),
        ([A, B, C], [B, C, D], [A, (2, 2, 9), C], [(2, 2, 9), C, D]),
        ([A, A, A], [A, A], [A, A, A, B], [A, A, B]),
        ([A], [], [], []),
        # Another pixel in the place of one that the other version enlarged.
        ([(100, 200, 1, 1)], [(345, 678, 1, 1)], [(100, 200, 2, 1)], None),
        # Rows in another order: a row that moved is no other row that was changed, and changes of it are conflicts.
        ([A, B, C, D], [D, C, B, A], [A, B, C, D], [D, C, B, A]),
        ([A, B, C], [C, A, B], [A, B], None),
        ([A, B, C], [A, B], [C, A, B], None),
        ([A, B, C], [C, A, B], [A, C, B], [C, A, B]),
        ([(1, 1, 2, 1), B, (4, 8, 2, 1)], [(4, 8, 2, 1), B], [(1, 1, 2, 16), B, (4, 8, 2, 1)], None),
    ],
)
def test_cases(base: list[Row], left: list[Row], right: list[Row], expected: list[Row] | None) -> None:
    assert merged(base, left, right) == expected


def test_rows_of_which_half_is_the_same_are_one_row() -> None:
    assert match_rows([A, B, C], [A, D, (2, 2, 9), C]) == [0, 2, 3]
    assert match_rows([A, B, C], [A, D, C]) == [0, 1, 2]
    assert match_rows([A, B, C], [A, C]) == [0, None, 1]
    assert match_rows([(0,)] * 300, [(0,)] * 300 + [(1,)] * 300) == list(range(300))


ROWS = st.dictionaries(st.integers(0, 50), st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8)


def model(
    base: dict[int, tuple[int, int]], left: dict[int, tuple[int, int]], right: dict[int, tuple[int, int]]
) -> list[Row] | None:
    """Return what becomes of tables whose rows have keys; `None` for a conflict."""
    rows: list[Row] = []
    for key in dict.fromkeys([*base, *left, *right]):
        old, a, b = base.get(key), left.get(key), right.get(key)
        if old is None:
            rows.append((key, key, key, *(a or b or ())))
        elif a is None or b is None:
            if (a or b or old) != old:
                return None
        elif any(y not in (x, z) and z != x for x, y, z in zip(old, a, b, strict=True)):
            return None
        else:
            rows.append(
                (key, key, key, *(y if z in (x, y) else z for x, y, z in zip(old, a, b, strict=True)))
            )
    return rows


@examples(150)
@given(ROWS, st.integers(0, 10**6))
def test_it_is_the_merge_of_tables_with_keys(base: dict[int, tuple[int, int]], seed: int) -> None:
    """The model knows rows by a key, that takes half of the cells; rows are added at the end, or deleted, or changed."""
    state = random.Random(seed)
    versions = []
    for side in (1, 2):
        version = dict(base)
        for key in list(version):
            change = state.random()
            if change < 0.15:
                del version[key]
            elif change < 0.4:
                version[key] = (state.randint(0, 3), version[key][1])
            elif change < 0.6:
                version[key] = (version[key][0], state.randint(0, 3))
        for number in range(state.randint(0, 2)):
            version[state.choice([100, 1000 * side + number])] = (0, 0)
        versions.append(version)
    left, right = versions
    expected = model(base, left, right)
    tables = [[(key, key, key, *cells) for key, cells in version.items()] for version in (base, left, right)]
    # Where as many rows are deleted as added, one may be the other one, changed; the result is the same or a conflict.
    result = merged(tables[0], tables[1], tables[2])
    is_plain = all(set(base) <= set(version) for version in (left, right))
    if is_plain:
        assert result == expected
    else:
        assert result is None or (expected is not None and sorted(result) == sorted(expected))


def test_many_rows() -> None:
    base = [(n, 0, 1) for n in range(20_000)]
    left = [row for row in base if row[0] % 1000] + [(-1, 0, 0)]
    right = [(n, 5, 1) if n % 1000 == 1 else (n, 0, 1) for n in range(20_000)]
    rows = merged(base, left, right)
    assert rows is not None
    assert len(rows) == 20_000 - 20 + 1
    assert sum(row[1] == 5 for row in rows) == 20
