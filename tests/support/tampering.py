"""Damage and forgery in a repository: single bytes of stored files, and single values of the registry's tables."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

DATABASE = "gen3.sqlite3"

IRRELEVANT = frozenset(
    {
        # When and where something was registered, and words for people.
        *(("dataset", "ingest_date"), ("collection", "doc"), ("file_datastore_records", "checksum")),
        # Numbers that only rows refer to.
        *((f"dataset_calibs_{number:08d}", "id") for number in range(1, 10)),
        ("collection_chain", "position"),
        # No bundle of the tests declares it, and what nobody declared is not compared.
        ("instrument", "visit_system"),
    }
)
"""Columns that say nothing about what a lookup finds."""

# Settings of Butler; and what a RUN adds to its collection, on which nothing that is found or read depends.
_SKIPPED = frozenset(
    {"butler_attributes", "opaque_meta", "dimension_graph_key", "dimension_graph_definition", "run"}
)


class Tampering(NamedTuple):
    """One change of one row; `column` is empty where the row was deleted."""

    table: str
    column: str
    before: Any
    after: Any


def stored_files(repo: Path) -> list[Path]:
    """Return the FITS files of a repository."""
    return sorted(path for path in repo.rglob("*.fits") if path.is_file())


def run_sql(repo: Path, *statements: str) -> None:
    """Change the registry of a repository; each statement must change something.

    ``{calibs}`` stands for the table of certifications of datasets by detector, the number of which differs.
    """
    with closing(sqlite3.connect(repo / DATABASE)) as database, database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        calibs = next(
            name
            for name in names
            if name.startswith("dataset_calibs_")
            and "detector" in [row[1] for row in database.execute(f'PRAGMA table_info("{name}")')]
            and database.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]
        )
        for statement in statements:
            assert database.execute(statement.format(calibs=calibs)).rowcount > 0, statement


def flip_byte(path: Path, random_source: random.Random) -> int:
    """Change one byte of a file, and return its place."""
    data = bytearray(path.read_bytes())
    place = random_source.randrange(len(data))
    data[place] ^= random_source.randrange(1, 256)
    path.unlink()
    path.write_bytes(data)
    return place


def tamper(repo: Path, random_source: random.Random) -> Tampering:
    """Change one value, or delete one row, of a table that says what lookups find."""
    with closing(sqlite3.connect(repo / DATABASE)) as database, database:
        table = random_source.choice(sorted(_relevant(database)))
        return _tamper_table(database, table, random_source)


def _tamper_table(database: sqlite3.Connection, table: str, random_source: random.Random) -> Tampering:
    database.execute("PRAGMA ignore_check_constraints = ON")
    rows = [row[0] for row in database.execute(f'SELECT rowid FROM "{table}"')]
    columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
    columns = [name for name in columns if (table, name) not in IRRELEVANT]
    row = random_source.choice(rows)
    column = random_source.choice(["", *columns])
    if not column:
        database.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))
        return Tampering(table, "", row, None)
    (before,) = database.execute(f'SELECT "{column}" FROM "{table}" WHERE rowid = ?', (row,)).fetchone()
    for after in _others(database, table, column, before, random_source):
        try:
            database.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (after, row))
        except sqlite3.IntegrityError:
            continue  # another row has that value
        return Tampering(table, column, before, after)
    database.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))
    return Tampering(table, "", row, None)


def _others(
    database: sqlite3.Connection, table: str, column: str, value: Any, random_source: random.Random
) -> Iterator[Any]:
    """Yield other values for a column: those of other rows, then similar ones."""
    values = [row[0] for row in database.execute(f'SELECT DISTINCT "{column}" FROM "{table}"')]
    others = [other for other in values if other != value]
    random_source.shuffle(others)
    if random_source.random() < 0.5:
        yield from others
    if isinstance(value, int):
        yield value + random_source.choice((1, -1, 1000))
    elif isinstance(value, str):
        yield value + "x"
    elif isinstance(value, bytes):
        yield bytes([value[0] ^ 1]) + value[1:]
    else:
        yield "x"
    yield from others


def _relevant(database: sqlite3.Connection) -> Iterator[str]:
    names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for name in names:
        if name in _SKIPPED or name.startswith("sqlite_") or "summary" in name:
            continue
        if database.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]:
            yield name
