"""A foreign table as plain columns, each row with its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curated.core.diagnostic import Problem
from curated.declare import Array

_MOST_NAMES = 20
"""Names of columns in a message."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceColumn:
    """A column of a foreign table.

    Parameters
    ----------
    values : `numpy.ndarray`
        Numbers, flags or texts, the rows along the first axis.
    unit : `str`, optional
        Its unit, spelled as in calibrations; `None` if the file has none.
    missing : `tuple` [`int`, ...]
        Rows without a value.
    """

    values: Array
    unit: str | None = None
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceTable:
    """A foreign table.

    Parameters
    ----------
    columns : `dict` [`str`, `SourceColumn`]
        Columns by name, in the order of the file.
    lines : `tuple` [`int`, ...]
        Line of each row; empty if the file is not text.
    metadata : `dict`
        What the file says of the whole table.
    has_names : `bool`
        Whether the file names its columns; ``col1`` and so on are their names if not.
    is_named_by_comment : `bool`
        Whether the names are the words of a comment, which may be any words.
    """

    columns: Mapping[str, SourceColumn]
    lines: tuple[int, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    has_names: bool = True
    is_named_by_comment: bool = False

    @property
    def count(self) -> int:
        """Number of rows."""
        return max((len(column.values) for column in self.columns.values()), default=0)

    @property
    def names_text(self) -> str:
        """The names of its columns, of many the first ones."""
        names = list(self.columns)
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        return ", ".join(names[:_MOST_NAMES]) + more

    def line(self, row: int) -> int | None:
        """Return the line of a row; `None` if it is not known."""
        return self.lines[row] if row < len(self.lines) else None

    def problem(self, code: str, row: int, detail: str, hint: str = "") -> Problem:
        """Return a problem of a row."""
        return Problem(code, (), f"row {row + 1}: {detail}", hint, line=self.line(row))
