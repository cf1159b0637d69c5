"""Findings as JUnit XML: a test suite for each type of an instrument, a test case for each calibration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from xml.sax.saxutils import escape, quoteattr

from curated.check.report import Report
from curated.core.diagnostic import Diagnostic
from curated.report.text import finding_line, printable

PACKAGE = "package"
"""Suite of what is wrong with other files than calibrations."""


def report_lines(report: Report, prefix: str = "") -> Iterator[str]:
    """Yield the lines of a JUnit report with all findings.

    Parameters
    ----------
    report : `Report`
        What a check found.
    prefix : `str`, optional
        Path of the package in its repository.
    """
    found: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in report.diagnostics:
        found[diagnostic.file].append(diagnostic)
    suites: dict[str, list[str]] = defaultdict(list)
    for file in report.files:
        suites[f"{file.key.instrument}/{file.key.type}"].append(file.path)
    known = {file.path for file in report.files}
    others = [file for file in found if file not in known]
    if others:
        suites[PACKAGE] = others
    failed = sum(any(d.is_error for d in listed) for listed in found.values())
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="curated check" tests="{len(known) + len(others)}" failures="{failed}" errors="0">'
    yield from chain.from_iterable(_suite(name, files, found, prefix) for name, files in suites.items())
    yield "</testsuites>"


def _suite(name: str, files: Sequence[str], found: dict[str, list[Diagnostic]], prefix: str) -> Iterator[str]:
    failed = sum(any(d.is_error for d in found.get(file, ())) for file in files)
    counts = f'tests="{len(files)}" failures="{failed}" errors="0" skipped="0"'
    yield f" <testsuite name={_attribute(name)} {counts}>"
    for file in files:
        yield from _case(name, file, found.get(file, ()), prefix)
    yield " </testsuite>"


def _case(suite: str, file: str, listed: Sequence[Diagnostic], prefix: str) -> Iterator[str]:
    classname = _attribute(suite.replace("/", "."))
    opened = f"  <testcase classname={classname} name={_attribute(file)} file={_attribute(prefix + file)}"
    if not listed:
        yield f"{opened}/>"
        return
    yield f"{opened}>"
    errors = [d for d in listed if d.is_error]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        message = _attribute(f"{errors[0].code} {errors[0].message}{more}")
        yield f"   <failure type={_attribute(errors[0].code)} message={message}>"
        yield from (_line(d, prefix) for d in errors)
        yield "   </failure>"
    remarks = [d for d in listed if not d.is_error]
    if remarks:
        yield "   <system-out>"
        yield from (_line(d, prefix) for d in remarks)
        yield "   </system-out>"
    yield "  </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(printable(text))


def _line(diagnostic: Diagnostic, prefix: str) -> str:
    return escape(finding_line(diagnostic, prefix=prefix))
