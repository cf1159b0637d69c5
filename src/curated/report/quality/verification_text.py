"""Records of verification as text: a line for each test, with its worst value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from curated.report.text import printable
from curated.verification.record import VerificationRecord
from curated.verification.verification_test import TestResult, VerificationTest
from curated.verification.waivers import excess

_ORDER = {"fail": 0, "not run": 1, "pass": 2}
_WIDTH = 80


def record_lines(path: str, record: VerificationRecord) -> list[str]:
    """Return a record as lines of text that fit into 80 columns, as far as names do.

    Parameters
    ----------
    path : `str`
        Path of the calibration.
    """
    counts = ", ".join(f"{count} {verdict}" for verdict, count in record.counts.items() if count)
    lines = [f"{printable(path)}: {record.verdict} ({counts or 'no tests'})"]
    groups: dict[str, list[TestResult]] = {}
    for result in record.results:
        groups.setdefault(result.test.id, []).append(result)
    rows = [_row(results) for results in groups.values()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] if rows else []
    for row, results in zip(rows, groups.values(), strict=True):
        lines.append(
            "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        )
        reasons = dict.fromkeys(result.reason for result in results if result.reason)
        lines += [f"    {printable(reason)}" for reason in list(reasons)[:3]]
    lines += [f"  note: {printable(remark)}" for remark in record.remarks]
    return lines


def _row(results: Sequence[TestResult]) -> tuple[str, ...]:
    """Return verdict, id, number of results, worst value with its place, and limits."""
    worst = worst_of(results)
    place = worst.amplifier
    passed = sum(result.verdict == "pass" for result in results)
    return (
        worst.verdict,
        printable(worst.test.id),
        f"{passed}/{len(results)}",
        value_text(worst) + (f" ({printable(place)})" if place and worst.verdict != "not run" else ""),
        limits_text(worst.test),
    )


def worst_of(results: Iterable[TestResult]) -> TestResult:
    """Return the result that is worst: a failure before one that was not run, and the value farthest beyond the limits."""

    def rank(result: TestResult) -> tuple[int, float]:
        beyond = excess(result.test, result.value)
        return _ORDER[result.verdict], -(beyond if math.isfinite(beyond) else 0.0)

    return min(results, key=rank)


def value_text(result: TestResult) -> str:
    """Return the value of a result with its standard error; ``-`` where it was not run."""
    if math.isnan(result.value):
        return "-"
    error = f" +- {result.error:.2g}" if result.error and math.isfinite(result.error) else ""
    return f"{result.value:.4g}{error}"


def limits_text(test: VerificationTest) -> str:
    """Return the operator and the limits of a test with their unit."""
    unit = f" {test.unit}" if test.unit else ""
    if len(test.limits) == 2:
        words = "" if test.operator == "within" else f"{test.operator} "
        return f"{words}{test.limits[0]:g} to {test.limits[1]:g}{unit}"
    return f"{test.operator} {test.limits[0]:g}{unit}"
