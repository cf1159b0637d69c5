"""Findings for people: one line each, the offending line below, a summary by code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from curated.codes import Severity, code_info
from curated.diagnostic import Diagnostic

Style = Callable[..., str]
"""`click.style`, or something that leaves texts as they are."""

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\U000e0000-\U000e007f]"
)
"""What moves a cursor, turns the direction of writing, is not seen, or is no character at all."""

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_WIDTH = 100


def printable(text: str) -> str:
    """Return a text with control characters escaped, so that data cannot command a terminal."""
    return _CONTROL.sub(lambda m: m[0].encode("unicode_escape").decode(), text)


def plain(text: str, **_: object) -> str:
    """Return a text as it is: the style of files and pipes."""
    return text


def finding_line(diagnostic: Diagnostic, style: Style = plain) -> str:
    """Return a finding as one line: place, severity, code, message, hint."""
    place = diagnostic.file
    if diagnostic.line:
        place += f":{diagnostic.line}" + (f":{diagnostic.column}" if diagnostic.column else "")
    severity = style(diagnostic.severity.value, fg=_COLOURS[diagnostic.severity], bold=True)
    hint = style(f" (hint: {printable(diagnostic.hint)})", dim=True) if diagnostic.hint else ""
    return f"{style(printable(place), bold=True)}: {severity} {diagnostic.code} {printable(diagnostic.message)}{hint}"


def excerpt(line: str, column: int) -> list[str]:
    """Return a source line and a caret below the column, cut to a readable width."""
    text = line.rstrip("\n").replace("\t", " ")
    start = max(0, min(column - _WIDTH // 2, len(text) - _WIDTH)) if len(text) > _WIDTH else 0
    shown = printable(text[start : start + _WIDTH])
    lines = [f"    | {shown}"]
    if column:
        lines.append("    | " + " " * (column - 1 - start) + "^")
    return lines


def findings_text(
    diagnostics: Iterable[Diagnostic],
    read_line: Callable[[str, int], str | None],
    style: Style = plain,
) -> Iterable[str]:
    """Yield findings as lines of text, grouped by file.

    Parameters
    ----------
    diagnostics : iterable [`Diagnostic`]
        Findings in order.
    read_line : `~collections.abc.Callable`
        Returns a line of a file by its number; `None` where it cannot.
    style : `~collections.abc.Callable`, optional
        Colours texts.
    """
    before = ""
    for diagnostic in diagnostics:
        if before and diagnostic.file != before:
            yield ""
        before = diagnostic.file
        yield finding_line(diagnostic, style)
        line = read_line(diagnostic.file, diagnostic.line) if diagnostic.line else None
        if line is not None:
            yield from (style(text, dim=True) for text in excerpt(line, diagnostic.column))


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
    severities = Counter(d.severity for d in found)
    counts = ", ".join(
        style(
            f"{severities[s]} {s.value}{'' if severities[s] == 1 or s is Severity.INFO else 's'}",
            fg=_COLOURS[s],
        )
        for s in Severity
        if severities[s]
    )
    said = f"{files} calibration{'' if files == 1 else 's'} checked: {counts or style('no findings', fg='green')}"
    yield said + (f", {silenced} silenced" if silenced else "")
