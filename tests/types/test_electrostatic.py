"""Electrostatic distortions: the row of ECSV and FITS, and generated matrices through all forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import CalibrationError
from curated.registry import find_type
from curated.types.electrostatic import ElectrostaticDistortion
from support.demo import demo_calib
from support.round_trips import LOOSE_NUMBERS, NUMBERS, TEXTS, Tree, assert_comes_back, vectors
from support.texts import examples


def test_the_electrostatic_row_in_ecsv_and_fits(tmp_path: Path) -> None:
    calib = demo_calib("electroBfDistortionMatrix")
    calib.writeFits(tmp_path / "electro.fits")
    result = type(calib).readFits(tmp_path / "electro.fits")
    assert result == calib
    assert result.usedPixels.shape == (5, 5)
    assert result.aEByFilter["g"].shape == (4, 4)
    (table,) = calib.toTable()
    assert len(table) == 1
    assert type(calib).fromTable([table]) == calib


def test_sizes_in_the_header_must_be_those_of_the_table() -> None:
    (table,) = demo_calib("electroBfDistortionMatrix").toTable()
    table.meta["FIT_RANGE"] = 5
    with pytest.raises(CalibrationError, match="FIT_RANGE is 4 in the table, but 5 in the header"):
        ElectrostaticDistortion.fromTable([table])


def test_the_alias() -> None:
    assert find_type("electrostatic") is ElectrostaticDistortion


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    n = draw(st.integers(1, 3))
    f = draw(st.integers(1, n))
    amplifiers, parameters, filters = (draw(st.lists(TEXTS, max_size=m, unique=True)) for m in (4, 3, 2))
    free = draw(st.lists(st.sampled_from(parameters), unique=True) if parameters else st.just([]))
    fit = vectors(NUMBERS, f * f)
    tree: Tree = {
        "inputRange": n,
        "fitRange": f,
        "ampNames": amplifiers,
        "badAmps": draw(st.lists(st.sampled_from(amplifiers), unique=True) if amplifiers else st.just([])),
        "gain": {name: draw(LOOSE_NUMBERS) for name in draw(st.permutations(amplifiers))},
        "aMatrix": draw(vectors(LOOSE_NUMBERS, n * n)),
        "aMatrixSigma": draw(vectors(st.floats(0, 1e300), n * n)),
        "usedPixels": draw(vectors(st.booleans(), n * n)),
        "modelNormalization": draw(vectors(LOOSE_NUMBERS, 2)),
        "fitParamNames": parameters,
        "freeFitParamNames": free,
        "fitParams": {name: draw(NUMBERS) for name in parameters},
        "fitParamErrors": {name: draw(LOOSE_NUMBERS) for name in sorted(parameters)},
        "fitParamCovMatrix": draw(vectors(LOOSE_NUMBERS, len(free) ** 2)),
        "availableFilters": filters,
    }
    tree |= {
        name: draw(LOOSE_NUMBERS) for name in ("aMatrixSum", "aMatrixModelSum", "fitChi2", "fitReducedChi2")
    }
    for name in ("aMatrixModel", "ath", "athMinusBeta", "aN", "aS", "aE", "aW"):
        tree[name] = draw(fit)
        tree[f"{name}ByFilter"] = {key: draw(fit) for key in draw(st.permutations(filters))}
    return tree


@examples(60)
@given(tree=trees(), source=TEXTS)
def test_round_trips(tree: Tree, source: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": ElectrostaticDistortion.SPEC.obstype, "SOURCE": source}
    calib = ElectrostaticDistortion.fromDict({**tree, "metadata": metadata})
    assert_comes_back(calib, tmp_path_factory.getbasetemp())
