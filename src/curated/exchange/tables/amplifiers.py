"""Amplifiers of a foreign table against those of the detector."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from curated.core.diagnostic import MAX_FINDINGS, Problem, brief
from curated.core.geometry import DetectorGeometry
from curated.core.similar import similar_name
from curated.exchange.tables.source_table import SourceTable

_NUMBERED = re.compile(r"(.*?)(\d{1,6})\Z", re.A)
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
    unnamed = table.columns[column].missing if column else ()
    if unnamed:
        return [], [table.problem("CAL725", row, f"{column} names no amplifier") for row in unnamed]
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
        note = judge_order(distinct, expected)
        problems.append(note)
        if note.code == "CAL725":
            return labels, problems
        names = dict(zip(distinct, expected, strict=True))
        return [names[label] for label in labels], problems
    return labels, [*problems, *_different(table, labels, expected)]


def _different(table: SourceTable, labels: list[str], expected: list[str]) -> Iterator[Problem]:
    """Yield the names that the detector does not have, and those of it that are not there."""
    rows: dict[str, int] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, row)
    unknown = [label for label in rows if label not in expected]
    for label in unknown[: MAX_FINDINGS + 1]:
        yield table.problem("CAL725", rows[label], *_unknown(label, expected))
    absent = [name for name in expected if name not in rows]
    if absent and len(absent) < len(expected):
        yield Problem("CAL725", (), f"no row for {', '.join(absent)}: {_counts(list(rows), expected)}")


def numbered_order(labels: Sequence[str]) -> list[str] | None:
    """Return names that are one text with different numbers behind it in the order of these; `None` for other names."""
    matches = [_NUMBERED.match(label) for label in labels]
    parts = [(match[1], int(match[2])) for match in matches if match is not None]
    if len(parts) < len(labels) or len({stem for stem, _ in parts}) > 1 or len(set(parts)) < len(parts):
        return None
    return [label for _, label in sorted(zip([number for _, number in parts], labels, strict=True))]


def judge_order(labels: Sequence[str], expected: Sequence[str]) -> Problem:
    """Return the remark which amplifiers of the detector those of the file are taken for, or why they cannot be (CAL725)."""
    if len(labels) != len(expected):
        return Problem("CAL725", (), _counts(list(labels), list(expected)))
    by_number = numbered_order(labels)
    if by_number is not None and by_number != list(labels):
        detail = f"amplifiers {', '.join(labels)} of the file are not in the order of their numbers"
        return Problem("CAL725", (), detail, "sort them: --by-order takes them as they come")
    pairs = ", ".join(f"{label} is {name}" for label, name in zip(labels, expected, strict=True))
    return Problem("CAL728", (), f"amplifiers by their order: {pairs}")


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
