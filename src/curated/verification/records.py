"""Records, waivers and tests of a package, read with all that is wrong in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from curated.core.diagnostic import Diagnostic, Problem, has_errors, limited
from curated.core.keys import by_source
from curated.declare.settings import check_setting
from curated.package.files import read_file
from curated.package.layout import VERIFICATION_DIRECTORY
from curated.package.package import Package
from curated.text.reader import read_text
from curated.text.source import Locator
from curated.text.yaml.locator import yaml_locator
from curated.text.yaml.reader import load_yaml
from curated.verification.record import VerificationRecord
from curated.verification.record_file import read_record
from curated.verification.tables import TestTables, read_test_tables
from curated.verification.waivers import WAIVERS, WAIVERS_FILE, Waiver, make_waiver


class Verifications(NamedTuple):
    """What a package holds about verification.

    Parameters
    ----------
    records : `dict` [`str`, `VerificationRecord`]
        Records that can be used, by the path of the file that has the calibration.
    waivers : `dict` [`str`, `tuple` [`Waiver`, ...]]
        Waivers by instrument directory.
    places : `dict` [`str`, `str`]
        Path of the file of waivers by instrument directory.
    digests : `dict` [`str`, `str`]
        SHA-256 of each record that is there, by the path of the file that has the calibration.
    findings : `tuple` [`Diagnostic`]
        What is wrong in these files.
    """

    records: Mapping[str, VerificationRecord] = MappingProxyType({})
    waivers: Mapping[str, tuple[Waiver, ...]] = MappingProxyType({})
    places: Mapping[str, str] = MappingProxyType({})
    digests: Mapping[str, str] = MappingProxyType({})
    tests: TestTables = TestTables()
    findings: tuple[Diagnostic, ...] = ()


def read_verifications(package: Package) -> Verifications:
    """Read the records, waivers and tests of a package."""
    records: dict[str, VerificationRecord] = {}
    waivers: dict[str, tuple[Waiver, ...]] = {}
    digests: dict[str, str] = {}
    findings: list[Diagnostic] = []
    for copies in by_source(file for file in package.layout.files if file.record):
        file = copies[0]
        data = read_file(package.files, file.record)
        if isinstance(data, Problem):
            findings.append(Diagnostic.from_problem(data, file.record))
            continue
        digests[file.source] = hashlib.sha256(data).hexdigest()
        entry = read_record(data)
        findings += _located(entry.problems, file.record, entry.locator)
        if entry.record is not None:
            records[file.source] = entry.record
    places = waiver_files(package)
    for instrument, path in places.items():
        data = read_file(package.files, path)
        if isinstance(data, Problem):
            findings.append(Diagnostic.from_problem(data, path))
            continue
        entries, problems = read_waivers(data, path)
        findings += problems
        waivers[instrument] = entries
    tests = read_test_tables(package)
    return Verifications(records, waivers, places, digests, tests, (*findings, *tests.findings))


def waiver_files(package: Package) -> dict[str, str]:
    """Return the path of the file of waivers of each instrument that has one, by instrument directory."""
    depth = package.top.count("/") + 1 if package.top else 0
    split = [(path, path.split("/")[depth:]) for path in package.layout.verification]
    return {parts[0]: path for path, parts in split if parts[1:] == [VERIFICATION_DIRECTORY, WAIVERS_FILE]}


def read_waivers(data: bytes, path: str) -> tuple[tuple[Waiver, ...], list[Diagnostic]]:
    """Read waivers from the bytes of their file, with all findings; those with an error are left out."""
    text, problems = read_text(data)
    if text is None:
        return (), [Diagnostic.from_problem(problem, path) for problem in problems]
    tree, problems = load_yaml(text)
    locator = yaml_locator(text)
    problems = problems or list(check_setting(WAIVERS, tree, "CAL839"))
    findings = _located(problems, path, locator)
    if problems:
        return (), findings
    waivers = []
    for row, entry in enumerate(tree["waivers"]):
        try:
            waivers.append(make_waiver(entry))
        except ValueError as error:
            findings += _located([Problem("CAL839", ("waivers", row), str(error))], path, locator)
    return (() if has_errors(findings) else tuple(waivers)), findings


def _located(problems: Iterable[Problem], path: str, locator: Locator) -> list[Diagnostic]:
    findings = []
    for problem in limited(list(problems)):
        line, column = (0, 0) if problem.line is not None else locator(problem.pointer)
        findings.append(Diagnostic.from_problem(problem, path, line, column))
    return findings
