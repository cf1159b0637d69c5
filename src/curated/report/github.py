"""Findings as workflow commands, which a forge shows as annotations on the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from curated.check.report import Report
from curated.core.codes import Severity
from curated.core.diagnostic import Diagnostic
from curated.report.text import printable

_SEVERITIES = list(Severity)
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def report_lines(report: Report, prefix: str = "") -> Iterator[str]:
    """Yield all findings as workflow commands, errors first: a forge shows the first ten of each kind of a step.

    Parameters
    ----------
    report : `Report`
        What a check found.
    prefix : `str`, optional
        Path of the package in its repository.
    """
    for diagnostic in sorted(report.diagnostics, key=lambda d: _SEVERITIES.index(d.severity)):
        yield annotation(diagnostic, prefix)


def _data(text: str) -> str:
    """Escape a message, so that data can issue commands neither to the forge nor to a terminal."""
    lines = (printable(line) for line in text.split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def annotation(diagnostic: Diagnostic, prefix: str = "") -> str:
    """Return a finding as a workflow command.

    Parameters
    ----------
    diagnostic : `Diagnostic`
        The finding.
    prefix : `str`, optional
        Path of the package in its repository, which the forge's paths start from.
    """
    properties = [f"file={_property(prefix + diagnostic.file)}"]
    if diagnostic.line:
        properties.append(f"line={diagnostic.line}")
    if diagnostic.column:
        properties.append(f"col={diagnostic.column}")
    properties.append(f"title={diagnostic.code}")
    message = diagnostic.message + (f" (hint: {diagnostic.hint})" if diagnostic.hint else "")
    return f"::{_COMMANDS[diagnostic.severity]} {','.join(properties)}::{_data(message)}"
