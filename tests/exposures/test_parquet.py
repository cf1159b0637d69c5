"""Parquet tables of exposures: the types that times, nights and names have, and damage."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from support.exposures import MJD, NS, TIME, read


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/Santiago"])
def test_parquet_times(tmp_path: Path, unit: str, zone: str | None) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    numbers = np.array([TIME, "NaT"], dtype=f"datetime64[{unit}]").astype(np.int64)
    times = pa.array(numbers, mask=np.array([False, True])).cast(pa.timestamp(unit, tz=zone))
    columns = {
        "time": times,
        "detector": pa.array([3, None]),
        "band": pa.array(["g", None]).dictionary_encode(),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.csv")
    assert read(tmp_path / "t.csv") == ([(1, NS, "", "3", "g", "")], [(2, "CAL451")])
    pq.write_table(pa.table({"obs_start": times}), tmp_path / "t.csv")
    assert read(tmp_path / "t.csv")[0][0][1] == (NS if zone else NS - 37_000_000_000)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_days_in_single_precision_are_a_warning(tmp_path: Path, kind: str) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "t.parquet"
    days = pa.array(np.array([MJD, MJD + 1] if kind != "float16" else [60000, 1], kind))
    pq.write_table(pa.table({"mjd": days}), path)
    codes = [code for _, code in read(path)[1]]
    assert codes.count("CAL373") == (0 if kind == "float64" else 1)
    assert kind == "float16" or len(read(path)[0]) == 2


def test_other_parquet_columns(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "t.parquet"
    night = date(2024, 4, 1)
    for column in (
        pa.array([night]),
        pa.array([night]).cast(pa.date64()),
        pa.array([20240401], pa.int32()),
        pa.array([20240401.0]),
        pa.array(["2024-04-01"], pa.large_string()),
        pa.array([b"20240401"]),
    ):
        pq.write_table(pa.table({"day_obs": column, "visit.id": pa.array([7])}), path)
        assert read(path) == ([(1, night, "", "", "", "7")], []), column.type
    pq.write_table(pa.table({"mjd": pa.array([MJD, np.nan, None, np.inf])}), path)
    rows, findings = read(path)
    assert (len(rows), [line for line, _ in findings]) == (1, [2, 3, 4])
    pq.write_table(pa.table({"time": pa.array([2**62, 0]).cast(pa.timestamp("ms"))}), path)
    assert [line for line, _ in read(path)[1]] == [1]
    pq.write_table(pa.table({"time": pa.array([[1]])}), path)
    with pytest.raises(CuratedError, match="has cells of the type"):
        read(path)


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    (tmp_path / "t.parquet").write_bytes(b"PAR1" + b"\0" * 20)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CuratedError) as raised:
        read(tmp_path / "t.parquet")
    assert "curated-calibs[parquet]" in raised.value.hint
