"""Values are compared exactly where both sides declare them, and otherwise within the noise of a mean."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from curated.calib import CalibrationError
from curated.calib.arrays import is_equal
from curated.calib.fingerprint import values_hash
from curated.core.keys import CalibKey
from curated.datasets.values import ValuesHash, differing_fields, is_same_content
from curated.declare import Conditions
from curated.difference.measuring import Version, compare
from curated.history.changes import different_fields
from curated.registry import get_type
from support.demo import demo_calib, shown_types

AMPLIFIERS, SAMPLES = 16, 30

IMAGES = frozenset({"bias", "dark", "flat", "fringe", "sky", "illum", "straylight"})
"""Types whose values are pixels; their side files have statistics of them, which are none."""


def curve(
    kind: str = "transmission_sensor",
    dtype: str = "f4",
    amplifiers: int = AMPLIFIERS,
    step: float = 0,
    shift: float = 0,
) -> Any:
    """Return a calibration with a curve for each amplifier, or with one of the detector."""
    count = max(amplifiers, 1)
    values = np.random.default_rng(1).uniform(0.2, 0.99, count * SAMPLES).astype(dtype)
    values[3] *= 1 + step
    tree: dict[str, Any] = {
        "metadata": {"INSTRUME": "Lab", "DETECTOR": 0, "OBSTYPE": kind, "CALIBDATE": "2024-01-01T00:00:00"},
        "wavelength": np.tile(np.linspace(300, 1100, SAMPLES) + shift, count).astype(dtype),
        "efficiency": values,
    }
    if amplifiers:
        tree["amp_name"] = np.repeat([f"C{i:02}" for i in range(amplifiers)], SAMPLES)
    return get_type(kind).fromDict(tree)


def as_the_stack_writes(calib: Any, path: Path, seed: int = 0) -> ValuesHash:
    """Return the hash of a file of lsst.afw.image.TransmissionCurve, whose mean is added in another order."""
    names = list(calib.amplifiers)
    np.random.default_rng(seed).shuffle(names)
    rows = [calib.efficiency[calib.amp_name == name] for name in names]
    mean = np.array(rows).mean(axis=0)
    calib.writeFits(path)
    with fits.open(path) as hdus:
        hdus[2].data["throughput"][0][:] = mean.astype("f8")
        fits.HDUList(hdus[:3]).writeto(path, overwrite=True)
    return values_hash(type(calib).readFits(path))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("kind", ["transmission_sensor", "transmission_filter_detector"])
def test_the_order_of_amplifiers_is_noise(kind: str, dtype: str, tmp_path: Path) -> None:
    calib = curve(kind, dtype)
    ours = values_hash(calib)
    for seed in range(5):
        stack = as_the_stack_writes(calib, tmp_path / "stack.fits", seed)
        assert is_same_content(ours, stack)
        assert is_same_content(stack, ours)
        assert differing_fields(ours, stack) == []
        edit = values_hash(curve(kind, dtype, step=1e-3))
        assert not is_same_content(edit, stack)
        assert "throughputs" in differing_fields(edit, stack)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("amplifiers", [0, 1, AMPLIFIERS])
def test_one_sample_is_seen_where_both_declare_it(dtype: str, amplifiers: int, tmp_path: Path) -> None:
    calib = curve(dtype=dtype, amplifiers=amplifiers)
    stored = values_hash(type(calib).readFits(calib.writeFits(tmp_path / "own.fits")))
    assert is_same_content(values_hash(calib), stored)
    edit = values_hash(curve(dtype=dtype, amplifiers=amplifiers, step=1e-5))
    assert not is_same_content(edit, stored)
    assert differing_fields(edit, stored) == (["amplifier C00"] if amplifiers else ["throughputs"])


def test_wavelengths_count_in_a_mean(tmp_path: Path) -> None:
    calib = curve()
    stack = as_the_stack_writes(calib, tmp_path / "stack.fits")
    other = values_hash(curve(shift=1))
    assert not is_same_content(other, stack)
    assert "wavelengths" in differing_fields(other, stack)


def test_it_is_a_text_that_travels() -> None:
    digest = values_hash(curve())
    again = pickle.loads(pickle.dumps(digest))
    assert again == str(digest)
    assert again.details.parts == digest.details.parts
    assert is_same_content(again, digest)
    # Without details there is only the hash.
    assert is_same_content(digest, str(digest))
    assert not is_same_content(digest, "0")
    assert differing_fields(digest, "0") == []


def without(tree: Any, key: str) -> Any:
    """Return a tree without the entries of a key, but for those of its keywords."""
    if not isinstance(tree, dict):
        return tree
    return {
        name: value if name == "metadata" else without(value, key)
        for name, value in tree.items()
        if name != key
    }


@pytest.mark.parametrize("kind", sorted(set(shown_types()) - IMAGES))
def test_a_missing_optional_column_counts_where_it_had_values(kind: str) -> None:
    calib = demo_calib(kind)
    key = CalibKey("demo", kind, "d00" if calib.SPEC.has_detector else "", "")
    for column in calib.FIELDS:
        if column.required:
            continue
        try:
            other = type(calib).fromDict(without(calib.toDict(), column.key))
        except CalibrationError:
            continue  # other columns need it
        names = [f.key for f in calib.FIELDS if not is_equal(getattr(calib, f.name), getattr(other, f.name))]
        # What a file does not have is what its reader fills in, and nothing else.
        assert set(names) <= {column.key}
        for pair in ((calib, other), (other, calib)):
            assert is_same_content(*map(values_hash, pair)) == (not names), column.key
            assert list(different_fields(*pair)) == names
            versions = [Version(path, side) for path, side in zip("ab", pair, strict=True)]
            change = compare(key, versions[0], versions[1], (), Conditions())
            assert change.fields == tuple(names)
            assert change.is_physical == bool(names)
            if not names:
                assert change.effects == ()
