"""Rules on a calibration and the one before it: values that grew tenfold, and amplifiers that were exchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.calib.content import Trace
from curated.check.rules.context import Context
from curated.core.diagnostic import Problem, brief
from curated.declare import Array, Comparison
from curated.registry import get_type

_SIGNIFICANT = 0.25
"""Part of the largest value before from which a value counts: what is smaller may be noise."""

_TOLERANCES = ((1.5, 0.1), (2.5, 0.12))
"""Largest sum of the distances from other keys' values, divided by that from their own, by the number of ways in
which keys differ: it is for fewer ways than the first number."""

_TOLERANCE, _LEAST_TOLERANCE = 0.15, 0.04
"""The same for more ways, and for keys with a single number."""

_FAR = 1e18
"""Square of the distance of rows that have nothing in common."""

_SPREAD = 0.1
"""Least distance from a key's own values, in standard deviations of the keys, that can be an exchange."""

_RESEMBLANCE = 0.5
"""Largest distance of exchanged rows, in standard deviations of the rows now."""

_MOST_ROWS = 128
"""Number of amplifiers of a detector up to which each is compared with each."""

_MOST_NAMES = 4

# -- traces -------------------------------------------------------------------------------------------


def traces_of(calib: Calib, *, shared: bool = False) -> tuple[Trace, ...]:
    """Return the values of a calibration that are compared with those of other files.

    Parameters
    ----------
    shared : `bool`, optional
        Whether to return those that are compared between detectors as well.
    """
    traces = []
    with np.errstate(all="ignore"):
        for comparison in calib.SPEC.comparisons:
            if comparison.is_shared and not shared:
                continue
            values = comparison.values(calib)
            trace = Trace.of(comparison.quantity, values) if values else None
            if trace is not None:
                traces.append(trace)
    return tuple(traces)


def compare_traces(
    comparisons: Sequence[Comparison], before: Sequence[Trace], now: Sequence[Trace], origin: str
) -> Iterator[Problem]:
    """Yield what is implausible in the step from one calibration to the next one.

    Parameters
    ----------
    comparisons : sequence [`Comparison`]
        What the type declares.
    before, now : sequence [`Trace`]
        Values of the two calibrations.
    origin : `str`
        What the earlier one is called in messages.
    """
    old_traces, new_traces = ({trace.quantity: trace for trace in traces} for traces in (before, now))
    for comparison in comparisons:
        old, new = old_traces.get(comparison.quantity), new_traces.get(comparison.quantity)
        if old is None or new is None:
            continue
        common = [key for key in new.keys if key in set(old.keys)]
        first, second = (trace.values[[trace.keys.index(key) for key in common]] for trace in (old, new))
        if not common or first.shape != second.shape:
            continue
        pointer = (comparison.place or comparison.quantity,)
        detail = _exchange(comparison, common, first, second)
        if detail:
            yield Problem("CAL367", pointer, f"{comparison.quantity}: {detail} in {origin}")
            continue  # an exchange explains what grew
        detail = _growth(comparison, common, first, second, origin)
        if detail:
            yield Problem("CAL366", pointer, f"{comparison.quantity}{detail}")


# -- growth -------------------------------------------------------------------------------------------


def _growth(comparison: Comparison, keys: Sequence[str], old: Array, new: Array, origin: str) -> str:
    """Return which values grew or shrank by the factor of a comparison; empty if none did."""
    if not comparison.factor:
        return ""
    before, after = np.abs(old), np.abs(new)
    is_finite = np.isfinite(before) & np.isfinite(after)
    if not is_finite.any():
        return ""
    largest_before, largest_after = (float(np.max(sizes[is_finite])) for sizes in (before, after))
    limit = comparison.factor * (1 - 1e-6)  # traces are in single precision
    with np.errstate(all="ignore"):
        ratios = np.where(is_finite & (before > 0) & (after > 0), after / before, np.nan)
        # In a matrix, a large value beside a small one before is a matter of noise unless it is the largest.
        least = largest_before if comparison.exchange == "matrix" else _SIGNIFICANT * largest_before
        is_large = (ratios >= limit) & (after >= least)
        significant = ratios[before >= _SIGNIFICANT * largest_before]
    # Values that cannot be exchanged are matrices of lags, or small beside their errors: those grow as a whole.
    if comparison.exchange and is_large.any():
        row, column = np.unravel_index(int(np.nanargmax(np.where(is_large, after, np.nan))), ratios.shape)
        name = _name(comparison, keys, int(row), int(column), old.shape[1])
        change = (
            f"{new[row, column]:.4g}, {ratios[row, column]:.3g} times the {old[row, column]:.4g} of {origin}"
        )
        others = int(np.count_nonzero(is_large)) - 1
        return f"{name and ' of '}{name} is {change}{f'; and {others} more' if others else ''}"
    significant = significant[np.isfinite(significant)]
    ratio = float(np.median(significant)) if significant.size else 1.0
    if 1 / limit < ratio < limit:
        return ""
    size = f"{ratio:.3g} times larger" if ratio > 1 else f"{1 / ratio:.3g} times smaller"
    return f" is {size} than in {origin}: at most {largest_after:.4g} instead of {largest_before:.4g}"


def _name(comparison: Comparison, keys: Sequence[str], row: int, column: int, width: int) -> str:
    """Return what people call a value."""
    key = brief(keys[row])[1:-1]
    if comparison.exchange == "matrix":
        return f"amplifiers {key} to {column + 1}"
    return key if width == 1 else f"{key} value {column + 1}".strip()


# -- exchanges ----------------------------------------------------------------------------------------


def _exchange(comparison: Comparison, keys: Sequence[str], old: Array, new: Array) -> str:
    """Return which keys have each other's values; empty if none have."""
    if comparison.exchange == "keys":
        pairs: dict[int, int] = {}
        for rows in _rows_by_detector(keys):
            part = exchanged_rows(old[rows], new[rows])
            pairs |= {rows[row]: rows[target] for row, target in part.items()}
        return _described(keys, pairs)
    if comparison.exchange != "matrix" or len(keys) != old.shape[1]:
        return ""
    if _is_closer(new, old, old.T):
        return "rows and columns, sources and targets, are exchanged against those"
    for sources, targets in (("sources", False), ("targets", True)):
        pairs = exchanged_rows(old.T, new.T) if targets else exchanged_rows(old, new)
        order = _order(len(keys), pairs)
        moved = old[:, order] if targets else old[order]
        if pairs and _is_closer(new, old, moved):
            return f"{sources}: {_described(keys, pairs)}"
    # Amplifiers in another order move rows and columns alike; sorted, a row is that of another amplifier.
    pairs = exchanged_rows(np.sort(old, axis=1), np.sort(new, axis=1))
    order = _order(len(keys), pairs)
    if pairs and _is_closer(new, old, old[np.ix_(order, order)]):
        return f"amplifiers: {_described(keys, pairs)}"
    return ""


def _rows_by_detector(keys: Sequence[str]) -> list[list[int]]:
    """Return the rows of each detector, where keys are a detector and an amplifier as in a camera."""
    rows: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key.rpartition(" ")[0], []).append(row)
    return [part for part in rows.values() if len(part) <= _MOST_ROWS]


def _order(count: int, pairs: Mapping[int, int]) -> list[int]:
    return [pairs.get(i, i) for i in range(count)]


def _is_closer(new: Array, old: Array, other: Array) -> bool:
    """Say whether a matrix is far nearer to another one than to the one before."""
    own_distance, distance = (float(np.nansum(np.abs(new - matrix))) for matrix in (old, other))
    size = float(np.nansum(np.abs(old)))
    return own_distance > _SPREAD * size and distance < 2 * _TOLERANCE * own_distance


def _described(keys: Sequence[str], pairs: Mapping[int, int]) -> str:
    names = [f"{keys[now]} has the values of {keys[before]}" for now, before in pairs.items()]
    more = f", and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}" if names else ""


def exchanged_rows(old: Array, new: Array) -> dict[int, int]:
    """Return which rows have the values that another row had before, and the other way round.

    A factor by which all rows of a column changed makes no difference: the sum of a column is the same in any
    order. Rows that are far from their own values are assigned to each other so that the sum of the distances is
    least. A cycle of rows, each of which has the values of the next, is an exchange if these distances are a small
    part of those from the rows' own values, and if that explains most of the rows that changed: where all were
    measured anew and differ, some resemble others by chance.

    Parameters
    ----------
    old, new : `numpy.ndarray`, (rows, columns)
        Values before and now; columns with NaN do not count.

    Returns
    -------
    pairs : `dict` [`int`, `int`]
        By row now, the row whose values it has.
    """
    is_finite = np.isfinite(old).any(axis=0) & np.isfinite(new).any(axis=0)
    old, new = old[:, is_finite], new[:, is_finite]
    if len(old) < 2 or not old.size:
        return {}
    with np.errstate(all="ignore"):
        old_means, new_means = np.nanmean(old, axis=0), np.nanmean(new, axis=0)
        factors = new_means / old_means
        # Sums of values of either sign are small, and say nothing of a factor.
        is_scale = np.abs(old_means) > 0.5 * np.sqrt(np.nanmean(old**2, axis=0))
    old = old * np.where(is_scale & (factors > 0.01) & (factors < 100), factors, 1.0)
    spread = float(np.sqrt(np.nanmean(np.nanvar(old, axis=0))))
    if not spread > 1e-6 * float(np.nanmax(np.abs(old))):
        return {}
    distances = _distances(old, new) / spread
    own_distances = np.diagonal(distances)
    moved_count = int(np.count_nonzero(own_distances > _SPREAD))
    if moved_count < 2:
        return {}
    tolerance = _tolerance(old)
    # Where outliers of the rows before are gone, all rows are near to those that had none.
    farthest = _RESEMBLANCE * float(np.sqrt(np.nanmean(np.nanvar(new, axis=0)))) / spread
    pairs: dict[int, int] = {}
    for cycle in _cycles(_assignment(distances)):
        rows, targets = list(cycle), list(cycle.values())
        own_sum = float(own_distances[rows].sum())
        sum_now = float(distances[rows, targets].sum())
        if own_sum > _SPREAD * len(rows) and sum_now <= min(tolerance * own_sum, farthest * len(rows)):
            pairs |= cycle
    return dict(sorted(pairs.items())) if 2 * len(pairs) >= moved_count else {}


def _distances(old: Array, new: Array) -> Array:
    """Return the distance of each new row from each old one, over what is finite in both; rows of NaN stay in place."""
    squares = (new[:, np.newaxis] - old[np.newaxis]) ** 2
    is_finite = np.isfinite(squares)
    counts = is_finite.sum(axis=2)
    sums = np.where(is_finite, squares, 0.0).sum(axis=2)
    distances: Array = np.sqrt(np.where(counts > 0, sums / np.maximum(counts, 1), _FAR))
    same = np.arange(len(distances))
    distances[same, same] = np.where(counts[same, same] > 0, distances[same, same], 0.0)
    return distances


def _tolerance(values: Array) -> float:
    """Return which part of their own distances those of exchanged rows may be.

    It is small where rows differ in one or two ways only, such as by a factor: then some are alike by chance. The
    number of ways is the participation ratio of the principal components.
    """
    if values.shape[1] == 1:
        return _LEAST_TOLERANCE
    deviations = np.nan_to_num(values - np.nanmean(values, axis=0))
    components = np.linalg.svd(deviations, compute_uv=False) ** 2
    count = float(components.sum() ** 2 / max(float((components**2).sum()), 1e-300))
    return next((tolerance for limit, tolerance in _TOLERANCES if count < limit), _TOLERANCE)


def _assignment(costs: Array) -> list[int]:
    """Return for each row the column, each once, with the least sum of costs (Kuhn 1955, Nav. Res. Log. Q. 2, 83).

    Rows are added one by one, along the shortest augmenting path (Jonker & Volgenant 1987, Computing 38, 325).
    """
    count = len(costs)
    row_of = np.full(count + 1, -1)
    potentials = np.zeros(count + 1)
    offsets = np.zeros(count + 1)
    for row in range(count):
        column, row_of[count] = count, row
        least, previous, is_done = np.full(count, np.inf), np.full(count, -1), np.zeros(count + 1, bool)
        while row_of[column] >= 0:
            is_done[column] = True
            at_row = row_of[column]
            reduced = costs[at_row] - potentials[at_row] - offsets[:count]
            is_better = ~is_done[:count] & (reduced < least)
            least[is_better], previous[is_better] = reduced[is_better], column
            following = int(np.argmin(np.where(is_done[:count], np.inf, least)))
            step = least[following]
            for done in np.flatnonzero(is_done):
                potentials[row_of[done]] += step
                offsets[done] -= step
            least[~is_done[:count]] -= step
            column = following
        while column != count:
            row_of[column] = row_of[previous[column]]
            column = int(previous[column])
    columns = np.empty(count, int)
    columns[row_of[:count]] = np.arange(count)
    return columns.tolist()


def _cycles(permutation: Sequence[int]) -> list[dict[int, int]]:
    """Return the cycles of a permutation that move anything."""
    cycles: list[dict[int, int]] = []
    remaining = set(range(len(permutation)))
    while remaining:
        row = min(remaining)
        cycle: dict[int, int] = {}
        while row not in cycle:
            cycle[row] = row = permutation[row]
        remaining -= cycle.keys()
        if len(cycle) > 1:
            cycles.append(cycle)
    return cycles


# -- epochs of a package ------------------------------------------------------------------------------


def implausible_successions(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield what is implausible in the step from each calibration to the next one of its key.

    The step from one shared file to another is the same for all that they stand for, and compared once.
    """
    steps: dict[tuple[str, str], list[Problem]] = {}
    for key, epochs in context.epochs.items():
        if len(epochs) < 2:
            continue
        comparisons = get_type(key.type).SPEC.comparisons
        files = [file for file in epochs if context.reports[file.path].deprecation is None]
        for before, now in pairwise(files) if comparisons else ():
            reports = context.reports[before.path], context.reports[now.path]
            if reports[1].traces and not reports[0].traces and _has_errors(reports[0]):
                detail = f"not compared with the epoch before: {before.path} has errors"
                yield now.path, Problem("CAL369", (), detail)
            step = before.source, now.source
            if step not in steps:
                problems = compare_traces(comparisons, reports[0].traces, reports[1].traces, before.path)
                steps[step] = [in_form(problem, key.type, now.form) for problem in problems]
            yield from ((now.path, problem) for problem in steps[step])


def in_form(problem: Problem, type_name: str, form: str) -> Problem:
    """Return a problem with its place in a form of text; tables have columns instead of fields."""
    fields = get_type(type_name).FIELDS if form == "ecsv" else ()
    columns = (f.column for f in fields if problem.pointer[0] in (f.name, f.key) and f.column)
    column = next(columns, "")
    return replace(problem, pointer=(column,)) if column else problem


def _has_errors(report: Any) -> bool:
    return any(diagnostic.is_error for diagnostic in report.diagnostics)
