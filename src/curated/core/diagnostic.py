"""Findings about calibrations, and failures of usage or environment."""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from curated.core.codes import Severity, code_info

Pointer = tuple[str | int, ...]
"""Place in a document: keys and zero-based indices, from the top."""


class CuratedError(Exception):
    """A failure of usage or environment, with which a command cannot run.

    Findings about calibrations are values (`Diagnostic`), never exceptions.

    Parameters
    ----------
    message : `str`
        The failure, with the value or the path that causes it.
    hint : `str`, optional
        How to mend it.
    """

    exit_status = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Problem:
    """A violation of a rule, before its file and line are known; see `Diagnostic.from_problem`.

    Parameters
    ----------
    code : `str`
        Key of the code table, such as ``CAL301``.
    pointer : `tuple`
        Place in the document: keys and zero-based indices.
    detail : `str`
        The wrong value and what would be right.
    hint : `str`, optional
        How to mend it, if the hint in the code table does not fit this case.
    line, column : `int`, optional
        One-based place in the file, if the rule knows it.
    other : `tuple`, optional
        Place of another value that contradicts the one at ``pointer``; the message gets its line.
    """

    code: str
    pointer: Pointer
    detail: str
    hint: str = ""
    line: int | None = None
    column: int | None = None
    other: Pointer = ()


_LONGEST = 1000


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One finding: its place, its code and severity, and how to mend it.

    Parameters
    ----------
    file : `str`
        Path relative to the package's root, with forward slashes.
    line, column : `int`
        One-based; 0 if the finding concerns the whole file.
    code : `str`
        Key of the code table.
    severity : `Severity`
        ``error``, ``warning`` or ``info``.
    pointer : `tuple`
        Place in the document: keys and zero-based indices.
    message, hint : `str`
        The wrong value, and how to mend it.
    """

    file: str
    line: int
    column: int
    code: str
    severity: Severity = field(compare=False)
    pointer: Pointer = field(compare=False)
    message: str
    hint: str = field(compare=False)

    @property
    def is_error(self) -> bool:
        """Whether the calibration cannot be used as it stands."""
        return self.severity is Severity.ERROR

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain data for machine-readable output."""
        return {**asdict(self), "severity": self.severity.value, "pointer": list(self.pointer)}

    @classmethod
    def from_problem(
        cls, problem: Problem, file: str, line: int | None = None, column: int | None = None
    ) -> Diagnostic:
        """Return a finding for a problem in a file, with the severity and the hint of the code table.

        Parameters
        ----------
        problem : `Problem`
            The violation of a rule; a line or column that it has goes before those given here.
        file : `str`
            Path relative to the package's root.
        line, column : `int`, optional
            One-based place in the file.
        """
        info = code_info(problem.code)
        line = problem.line if problem.line is not None else (line or 0)
        column = problem.column if problem.column is not None else (column or 0)
        return cls(
            file=file,
            line=line,
            # The start of the line if only the line is known.
            column=column or min(line, 1),
            code=problem.code,
            severity=info.severity,
            pointer=problem.pointer,
            # Messages contain names from files, which can be of any length.
            message=problem.detail if len(problem.detail) <= _LONGEST else f"{problem.detail[:_LONGEST]}...",
            hint=problem.hint or info.hint,
        )


MAX_FINDINGS = 100
"""Most findings of one code that are reported in one file."""


def limited(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield at most `MAX_FINDINGS` problems of each code, so that one wrong column does not hide all others."""
    problems = list(problems)
    if len(problems) <= MAX_FINDINGS:
        yield from problems
        return
    counts: Counter[str] = Counter()
    last: dict[str, Problem] = {}
    for problem in problems:
        counts[problem.code] += 1
        if counts[problem.code] <= MAX_FINDINGS:
            last[problem.code] = problem
            yield problem
    for code, count in counts.items():
        if count > MAX_FINDINGS:
            detail = f"{count - MAX_FINDINGS} more findings of this code in this file"
            yield replace(last[code], detail=detail)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Return whether any of the findings is an error."""
    return any(d.is_error for d in diagnostics)


_REPR = reprlib.Repr()
_REPR.maxlevel, _REPR.maxlist, _REPR.maxtuple, _REPR.maxdict = 2, 5, 5, 3
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 60


def brief(value: Any) -> str:
    """Return a short representation of a value for messages, however large or deep the value is."""
    if value is None:
        return "null"
    try:
        text = _REPR.repr(value)
    except ValueError:  # an integer beyond what Python turns into decimals
        return f"a number of {value.bit_length()} bits" if isinstance(value, int) else type(value).__name__
    return text if len(text) <= 80 else f"{text[:77]}..."
