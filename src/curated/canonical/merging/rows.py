"""Rows of three versions of a table: which of them are the same row, and what becomes of each cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from difflib import SequenceMatcher
from itertools import combinations, pairwise
from typing import NamedTuple

Row = Sequence[Hashable]
"""The cells of a row."""

_MOST_PAIRS = 40_000
"""Most pairs of rows of a gap whose likeness is compared."""


_ALIKE = 0.5
"""Part of its cells that a row has in common with another version of itself."""


class JoinedRow(NamedTuple):
    """A row of the merged table.

    Parameters
    ----------
    base, left, right : `int` or `None`
        Its index in each version; `None` where that has no such row.
    sides : `tuple` [`str`]
        Version that each cell is taken from, ``left`` or ``right``; empty for a conflict, and for a deleted row.
    is_deleted : `bool`
        Whether a version deletes it, whose cells the other one has left as they were.
    """

    base: int | None
    left: int | None
    right: int | None
    sides: tuple[str, ...]
    is_deleted: bool = False

    @property
    def is_conflict(self) -> bool:
        """Whether both versions changed the same."""
        return not self.sides and not self.is_deleted


def join_rows(base: Sequence[Row], left: Sequence[Row], right: Sequence[Row]) -> list[JoinedRow]:
    """Merge the rows of two versions of a table with a common base.

    Rows that both versions add at one place are those of the left one and then those of the right one; what both add
    alike is there once. A row that one version deletes and the other one changes or moves is a conflict, and so is a cell
    that both change, but to the same value.

    Parameters
    ----------
    base, left, right : sequence [sequence]
        Rows of cells that can be compared; all rows have the same number of cells.
    """
    to_left, to_right = match_rows(base, left), match_rows(base, right)
    gaps_left, gaps_right = _insertions(to_left, len(left)), _insertions(to_right, len(right))
    rows = Counter(tuple(left[i]) for gap in gaps_left for i in gap)
    pairs = _same_additions(gaps_left, gaps_right, left, right, rows)
    partners = {i: j for j, i in pairs.items()}
    deleted = [
        Counter(tuple(row) for row, i in zip(base, to, strict=True) if i is None)
        for to in (to_left, to_right)
    ]
    joined: list[JoinedRow] = []
    for index in range(len(base) + 1):
        for i in gaps_left[index]:
            is_conflict = i not in partners and _is_moved_and_deleted(tuple(left[i]), *deleted)
            sides = () if is_conflict else ("left",) * max(len(left[i]), 1)
            joined.append(JoinedRow(None, i, partners.get(i), sides))
        for j in gaps_right[index]:
            if j not in pairs:
                is_conflict = _is_moved_and_deleted(tuple(right[j]), *deleted[::-1])
                sides = () if is_conflict else ("right",) * max(len(right[j]), 1)
                joined.append(JoinedRow(None, None, j, sides))
        if index < len(base):
            joined.append(_joined(index, to_left[index], to_right[index], base, left, right))
    return joined


def _is_moved_and_deleted(
    row: tuple[Hashable, ...],
    deleted: Counter[tuple[Hashable, ...]],
    deleted_by_other: Counter[tuple[Hashable, ...]],
) -> bool:
    """Say whether a version has moved a row that the other one has deleted."""
    if not deleted[row] or not deleted_by_other[row]:
        return False
    deleted[row] -= 1
    deleted_by_other[row] -= 1
    return True


def _same_additions(
    gaps_left: list[list[int]],
    gaps_right: list[list[int]],
    left: Sequence[Row],
    right: Sequence[Row],
    rows: Counter[tuple[Hashable, ...]],
) -> dict[int, int]:
    """Return the added rows of the right version that the left one adds as well, with their index there."""
    places: dict[tuple[Hashable, ...], list[int]] = {}
    for gap in gaps_left:
        for i in gap:
            places.setdefault(tuple(left[i]), []).append(i)
    pairs = {}
    for gap in gaps_right:
        for j in gap:
            row = tuple(right[j])
            if rows[row]:
                rows[row] -= 1
                pairs[j] = places[row].pop(0)
    return pairs


def _joined(
    index: int,
    i: int | None,
    j: int | None,
    base: Sequence[Row],
    left: Sequence[Row],
    right: Sequence[Row],
) -> JoinedRow:
    """Return what becomes of a row of the base."""
    row = base[index]
    if i is None or j is None:
        rest = right[j] if j is not None else left[i] if i is not None else row
        is_changed = tuple(rest) != tuple(row)
        return JoinedRow(index, i, j, (), is_deleted=not is_changed)
    versions = tuple(row), tuple(left[i]), tuple(right[j])
    if versions[1] == versions[2] or versions[2] == versions[0]:
        return JoinedRow(index, i, j, ("left",) * max(len(row), 1))
    if versions[1] == versions[0]:
        return JoinedRow(index, i, j, ("right",) * max(len(row), 1))
    if sum(_likeness(a, b) > _ALIKE for a, b in combinations(versions, 2)) < len(versions) - 1:
        # One may be another row in its place: no cell of it belongs to what the other version changed. Half of the cells
        # are not enough: all single pixels have width and height in common.
        return JoinedRow(index, i, j, ())
    sides = []
    for old, a, b in zip(row, left[i], right[j], strict=True):
        if a not in (old, b) and b != old:
            return JoinedRow(index, i, j, ())
        sides.append("left" if b in (old, a) else "right")
    return JoinedRow(index, i, j, tuple(sides) or ("left",))


def _insertions(matches: Sequence[int | None], count: int) -> list[list[int]]:
    """Return the rows of a version that the base has not, by the index of the row of the base that follows them."""
    gaps: list[list[int]] = [[] for _ in range(len(matches) + 1)]
    start = 0
    pending = 0
    for index, match in enumerate(matches):
        if match is None:
            continue
        # They come as early as they can: directly after the row that they followed.
        gaps[pending].extend(range(start, match))
        start, pending = match + 1, index + 1
    gaps[pending].extend(range(start, count))
    return gaps


# -- the same row in two versions -------------------------------------------------------------------------


def match_rows(base: Sequence[Row], other: Sequence[Row]) -> list[int | None]:
    """Return for each row of the base its index in another version, in rising order; `None` where that has none.

    Equal rows are the same row. Of others between them, those are the same that have half of their cells in common;
    where there are as many before and after, all of them, in their order.
    """
    matches: list[int | None] = [None] * len(base)
    keys, others = [tuple(row) for row in base], [tuple(row) for row in other]
    equal = _equal_rows(keys, others)
    for i, j in equal:
        matches[i] = j
    # A row that is there before and after in different places was moved: it is no other row that was changed.
    moved = _moved_rows(keys, others, equal)
    for (i, j), (k, m) in pairwise([(-1, -1), *equal, (len(keys), len(others))]):
        before = [n for n in range(i + 1, k) if keys[n] not in moved]
        after = [n for n in range(j + 1, m) if others[n] not in moved]
        for a, b in _alike([keys[n] for n in before], [others[n] for n in after]):
            matches[before[a]] = after[b]
    return matches


def _moved_rows(
    a: list[tuple[Hashable, ...]], b: list[tuple[Hashable, ...]], equal: Sequence[tuple[int, int]]
) -> Collection[tuple[Hashable, ...]]:
    """Return the rows of both that are not among the equal ones."""
    if len(equal) in (len(a), len(b)):
        return ()
    matched, others = {i for i, _ in equal}, {j for _, j in equal}
    return {row for i, row in enumerate(a) if i not in matched} & {
        row for j, row in enumerate(b) if j not in others
    }


def _equal_rows(a: list[tuple[Hashable, ...]], b: list[tuple[Hashable, ...]]) -> list[tuple[int, int]]:
    """Return pairs of indices of equal rows: start and end, rows that are there once, and what stands between these."""
    start, end = 0, 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    middle_a, middle_b = a[start : len(a) - end], b[start : len(b) - end]
    pairs = [(i, i) for i in range(start)]
    pairs += [(start + i, start + j) for i, j in _middle(middle_a, middle_b)]
    return pairs + [(len(a) - i, len(b) - i) for i in range(end, 0, -1)]


def _middle(a: list[tuple[Hashable, ...]], b: list[tuple[Hashable, ...]]) -> list[tuple[int, int]]:
    if not a or not b:
        return []
    count_a, count_b = Counter(a), Counter(b)
    places = {row: j for j, row in enumerate(b) if count_b[row] == 1}
    anchors = _rising([(i, places[row]) for i, row in enumerate(a) if count_a[row] == 1 and row in places])
    if not anchors:
        if len(a) * len(b) > _MOST_PAIRS:
            return []
        blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
        return [(x + k, y + k) for x, y, size in blocks for k in range(size)]
    pairs = []
    for (i, j), (k, m) in pairwise([(-1, -1), *anchors, (len(a), len(b))]):
        if k > i + 1 and m > j + 1:
            pairs += [(i + 1 + x, j + 1 + y) for x, y in _equal_rows(a[i + 1 : k], b[j + 1 : m])]
        pairs += [(k, m)] if k < len(a) else []
    return pairs


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest part of pairs in which both indices rise."""
    from bisect import bisect_left

    tails: list[int] = []
    chains: list[int] = []
    before: list[int] = []
    for number, (_, j) in enumerate(pairs):
        place = bisect_left(tails, j)
        before.append(chains[place - 1] if place else -1)
        tails[place : place + 1] = [j]
        chains[place : place + 1] = [number]
    result = []
    number = chains[-1] if chains else -1
    while number >= 0:
        result.append(pairs[number])
        number = before[number]
    return result[::-1]


def _alike(a: list[tuple[Hashable, ...]], b: list[tuple[Hashable, ...]]) -> list[tuple[int, int]]:
    """Return pairs of rows that are likely to be one row that was changed."""
    if not a or not b:
        return []
    if len(a) * len(b) > _MOST_PAIRS:
        return [(i, i) for i in range(len(a))] if len(a) == len(b) else []
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            paired = _likeness(a[i], b[j])
            best[i][j] = max(
                best[i + 1][j], best[i][j + 1], paired + best[i + 1][j + 1] if paired >= _ALIKE else 0.0
            )
    pairs = []
    i = j = 0
    while i < len(a) and j < len(b):
        paired = _likeness(a[i], b[j])
        if paired >= _ALIKE and best[i][j] == paired + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return _filled(pairs, len(a), len(b))


def _filled(pairs: list[tuple[int, int]], count_a: int, count_b: int) -> list[tuple[int, int]]:
    """Add the rows between pairs, where there are as many of one as of the other."""
    result = []
    for (i, j), (k, m) in pairwise([(-1, -1), *pairs, (count_a, count_b)]):
        if k - i == m - j:
            result += [(i + x, j + x) for x in range(1, k - i)]
        result += [(k, m)] if k < count_a else []
    return result


def _likeness(a: tuple[Hashable, ...], b: tuple[Hashable, ...]) -> float:
    if len(a) != len(b) or not a:
        return 0.0
    return sum(x == y for x, y in zip(a, b, strict=True)) / len(a)
