"""Changes of tests: looser, tighter, others, in rows and in packages."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from conftest import MakePackage
from curated.package.package import open_package
from curated.verification.row_changes import compare_tests, find_test_changes
from curated.verification.tables import default_table
from curated.verification.verification_test import VerificationTest


def row(operator: Any = "within", *limits: float, **more: Any) -> VerificationTest:
    values = {"id": "T", "level": "amplifier", "statistic": "banding", "unit": "electron", **more}
    return VerificationTest(operator=operator, limits=limits, **values)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (row("within", -1, 1), row("within", -1, 1), None),
        (row("within", -1, 1), row("within", -1, 1, source="other", note="x", justified=False), None),
        (row("within", -1, 1), row("within", -2, 1), "loosened"),
        (row("within", -1, 1), row("within", -1, 0.5), "tightened"),
        (row("within", -1, 1), row("within", 0, 2), "changed"),
        (row("within", -1, 1), row("<=", 1), "loosened"),
        (row("<=", 1), row("<", 1), "tightened"),
        (row(">", 1), row(">=", 1), "loosened"),
        (row(">", 1), row(">", 0), "loosened"),
        (row("<", 1), row(">", 1), "changed"),
        (row("==", 0), row("within", -1, 1), "loosened"),
        (row("outside", -1, 1), row("outside", -2, 2), "tightened"),
        (row("outside", -1, 1), row("within", -1, 1), "changed"),
        (row("within", -1, 1), row("within", -1, 1, sigma=5.0), "loosened"),
        (row("within", -1, 1), row("within", -1, 1, required=False), "loosened"),
        (row("within", -1, 1, sigma=5.0), row("within", -2, 2, sigma=3.0), "changed"),
        (row("within", -1, 1), row("within", -1, 1, level="detector"), "changed"),
        (row("within", -1, 1), row("within", -1, 1, statistic="x"), "changed"),
        (row("within", -1, 1), row("within", -1, 1, unit="adu"), "changed"),
        (row("within", -60, 60, unit="electron/min"), row("within", -1, 1, unit="electron/s"), None),
        (row("within", -60, 60, unit="electron/min"), row("within", -2, 2, unit="electron/s"), "loosened"),
    ],
)
def test_kinds(old: VerificationTest, new: VerificationTest, kind: str | None) -> None:
    changes = list(compare_tests([old], [new]))
    assert [change.kind for change in changes] == ([kind] if kind else [])


def test_added_and_removed() -> None:
    old, new = row("within", -1, 1, id="A"), row("within", -1, 1, id="B")
    assert [str(change) for change in compare_tests([old], [new])] == [
        "B was added: banding within -1 to 1 electron",
        "A was removed: banding within -1 to 1 electron",
    ]
    assert list(compare_tests([old], [row("within", -1, 1, id="a")])) == []


def test_words_of_a_change() -> None:
    (change,) = compare_tests([row("<=", 5)], [row("<=", 9, sigma=5.0, required=False)])
    assert str(change) == (
        "T was loosened: banding <= 5 electron -> banding <= 9 electron, sigma 3 -> 5, required true -> false"
    )


NUMBERS = count()
TABLE = "calibs/lab/verification/bias/20240101T000000.yaml"


def findings(
    make_package: MakePackage, before: dict[str, str], now: dict[str, str]
) -> list[tuple[str, str, bool, str]]:
    packages = []
    for files in (before, now):
        content = {"curated.yaml": "calibs: calibs\n", "calibs/README": "", **files}
        package = make_package(content, f"package-{next(NUMBERS)}")
        packages.append(open_package(package.path))
    return [(f.code, f.file, f.line > 0, f.message) for f in find_test_changes(*packages)]


def test_tables_of_packages(make_package: MakePackage) -> None:
    text = default_table("bias")
    assert findings(make_package, {}, {TABLE: text}) == []
    looser = text.replace("limit: 5.0\n", "limit: 9.0\n", 1)
    assert findings(make_package, {TABLE: text}, {TABLE: looser}) == [
        ("CAL810", TABLE, True, "BIAS-BANDING was loosened: banding <= 5 electron -> banding <= 9 electron")
    ]
    assert findings(make_package, {}, {TABLE: looser})[0][0] == "CAL810"
    assert [code for code, *_ in findings(make_package, {TABLE: looser}, {})] == ["CAL812"]
    lacking = text[: text.index("  - id: BIAS-HEADER")]
    removed = findings(make_package, {TABLE: text}, {TABLE: lacking})
    assert {code for code, *_ in removed} == {"CAL811"}
    assert len(removed) == 3


def test_a_later_table_is_compared_with_the_one_before(make_package: MakePackage) -> None:
    text, later = default_table("bias"), TABLE.replace("2024", "2025")
    looser = text.replace("limit: 5.0\n", "limit: 9.0\n", 1)
    changes = findings(make_package, {TABLE: looser}, {TABLE: looser, later: text})
    assert [(code, path) for code, path, *_ in changes] == [("CAL812", later)]
    assert "tightened" in changes[0][3]


@pytest.mark.parametrize("broken", ["tests: [", "tests: 3", "\xff"])
def test_tables_that_cannot_be_read_are_not_compared(broken: str, make_package: MakePackage) -> None:
    """Otherwise the tests that come with the type would seem to be in force instead."""
    looser = default_table("bias").replace("limit: 5.0\n", "limit: 9.0\n", 1)
    expected = [("CAL447", TABLE, False, "its tests cannot be read, nor compared")]
    assert findings(make_package, {TABLE: looser}, {TABLE: broken}) == expected
    assert findings(make_package, {TABLE: broken}, {TABLE: looser}) == expected
