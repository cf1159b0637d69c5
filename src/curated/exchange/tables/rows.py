"""Rows of a foreign table that cannot be used: values that are missing, wavelengths twice or in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from curated.core.diagnostic import Problem
from curated.declare import Array, Field
from curated.exchange.foreign import is_number
from curated.exchange.tables.source_table import SourceTable


def missing_values(
    table: SourceTable, field: Field, name: str, *, is_strict: bool = False
) -> Iterator[Problem]:
    """Yield the rows of a column without a value, and those with a number that is none where the type needs one.

    Parameters
    ----------
    is_strict : `bool`, optional
        Whether each row needs a number, even where files of the type may have NaN.
    """
    column = table.columns[name]
    needs_values = field.finite or is_strict
    for row in column.missing:
        if field.dtype == "str" or needs_values:
            yield table.problem("CAL724", row, f"{name} has no value", "fill it in, or remove the row")
    if column.values.dtype.kind == "f" and needs_values and column.values.size:
        finite = np.isfinite(column.values.reshape(len(column.values), -1)).all(axis=1)
        for row in np.flatnonzero(~finite).tolist():
            if row not in column.missing:
                yield table.problem(
                    "CAL724", row, f"{name} is {column.values[row]}", "correct or remove the row"
                )
    if column.values.dtype.kind == "U" and field.dtype != "str":
        for row, text in enumerate(column.values.tolist()):
            if row not in column.missing and not is_number(text):
                yield table.problem("CAL724", row, f"{name} is {text!r:.60}, not a number")


def order_problems(table: SourceTable, wavelengths: Array, labels: Sequence[str]) -> Iterator[Problem]:
    """Yield the samples of curves whose wavelength does not follow the one before.

    Parameters
    ----------
    wavelengths : `numpy.ndarray`, (N,)
        Wavelength of each row.
    labels : sequence [`str`]
        Amplifier of each row; empty for a curve of the detector.
    """
    last: dict[str, float] = {}
    for row, value in enumerate(wavelengths.tolist()):
        label = labels[row] if labels else ""
        previous = last.get(label)
        of_amplifier = f" of {label}" if label else ""
        if previous is not None and value == previous:
            yield table.problem(
                "CAL724", row, f"wavelength {value:g}{of_amplifier} is there twice", "remove one"
            )
        elif previous is not None and value < previous:
            detail = f"wavelength {value:g}{of_amplifier} follows {previous:g}"
            yield table.problem("CAL724", row, detail, "sort the rows, or let --sort do it")
        last[label] = value


def sorted_rows(wavelengths: Array, labels: Sequence[str]) -> Array:
    """Return the rows in the order of amplifiers, as the file has them, and wavelengths."""
    order = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    indices = [order[label] for label in labels] if labels else [0] * len(wavelengths)
    return np.lexsort((wavelengths, np.array(indices)))
