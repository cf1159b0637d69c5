"""Changes of tests from one state of a package to another: which were added, removed, loosened or tightened."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from curated.core.diagnostic import Diagnostic, Pointer, Problem
from curated.core.units import converts, factor
from curated.package.files import read_file
from curated.package.package import Package
from curated.text.yaml.locator import yaml_locator
from curated.verification.tables import DEFAULTS, TestTables, read_test_tables
from curated.verification.verification_test import VerificationTest
from curated.verification.waivers import WAIVERS_FILE

Kind = Literal["added", "removed", "loosened", "tightened", "changed"]

_CODES: dict[Kind, str] = {
    "loosened": "CAL810",
    "removed": "CAL811",
    "added": "CAL812",
    "tightened": "CAL812",
    "changed": "CAL812",
}


class RowChange(NamedTuple):
    """A test that is another one than before.

    Parameters
    ----------
    kind : `str`
        ``loosened`` and ``tightened`` if everything that passed still does, or the other way round; ``changed`` if
        neither holds, or what is measured is another thing.
    old, new : `VerificationTest` or `None`
        The test before and now.
    """

    kind: Kind
    old: VerificationTest | None
    new: VerificationTest | None

    @property
    def id(self) -> str:
        """Name of the test."""
        test = self.new or self.old
        return test.id if test is not None else ""

    def __str__(self) -> str:
        if self.old is None or self.new is None:
            test = self.new or self.old
            return f"{self.id} was {self.kind}: {_text(test) if test is not None else ''}"
        return f"{self.id} was {self.kind}: {_difference(self.old, self.new)}"


def compare_tests(before: Sequence[VerificationTest], now: Sequence[VerificationTest]) -> Iterator[RowChange]:
    """Yield the tests that differ, by their ids; sources and notes alone make no difference.

    Parameters
    ----------
    before, now : sequence [`VerificationTest`]
        The tests that were and are in force.
    """
    old_tests = {test.id.upper(): test for test in before}
    for test in now:
        old = old_tests.pop(test.id.upper(), None)
        if old is None:
            yield RowChange("added", None, test)
        elif kind := _kind(old, test):
            yield RowChange(kind, old, test)
    for test in old_tests.values():
        yield RowChange("removed", test, None)


def _kind(old: VerificationTest, new: VerificationTest) -> Kind | None:
    if (old.level, old.statistic) != (new.level, new.statistic) or not converts(new.unit, old.unit):
        return "changed"
    directions = {
        _direction(old, new, factor(new.unit, old.unit)),
        _order(old.sigma, new.sigma),
        _order(not old.required, not new.required),
    } - {0}
    if not directions:
        return None
    return (
        "changed"
        if len(directions) > 1 or None in directions
        else "loosened"
        if 1 in directions
        else "tightened"
    )


def _order(old: float, new: float) -> int:
    return (new > old) - (new < old)


def _direction(old: VerificationTest, new: VerificationTest, scale: float) -> int | None:
    """Return 1 if more values pass than before, -1 if fewer, 0 if the same, `None` if others."""
    outside = {"outside", "!="}
    if (old.operator in outside) != (new.operator in outside):
        return None
    first, second = _interval(old, 1.0), _interval(new, scale)
    if first == second:
        return 0
    is_wider = second[0] <= first[0] and first[1] <= second[1]
    is_narrower = first[0] <= second[0] and second[1] <= first[1]
    sign = -1 if old.operator in outside else 1
    return sign if is_wider else -sign if is_narrower else None


_Edge = tuple[float, float]


def _interval(test: VerificationTest, scale: float) -> tuple[_Edge, _Edge]:
    """Return the ends of the values within the limits, each with a number that says whether it is one of them."""
    low, high = (limit * scale for limit in (test.limits[0], test.limits[-1]))
    if test.operator in ("<", "<="):
        return (-math.inf, 0), (high, 0.0 if test.operator == "<=" else -1.0)
    if test.operator in (">", ">="):
        return (low, 0.0 if test.operator == ">=" else 1.0), (math.inf, 0)
    return (low, 0.0), (high, 0.0)


def _text(test: VerificationTest) -> str:
    limits = " to ".join(f"{limit:g}" for limit in test.limits)
    return f"{test.statistic} {test.operator} {limits} {test.unit}".rstrip()


def _difference(old: VerificationTest, new: VerificationTest) -> str:
    texts = []
    if _text(old) != _text(new):
        texts.append(f"{_text(old)} -> {_text(new)}")
    pairs = (
        ("level", old.level, new.level),
        ("sigma", old.sigma, new.sigma),
        ("required", old.required, new.required),
    )
    texts += [f"{name} {_word(first)} -> {_word(second)}" for name, first, second in pairs if first != second]
    return ", ".join(texts)


def _word(value: object) -> str:
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


# -- in packages --------------------------------------------------------------------------------------------


def find_test_changes(before: Package, now: Package) -> list[Diagnostic]:
    """Return a finding for each test of a package that is another one than before, at the times at which it is.

    Where a table begins or ends, its tests are compared with those that are in force at the same time in the other
    state: an earlier table, or the tests that come with the type.

    Parameters
    ----------
    before, now : `Package`
        The package before and after a change.
    """
    if not (before.layout.verification or now.layout.verification):
        return []
    old_tables, new_tables = read_test_tables(before), read_test_tables(now)
    findings: dict[tuple[str, str, str], Diagnostic] = {}
    unreadable = {
        path: Diagnostic.from_problem(Problem("CAL447", (), "its tests cannot be read, nor compared"), path)
        for package, tables in ((before, old_tables), (now, new_tables))
        for path in set(package.layout.verification) & {f.file for f in tables.findings}
        if _is_lacking(path, tables)
    }
    places = {path.rpartition("/")[0] for path in unreadable}
    for instrument, type_name, start in _times(old_tables, new_tables):
        old_source, old_tests = old_tables.in_force(instrument, type_name, start)
        new_source, new_tests = new_tables.in_force(instrument, type_name, start)
        path = new_source if new_source != DEFAULTS else old_source
        if path.rpartition("/")[0] in places:
            continue
        for change in compare_tests(old_tests, new_tests):
            pointer = _place(change, new_tests) if new_source != DEFAULTS else ()
            problem = Problem(_CODES[change.kind], pointer, str(change))
            finding = Diagnostic.from_problem(problem, path, *_line(now, path, pointer))
            # A table that goes on unchanged is compared once, not at each start after it.
            findings.setdefault((path, change.id, finding.message), finding)
    return sorted([*findings.values(), *unreadable.values()])


def _is_lacking(path: str, tables: TestTables) -> bool:
    """Say whether a file of tests could not be read, so that other tests seem to be in force."""
    return not path.endswith(f"/{WAIVERS_FILE}") and all(table.path != path for table in tables.tables)


def _times(*states: TestTables) -> list[tuple[str, str, datetime]]:
    """Return instrument, type and start of all tables, in order."""
    return sorted({(t.instrument, t.type_name, t.start) for state in states for t in state.tables})


def _place(change: RowChange, tests: Sequence[VerificationTest]) -> Pointer:
    if change.new is None:
        return ("tests",)
    return ("tests", tests.index(change.new), "limit" if change.old is not None else "id")


def _line(package: Package, path: str, pointer: Pointer) -> tuple[int, int]:
    data = read_file(package.files, path) if pointer else b""
    if not isinstance(data, bytes) or not data:
        return 0, 0
    return yaml_locator(data.decode("utf-8", errors="replace"))(pointer)
