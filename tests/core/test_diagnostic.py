"""Findings: completed from problems, ordered, limited in number and length."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.codes import Severity, code_info
from curated.core.diagnostic import (
    MAX_FINDINGS,
    CuratedError,
    Diagnostic,
    Problem,
    brief,
    has_errors,
    limited,
)


def test_a_problem_gets_file_place_severity_and_hint() -> None:
    found = Diagnostic.from_problem(Problem("CAL301", ("x0", 2), "row 3: -4"), "calibs/x", 7, 5)
    assert (found.file, found.line, found.column, found.pointer) == ("calibs/x", 7, 5, ("x0", 2))
    assert (found.severity, found.hint) == (Severity.ERROR, code_info("CAL301").hint)
    assert found.is_error
    assert found.to_dict()["severity"] == "error"
    assert found.to_dict()["pointer"] == ["x0", 2]


def test_what_a_rule_knows_goes_before() -> None:
    problem = Problem("CAL301", (), "text", hint="mend it", line=3, column=2)
    found = Diagnostic.from_problem(problem, "x", 7, 5)
    assert (found.line, found.column, found.hint) == (3, 2, "mend it")


@pytest.mark.parametrize(("line", "column"), [(None, 0), (0, 0), (4, 1)])
def test_the_start_of_a_line_where_only_that_is_known(line: int | None, column: int) -> None:
    assert Diagnostic.from_problem(Problem("CAL301", (), "text"), "x", line).column == column


def test_messages_are_cut() -> None:
    found = Diagnostic.from_problem(Problem("CAL301", (), "x" * 5000), "x")
    assert len(found.message) == 1003
    assert found.message.endswith("...")


def test_order_is_that_of_files_and_lines() -> None:
    places = [("b", 1, 1), ("a", 10, 1), ("a", 9, 5), ("a", 9, 1)]
    found = sorted(
        Diagnostic.from_problem(Problem("CAL301", (), "text"), file, line, column)
        for file, line, column in places
    )
    assert [(d.file, d.line, d.column) for d in found] == sorted(places)


def test_limited_by_code() -> None:
    many = [Problem("CAL301", (i,), f"row {i}") for i in range(MAX_FINDINGS + 7)]
    few = [Problem("CAL305", (i,), "text") for i in range(3)]
    found = list(limited([*many, *few]))
    assert found[:MAX_FINDINGS] == many[:MAX_FINDINGS]
    assert found[MAX_FINDINGS:-1] == few
    assert (found[-1].code, found[-1].detail) == ("CAL301", "7 more findings of this code in this file")
    assert list(limited(many[:MAX_FINDINGS])) == many[:MAX_FINDINGS]


def test_only_errors_are_errors() -> None:
    info, warning, error = (
        Diagnostic.from_problem(Problem(code, (), "text"), "x") for code in ("CAL404", "CAL304", "CAL301")
    )
    assert not has_errors([info, warning])
    assert has_errors([info, error])


def test_failures_are_of_usage_or_environment() -> None:
    error = CuratedError("no such file", "name another")
    assert (str(error), error.message, error.hint, error.exit_status) == (
        "no such file",
        "no such file",
        "name another",
        2,
    )


values = st.recursive(
    st.none() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_brief_is_short(value: Any) -> None:
    assert 0 < len(brief(value)) <= 80


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("a", "'a'"),
        ([1, 2], "[1, 2]"),
        (16**9999, "a number of 39997 bits"),
        ([16**9999], "list"),
        (list(range(99)), "[0, 1, 2, 3, 4, ...]"),
    ],
    ids=lambda value: str(value)[:10] if isinstance(value, str) else "",
)
def test_brief(value: Any, text: str) -> None:
    assert brief(value) == text
