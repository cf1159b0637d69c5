"""Findings as text: a line for each with an excerpt of the file, and a summary by code."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from curated.core.codes import Severity, code_info
from curated.core.diagnostic import Diagnostic

Style = Callable[..., str]
"""Function such as `click.style` that adds colours to a text, or `plain`."""

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
"""Characters that control a terminal or the direction of writing, invisible ones, and code points that are none."""

_COMMAND = re.compile(r"#(?=#\w*\[)", re.ASCII)
"""Start of ``##[error]`` and ``##vso[...]``, which runners of workflows execute anywhere in a line."""

MANY = 100
"""Number of findings up to which text shows all of them; beyond, it shows the first of each code."""

_PER_FILE, _PER_CODE = 3, 10
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_WIDTH = 100


def printable(text: str) -> str:
    """Return a text with control characters escaped, so that data cannot control a terminal or a workflow's runner."""
    return _COMMAND.sub(r"\\x23", _CONTROL.sub(lambda m: m[0].encode("unicode_escape").decode(), text))


def json_text(value: Any) -> str:
    """Return plain data as JSON that is harmless in a terminal and in a workflow's log."""
    # json.dumps escapes everything but ASCII, and so all characters that could control a terminal.
    return _COMMAND.sub(r"\\u0023", json.dumps(value, indent=1))


def count_text(count: int, noun: str) -> str:
    """Return a number of things, such as ``1 file`` or ``2 files``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def place_of(diagnostic: Diagnostic, prefix: str = "") -> str:
    """Return the place of a finding as ``file:line:column``, without line or column if they are unknown."""
    place = printable(prefix + diagnostic.file)
    if place.lstrip().startswith(":"):
        place = f"./{place}"  # a line that starts with two colons is a command of a workflow
    if diagnostic.line:
        place += f":{diagnostic.line}" + (f":{diagnostic.column}" if diagnostic.column else "")
    return place


def plain(text: str, **_: object) -> str:
    """Return a text unchanged: the style of files and pipes."""
    return text


def finding_line(diagnostic: Diagnostic, style: Style = plain, prefix: str = "") -> str:
    """Return a finding as one line: place, severity, code, message, hint."""
    severity = style(diagnostic.severity.value, fg=_COLOURS[diagnostic.severity], bold=True)
    hint = style(f" (hint: {printable(diagnostic.hint)})", dim=True) if diagnostic.hint else ""
    return f"{style(place_of(diagnostic, prefix), bold=True)}: {severity} {diagnostic.code} {printable(diagnostic.message)}{hint}"


def excerpt(line: str, column: int) -> list[str]:
    """Return a line of a file, cut to a readable width, and a caret below the column.

    Parameters
    ----------
    column : `int`
        One-based column; 0 for no caret.
    """
    text = line.rstrip("\n").replace("\t", " ")
    start = max(0, min(column - _WIDTH // 2, len(text) - _WIDTH)) if len(text) > _WIDTH else 0
    lines = [f"    | {printable(text[start : start + _WIDTH])}"]
    if column:
        lines.append("    | " + " " * (column - 1 - start) + "^")
    return lines


def first_of_each(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return the first findings of each code, at most `_PER_FILE` in a file and `_PER_CODE` in all."""
    file_counts: Counter[tuple[str, str]] = Counter()
    code_counts: Counter[str] = Counter()
    first = []
    for diagnostic in diagnostics:
        key = diagnostic.file, diagnostic.code
        if file_counts[key] < _PER_FILE and code_counts[diagnostic.code] < _PER_CODE:
            file_counts[key] += 1
            code_counts[diagnostic.code] += 1
            first.append(diagnostic)
    return first


def findings_text(
    diagnostics: Sequence[Diagnostic],
    read_line: Callable[[str, int], str | None],
    style: Style = plain,
    *,
    every: bool = False,
) -> Iterable[str]:
    """Yield findings as lines of text, grouped by file.

    Parameters
    ----------
    diagnostics : sequence [`Diagnostic`]
        Findings in the order of files and lines.
    read_line : `~collections.abc.Callable`
        Function from a path and a one-based number to that line; `None` if it cannot be read.
    style : `~collections.abc.Callable`, optional
        Function that adds colours, such as `click.style`.
    every : `bool`, optional
        Whether to show all findings, even if there are more than `MANY`.
    """
    shown = diagnostics if every or len(diagnostics) <= MANY else first_of_each(diagnostics)
    counts = Counter((d.file, d.code) for d in diagnostics)
    for number, (file, group) in enumerate(groupby(shown, key=lambda d: d.file)):
        if number:
            yield ""
        codes: Counter[str] = Counter()
        for diagnostic in group:
            codes[diagnostic.code] += 1
            yield finding_line(diagnostic, style)
            line = read_line(file, diagnostic.line) if diagnostic.line else None
            if line is not None:
                yield from (style(text, dim=True) for text in excerpt(line, diagnostic.column))
        for code, count in codes.items():
            if counts[file, code] > count:
                yield f"    and {counts[file, code] - count} more {code} in this file"
    if len(shown) < len(diagnostics):
        yield ""
        yield f"{len(diagnostics) - len(shown)} of {len(diagnostics)} findings are not shown; 'curated check --all' shows them"


def summary_text(
    diagnostics: Iterable[Diagnostic], files: int, silenced: int, style: Style = plain
) -> Iterable[str]:
    """Yield the lines of the summary: the number of findings of each code, and the verdict."""
    diagnostics = list(diagnostics)
    counts = Counter(d.code for d in diagnostics)
    if counts:
        yield ""
        for code, count in sorted(counts.items()):
            yield f"  {code} {count:5d}  {code_info(code).title}"
        yield ""
    yield verdict(diagnostics, files, silenced, style)


def verdict(diagnostics: Iterable[Diagnostic], files: int, silenced: int, style: Style = plain) -> str:
    """Return the number of checked files, and of findings of each severity."""
    severities = Counter(d.severity for d in diagnostics)
    counts = ", ".join(
        style(
            f"{severities[s]} {s.value}{'' if severities[s] == 1 or s is Severity.INFO else 's'}",
            fg=_COLOURS[s],
        )
        for s in Severity
        if severities[s]
    )
    text = f"{count_text(files, 'calibration')} checked: {counts or style('no findings', fg='green')}"
    return text + (f", {silenced} silenced" if silenced else "")
