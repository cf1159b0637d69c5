"""Small sources of calibrations as other systems keep them, with files beside."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any


def write_registry(root: Path, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Path:
    """Write a Gen2 registry of rows, each with its table; columns are made as needed."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "calibRegistry.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        tables = set()
        for table, values in rows:
            if table not in tables:
                keys = [key for key in values if key not in ("calibDate", "validStart", "validEnd")]
                columns = ", ".join(
                    f"{key} {'int' if key in ('ccd', 'detector') else 'text'}" for key in keys
                )
                database.execute(
                    f"create table {table} (id integer primary key autoincrement, {columns}{', ' if columns else ''}"
                    "calibDate text, validStart text, validEnd text)"
                )
                database.execute(f"create table {table}_visit (visit int)")
                tables.add(table)
            database.execute(
                f"insert into {table} ({', '.join(values)}) values ({', '.join('?' * len(values))})",
                tuple(values.values()),
            )
        database.commit()
    return path


def entry(date: str, start: str, end: str, **values: Any) -> dict[str, Any]:
    """Return a row of a registry."""
    return {**values, "calibDate": date, "validStart": start, "validEnd": end}


def write_defects(path: Path, *boxes: tuple[int, int, int, int]) -> None:
    """Write a list of boxes of IRAF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{x + 1} {x + width} {y + 1} {y + height}" for x, y, width, height in boxes]
    path.write_text("\n".join(["# trimmed", *lines]) + "\n")


def write_small_registry(root: Path) -> Path:
    """Write a registry with defects of two detectors in three epochs, biases without images, and their files."""
    rows = []
    for ccd in (0, 1):
        for date, start, end in (
            ("2014-03-01", "1970-01-01", "2014-06-01"),
            ("2014-09-01", "2014-06-02", "2015-01-01"),
            ("2015-05-01", "2015-01-01", "2037-12-31"),
        ):
            rows.append(("defects", entry(date, start, end, ccd=ccd)))
            write_defects(root / f"DEFECTS/{date}/defects-{date}-{ccd:03d}.dat", (ccd, len(rows), 2, 3))
    return write_registry(root, rows)
