"""Photon transfer curves of older versions of the stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from curated.calib.content import Content
from curated.types._ptc_forms import prepare
from curated.types.ptc import PhotonTransferCurve
from support.demo import demo_calib


@pytest.fixture
def ptc() -> PhotonTransferCurve:
    return demo_calib("ptc")


def without(path: Path, ptc: PhotonTransferCurve, version: float, **columns: tuple[str, Any] | None) -> Path:
    """Write a FITS file as an older version of the stack did: other columns, another version."""
    ptc.writeFits(path)
    with fits.open(path) as hdus:
        old = hdus[1]
        late = {
            name
            for f in ptc.FIELDS
            for name in (f.column_label,)
            if f.since > version and name in old.columns.names
        }
        kept = [c for c in old.columns if c.name not in late and not c.name.startswith("PTCAUX_")]
        made = fits.BinTableHDU.from_columns(fits.ColDefs(kept), header=fits.Header())
        made.header.extend(
            [
                c
                for c in old.header.cards
                if not c.keyword.startswith(("T", "NAXIS", "XTEN", "BITPIX", "PC", "GC", "CHECK", "DATAS"))
            ]
        )
        made.header["PTC_VERSION"] = version
        for name, change in columns.items():
            made.data[name] = change
        fits.HDUList([fits.PrimaryHDU(), made]).writeto(path, overwrite=True)
    return path


@pytest.mark.parametrize("version", [1.0, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 1.9, 2.0, 2.2, 2.4, 2.5])
def test_older_versions_are_filled_in(ptc: PhotonTransferCurve, tmp_path: Path, version: float) -> None:
    old = PhotonTransferCurve.readFits(without(tmp_path / "old.fits", ptc, version))
    pairs = len(ptc.rawMeans["C00"])
    for field in ptc.FIELDS:
        mine, current = getattr(old, field.name), getattr(ptc, field.name)
        if field.since <= version and field.name not in ("noise", "noiseErr", "auxValues"):
            np.testing.assert_equal(mine, current, err_msg=field.name)
    assert np.isnan(old.ptcRolloffTau["C01"])
    assert not old.expIdRolloffMask["C01"].any()
    assert len(old.expIdRolloffMask["C01"]) == pairs
    if version < 2.4:
        assert old.nPixelCovariances["C00"] == -1
    if version < 2.0:
        assert old.gainUnadjusted == ptc.gain
        assert np.isnan(old.ampOffsets["C00"]).all()
    if version < 1.3:
        assert np.isnan(old.noiseMatrix["C00"]).all()
        assert len(old.noiseMatrix["C00"]) == len(ptc.aMatrix["C00"])
    if version < 1.2:
        assert old.kspValues["C00"].tolist() == [0.0]
        assert np.isnan(old.histVars["C00"]).tolist() == [True]
    if version < 1.1:
        assert old.ptcTurnoff["C00"] == np.nanmax(ptc.finalMeans["C00"])
    if version < 1.5:
        assert old.covMatrixSideFullCovFit == ptc.covMatrixSide
    assert old.metadata["PTC_VERSION"] == 2.6
    assert PhotonTransferCurve.fromDict(old.toDict()) == old


def test_noise_was_a_variance_before_1_9(ptc: PhotonTransferCurve, tmp_path: Path) -> None:
    path = without(
        tmp_path / "old.fits", ptc, 1.8, NOISE=[25.0, 36.0, np.nan, 49.0], NOISE_ERR=[1.0, 1.2, np.nan, 1.4]
    )
    old = PhotonTransferCurve.readFits(path)
    np.testing.assert_allclose(list(old.noise.values()), [5, 6, np.nan, 7])
    np.testing.assert_allclose(list(old.noiseErr.values()), [0.1, 0.1, np.nan, 0.1])
    again = PhotonTransferCurve.fromDict(old.toDict())
    assert again.noise["C00"] == 5
    newer = PhotonTransferCurve.readFits(without(tmp_path / "new.fits", ptc, 1.9))
    assert newer.noise == ptc.noise


def test_matrices_that_were_dropped_are_passed_over(ptc: PhotonTransferCurve) -> None:
    tree = ptc.toDict()
    tree["aMatrixNoB"] = tree["aMatrix"]
    tree["metadata"]["PTC_VERSION"] = 2.0
    made, problems = PhotonTransferCurve.from_tree(tree.pop("metadata"), tree, "yaml")
    assert made is not None
    assert problems == []


def test_order_of_the_amplifiers_is_that_of_their_list(ptc: PhotonTransferCurve, tmp_path: Path) -> None:
    tree = ptc.toDict()
    tree["ampNames"] = ["C11", "C01", "C00", "C10"]
    other = PhotonTransferCurve.fromDict(tree)
    assert list(other.gain) == list(other.covariances) == tree["ampNames"]
    other.writeFits(tmp_path / "other.fits")
    assert fits.getdata(tmp_path / "other.fits")["AMPLIFIER_NAME"].tolist() == tree["ampNames"]
    assert PhotonTransferCurve.readFits(tmp_path / "other.fits") == other
    del tree["ampNames"]
    assert PhotonTransferCurve.fromDict(tree) == ptc


FIELDS = PhotonTransferCurve.FIELDS


def prepared(**values: Any) -> tuple[Content, list[tuple[str, Any]]]:
    """Prepare values of version 1.8, and return them with the codes and places of what is wrong."""
    content = Content({"PTC_VERSION": 1.8}, values)
    return content, [(p.code, p.pointer) for p in prepare(FIELDS, content)]


@pytest.mark.parametrize(
    ("amplifiers", "expected"),
    [
        (["B", "A"], []),
        (None, []),
        (["A"], [("CAL308", ("ampNames",))]),
        ("A, B", [("CAL211", ("ampNames",))]),
        ([1, 2], [("CAL211", ("ampNames",))]),
    ],
)
def test_names_of_amplifiers(amplifiers: Any, expected: list[Any]) -> None:
    given_names = {} if amplifiers is None else {"ampNames": amplifiers}
    content, problems = prepared(gain={"A": 1.0, "B": 2.0}, **given_names)
    assert problems == expected
    assert content.values["ampNames"] == (["B", "A"] if amplifiers == ["B", "A"] else ["A", "B"])
    assert list(content.values["gain"]) == content.values["ampNames"]


def test_a_keyword_that_contradicts_the_kind_of_fit() -> None:
    content = Content({"PTC_VERSION": 2.6, "PTC_FIT_TYPE": "POLYNOMIAL"}, {"ptcFitType": "EXPAPPROXIMATION"})
    (problem,) = prepare(FIELDS, content)
    assert (problem.code, problem.pointer) == ("CAL308", ("metadata", "PTC_FIT_TYPE"))
    assert content.metadata["PTC_FIT_TYPE"] == "EXPAPPROXIMATION"


@pytest.mark.parametrize("fit_type", ["FULLCOVARIANCE", "POLYNOMIAL"])
def test_only_noise_of_full_covariances_was_a_variance(fit_type: str) -> None:
    content, _ = prepared(ptcFitType=fit_type, noise={"A": 25.0, "B": -1.0}, noiseErr={"A": 2.0, "B": 2.0})
    is_full = fit_type == "FULLCOVARIANCE"
    assert content.values["noise"] == {"A": 5.0 if is_full else 25.0, "B": -1.0}
    assert content.values["noiseErr"] == {"A": 0.2 if is_full else 2.0, "B": 2.0}


def test_the_turn_off_is_the_last_pair_that_was_used() -> None:
    means = {name: [10.0, 30.0, 20.0, 40.0] for name in "ABC"}
    masks = {"A": [True, True, True, False], "B": [False] * 4, "C": [True]}
    content, _ = prepared(finalMeans=means, expIdMask=masks)
    np.testing.assert_equal(content.values["ptcTurnoff"], {"A": 20.0, "B": np.nan, "C": np.nan})


@pytest.mark.parametrize(("side", "count"), [(2, 4), (0, 3), (101, 3), ("2", 3), (10**9, 3)])
def test_untrusted_sides_do_not_fill_the_memory(side: Any, count: int) -> None:
    content, _ = prepared(covMatrixSide=side, aMatrix={"A": [1.0, 2.0, 3.0]})
    assert len(content.values["noiseMatrix"]["A"]) == count
