"""Tables of tests: ``<instrument>/verification/<type>/<validstart>.yaml``, in force by time like calibrations."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from curated.core.diagnostic import Diagnostic, Problem, brief, limited
from curated.core.times import explain_time, parse_time
from curated.declare.settings import Setting, check_setting
from curated.package.files import read_file
from curated.package.layout import VERIFICATION_DIRECTORY
from curated.package.package import Package
from curated.registry import find_type, get_type, own_types, similar_type
from curated.text.reader import read_text
from curated.text.yaml.locator import yaml_locator
from curated.text.yaml.reader import load_yaml
from curated.verification.row_checks import statistic_problems
from curated.verification.rows import TEST_ROW, parse_row, row_problems
from curated.verification.verification_test import VerificationTest
from curated.verification.waivers import WAIVERS_FILE

DEFAULTS = "curated"
"""Source of the tests that come with curated."""

TEST_TABLE = Setting(
    kind="mapping",
    doc="Tests of the calibrations of a type, in force from the start in the name of the file.",
    keys={"tests": Setting(kind="list", required=True, items=TEST_ROW, most=10_000, doc="The tests.")},
)
"""Declaration of a table of tests."""


@dataclass(frozen=True, slots=True)
class TestTable:
    """A table of tests.

    Parameters
    ----------
    path : `str`
        Path in the package.
    instrument, type_name : `str`
        The instrument's directory, and the type whose calibrations are tested.
    start : `datetime.datetime`
        When it comes into force, UTC.
    """

    __test__ = False

    path: str
    instrument: str
    type_name: str
    start: datetime
    tests: tuple[VerificationTest, ...] = ()


@dataclass(frozen=True, slots=True)
class TestTables:
    """All tables of tests of a package.

    Parameters
    ----------
    tables : `tuple` [`TestTable`]
        Those without errors.
    findings : `tuple` [`Diagnostic`]
        What is wrong in these files.
    """

    __test__ = False

    tables: tuple[TestTable, ...] = ()
    findings: tuple[Diagnostic, ...] = ()

    def in_force(
        self, instrument: str, type_name: str, time: datetime
    ) -> tuple[str, tuple[VerificationTest, ...]]:
        """Return the tests of calibrations of a type that start at a time, and where they come from.

        These are the rows of the last table that started by then, and the defaults of curated where there is none.

        Parameters
        ----------
        time : `datetime.datetime`
            Start of the calibration, UTC.

        Returns
        -------
        source : `str`
            Path of the table, or `DEFAULTS`.
        tests : `tuple` [`VerificationTest`]
            The tests; none where neither the package nor curated has any of the type.
        """
        tables = [
            table
            for table in self.tables
            if (table.instrument, table.type_name) == (instrument, type_name) and table.start <= time
        ]
        if tables:
            latest = max(tables, key=lambda table: table.start)
            return latest.path, latest.tests
        return DEFAULTS, default_tests(type_name)


def read_test_tables(package: Package) -> TestTables:
    """Read the tables of tests of a package, with all that is wrong in them."""
    tables: list[TestTable] = []
    findings: list[Diagnostic] = []
    depth = package.top.count("/") + 1 if package.top else 0
    for path in package.layout.verification:
        parts = path.split("/")[depth:]
        if parts[1:] == [VERIFICATION_DIRECTORY, WAIVERS_FILE]:
            continue
        place = _place(path, parts)
        if isinstance(place, Problem):
            findings.append(Diagnostic.from_problem(place, path))
            continue
        data = read_file(package.files, path)
        if isinstance(data, Problem):
            findings.append(Diagnostic.from_problem(data, path))
            continue
        tests, more = parse_tests(data, path, place[0])
        findings += more
        if tests is not None:
            tables.append(TestTable(path, parts[0], place[0], place[1], tests))
    return TestTables(tuple(tables), tuple(findings + _repeated(tables)))


def _place(path: str, parts: list[str]) -> tuple[str, datetime] | Problem:
    """Return type and start of a table by its path, or what is wrong with the path."""
    if len(parts) != 4 or not path.endswith(".yaml"):
        return Problem(
            "CAL843", (), "expected a path such as <instrument>/verification/<type>/<validstart>.yaml"
        )
    cls = find_type(parts[2])
    if cls is None:
        similar = similar_type(parts[2])
        hint = f"did you mean {similar!r}? rename the directory" if similar else ""
        return Problem("CAL843", (), f"{brief(parts[2])} is not a calibration type", hint)
    stem = os.path.splitext(parts[3])[0]
    try:
        return cls.SPEC.name, parse_time(stem)
    except ValueError:
        return Problem("CAL843", (), f"{brief(stem)} is {explain_time(stem)}")


def _repeated(tables: Iterable[TestTable]) -> list[Diagnostic]:
    first: dict[Any, str] = {}
    findings = []
    for table in tables:
        key = table.instrument.lower(), table.type_name, table.start
        original = first.setdefault(key, table.path)
        if original != table.path:
            detail = f"{original} starts at the same time"
            findings.append(Diagnostic.from_problem(Problem("CAL843", (), detail), table.path))
    return findings


def parse_tests(
    data: bytes, path: str, type_name: str = ""
) -> tuple[tuple[VerificationTest, ...] | None, list[Diagnostic]]:
    """Return the tests of a table of a type and its findings; `None` in their place if they cannot be read.

    A test whose statistic, level or unit is wrong can be read, but never be run. Without a type that is not looked at.
    """
    text, problems = read_text(data)
    if text is None:
        return None, [Diagnostic.from_problem(problem, path) for problem in problems]
    tree, problems = load_yaml(text)
    problems = problems or list(check_setting(TEST_TABLE, tree, "CAL844"))
    problems = problems or list(row_problems(tree["tests"], "CAL844", ("tests",)))
    locate = yaml_locator(text)
    tests = None if problems else tuple(map(parse_row, tree["tests"]))
    if tests is not None and type_name:
        problems = list(statistic_problems(tests, get_type(type_name)))
    findings = [
        Diagnostic.from_problem(p, path, *((0, 0) if p.line is not None else locate(p.pointer)))
        for p in limited(problems)
    ]
    return tests, findings


@cache
def default_tests(type_name: str) -> tuple[VerificationTest, ...]:
    """Return the tests that come with a type; none for types that have none."""
    text = default_table(type_name)
    return parse_tests(text.encode(), f"defaults/{type_name}.yaml", type_name)[0] or () if text else ()


@cache
def default_table(type_name: str) -> str:
    """Return the text of the table of tests that comes with a type; empty for types that have none.

    Those of this package are in ``verification/defaults``. A type of another package brings its own, in a file
    ``verification/<type>.yaml`` of the package that has its module.
    """
    from importlib import resources  # loads modules that no check of a package without tests needs

    cls = get_type(type_name)
    if cls.SPEC.name in own_types():
        folder = resources.files("curated.verification").joinpath("defaults")
    else:
        module = importlib.import_module(cls.__module__)
        folder = resources.files(module.__package__ or cls.__module__).joinpath("verification")
    file = folder.joinpath(f"{cls.SPEC.name}.yaml")
    return file.read_bytes().decode(errors="replace") if file.is_file() else ""
