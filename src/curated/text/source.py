"""The data of a text file, with the place of every value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from curated.core.diagnostic import Diagnostic, Pointer, Problem, brief
from curated.core.tables import TextColumn

Locator = Callable[[Pointer], tuple[int, int]]
"""Function from a place in a document to its line and column, both one-based; 0 and 0 if they are not known."""


QUOTES = "put it in quotes"
"""Words in messages on values that are meant to be texts."""

_LONGEST = 100


@dataclass(slots=True, eq=False, repr=False)
class Source:
    """Untrusted data of one text file.

    Parameters
    ----------
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.
    metadata : `dict`
        Keywords as the file spells them.
    tree : `dict`
        Top-level values of YAML and JSON, apart from the metadata.
    columns : `dict` [`str`, `TextColumn`]
        Columns of ECSV by name.
    locator : `~collections.abc.Callable`
        Finds a value's line and column. It reads the text again, so it costs nothing until there is a
        problem to report.
    spelling : `~collections.abc.Callable`
        Returns a value without quotes as the file has it, where that matters to a finding; else an empty text.
    """

    form: str
    metadata: dict[str, Any]
    tree: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, TextColumn] = field(default_factory=dict)
    locator: Locator = lambda _: (0, 0)
    spelling: Callable[[Pointer], str] = lambda _: ""

    def diagnose(self, problem: Problem, file: str) -> Diagnostic:
        """Complete a problem with its place in this file, and with the line of the value that it contradicts.

        That of a text without quotes gets what the file has.
        """
        needs_quotes = QUOTES in problem.detail or problem.detail.endswith(" is not text")
        if problem.pointer and (needs_quotes or problem.code == "CAL407"):
            written = self.spelling(problem.pointer)
            if written and needs_quotes:
                is_short = len(written) < _LONGEST and "'" not in written
                problem = replace(problem, hint=f"{QUOTES}: '{written}'" if is_short else QUOTES)
            if written and written not in problem.detail:
                problem = replace(problem, detail=f"{problem.detail}; the file has {brief(written)[1:-1]}")
        other_line = self.locator(problem.other)[0] if problem.other else 0
        if other_line:
            problem = replace(problem, detail=f"{problem.detail} in line {other_line}")
        line, column = (0, 0) if problem.line is not None else self.locator(problem.pointer)
        return Diagnostic.from_problem(problem, file, line, column)
