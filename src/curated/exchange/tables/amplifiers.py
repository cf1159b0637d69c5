"""Amplifiers of a foreign table against those of the detector."""

from __future__ import annotations

from collections.abc import Sequence

from curated.core.diagnostic import Problem, brief
from curated.core.geometry import DetectorGeometry
from curated.core.similar import similar_name
from curated.exchange.tables.source_table import SourceTable

_HINT = "name the column with --column amplifier=COLUMN, or take rows in the order of the detector with --by-order"


def amplifier_names(
    table: SourceTable,
    column: str,
    detector: DetectorGeometry | None,
    *,
    by_order: bool,
    is_repeated: bool = False,
) -> tuple[list[str], list[Problem]]:
    """Return the amplifier of each row, and what is wrong with them.

    Parameters
    ----------
    column : `str`
        Column with their names; empty if there is none.
    by_order : `bool`
        Whether amplifiers are those of the detector in its order, whatever the file calls them.
    is_repeated : `bool`, optional
        Whether an amplifier may have several rows, as in curves.
    """
    labels = [str(value) for value in table.columns[column].values.tolist()] if column else []
    if not column:
        labels = [str(row + 1) for row in range(table.count)]
        if not by_order:
            return [], [Problem("CAL725", (), "no column has the names of the amplifiers", _HINT)]
    distinct = list(dict.fromkeys(labels))
    problems = [] if is_repeated else list(_repeated(table, labels))
    expected = [amplifier.name for amplifier in detector.amplifiers] if detector is not None else []
    if not expected:
        if by_order:
            hint = "name them in instrument.yaml, or add a camera calibration"
            problems.append(
                Problem("CAL725", (), "the package does not say which amplifiers there are", hint)
            )
        return labels, problems
    if by_order:
        if len(distinct) != len(expected):
            return labels, [*problems, Problem("CAL725", (), _counts(distinct, expected))]
        names = dict(zip(distinct, expected, strict=True))
        return [names[label] for label in labels], problems
    rows = {label: labels.index(label) for label in distinct}
    for label in distinct:
        if label not in expected:
            problems.append(table.problem("CAL725", rows[label], *_unknown(label, expected)))
    absent = [name for name in expected if name not in rows]
    if absent and not all(label not in expected for label in distinct):
        problems.append(
            Problem("CAL725", (), f"no row for {', '.join(absent)}: {_counts(distinct, expected)}")
        )
    return labels, problems


def unknown_amplifier(name: str, expected: Sequence[str], line: int | None = None) -> Problem:
    """Return the problem of a name that no amplifier of the detector has."""
    detail, hint = _unknown(name, list(expected))
    return Problem("CAL725", (), detail, hint, line=line)


def order_problem(names: Sequence[str], expected: Sequence[str]) -> Problem | None:
    """Return the problem of names of a matrix that are not those of the detector; `None` if they are."""
    for name in names:
        if name not in expected:
            return unknown_amplifier(name, expected)
    if len(set(names)) != len(expected):
        return Problem("CAL725", (), _counts(list(dict.fromkeys(names)), list(expected)))
    return None


def _counts(labels: list[str], expected: list[str]) -> str:
    return f"{len(labels)} amplifiers in the file, {len(expected)} in the detector"


def _unknown(label: str, expected: list[str]) -> tuple[str, str]:
    similar = similar_name(label, expected)
    hint = f"did you mean {similar!r}?" if similar else f"it has {', '.join(expected)}"
    if label.isdigit():
        hint = "take the rows in the order of the detector with --by-order"
    return f"the detector has no amplifier {brief(label)}", hint


def _repeated(table: SourceTable, labels: list[str]) -> list[Problem]:
    first_rows: dict[str, int] = {}
    problems = []
    for row, label in enumerate(labels):
        if first_rows.setdefault(label, row) != row:
            detail = f"amplifier {brief(label)} is that of row {first_rows[label] + 1}"
            problems.append(table.problem("CAL724", row, detail))
    return problems
