"""Files with tables, by their content, and files that are none."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.exposures.table import read_exposures
from support.exposures import NS, TIME, MakeTable, read


def packed(data: bytes) -> bytes:
    """Compress without the time, which would be in the names of tests."""
    return gzip.compress(data, mtime=0)


def test_a_csv_table(table: MakeTable) -> None:
    text = f"id,instrument,time,detector,filter\n7,Lab,{TIME},12,g\n8,Lab,{TIME}Z,,\n"
    assert read(table(text)) == ([(2, NS, "Lab", "12", "g", "7"), (3, NS, "Lab", "", "", "8")], [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n \n", "no line with the names"),
        (b"# only\n", "no line with the names"),
        (b"instrument,detector\nLab,1\n", "no column has the time"),
        (b"time,time\n1,2\n", "2 columns are called 'time'"),
        (b"x" * 200_000 + b"\n", "cannot be read: a cell of more"),
        (b"[1]\n", "JSON array"),
        (b'[\n{"time": 1}\n]', "JSON array"),
        (b'{"x": 1}\n', "no column has the time"),
        (b"SIMPLE  =                    T", "a FITS file"),
        ("time\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04", "spreadsheet"),
        (b"PAR1", "cannot be read"),
        (b"PAR1" + b"\0" * 100 + b"PAR1", "cannot be read"),
        (b"\x1f\x8b\x08", "damaged"),
        (packed(f"time\n{TIME}\n".encode() * 100)[:-9], "damaged"),
        (packed(packed(b"time\n")), "compressed twice"),
        (packed(b"PAR1"), "within gzip"),
        (b",".join(b"a" for _ in range(20_000)) + b"\n", "20000 columns"),
    ],
)
def test_files_that_cannot_be_read(table: MakeTable, content: bytes, message: str) -> None:
    with pytest.raises(CuratedError, match=message):
        read(table(content))


def test_files_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, message in (("pipe", "named pipe"), (".", "directory"), ("none", "No such file")):
        with pytest.raises(CuratedError, match=message):
            read(tmp_path / name)
    with pytest.raises(CuratedError, match="is empty"):
        list(read_exposures(""))
    (tmp_path / "link.csv").symlink_to(tmp_path / "table.csv")
    (tmp_path / "table.csv").write_text(f"time\n{TIME}\n")
    assert len(read(tmp_path / "link.csv")[0]) == 1
