"""The stack's record of inputs: generated data IDs through all forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.types.provenance import IsrProvenance
from support.round_trips import TEXTS, Tree, assert_comes_back
from support.texts import examples


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    dimensions = draw(
        st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), min_size=1, max_size=4, unique=True)
    )
    kinds = {name: draw(st.sampled_from([TEXTS, st.integers(-(2**63), 2**63 - 1)])) for name in dimensions}
    rows = st.fixed_dictionaries(kinds)
    data_ids = draw(st.lists(rows, max_size=5, unique_by=lambda row: tuple(row.values())))
    return {"calibType": draw(TEXTS), "dimensions": dimensions, "dataIdList": data_ids}


@examples(60)
@given(tree=trees(), source=TEXTS)
def test_round_trips(tree: Tree, source: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": IsrProvenance.SPEC.obstype, "SOURCE": source}
    calib = IsrProvenance.fromDict({**tree, "metadata": metadata})
    assert_comes_back(calib, tmp_path_factory.getbasetemp())
