"""Rows of foreign tables that cannot be used."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curated.exchange.tables.rows import missing_values, order_problems, sorted_rows
from curated.exchange.tables.source_table import SourceColumn, SourceTable
from curated.types.defects import Defects
from curated.types.transmission_filter import FilterTransmission

SAMPLES = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("AB")), min_size=1, max_size=12)


@given(SAMPLES)
def test_order_against_pairs(samples: list[tuple[int, str]]) -> None:
    wavelengths = np.array([float(wavelength) for wavelength, _ in samples])
    labels = [label for _, label in samples]
    table = SourceTable(
        columns={"w": SourceColumn(values=wavelengths)}, lines=tuple(range(2, 2 + len(samples)))
    )
    expected = []
    for row, (wavelength, label) in enumerate(samples):
        before = [w for w, other in samples[:row] if other == label]
        if before and wavelength <= before[-1]:
            expected.append(row + 2)
    assert [problem.line for problem in order_problems(table, wavelengths, labels)] == expected
    rows = sorted_rows(wavelengths, labels)
    assert sorted(rows.tolist()) == list(range(len(samples)))
    by_label = [[wavelengths[row] for row in rows if labels[row] == label] for label in "AB"]
    assert all(values == sorted(values) for values in by_label)


def test_missing_values() -> None:
    efficiency = next(field for field in FilterTransmission.FIELDS if field.name == "efficiency")
    column = SourceColumn(values=np.array([0.1, np.nan, np.nan]), missing=(2,))
    table = SourceTable(columns={"t": column}, lines=(5, 6, 9))
    assert list(missing_values(table, efficiency, "t")) == []
    problems = list(missing_values(table, efficiency, "t", is_strict=True))
    assert [(problem.line, problem.detail) for problem in problems] == [
        (9, "row 3: t has no value"),
        (6, "row 2: t is nan"),
    ]
    x0 = next(field for field in Defects.FIELDS if field.name == "x0")
    texts = SourceTable(columns={"x": SourceColumn(values=np.array(["1", "a"]))})
    assert [problem.detail for problem in missing_values(texts, x0, "x")] == ["row 2: x is 'a', not a number"]
