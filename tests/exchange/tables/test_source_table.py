"""A foreign table: its rows and their lines."""

from __future__ import annotations

import numpy as np

from curated.exchange.tables.source_table import SourceColumn, SourceTable


def test_rows_and_lines() -> None:
    table = SourceTable(columns={"a": SourceColumn(values=np.arange(2))}, lines=(3, 7))
    assert (table.count, table.line(1), table.line(2)) == (2, 7, None)
    problem = table.problem("CAL724", 1, "wrong", "mend it")
    assert (problem.detail, problem.line, problem.hint) == ("row 2: wrong", 7, "mend it")
    assert SourceTable(columns={}).count == 0
