"""Small sources of calibrations as other systems keep them, with files beside."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits


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


def write_index(root: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a CALDB index of rows, of which each has the columns that differ from those of a good one."""
    common = {
        "TELESCOP": "TINYSAT",
        "INSTRUME": "CAM",
        "DETNAM": "CCD0",
        "FILTER": "NONE",
        "CAL_DEV": "ONLINE",
        "CAL_DIR": "data/tinysat/cam/bcf/badpix",
        "CAL_FILE": "",
        "CAL_CLAS": "BCF",
        "CAL_DTYP": "DATA",
        "CAL_CNAM": "BADPIX",
        "CAL_CBD": ("NONE",) * 9,
        "CAL_XNO": 1,
        "CAL_VSD": "2010-01-01",
        "CAL_VST": "00:00:00",
        "REF_TIME": 55197.0,
        "CAL_QUAL": 0,
        "CAL_DATE": "2011-05-01",
        "CAL_DESC": "bad pixels",
    }
    forms = {
        "TELESCOP": "10A", "INSTRUME": "10A", "DETNAM": "20A", "FILTER": "10A", "CAL_DEV": "20A", "CAL_DIR": "70A",
        "CAL_FILE": "40A", "CAL_CLAS": "3A", "CAL_DTYP": "4A", "CAL_CNAM": "20A", "CAL_CBD": "630A", "CAL_XNO": "I",
        "CAL_VSD": "10A", "CAL_VST": "8A", "REF_TIME": "D", "CAL_QUAL": "I", "CAL_DATE": "10A", "CAL_DESC": "70A",
    }  # fmt: skip
    filled = [{**common, **row} for row in rows]
    columns = []
    for name, form in forms.items():
        values: Any = [row[name] for row in filled]
        if name == "CAL_CBD":
            values = np.array([[text.ljust(70) for text in value] for value in values])
        columns.append(fits.Column(name, form, array=values, dim="(70,9)" if name == "CAL_CBD" else None))
    table = fits.BinTableHDU.from_columns(columns, name="CIF")
    path = root / "data/tinysat/cam/caldb.indx"
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    return path


def write_region_table(path: Path, *boxes: tuple[int, int, int, int]) -> None:
    """Write boxes as a FITS table of regions, whose centres count from one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.array(boxes, "f8").reshape(-1, 4)
    columns = [
        fits.Column("SHAPE", "8A", array=["BOX"] * len(array)),
        fits.Column("X", "D", array=array[:, 0] + (array[:, 2] - 1) / 2 + 1),
        fits.Column("Y", "D", array=array[:, 1] + (array[:, 3] - 1) / 2 + 1),
        fits.Column("R", "2D", array=array[:, 2:]),
        fits.Column("ROTANG", "D", array=np.zeros(len(array))),
        fits.Column("COMPONENT", "J", array=np.arange(len(array)) + 1),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="REGION")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)


def write_mask(path: Path, *pixels: tuple[int, int], shape: tuple[int, int] = (8, 10)) -> None:
    """Write an image with ones at some pixels, each given as column and row from zero."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros(shape, "i2")
    for x, y in pixels:
        mask[y, x] = 1
    fits.PrimaryHDU(mask).writeto(path)
