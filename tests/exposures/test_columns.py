"""Which columns are for what, by their names and by option."""

from __future__ import annotations

import pytest

from curated.core.diagnostic import CuratedError
from curated.exposures.columns import parse_choices
from support.exposures import NS, TIME, MakeTable, read


def test_scales_and_columns_by_option(table: MakeTable) -> None:
    path = table(f"shutter,time,x\n{TIME},2000-01-01,Lab\n")
    ((_, time, instrument, *_),), _ = read(path, "time=shutter", "instrument=x", scale="tai")
    assert (time, instrument) == (NS - 37_000_000_000, "Lab")


def test_choices_that_fit_nothing(table: MakeTable) -> None:
    path = table(f"time,obs_start\n{TIME},{TIME}\n")
    for choice, message in (
        ("time=obsstrt", "no column is called"),
        ("tiem=time", "nothing that a column is for"),
        ("time", "chooses no column"),
    ):
        with pytest.raises(CuratedError, match=message) as raised:
            read(path, choice)
        assert any(
            name in raised.value.hint for name in ("'obs_start'", "instrument, time", "time=obs_start")
        )
    with pytest.raises(CuratedError, match="two columns"):
        parse_choices(["time=a", "time=b"])
