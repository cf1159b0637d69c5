"""Areas of unions of boxes, against masks of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare import Conditions
from curated.types import _defects_math
from curated.types._defects_math import Areas, box_array, compare_areas, compare_columns
from curated.types.defects import Defects
from support.readings import all_readings, readings
from support.texts import examples

SIZE = 24
corner, length = st.integers(0, SIZE - 6), st.integers(0, 6)
box_lists = st.lists(st.tuples(corner, corner, length, length), max_size=12)


def make_defects(boxes: list[tuple[int, int, int, int]]) -> Defects:
    columns = np.array(boxes, "i8").reshape(-1, 4).T
    return Defects(**dict(zip(("x0", "y0", "width", "height"), columns, strict=True)))


def pixels(boxes: list[tuple[int, int, int, int]]) -> Any:
    mask = np.zeros((SIZE, SIZE), bool)
    for x0, y0, width, height in boxes:
        mask[y0 : y0 + height, x0 : x0 + width] = True
    return mask


@pytest.mark.parametrize("most_cells", [10, 1_000_000])
@examples(100)
@given(old=box_lists, new=box_lists)
def test_areas_are_those_of_masks(
    most_cells: int, old: list[tuple[int, int, int, int]], new: list[tuple[int, int, int, int]]
) -> None:
    before, now = pixels(old), pixels(new)
    masks = (before, now, now & ~before, before & ~now)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_defects_math, "_MAX_CELLS", most_cells)
        areas = compare_areas(box_array(make_defects(old)), box_array(make_defects(new)))
    assert areas == Areas(*(int(mask.sum()) for mask in masks))


@examples(100)
@given(old=box_lists, new=box_lists, height=st.integers(1, SIZE))
def test_masked_columns_are_those_of_masks(
    old: list[tuple[int, int, int, int]], new: list[tuple[int, int, int, int]], height: int
) -> None:
    before, now = (pixels(boxes)[:height].all(axis=0) for boxes in (old, new))
    counts = [int(mask.sum()) for mask in (before, now, now & ~before, before & ~now)]
    assert compare_columns(box_array(make_defects(old)), box_array(make_defects(new)), height) == Areas(
        *counts
    )


@examples(50)
@given(old=box_lists, new=box_lists)
def test_amplifiers_are_parts_of_the_detector(
    old: list[tuple[int, int, int, int]], new: list[tuple[int, int, int, int]]
) -> None:
    # Two above each other, and one that is narrower; boxes reach beyond the detector.
    areas = {"C00": Box(0, 0, 8, 3), "C10": Box(0, 3, 8, 5), "C01": Box(8, 0, 4, 8)}
    detector = DetectorGeometry("D", 0, 12, 8, tuple(Amplifier(name, box) for name, box in areas.items()))
    lists, conditions = (make_defects(old), make_defects(new)), Conditions(detector=detector)
    before, now = pixels(old), pixels(new)

    def changes(name: str) -> dict[Any, tuple[float, Any, Any]]:
        found = readings(*lists, name, conditions)
        return {r.of.get("amplifier"): (pytest.approx(r.value), r.old, r.new) for r in found}

    shares, columns = {}, {}
    for name, box in areas.items():
        first, last = 100 * before[box.slices].mean(), 100 * now[box.slices].mean()
        if first != last:
            shares[name] = (last - first, pytest.approx(first), pytest.approx(last))
        full = [mask[box.slices].all(axis=0) for mask in (before, now)]
        if (full[1] & ~full[0]).any():
            columns[name] = (int((full[1] & ~full[0]).sum()), int(full[0].sum()), int(full[1].sum()))
    assert changes("amplifier_fraction_change") == shares
    assert changes("columns_fully_masked") == columns
    total = 100 * now[:8, :12].mean() - 100 * before[:8, :12].mean()
    found = changes("masked_fraction_change")
    assert found[None][0] == total if total else not found


def test_huge_boxes_take_no_memory() -> None:
    boxes = box_array(make_defects([(0, 0, 10**9, 10**9), (10**8, 0, 5, 10**9), (0, 10**9, 3, 7)]))
    assert compare_areas(boxes[:0], boxes) == Areas(0, 10**18 + 21, 10**18 + 21, 0)


def test_measures_of_a_list_that_begins_or_ends() -> None:
    defects = make_defects([(0, 0, 2, 10), (1, 0, 1, 10)])
    conditions = Conditions(detector=DetectorGeometry("D", 0, width=10, height=10))
    values = {
        (name, is_new): [
            r.value for r in measure.read(*((None, defects) if is_new else (defects, None)), conditions)
        ]
        for measure in Defects.SPEC.measures
        for name in [measure.name]
        for is_new in (True, False)
    }
    assert values == {
        ("pixels_gained", True): [20],
        ("pixels_gained", False): [],
        ("pixels_lost", True): [],
        ("pixels_lost", False): [20],
        ("masked_fraction_change", True): [20],
        ("masked_fraction_change", False): [-20],
        ("masked_columns_change", True): [2],
        ("masked_columns_change", False): [-2],
        ("amplifier_fraction_change", True): [],
        ("amplifier_fraction_change", False): [],
        ("columns_fully_masked", True): [2],
        ("columns_fully_masked", False): [],
        ("feature_pixels_gained", True): [],
        ("feature_pixels_gained", False): [],
        ("feature_pixels_lost", True): [],
        ("feature_pixels_lost", False): [],
    }


def test_shares_need_the_size_of_the_detector() -> None:
    defects = make_defects([(0, 0, 2, 10)])
    names = [m.name for m in Defects.SPEC.measures for _ in m.read(None, defects, Conditions())]
    assert names == ["pixels_gained"]


def test_columns_that_take_the_place_of_others() -> None:
    conditions = Conditions(detector=DetectorGeometry("D", 0, 10, 10))
    pair = make_defects([(0, 0, 2, 10)]), make_defects([(4, 0, 1, 4), (4, 4, 1, 9), (1, 0, 1, 10)])
    values = all_readings(*pair, conditions)
    # As many as before, of which one is another.
    assert "masked_columns_change" not in values
    assert values["columns_fully_masked"] == [(1, 2, 2, {})]


def features(
    old: list[tuple[int, int, int, int]],
    new: list[tuple[int, int, int, int]],
    old_names: Sequence[str] = (),
    new_names: Sequence[str] = (),
) -> Any:
    """Return the pixels that named features gained and lost."""
    conditions = Conditions(row_names=(old_names, new_names))
    values = all_readings(make_defects(old), make_defects(new), conditions)
    return {
        name.split("_")[-1]: {r.of["feature"]: r.value for r in values[name]}
        for name in ("feature_pixels_gained", "feature_pixels_lost")
        if name in values
    }


def test_features_are_named() -> None:
    old, new = [(0, 0, 4, 4)], [(0, 0, 4, 4), (2, 2, 4, 4), (10, 0, 1, 20), (10, 0, 1, 20)]
    names = ("", "glow", "column", "column")
    # Of the glow 4 pixels were masked before; rows of a name that cover the same pixels count once.
    assert features(old, new, new_names=names) == {"gained": {"glow": 12, "column": 20}}
    assert features(new, old, old_names=names) == {"lost": {"glow": 12, "column": 20}}
    # Another name of the same pixels is no change, and names of other rows are none.
    assert features(new, new, new_names=names, old_names=("a", "b", "c", "d")) == {}
    assert features(old, new, new_names=("glow",)) == {}


@examples(50)
@given(old=box_lists, new=box_lists, seed=st.integers(0, 2**32 - 1))
def test_features_are_those_of_masks(
    old: list[tuple[int, int, int, int]], new: list[tuple[int, int, int, int]], seed: int
) -> None:
    names = np.random.default_rng(seed).choice(["a", "b", ""], len(new)).tolist()
    expected = {}
    for name in "ab":
        gained = pixels([box for box, label in zip(new, names, strict=True) if label == name]) & ~pixels(old)
        if gained.any():
            expected[name] = int(gained.sum())
    assert features(old, new, new_names=names) == ({"gained": expected} if expected else {})
    assert features(new, old, old_names=names) == ({"lost": expected} if expected else {})


def test_features_beyond_a_thousand_are_counted_together() -> None:
    new = [(3 * i, 0, 2, 1) for i in range(1005)]
    gained = features([], new, new_names=[f"f{i}" for i in range(1005)])["gained"]
    assert len(gained) == 1001
    assert (gained["f0"], gained["other features"]) == (2, 10)
