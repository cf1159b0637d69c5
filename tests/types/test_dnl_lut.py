"""Corrections of converters: which codes they change, and generated ones through all forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.calib.base import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.types.dnl_lut import DnlLookupTable
from support.readings import all_readings
from support.round_trips import MODERATE, TEXTS, Tree, assert_comes_back
from support.texts import examples

TABLES: dict[str, Any] = {
    "corrections": {"C00": [0.1, -0.2], "C01": [0.0, 0.5, 0.25]},
    "firstCode": {"C00": 3},
}
HALVES = DetectorGeometry(
    name="d00",
    id=0,
    width=4,
    height=1,
    amplifiers=(Amplifier("C00", Box(0, 0, 2, 1)), Amplifier("C01", Box(2, 0, 2, 1))),
)


def test_codes_within_the_table_are_corrected() -> None:
    table = DnlLookupTable.fromDict(TABLES)
    np.testing.assert_allclose(table.corrected("C00", [2, 3, 4, 5]), [2, 3.1, 3.8, 5])
    np.testing.assert_allclose(
        table.corrected("C01", [-1, math.nan, math.inf, 2]), [-1, math.nan, math.inf, 2.25]
    )
    with pytest.raises(CuratedError, match="C09 has no corrections"):
        table.corrected("C09", [1])


def test_images() -> None:
    image = np.array([[3, 4, 1, 7]], "u2")
    corrected = DnlLookupTable.fromDict(TABLES).apply(image, detector=HALVES)
    np.testing.assert_allclose(corrected, [[3.1, 3.8, 1.5, 7]])
    assert image.tolist() == [[3, 4, 1, 7]]
    with pytest.raises(CuratedError, match="must be known"):
        DnlLookupTable.fromDict(TABLES).apply(image)


@pytest.mark.parametrize(
    "tree", [{"corrections": {}}, {"corrections": {"C00": [0.1]}, "firstCode": {"C01": 1}}]
)
def test_amplifiers_without_corrections(tree: dict[str, Any]) -> None:
    with pytest.raises(CalibrationError, match="CAL308"):
        DnlLookupTable.fromDict(tree)


def test_changes() -> None:
    old = DnlLookupTable.fromDict(TABLES)
    new = DnlLookupTable.fromDict({"corrections": {"C00": [0.0, 0.1, 0.3]}, "firstCode": {"C00": 2}})
    readings = all_readings(old, new)
    (change,) = readings["correction_change"]
    assert (change.value, change.of) == (pytest.approx(0.5), {"amplifier": "C00", "code": 4})
    assert len(readings["amplifiers_lost"]) == 1


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    names = draw(st.lists(TEXTS, min_size=1, max_size=3, unique=True))
    numbers = st.lists(MODERATE, max_size=4)
    return {
        "corrections": {name: draw(numbers) for name in names},
        "firstCode": {name: draw(st.integers(0, 9)) for name in names},
    }


@examples(40)
@given(tree=trees())
def test_round_trips(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": "DNL_LUT"}
    assert_comes_back(DnlLookupTable.fromDict({**tree, "metadata": metadata}), tmp_path_factory.getbasetemp())
