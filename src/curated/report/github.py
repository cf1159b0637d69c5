"""Findings for workflows of GitHub: annotations of the lines of a pull request, and the job summary."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from curated.check.report import Report
from curated.core.codes import Severity, code_info
from curated.core.diagnostic import Diagnostic
from curated.report.text import place_of, plain, printable, verdict

_SEVERITIES = list(Severity)
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_FIRST = 20
_LONGEST = 300


def report_lines(report: Report, prefix: str = "") -> Iterator[str]:
    """Yield all findings as workflow commands, errors first, since GitHub shows the first ten of each kind in a step.

    Parameters
    ----------
    report : `Report`
        Result of a check.
    prefix : `str`, optional
        Path of the package in its git repository.
    """
    for diagnostic in sorted(report.diagnostics, key=lambda d: _SEVERITIES.index(d.severity)):
        yield annotation(diagnostic, prefix)


def _data(text: str) -> str:
    """Escape a message, so that data cannot issue commands to the workflow's runner or to a terminal."""
    lines = (printable(line) for line in text.split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def annotation(diagnostic: Diagnostic, prefix: str = "") -> str:
    """Return a finding as a workflow command.

    Parameters
    ----------
    diagnostic : `Diagnostic`
        Finding in a file of the package.
    prefix : `str`, optional
        Path of the package in its git repository.
    """
    properties = [f"file={_property(prefix + diagnostic.file)}"]
    if diagnostic.line:
        properties.append(f"line={diagnostic.line}")
    if diagnostic.column:
        properties.append(f"col={diagnostic.column}")
    properties.append(f"title={diagnostic.code}")
    message = diagnostic.message + (f" (hint: {diagnostic.hint})" if diagnostic.hint else "")
    return f"::{_COMMANDS[diagnostic.severity]} {','.join(properties)}::{_data(message)}"


def append_summary(path: str | os.PathLike[str], report: Report, prefix: str = "") -> None:
    """Append the summary to a file, which may have those of other steps; see `summary_lines`."""
    page = Path(path)
    gap = "\n" if page.is_file() and page.stat().st_size else ""
    with page.open("a", encoding="utf-8") as stream:
        stream.write(gap + "".join(f"{line}\n" for line in summary_lines(report, prefix)))


def summary_lines(report: Report, prefix: str = "") -> Iterator[str]:
    """Yield the lines of a summary in Markdown: the verdict, a table of the codes, a table of the first findings.

    Parameters
    ----------
    report : `Report`
        Result of a check.
    prefix : `str`, optional
        Path of the package in its git repository.
    """
    yield f"## curated check {'failed' if report.failed else 'passed'}"
    yield ""
    yield verdict(report.diagnostics, len(report.files), report.silenced, plain)
    if not report.diagnostics:
        return
    yield from ("", "| Code | Severity | Findings | What it is | Why it matters | To mend it |")
    yield "| --- | --- | ---: | --- | --- | --- |"
    counts = Counter(d.code for d in report.diagnostics)
    for info in sorted(map(code_info, counts), key=lambda i: (_SEVERITIES.index(i.severity), i.code)):
        words = " | ".join(map(_prose, (info.title, info.why, info.hint)))
        yield f"| {info.code} | {info.severity.value} | {counts[info.code]} | {words} |"
    yield from ("", "| Where | Code | What was found |", "| --- | --- | --- |")
    diagnostics = sorted(report.diagnostics, key=lambda d: _SEVERITIES.index(d.severity))
    for diagnostic in diagnostics[:_FIRST]:
        place, message = _code(place_of(diagnostic, prefix)), _code(diagnostic.message)
        yield f"| {place} | {diagnostic.code} | {message} |"
    if len(diagnostics) > _FIRST:
        yield from ("", f"And {len(diagnostics) - _FIRST} more, which `curated check --all` shows.")


def _prose(text: str) -> str:
    """Return a text of the code table with the special characters of Markdown escaped."""
    return re.sub(r"([\\`*_{}\[\]<>()#|~&!])", r"\\\1", text)


def _code(text: str) -> str:
    """Return data as a code span in a table, where nothing is a link, a tag or a mention.

    Characters that would end the span or the cell have no escape that all readers of Markdown know; they are escaped
    as in Python.
    """
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    shown = printable(cut).replace("`", r"\x60").replace("|", r"\x7c")
    return f"`{shown}`"
