"""Quantum efficiency: interpolation, the mode, and generated curves through all forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from hypothesis import given
from hypothesis import strategies as st

from curated.core.diagnostic import CuratedError
from curated.registry import find_type
from curated.types.qe_curve import QECurve
from support.demo import demo_calib
from support.round_trips import TEXTS, Tree, assert_comes_back, increasing, vectors
from support.texts import examples


def qe(**more: object) -> QECurve:
    tree = {"wavelength": [400.0, 500.0, 700.0], "efficiency": [40.0, 80.0, 60.0], **more}
    return QECurve.fromDict(tree)


def test_efficiency_is_linear_between_samples_and_zero_beyond_them() -> None:
    curve = qe()
    wavelengths = np.array([399.9, 400.0, 425.0, 600.0, 700.0, 700.1])
    np.testing.assert_allclose(curve.efficiency(wavelengths), [0, 0.4, 0.5, 0.7, 0.6, 0], rtol=1e-14)
    assert curve.efficiency(425.0).shape == ()
    assert curve.efficiency(np.full((2, 3), 425.0)).shape == (2, 3)
    assert np.isnan(curve.efficiency(np.nan))


@pytest.mark.parametrize("unit", [u.nm, u.Angstrom, u.um])
def test_efficiency_takes_quantities(unit: u.Unit) -> None:
    wavelengths = np.array([410.0, 550.0]) * u.nm
    expected = [0.44, 0.75]
    np.testing.assert_allclose(qe().efficiency(wavelengths.to(unit)), expected, rtol=1e-12)
    in_angstrom = qe(wavelength=[4000.0, 5000.0, 7000.0], units={"wavelength": "Angstrom"})
    np.testing.assert_allclose(in_angstrom.efficiency(wavelengths.to(unit)), expected, rtol=1e-12)


def test_efficiency_of_an_amplifier_and_their_mean() -> None:
    curve = demo_calib("qe_curve")
    wavelengths = np.linspace(310, 1090, 57)
    each = []
    for name in curve.amplifiers:
        is_own = curve.amp_name == name
        x, y = curve.wavelength[is_own], curve.efficiencies[is_own] / 100
        # Another way to interpolate: weights of the two neighbours.
        after = np.searchsorted(x, wavelengths)
        weight = (wavelengths - x[after - 1]) / (x[after] - x[after - 1])
        each.append(y[after - 1] * (1 - weight) + y[after] * weight)
        np.testing.assert_allclose(curve.efficiency(wavelengths, name), each[-1], rtol=1e-10)
    np.testing.assert_allclose(curve.efficiency(wavelengths), np.mean(each, axis=0), rtol=1e-10)


def test_efficiency_of_no_amplifier() -> None:
    with pytest.raises(CuratedError, match="no amplifier 'C99'") as caught:
        demo_calib("qe_curve").efficiency(500.0, "C99")
    assert "C00, C01" in caught.value.hint
    with pytest.raises(CuratedError) as caught:
        qe().efficiency(500.0, "C00")
    assert "whole detector" in caught.value.hint


def test_the_mode_follows_from_the_columns() -> None:
    assert (qe().mode, qe().metadata["MODE"], qe().metadata["TYPE"]) == ("DETECTOR", "DETECTOR", "QE")
    assert qe(amp_name=["A", "A", "A"]).metadata["MODE"] == "AMP"


def test_the_stack_would_read_our_efficiencies(tmp_path: Path) -> None:
    from astropy.table import QTable

    demo_calib("qe_curve").writeFits(tmp_path / "qe.fits")
    table = QTable.read(tmp_path / "qe.fits", hdu=1)
    assert table["efficiency"].unit.is_equivalent(u.percent)
    assert (1 * table["efficiency"].unit).to(u.percent).value == 1
    assert table["wavelength"].unit == u.nm
    assert table.meta["MODE"] == "AMP"


def test_the_name_of_dmtn_148() -> None:
    assert find_type("QE_CURVE") is QECurve


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    grid = draw(increasing(2, least=1e-300))
    amplifiers = draw(st.none() | st.lists(TEXTS, min_size=1, max_size=3, unique=True))
    count = len(grid) * len(amplifiers or [""])
    tree = {
        "wavelength": grid * len(amplifiers or [""]),
        "efficiency": draw(vectors(st.floats(0, 100), count)),
    }
    return (
        {**tree, "amp_name": [name for name in amplifiers for _ in grid]} if amplifiers is not None else tree
    )


@examples(60)
@given(tree=trees(), source=TEXTS)
def test_round_trips(tree: Tree, source: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": QECurve.SPEC.obstype, "SOURCE": source}
    calib = QECurve.fromDict({**tree, "metadata": metadata})
    assert_comes_back(calib, tmp_path_factory.getbasetemp())
