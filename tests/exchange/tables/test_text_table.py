"""Tables as text: separators, names, units, and lines."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curated.exchange.tables.source_table import SourceTable
from curated.exchange.tables.text_table import read_text_table


def table_of(text: str) -> SourceTable:
    table = read_text_table(text)
    assert isinstance(table, SourceTable), table
    return table


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " ", "   "])
def test_separators(separator: str) -> None:
    text = (
        "# a comment\n\n"
        + separator.join(["a", "b", "c"])
        + "\n"
        + separator.join(["1", "2.5e-3", "x"])
        + "\n"
    )
    table = table_of(text)
    assert {name: column.values.tolist() for name, column in table.columns.items()} == {
        "a": [1],
        "b": [2.5e-3],
        "c": ["x"],
    }
    assert table.lines == (4,)


def test_units_in_names_and_in_a_row() -> None:
    columns = table_of("wavelength (nm),gain [e-/ADU],flux_percent\n1,2,3\n").columns
    assert {name: column.unit for name, column in columns.items()} == {
        "wavelength": "nm",
        "gain": "electron/adu",
        "flux": "%",
    }
    table = table_of("w,t,name\nmicron,%,\n1,2,x\n2,3,y\n")
    assert [column.unit for column in table.columns.values()] == ["um", "%", None]
    assert table.lines == (3, 4)


def test_names_of_a_comment_and_no_names() -> None:
    table = table_of("# made by hand\n# wave trans\n1 2\n3 4\n")
    assert (list(table.columns), table.is_named_by_comment) == (["wave", "trans"], True)
    table = table_of("# made by somebody or other\n1 2\n3 4\n")
    assert (list(table.columns), table.has_names) == (["col1", "col2"], False)


def test_missing_values() -> None:
    columns = table_of("a,b,c\n1,,x\n--,2,\nnan,3,NA\nINDEF,1d2,y\n").columns
    assert columns["a"].missing == (1, 3)
    assert np.isnan(columns["a"].values).tolist() == [False, True, True, True]
    assert columns["b"].missing == (0,)
    assert columns["b"].values.tolist()[1:] == [2, 3, 100]
    assert columns["c"].missing == (1,)


def test_quotation_marks_and_separators_at_the_end() -> None:
    problems = read_text_table('a,b\n1,"2\n3,4\n')
    assert not isinstance(problems, SourceTable)
    assert [(problem.line, problem.detail) for problem in problems] == [
        (2, "quotation marks that do not fit")
    ]
    assert list(table_of("a,b,\n1,2,\n3,4,\n").columns) == ["a", "b"]
    assert table_of("amp,gain\nC00,high\nC01,1\n").columns["gain"].values.tolist() == ["high", "1"]


def test_every_ragged_line_is_named() -> None:
    problems = read_text_table("a,b\n1,2\n3\n\n4,5,6\n7,8\n")
    assert not isinstance(problems, SourceTable)
    assert [problem.line for problem in problems] == [3, 5]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-(10**17), 10**17),
            st.text("abc ,;\"'#-", min_size=1).filter(
                lambda text: text.strip() == text and text not in ("--", "-")
            ),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_csv_writes_comes_back(rows: list[tuple[float, int, str]]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["number", "whole", "text"])
    writer.writerows((repr(number), whole, f"t{text}") for number, whole, text in rows)
    columns = table_of(stream.getvalue()).columns
    assert columns["number"].values.tolist() == [number for number, _, _ in rows]
    assert columns["whole"].values.tolist() == [whole for _, whole, _ in rows]
    assert columns["text"].values.tolist() == [f"t{text}" for _, _, text in rows]
