"""The data of a text file, with the place of every value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from curated.core.diagnostic import Diagnostic, Pointer, Problem
from curated.core.tables import TextColumn

Locator = Callable[[Pointer], tuple[int, int]]
"""Function from a place in a document to its line and column, both one-based; 0 and 0 if they are not known."""


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
    """

    form: str
    metadata: dict[str, Any]
    tree: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, TextColumn] = field(default_factory=dict)
    locator: Locator = lambda _: (0, 0)

    def diagnose(self, problem: Problem, file: str) -> Diagnostic:
        """Complete a problem with its place in this file."""
        line, column = (0, 0) if problem.line is not None else self.locator(problem.pointer)
        return Diagnostic.from_problem(problem, file, line, column)
