"""The account of a migration."""

from __future__ import annotations

import json
from datetime import datetime

from curated.core.diagnostic import Diagnostic, Problem
from curated.migration.document import account_text, migration_to_dict, summary_lines
from curated.migration.result import ADDED, BESIDE, LISTED, Migration, Outcome
from curated.migration.survey import Product


def make(name: str, **values: str) -> Product:
    return Product(label=name, index="index", kind="thing", start=datetime(2020, 1, 1), **values)


def test_all_entries_are_in_the_account_and_nothing_is_markup() -> None:
    migration = Migration(
        kind="gen2",
        source="a`b\n",
        contents={"x": b""},
        outcomes=(
            Outcome(make("first", type="bias"), ADDED, ("calibs/a.yaml",)),
            Outcome(make("a|b\x1b[31m"), BESIDE, ("foreign/<b>",), "no *type*"),
            Outcome(make("third"), LISTED, (), "gone"),
        ),
        diagnostics=(Diagnostic.from_problem(Problem("CAL731", (), "row 7: no date"), "index"),),
        unread=1,
    )
    text = account_text(migration)
    assert "4 entries: 1 calibration, 1 kept as files beside, 1 only listed, 1 not understood" in text
    assert "| a\\|b\\\\x1b\\[31m | thing |" in text
    assert "foreign/\\<b\\>" in text
    assert "  - index: row 7: no date" in text
    assert "\x1b" not in text
    assert summary_lines(migration)[1] == "  bias: 1"
    answer = json.loads(json.dumps(migration_to_dict(migration)))
    assert [entry["state"] for entry in answer["entries"]] == [ADDED, BESIDE, LISTED]
    assert sum(answer["counts"].values()) == 4
    assert not migration.is_complete
