"""Findings for a workflow's run on GitHub: annotations of the lines of a pull request, and the summary page."""

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


def append_summary(path: str | os.PathLike[str], report: Report, prefix: str = "") -> None:
    """Append the page to a file, which may hold those of other steps; see `summary_lines`."""
    page = Path(path)
    gap = "\n" if page.is_file() and page.stat().st_size else ""
    with page.open("a", encoding="utf-8") as stream:
        stream.write(gap + "".join(f"{line}\n" for line in summary_lines(report, prefix)))


def summary_lines(report: Report, prefix: str = "") -> Iterator[str]:
    """Yield the lines of the page: the verdict, a table of the codes, a table of the first findings.

    Parameters
    ----------
    report : `Report`
        What a check found.
    prefix : `str`, optional
        Path of the package in its repository.
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
        said = " | ".join(map(_prose, (info.title, info.why, info.hint)))
        yield f"| {info.code} | {info.severity.value} | {counts[info.code]} | {said} |"
    yield from ("", "| Where | Code | What was found |", "| --- | --- | --- |")
    listed = sorted(report.diagnostics, key=lambda d: _SEVERITIES.index(d.severity))
    for diagnostic in listed[:_FIRST]:
        place, message = _code(place_of(diagnostic, prefix)), _code(diagnostic.message)
        yield f"| {place} | {diagnostic.code} | {message} |"
    if len(listed) > _FIRST:
        yield from ("", f"And {len(listed) - _FIRST} more, which `curated check --all` shows.")


def _prose(text: str) -> str:
    """Return words of the code table as Markdown that shows them as they are."""
    return re.sub(r"([\\`*_{}\[\]<>()#|~&!])", r"\\\1", text)


def _code(text: str) -> str:
    """Return data as a span of code in a table: there nothing is a link, a tag or a mention.

    What would end the span or the cell has no escape in it that all readers know, and is shown as other
    dangerous characters are.
    """
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    shown = printable(cut).replace("`", r"\x60").replace("|", r"\x7c")
    return f"`{shown}`"
