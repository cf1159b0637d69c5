"""Where calibrations of foreign files go."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from curated.exchange.placement import Names, find_place, keywords_of
from curated.types.flat import Flat
from support.foreign import make_package


def test_the_place_of_a_flat(tmp_path: Path) -> None:
    place = find_place(make_package(tmp_path), Flat, Names(instrument="TINY", detector="1", filter="R"))
    assert place.directory == "calibs/tiny/flat/d1/r"
    keywords = keywords_of(Flat, place, datetime(2024, 6, 1), datetime(2024, 7, 1))
    assert (keywords["FILTER"], keywords["DETECTOR"]) == ("r", 1)
    assert keywords["VALIDEND"] == "2024-07-01T00:00:00"
