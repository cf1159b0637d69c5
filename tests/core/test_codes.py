"""The table of codes; tests/check/test_cases.py demands a case for each code that a check finds."""

from __future__ import annotations

import re

import pytest

from curated.core.codes import (
    CODES,
    FAMILIES,
    CodeInfo,
    Severity,
    authoring,
    check,
    code_info,
    monitoring,
    package,
    physics,
    release,
    review,
    stack,
    verification,
)

_MODULES = (authoring, check, monitoring, package, physics, release, review, stack, verification)


def test_each_code_once_and_in_its_family() -> None:
    assert len(CODES) == sum(len(module.ROWS) for module in _MODULES)
    assert all(re.fullmatch(r"CAL[0-8]\d\d", code) and code[3] in FAMILIES for code in CODES)
    assert {row[0][3] for row in release.ROWS} == {"6"}
    for rows in (check.ROWS, physics.ROWS, review.ROWS, stack.ROWS):
        codes = [row[0] for row in rows]
        assert codes == sorted(codes)


@pytest.mark.parametrize("info", CODES.values(), ids=CODES)
def test_words_are_complete(info: CodeInfo) -> None:
    assert isinstance(info.severity, Severity)
    assert info.title
    assert not info.title.endswith(".")
    assert info.hint
    assert not info.hint.endswith(".")
    assert info.why.endswith(".")


def test_an_unknown_code() -> None:
    assert code_info("CAL301").title == "a value out of range"
    with pytest.raises(KeyError):
        code_info("CAL999")
