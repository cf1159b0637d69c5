"""Flat-field gradients: plane and radius, the form of numbers in FITS, generated values through all forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from curated.types.flat_gradient import FlatGradient
from support.demo import demo_calib
from support.round_trips import MODERATE, NUMBERS, TEXTS, Tree, assert_comes_back, increasing, vectors
from support.texts import examples


def test_plane_and_radius() -> None:
    gradient = demo_calib("flat_gradient")
    assert gradient.plane(gradient.centroidX, gradient.centroidY) == 1.0
    step = gradient.plane(1 + gradient.centroidX, gradient.centroidY) - 1
    assert step == pytest.approx(gradient.gradientX, rel=1e-9)
    centre = gradient.centroidX + gradient.centroidDeltaX, gradient.centroidY + gradient.centroidDeltaY
    np.testing.assert_allclose(
        gradient.radius(centre[0] + np.array([0.0, 3.0]), centre[1] + np.array([0.0, 4.0])), [0, 5]
    )
    assert gradient.plane(np.zeros((2, 3)), np.ones((2, 3))).shape == (2, 3)


def test_numbers_of_a_gradient_are_vectors_in_fits(tmp_path: Path) -> None:
    demo_calib("flat_gradient").writeFits(tmp_path / "gradient.fits")
    with fits.open(tmp_path / "gradient.fits") as hdus:
        assert hdus[1].data["ITL_RATIO"].shape == (1, 1)


def test_positions_in_other_units() -> None:
    gradient = demo_calib("flat_gradient")
    tree = gradient.toDict()
    tree |= {"centroidX": tree["centroidX"] / 10, "gradientX": tree["gradientX"] * 10}
    again = FlatGradient.fromDict({**tree, "units": {"centroidX": "cm", "gradientX": "1 / cm"}})
    assert again.centroidX == pytest.approx(gradient.centroidX, rel=1e-15)
    assert again.plane(1.0, 2.0) == pytest.approx(gradient.plane(1.0, 2.0), rel=1e-14)
    assert again.units == {"centroidX": "mm", "gradientX": "1/mm"}


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    nodes = draw(increasing(2, least=0.0))
    plain = ("centroidX", "centroidY", "centroidDeltaX", "centroidDeltaY", "gradientX", "gradientY")
    tree = {name: draw(NUMBERS) for name in plain}
    tree |= {name: draw(MODERATE) for name in ("itlRatio", "normalizationFactor")}
    return {**tree, "radialSplineNodes": nodes, "radialSplineValues": draw(vectors(MODERATE, len(nodes)))}


@examples(60)
@given(tree=trees(), source=TEXTS)
def test_round_trips(tree: Tree, source: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": FlatGradient.SPEC.obstype, "SOURCE": source}
    calib = FlatGradient.fromDict({**tree, "metadata": metadata})
    assert_comes_back(calib, tmp_path_factory.getbasetemp())
