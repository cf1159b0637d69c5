"""Findings for people: one line each, the offending line below, a summary by code."""

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
"""`click.style`, or something that leaves texts as they are."""

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
"""What moves a cursor, turns the direction of writing, is not seen, or is no character at all."""

_COMMAND = re.compile(r"#(?=#\w*\[)", re.ASCII)
"""The start of ``##[error]`` and ``##vso[...]``, which the runners of workflows obey anywhere in a line."""

MANY = 100
"""Where there are more findings than this, people are shown the first ones of each code alone."""

_PER_FILE, _PER_CODE = 3, 10
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_WIDTH = 100


def printable(text: str) -> str:
    """Return a text with control characters escaped, so that data can command neither a terminal nor a forge."""
    return _COMMAND.sub(r"\\x23", _CONTROL.sub(lambda m: m[0].encode("unicode_escape").decode(), text))


def json_text(value: Any) -> str:
    """Return plain data as JSON that is harmless wherever it is printed, and the same data when it is read."""
    # In ASCII: what would command a terminal, and what no encoding holds, stands there as an escape.
    return _COMMAND.sub(r"\\u0023", json.dumps(value, indent=1))


def place_of(diagnostic: Diagnostic, prefix: str = "") -> str:
    """Return the place of a finding as ``file:line:column``, as far as it is known."""
    place = printable(prefix + diagnostic.file)
    if place.lstrip().startswith(":"):
        place = f"./{place}"  # two colons at the start of a line are a command to a forge
    if diagnostic.line:
        place += f":{diagnostic.line}" + (f":{diagnostic.column}" if diagnostic.column else "")
    return place


def plain(text: str, **_: object) -> str:
    """Return a text as it is: the style of files and pipes."""
    return text


def finding_line(diagnostic: Diagnostic, style: Style = plain, prefix: str = "") -> str:
    """Return a finding as one line: place, severity, code, message, hint."""
    severity = style(diagnostic.severity.value, fg=_COLOURS[diagnostic.severity], bold=True)
    hint = style(f" (hint: {printable(diagnostic.hint)})", dim=True) if diagnostic.hint else ""
    return f"{style(place_of(diagnostic, prefix), bold=True)}: {severity} {diagnostic.code} {printable(diagnostic.message)}{hint}"


def excerpt(line: str, column: int) -> list[str]:
    """Return a source line and a caret below the column, cut to a readable width."""
    text = line.rstrip("\n").replace("\t", " ")
    start = max(0, min(column - _WIDTH // 2, len(text) - _WIDTH)) if len(text) > _WIDTH else 0
    shown = printable(text[start : start + _WIDTH])
    lines = [f"    | {shown}"]
    if column:
        lines.append("    | " + " " * (column - 1 - start) + "^")
    return lines


def first_of_each(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return the first findings of each code: some in each file, and not many more in all."""
    in_file: Counter[tuple[str, str]] = Counter()
    in_all: Counter[str] = Counter()
    kept = []
    for diagnostic in diagnostics:
        key = diagnostic.file, diagnostic.code
        if in_file[key] < _PER_FILE and in_all[diagnostic.code] < _PER_CODE:
            in_file[key] += 1
            in_all[diagnostic.code] += 1
            kept.append(diagnostic)
    return kept


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
        Findings in order.
    read_line : `~collections.abc.Callable`
        Returns a line of a file by its number; `None` where it cannot.
    style : `~collections.abc.Callable`, optional
        Colours texts.
    every : `bool`, optional
        Whether to show each finding, however many there are.
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
    """Yield how many findings there are by code, and the verdict."""
    found = list(diagnostics)
    by_code = Counter(d.code for d in found)
    if by_code:
        yield ""
        for code, count in sorted(by_code.items()):
            yield f"  {code} {count:5d}  {code_info(code).title}"
        yield ""
    yield verdict(found, files, silenced, style)


def verdict(diagnostics: Iterable[Diagnostic], files: int, silenced: int, style: Style = plain) -> str:
    """Return how many files were checked, and how many findings there are of each severity."""
    severities = Counter(d.severity for d in diagnostics)
    counts = ", ".join(
        style(
            f"{severities[s]} {s.value}{'' if severities[s] == 1 or s is Severity.INFO else 's'}",
            fg=_COLOURS[s],
        )
        for s in Severity
        if severities[s]
    )
    said = f"{files} calibration{'' if files == 1 else 's'} checked: {counts or style('no findings', fg='green')}"
    return said + (f", {silenced} silenced" if silenced else "")
