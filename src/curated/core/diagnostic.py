"""A finding, and the failures that are not findings."""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from curated.core.codes import Severity, code_info

Pointer = tuple[str | int, ...]
"""Place in a document: keys and zero-based indices from its top."""


class CuratedError(Exception):
    """A failure of usage or environment: the command cannot run at all.

    Findings about calibrations are values (`Diagnostic`), never exceptions.

    Parameters
    ----------
    message : `str`
        What is wrong and what was found.
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
    """What a rule says: the file and the line are added by `locate` later.

    Parameters
    ----------
    code : `str`
        Key of the code table, such as ``CAL301``.
    pointer : `tuple`
        Place in the document: keys and zero-based indices.
    detail : `str`
        What is wrong and what was found.
    hint : `str`, optional
        How to mend it, where this case knows better than the code table.
    line, column : `int`, optional
        One-based place in the file, where the rule knows it already.
    """

    code: str
    pointer: Pointer
    detail: str
    hint: str = ""
    line: int | None = None
    column: int | None = None


_LONGEST = 1000


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One finding, complete: where, what, how bad, and how to mend it.

    Parameters
    ----------
    file : `str`
        Path relative to the package's root, with forward slashes.
    line, column : `int`
        One-based; 0 where the finding concerns the file as a whole.
    code : `str`
        Key of the code table.
    severity : `Severity`
        ``error``, ``warning`` or ``info``.
    pointer : `tuple`
        Place in the document: keys and zero-based indices.
    message, hint : `str`
        What is wrong, and how to mend it.
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
        """Complete a rule's `Problem` with its file, its place and the code table's hint."""
        info = code_info(problem.code)
        line = problem.line if problem.line is not None else (line or 0)
        column = problem.column if problem.column is not None else (column or 0)
        return cls(
            file=file,
            line=line,
            # Where only the line is known, its start.
            column=column or min(line, 1),
            code=problem.code,
            severity=info.severity,
            pointer=problem.pointer,
            # Names of a file are a part of it, and can be of any length.
            message=problem.detail if len(problem.detail) <= _LONGEST else f"{problem.detail[:_LONGEST]}...",
            hint=problem.hint or info.hint,
        )


MAX_FINDINGS = 100
"""Most findings of one code that are reported in one file."""


def limited(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield at most so many problems of a code; a wrong column would hide everything else."""
    problems = list(problems)
    if len(problems) <= MAX_FINDINGS:
        yield from problems
        return
    seen: Counter[str] = Counter()
    last: dict[str, Problem] = {}
    for problem in problems:
        seen[problem.code] += 1
        if seen[problem.code] <= MAX_FINDINGS:
            last[problem.code] = problem
            yield problem
    for code, count in seen.items():
        if count > MAX_FINDINGS:
            more = count - MAX_FINDINGS
            yield replace(last[code], detail=f"{more} more findings of this code in this file")


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Say whether any of the findings is an error."""
    return any(d.is_error for d in diagnostics)


_REPR = reprlib.Repr()
_REPR.maxlevel, _REPR.maxlist, _REPR.maxtuple, _REPR.maxdict = 2, 5, 5, 3
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 60


def brief(value: Any) -> str:
    """Return a value as messages show it: never long, however large or deep it is."""
    if value is None:
        return "null"
    try:
        text = _REPR.repr(value)
    except ValueError:  # an integer beyond what Python turns into decimals
        return f"a number of {value.bit_length()} bits" if isinstance(value, int) else type(value).__name__
    return text if len(text) <= 80 else f"{text[:77]}..."
