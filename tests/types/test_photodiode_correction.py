"""Corrections of photodiode charges: generated ones through all forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.types.photodiode_correction import PhotodiodeCorrection
from support.round_trips import NUMBERS, TEXTS, Tree, assert_comes_back, vectors
from support.texts import examples


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    tree: Tree = {"pairs": draw(st.dictionaries(TEXTS, NUMBERS, max_size=4))}
    columns = draw(st.integers(1, 3))
    rows = draw(st.none() | st.lists(vectors(NUMBERS, columns), max_size=3))
    return tree if rows is None else {**tree, "tableData": rows}


@examples(60)
@given(tree=trees(), source=TEXTS)
def test_round_trips(tree: Tree, source: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": PhotodiodeCorrection.SPEC.obstype, "SOURCE": source}
    calib = PhotodiodeCorrection.fromDict({**tree, "metadata": metadata})
    assert_comes_back(calib, tmp_path_factory.getbasetemp(), has_tables=False)
