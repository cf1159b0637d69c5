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
"""Name of the suite of findings in other files than calibrations."""


def report_lines(report: Report, prefix: str = "") -> Iterator[str]:
    """Yield the lines of a JUnit report with all findings.

    Parameters
    ----------
    report : `Report`
        Result of a check.
    prefix : `str`, optional
        Path of the package in its git repository.
    """
    findings: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in report.diagnostics:
        findings[diagnostic.file].append(diagnostic)
    suites: dict[str, list[str]] = defaultdict(list)
    for file in report.files:
        suites[f"{file.key.instrument}/{file.key.type}"].append(file.path)
    calibrations = {file.path for file in report.files}
    other_files = [file for file in findings if file not in calibrations]
    if other_files:
        suites[PACKAGE] = other_files
    tests = len(calibrations) + len(other_files)
    failed = sum(any(d.is_error for d in diagnostics) for diagnostics in findings.values())
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="curated check" tests="{tests}" failures="{failed}" errors="0">'
    yield from chain.from_iterable(_suite(name, files, findings, prefix) for name, files in suites.items())
    yield "</testsuites>"


def _suite(
    name: str, files: Sequence[str], findings: dict[str, list[Diagnostic]], prefix: str
) -> Iterator[str]:
    failed = sum(any(d.is_error for d in findings.get(file, ())) for file in files)
    counts = f'tests="{len(files)}" failures="{failed}" errors="0" skipped="0"'
    yield f" <testsuite name={_attribute(name)} {counts}>"
    for file in files:
        yield from _case(name, file, findings.get(file, ()), prefix)
    yield " </testsuite>"


def _case(suite: str, file: str, diagnostics: Sequence[Diagnostic], prefix: str) -> Iterator[str]:
    classname = _attribute(suite.replace("/", "."))
    start_tag = f"  <testcase classname={classname} name={_attribute(file)} file={_attribute(prefix + file)}"
    if not diagnostics:
        yield f"{start_tag}/>"
        return
    yield f"{start_tag}>"
    errors = [d for d in diagnostics if d.is_error]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        message = _attribute(f"{errors[0].code} {errors[0].message}{more}")
        yield f"   <failure type={_attribute(errors[0].code)} message={message}>"
        yield from (_line(d, prefix) for d in errors)
        yield "   </failure>"
    remarks = [d for d in diagnostics if not d.is_error]
    if remarks:
        yield "   <system-out>"
        yield from (_line(d, prefix) for d in remarks)
        yield "   </system-out>"
    yield "  </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(printable(text))


def _line(diagnostic: Diagnostic, prefix: str) -> str:
    return escape(finding_line(diagnostic, prefix=prefix))
