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

_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Letters and marks that count as printable, and of which nothing is seen."""

_COMMAND = re.compile(r"#(?=#\w*\[)", re.ASCII)
"""Start of ``##[error]`` and ``##vso[...]``, which runners of workflows execute anywhere in a line."""

_STYLE = re.compile("(\x1b\\[[0-9;]*m)")
"""Codes of colours, as `click.style` writes them."""

_RUNNER = re.compile("^((?: |\x1b\\[[0-9;]*m)*)::")
"""Start of a line that a workflow's runner takes for a command."""

MANY = 100
"""Number of findings up to which text shows all of them; beyond, it shows the first of each code."""

_PER_FILE, _PER_CODE = 3, 10
_SHARED, _PLACES = 4, 3
"""Number of files of which the same is said once, and how many of them are named."""

_GROUP_LINES = _PLACES + 2

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_WIDTH = 100


def printable(text: str) -> str:
    """Return a text in which data can neither control a terminal or a workflow's runner, nor hide.

    Characters that no terminal shows (control and format characters, separators but the space, code points that are none
    or private) are escaped as in Python, and ``#`` where ``##name[`` would be a command. All reporters use this function.
    """
    if not text.isprintable() or not (text.isascii() or _INVISIBLE.isdisjoint(text)):
        text = "".join(c if c.isprintable() and c not in _INVISIBLE else _escape(c) for c in text)
    return _COMMAND.sub(r"\\x23", text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def output_line(line: str, *, styled: bool = False, commands: bool = False) -> str:
    """Return a line of output in which all is `printable`, and which no workflow's runner takes for a command.

    Parameters
    ----------
    styled : `bool`, optional
        Whether the colours that `click.style` gives are kept. Data has lost its own by then, if it went through
        `printable` before.
    commands : `bool`, optional
        Whether the line is a command to a workflow's runner, as those of `curated.report.github` are.
    """
    # Every second part is a style.
    parts = _STYLE.split(line) if styled else [line]
    shown = "".join(part if i % 2 else printable(part) for i, part in enumerate(parts))
    return shown if commands else _RUNNER.sub(r"\1\\x3a:", shown, count=1)


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
    severity, hint = _severity_and_hint(diagnostic, style)
    place = style(place_of(diagnostic, prefix), bold=True)
    return f"{place}: {severity} {diagnostic.code} {printable(diagnostic.message)}{hint}"


def _severity_and_hint(diagnostic: Diagnostic, style: Style) -> tuple[str, str]:
    severity = style(diagnostic.severity.value, fg=_COLOURS[diagnostic.severity], bold=True)
    return severity, style(f" (hint: {printable(diagnostic.hint)})", dim=True) if diagnostic.hint else ""


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
        lines.append("    | " + " " * len(printable(text[start : max(column - 1, start)])) + "^")
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
    single, shared = (list(diagnostics), []) if every else _split_shared(diagnostics)
    brief = not every and len(single) + _GROUP_LINES * len(shared) > MANY
    shown = first_of_each(single) if brief else single
    groups = _first_groups(shared) if brief else shared
    counts = Counter((d.file, d.code) for d in single)
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
    for number, group_of_files in enumerate(groups):
        if number or shown:
            yield ""
        yield from _shared_lines(group_of_files, style)
    hidden = len(diagnostics) - len(shown) - sum(map(len, groups))
    if hidden:
        yield ""
        yield f"{hidden} of {len(diagnostics)} findings are not shown; 'curated check --all' shows them"


def _split_shared(diagnostics: Sequence[Diagnostic]) -> tuple[list[Diagnostic], list[list[Diagnostic]]]:
    """Return the findings of single files, and the groups of those that say the same of `_SHARED` files or more."""
    groups: dict[tuple[str, str, str], list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        groups.setdefault((diagnostic.code, diagnostic.message, diagnostic.hint), []).append(diagnostic)
    shared = [group for group in groups.values() if len({d.file for d in group}) >= _SHARED]
    keys = {(group[0].code, group[0].message, group[0].hint) for group in shared}
    return [d for d in diagnostics if (d.code, d.message, d.hint) not in keys], shared


def _first_groups(groups: Iterable[list[Diagnostic]]) -> list[list[Diagnostic]]:
    """Return the first groups of each code, at most `_PER_FILE`."""
    counts: Counter[str] = Counter()
    first = []
    for group in groups:
        counts[group[0].code] += 1
        if counts[group[0].code] <= _PER_FILE:
            first.append(group)
    return first


def _shared_lines(group: Sequence[Diagnostic], style: Style) -> Iterable[str]:
    """Yield a finding of several files, and the first of them."""
    places = list({d.file: place_of(d) for d in reversed(group)}.values())[::-1]
    severity, hint = _severity_and_hint(group[0], style)
    title = style(f"{group[0].code} in {len(places)} files", bold=True)
    yield f"{title}: {severity} {printable(group[0].message)}{hint}"
    yield from (style(f"    {place}", dim=True) for place in places[:_PLACES])
    if len(places) > _PLACES:
        yield style(f"    and {len(places) - _PLACES} more; 'curated check --all' shows them", dim=True)


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
