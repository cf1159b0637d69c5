"""Crosstalk coefficients: square matrices with or without names, and lists of pairs as IRAF's mscred has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.core.diagnostic import Problem, brief
from curated.declare import Array
from curated.exchange.foreign import Foreign, ForeignError, ForeignFile, Target, is_number, number_of
from curated.exchange.tables.amplifiers import (
    judge_order,
    numbered_order,
    order_problem,
    unknown_amplifier,
)
from curated.exchange.tables.source import is_table, read_table
from curated.exchange.tables.source_table import SourceTable
from curated.exchange.tables.units import spelled
from curated.types.crosstalk import Crosstalk

_SOURCE_IN_ROWS = re.compile(
    r"\s*(?:source|from|aggressor)s?\s*[\\/|>-]+\s*(?:target|victim|to)s?\s*\Z", re.I
)
_SOURCE_IN_COLUMNS = re.compile(
    r"\s*(?:target|victim|to)s?\s*[\\/|<-]+\s*(?:source|from|aggressor)s?\s*\Z", re.I
)
_SOURCES = frozenset(("source", "sources", "from", "aggressor", "aggressors"))
_TARGETS = frozenset(("target", "targets", "to", "victim", "victims"))
_AXIS_HINT = "say which axis has the sources: --source rows or --source columns"
_UNIT_HINT = "say what the coefficients relate: --unit adu or --unit electron"


def takes(cls: type[Calib]) -> bool:
    """Say whether a type is crosstalk."""
    return issubclass(cls, Crosstalk)


def recognises(file: ForeignFile) -> bool:
    """Say by the start of a file whether it may be a table."""
    return is_table(file)


def read(file: ForeignFile, target: Target) -> Foreign:
    """Read the linear coefficients between the amplifiers of a detector."""
    names = [amplifier.name for amplifier in target.detector.amplifiers] if target.detector else []
    if not file.head.startswith((b"SIMPLE", b"<")):
        pairs = _pairs(file.text)
        if pairs:
            return _from_pairs(pairs, names, target)
    return _from_matrix(read_table(file, target.conventions.hdu), names, target)


def _foreign(coeffs: Array, target: Target, problems: list[Problem]) -> Foreign:
    """Return coefficients, [source, target], as those of a calibration."""
    unit = spelled(target.conventions.units.get("", target.conventions.units.get("coeffs", "")))
    if unit not in ("adu", "electron"):
        detail = f"the coefficients relate signals in {unit or 'a unit that the file does not give'}"
        problems.append(Problem("CAL723", (), detail, _UNIT_HINT))
    if coeffs.size and (np.diagonal(coeffs) == 1).all():
        detail = "ones on the diagonal, an amplifier's own signal, are left out"
        problems.append(Problem("CAL728", (), detail))
        coeffs = coeffs - np.eye(len(coeffs))
    off_diagonal = coeffs[~np.eye(len(coeffs), dtype=bool)]
    present = off_diagonal[off_diagonal != 0]
    if present.size and np.median(present) < 0 and target.conventions.sign is None:
        detail = "most coefficients are negative: they may be what a correction adds"
        hint = "say it: --sign added (what appears in the target) or --sign correction (what is added to remove it)"
        problems.append(Problem("CAL726", (), detail, hint))
    if target.conventions.sign == "correction":
        coeffs = -coeffs
    detail = "coefficients [source, target] are taken as the fraction of the source's signal that appears in the target"
    problems.append(Problem("CAL728", (), f"{detail}, and is subtracted there"))
    count = len(coeffs)
    tree: dict[str, Any] = {"hasCrosstalk": True, "nAmp": count, "coeffs": (coeffs + 0.0).tolist()}
    if unit:
        tree["crosstalkRatiosUnits"] = unit
    return Foreign(tree=tree, problems=tuple(problems))


# -- matrices -------------------------------------------------------------------------------------------


def _from_matrix(table: SourceTable, names: list[str], target: Target) -> Foreign:
    row_names, column_names, matrix, corner = _matrix(table)
    axis = target.conventions.source_axis
    if not axis and corner:
        axis = (
            "rows" if _SOURCE_IN_ROWS.match(corner) else "columns" if _SOURCE_IN_COLUMNS.match(corner) else ""
        )
    problems: list[Problem] = []
    if matrix.shape[0] != matrix.shape[1]:
        detail = f"{matrix.shape[0]} rows and {matrix.shape[1]} columns of numbers are no square matrix"
        raise ForeignError(Problem("CAL726", (), detail))
    if not axis:
        problems.append(
            Problem("CAL726", (), "the file does not say whether rows or columns are sources", _AXIS_HINT)
        )
    finite = np.isfinite(matrix)
    problems += [
        table.problem("CAL724", row, f"the coefficient in column {column + 1} is {matrix[row, column]}")
        for row, column in np.argwhere(~finite).tolist()
    ]
    if row_names and column_names and sorted(row_names) != sorted(column_names):
        detail = f"rows are of {', '.join(row_names)}, columns of {', '.join(column_names)}"
        problems.append(Problem("CAL725", (), detail))
    elif row_names or column_names:
        rows, columns = row_names or column_names, column_names or row_names
        if target.conventions.by_order:
            differ = Problem("CAL725", (), "rows and columns are in different orders", "sort one of them")
            problems.append(judge_order(rows, names) if rows == columns else differ)
        else:
            problems += _reorder(rows, columns, names)
        if names and not any(p.code == "CAL725" for p in problems) and not target.conventions.by_order:
            matrix = matrix[np.ix_([rows.index(n) for n in names], [columns.index(n) for n in names])]
    elif names and len(names) != len(matrix):
        detail = f"a matrix of {len(matrix)} amplifiers, {len(names)} in the detector"
        problems.append(Problem("CAL725", (), detail))
    elif not target.conventions.by_order:
        detail = "the file does not name the amplifiers"
        problems.append(
            Problem("CAL725", (), detail, "--by-order: they are those of the detector, in its order")
        )
    return _foreign(matrix if axis != "columns" else matrix.T, target, problems)


def _reorder(rows: list[str], columns: list[str], names: list[str]) -> Iterator[Problem]:
    for labels in dict.fromkeys((tuple(rows), tuple(columns))):
        problem = order_problem(labels, names) if names else None
        if problem is not None:
            yield problem


def _matrix(table: SourceTable) -> tuple[list[str], list[str], Array, str]:
    """Return names of rows and columns, the numbers, and the text in the corner; no names where there are none."""
    columns = dict(table.columns)
    row_names: list[str] = []
    corner = ""
    first = next(iter(columns), "")
    if first and columns[first].values.dtype.kind == "U":
        row_names, corner = (
            [str(value) for value in columns.pop(first).values],
            first if table.has_names else "",
        )
    if len(columns) == 1 and next(iter(columns.values())).values.ndim == 2:
        return row_names, [], np.asarray(next(iter(columns.values())).values, float), corner
    texts = [
        name
        for name, column in columns.items()
        if column.values.dtype.kind not in "fiu" or column.values.ndim > 1
    ]
    if texts or not columns:
        detail = f"column {brief(texts[0])} is not of numbers" if texts else "there are no numbers"
        raise ForeignError(
            Problem("CAL726", (), detail, "give a square matrix, or lines of target, source, coefficient")
        )
    matrix = np.column_stack([column.values.astype(float) for column in columns.values()])
    return row_names, list(columns) if table.has_names else [], matrix, corner


# -- pairs of IRAF ----------------------------------------------------------------------------------------


def _pairs(text: str) -> list[tuple[int, str, str, str]]:
    """Return line, target, source and coefficient of a crosstalk file of mscred; nothing where it is none.

    Each line has the extension that is corrected, then that which is scaled and subtracted, the coefficient, and in
    parentheses its uncertainty, which is not used; an extension alone is not corrected (help of XTCOEFF and XTALKCOR of
    mscred). A further line may have more sources of the same target. Lines of other programs have a line of names above
    them, or commas: then the names say which is which.

    Raises
    ------
    ForeignError
        If nothing says which of two amplifiers is the source.
    """
    pairs: list[tuple[int, str, str, str]] = []
    header: list[str] | None = None
    is_separated = False
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0]
        words = [word for word in re.split(r"[\s,;]+", content.strip()) if word and not word.startswith("(")]
        if not words:
            continue
        is_separated |= "," in content or ";" in content
        if len(words) == 1 and not is_number(words[0]):
            pairs.append((number, words[0], "", ""))
        elif len(words) >= 3 and not any(map(is_number, words[:2])) and is_number(words[2]):
            pairs.append((number, words[0], words[1], words[2]))
        elif pairs or header or len(words) < 3 or any(map(is_number, words)):
            return []
        else:
            header = words
    if not any(source for _, _, source, _ in pairs):
        return []
    return _directed(pairs, header, is_separated=is_separated)


def _directed(
    pairs: list[tuple[int, str, str, str]], header: list[str] | None, *, is_separated: bool
) -> list[tuple[int, str, str, str]]:
    """Return pairs with the target first, as the names above them say."""
    names = [word.strip("\"'").lower() for word in header[:2]] if header else []
    if names and names[0] in _SOURCES and names[1] in _TARGETS:
        return [
            (number, victim, source, text) if not source else (number, source, victim, text)
            for number, victim, source, text in pairs
        ]
    is_clear = not is_separated if not names else names[0] in _TARGETS and names[1] in _SOURCES
    if not is_clear:
        what = f"names {', '.join(map(brief, names))} do not say" if names else "no names say"
        detail = f"{what} which amplifier of a line is the source"
        hint = "write the line 'target,source,coefficient' above them, or 'source,target,coefficient'"
        raise ForeignError(Problem("CAL726", (), detail, hint, line=pairs[0][0]))
    return pairs


def _from_pairs(pairs: list[tuple[int, str, str, str]], names: list[str], target: Target) -> Foreign:
    labels, problems = _labels_of_pairs(pairs, names, by_order=target.conventions.by_order)
    if problems:
        return Foreign(problems=tuple(problems))
    if names and labels != names:
        problems.append(judge_order(labels, names))
    coeffs = np.zeros((len(labels), len(labels)))
    index = {label: i for i, label in enumerate(labels)}
    lines: dict[tuple[str, str], int] = {}
    for number, victim, source, text in pairs:
        if not source:
            continue
        first = lines.setdefault((victim, source), number)
        if first != number:
            detail = f"the coefficient from {source} to {victim} is in line {first} already"
            problems.append(Problem("CAL724", (), detail, line=number))
        coeffs[index[source], index[victim]] = number_of(text)
    return _foreign(coeffs, target, problems)


def _labels_of_pairs(
    pairs: list[tuple[int, str, str, str]], names: list[str], *, by_order: bool
) -> tuple[list[str], list[Problem]]:
    """Return what the file calls the amplifiers, in the order of the detector, and names that it does not have."""
    victims = list(dict.fromkeys(victim for _, victim, _, _ in pairs))
    labels = list(dict.fromkeys([*victims, *(source for _, _, source, _ in pairs if source)]))
    if not names:
        return labels, []
    if by_order:
        if len(labels) != len(names):
            detail = f"{len(labels)} amplifiers in the file, {len(names)} in the detector"
            return labels, [Problem("CAL725", (), detail)]
        # A line is of any two amplifiers: only their numbers, or targets one after the other, are an order.
        ordered = numbered_order(labels) or (sorted(labels) if victims == sorted(labels) else None)
        if ordered is None:
            detail = f"the list has no order of its amplifiers {', '.join(labels)}"
            hint = "write the names of the detector's amplifiers, or numbers, in their place"
            return labels, [Problem("CAL725", (), detail, hint)]
        return ordered, []
    lines: dict[str, int] = {}
    for number, victim, source, _ in pairs:
        for label in (victim, source):
            lines.setdefault(label, number)
    unknown = [label for label in labels if label not in names]
    return names, [unknown_amplifier(label, names, lines[label]) for label in unknown]
