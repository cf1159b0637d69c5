"""One number of each version: columns, measures, amplifiers, bands, defaults of all types."""

from __future__ import annotations

import math
from datetime import datetime

import pytest

import curated
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey
from curated.git.changes import Commit
from curated.history.beliefs.log import Belief, History, Version
from curated.history.beliefs.values import Values, read_values
from curated.package.validity import Range
from support.packages import ROOT

CALIBS = curated.open(ROOT)


def history(type_name: str, detector: str = "", filter_name: str = "") -> History:
    """All epochs of a product of the demonstration as one commit."""
    epochs = CALIBS.epochs(type_name, instrument="demo", detector=detector, filter=filter_name)
    key = CalibKey("demo", type_name, epochs[0].detector, epochs[0].filter)
    epochs = [epoch for epoch in epochs if (epoch.detector, epoch.filter) == (key.detector, key.filter)]
    versions = [
        Version(CalibFile(e.path, key, e.start, e.path.rpartition(".")[2]), e.path, Range(e.start, e.end))
        for e in epochs
    ]
    commit = Commit("0" * 40, "2024-01-01T00:00:00", "Ada")
    contents = {epoch.path: (ROOT / epoch.path).read_bytes() for epoch in epochs}
    return History(key, (Belief(commit, "Add", tuple(versions), (), ()),), contents)


def numbers(values: Values) -> list[dict[str, float]]:
    return [dict(series) for _, series in sorted(values.series.items())]


def test_a_column_by_amplifier() -> None:
    product = history("ptc", "d00")
    ptc = CALIBS.get("ptc", instrument="demo", detector="d00", at="2024-01-01")
    values = read_values(product, "gain", amplifier="c00")
    assert numbers(values) == [{"C00": ptc.gain["C00"]}]
    assert (values.label, values.quantity.unit) == ("gain", "electron/adu")
    # By default it is what a measure compares in per cent, which is the same column.
    default = read_values(product)
    assert (default.quantity.name, default.label, default.quantity.unit) == (
        "gain_change",
        "gain",
        "electron/adu",
    )
    assert set(numbers(read_values(product, "GAIN"))[0]) == {"C00", "C01", "C10", "C11"}


def test_a_column_beside_names_of_amplifiers() -> None:
    correction = CALIBS.get("gain_correction", instrument="demo", detector="d00", at="2024-01-01")
    found = numbers(read_values(history("gain_correction", "d00"), "gainAdjustments"))[-1]
    assert found == dict(zip(correction.ampNames.tolist(), correction.gainAdjustments.tolist(), strict=True))
    assert numbers(read_values(history("gain_correction", "d00"), "gain", amplifier="C01"))[-1] == {
        "C01": found["C01"]
    }


def test_measures() -> None:
    defects = read_values(history("defects", "d00"))
    assert (defects.label, defects.quantity.unit) == ("pixels", "pix")
    masks = [CALIBS.read(e).mask((1024, 1024)).sum() for e in CALIBS.epochs("defects", detector="d00")]
    assert numbers(defects) == [{"": float(mask)} for mask in masks]
    optics = history("transmission_optics")
    assert list(numbers(read_values(optics))[0]) == ["u", "g", "r", "i", "z", "y"]
    assert list(numbers(read_values(optics, "pivot", band="r"))[0]) == ["r"]
    assert 600 < numbers(read_values(optics, "pivot_shift", band="R"))[0]["r"] < 640


def test_a_matrix() -> None:
    crosstalk = CALIBS.get("crosstalk", instrument="demo", detector="d00", at="2024-01-01")
    values = read_values(history("crosstalk", "d00"))
    assert (values.quantity.name, values.note) == ("coeffs", "element farthest from zero")
    assert abs(numbers(values)[0][""]) == abs(crosstalk.coeffs).max()


WORDS = {"bad_amps", "events", "dnl_lut"}
"""Types without single numbers: words, and lists whose elements mean nothing alone."""


@pytest.mark.parametrize("type_name", sorted(set(CALIBS.types("demo")) - WORDS))
def test_every_type_has_a_default(type_name: str) -> None:
    values = read_values(history(type_name))
    assert any(values.series.values())
    assert all(math.isfinite(number) for series in values.series.values() for number in series.values())


def test_a_file_that_cannot_be_read_is_left_out() -> None:
    product = history("defects", "d00")
    first = product.beliefs[0].versions[0].blob
    broken = History(product.key, product.beliefs, {**product.contents, first: b"no table"})
    assert first not in read_values(broken).series
    with pytest.raises(CuratedError, match="no version of demo/defects/d00 has a number"):
        read_values(History(product.key, product.beliefs, {}))


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"name": "gains"}, "ptc has no value 'gains'", "did you mean 'gain'"),
        ({"name": "gain", "amplifier": "C02"}, "gain has no 'C02'", "known keys: C00, C01, C10, C11"),
        ({"name": "ptcFitType"}, "ptc has no value 'ptcFitType'", "known values: "),
    ],
)
def test_values_that_do_not_exist(options: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(CuratedError, match=message) as caught:
        read_values(history("ptc", "d00"), **options)
    assert hint in caught.value.hint


def test_times_are_kept() -> None:
    assert history("defects", "d00").beliefs[0].versions[0].file.start == datetime(2020, 1, 1)
