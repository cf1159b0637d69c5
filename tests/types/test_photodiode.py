"""Photodiode currents: integration, the observatory's files, and generated currents through all forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.diagnostic import CuratedError
from curated.core.tables import TextColumn
from curated.types.photodiode import Photodiode
from support.round_trips import NUMBERS, TEXTS, Tree, assert_comes_back, increasing, vectors
from support.texts import examples


def diode(times: np.ndarray, samples: np.ndarray, method: str = "DIRECT_SUM") -> Photodiode:
    return Photodiode.fromDict(
        {
            "timeSamples": times.tolist(),
            "currentSamples": samples.tolist(),
            "integrationMethod": method,
        }
    )


def test_the_charge_of_a_current_is_its_integral() -> None:
    times = np.sort(np.concatenate([np.linspace(0, 2, 4001), [0.3333]]))
    record = diode(times, 3e-9 * np.sin(np.pi * times / 2) ** 2)
    assert record.integrate() == pytest.approx(3e-9, rel=1e-6)
    ramp = diode(np.array([0.0, 1.0, 4.0]), np.array([0.0, 2.0, 8.0]))
    assert ramp.integrate() == 16.0


def test_charges_are_summed_without_the_dark_current() -> None:
    times = np.cumsum(np.r_[0.0, np.tile([0.1, 0.15], 20)])
    dark, light = 2e-12, 1e-9
    is_lit = np.zeros(len(times))
    is_lit[15:25] = 1
    charges = np.r_[0.0, np.diff(times)] * (dark + light * is_lit)
    expected = light * np.sum(np.diff(times) * is_lit[1:])
    assert diode(times, charges, "CHARGE_SUM").integrate() == pytest.approx(expected, rel=1e-9)
    # A sample of the ramp, next to the light, is no measure of the dark current.
    charges[14] = (dark + 0.04 * light) * (times[14] - times[13])
    expected += 0.04 * light * (times[14] - times[13])
    assert diode(times, charges, "CHARGE_SUM").integrate() == pytest.approx(expected, rel=1e-9)
    assert diode(times, charges).integrate("CHARGE_SUM") == pytest.approx(expected, rel=1e-9)


def test_charges_that_cannot_be_summed() -> None:
    with pytest.raises(CuratedError, match="all samples are in the light"):
        diode(np.arange(5.0), np.array([0.0, 1.0, 0.0, 1.0, 1.0]), "CHARGE_SUM").integrate()
    for method in ("TRIMMED_SUM", "MEAN"):
        with pytest.raises(CuratedError, match="has no definition here") as caught:
            diode(np.arange(3.0), np.ones(3), method).integrate()
        assert "DIRECT_SUM" in caught.value.hint


def test_the_observatorys_files_are_read() -> None:
    """A row for each sample, other names of columns, and an instrument by its electrometer."""
    columns = {
        "RNUM": TextColumn(np.array([1.0, 2.0, 3.0]), "float64", ""),
        "Elapsed Time": TextColumn(np.array([0.0, 0.5, 1.0]), "float64", "s"),
        "Signal": TextColumn(np.array([0.0, 2e-9, 0.0]), "float64", "A"),
    }
    metadata = {"INSTRUME": "Electrometer_index_201", "LOCATN": "AuxTel"}
    calib, problems = Photodiode.from_columns(metadata, [columns], "ecsv")
    assert calib is not None
    assert not problems
    assert calib.timeSamples.tolist() == [1.0, 2.0, 3.0], "the last column that is there is taken"
    del columns["RNUM"]
    calib, problems = Photodiode.from_columns(metadata, [columns], "ecsv")
    assert calib is not None
    assert not problems
    assert calib.integrate() == 1e-9
    assert (calib.metadata["INSTRUME"], calib.metadata["OBSTYPE"]) == ("LATISS", "PHOTODIODE")
    assert "LOCATN" not in calib.metadata


def test_currents_in_other_units() -> None:
    tree = {
        "timeSamples": [0.0, 1000.0],
        "currentSamples": [2.0, 2.0],
        "units": {"timeSamples": "ms", "currentSamples": "nA"},
    }
    assert Photodiode.fromDict(tree).integrate() == pytest.approx(2e-9, rel=1e-12)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    times = draw(increasing(2))
    tree = {"timeSamples": times, "currentSamples": draw(vectors(NUMBERS, len(times)))}
    method = draw(st.none() | st.sampled_from(["DIRECT_SUM", "TRIMMED_SUM", "CHARGE_SUM", "MEAN"]))
    return {**tree, "integrationMethod": method} if method else tree


@examples(60)
@given(tree=trees(), source=TEXTS)
def test_round_trips(tree: Tree, source: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": Photodiode.SPEC.obstype, "SOURCE": source}
    calib = Photodiode.fromDict({**tree, "metadata": metadata})
    assert_comes_back(calib, tmp_path_factory.getbasetemp())
