"""Linearizers, photon transfer curves and deferred charge with any values: text, object, FITS and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import Calib
from curated.types.cti import DeferredCharge
from curated.types.linearizer import Linearizer
from curated.types.ptc import PhotonTransferCurve
from support.texts import examples

NUMBERS = st.floats() | st.sampled_from([5e-324, -1.7976931348623157e308, 0.1, -0.0, 1e-300])
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False) | st.just(float("nan"))
# A header or a table of FITS holds no blanks at the end, and escapes what is not ASCII with backslashes.
NAMES = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="\\"), min_size=1, max_size=8
) | st.sampled_from(["C00", "C:0/1", "ÄÖ", "増幅器", "1", "None", "true", "~"])
WHOLE = st.integers(-(2**62), 2**62)
VECTOR = st.lists(NUMBERS, max_size=4)
BOX = st.integers(0, 10**6)


def amplifiers(draw: st.DrawFn, least: int = 0) -> list[str]:
    return draw(st.lists(NAMES, min_size=least, max_size=3, unique=True))


def metadata(obstype: str, **more: Any) -> dict[str, Any]:
    return {"OBSTYPE": obstype, "INSTRUME": "cam", "DETECTOR": 0, "CALIBDATE": "2024-01-01T00:00:00", **more}


@st.composite
def linearizers(draw: st.DrawFn) -> dict[str, Any]:
    names = amplifiers(draw)
    numbers = st.one_of(VECTOR, st.lists(WHOLE, max_size=4))
    optional = {
        "inputGain": POSITIVE,
        "inputTurnoff": NUMBERS,
        "linearityType": st.sampled_from(["Proportional", "None"]),
        "linearityCoeffs": numbers,
        "inputMask": st.lists(st.booleans(), min_size=1, max_size=1),
        "inputGroupingIndex": st.lists(WHOLE, min_size=1, max_size=1),
        "fitChiSq": NUMBERS,
        "fitResiduals": VECTOR,
        "fitResidualsUnmasked": VECTOR,
        "linearFit": VECTOR,
    }
    entries = {}
    for i, name in enumerate(names):
        chosen = draw(st.fixed_dictionaries({}, optional=optional))
        # Beside each other, so that no box lies over another.
        entries[name] = {**chosen, "linearityBBox": [10**7 * i, draw(BOX), 1 + draw(BOX), 1 + draw(BOX)]}
    finite = st.floats(allow_nan=False, allow_infinity=False)
    rows = st.integers(1, 3).flatmap(lambda n: st.lists(finite, min_size=n, max_size=n))
    first = draw(st.none() | rows)
    table = None if first is None else [first, first[::-1]]
    tree = {
        "metadata": metadata("LINEARIZER", HAS_LINEARITY=True, HAS_TABLE=table is not None),
        "amplifiers": entries,
    }
    if names:
        tree["absoluteReferenceAmplifier"] = draw(st.sampled_from(["", *names]))
    return tree if table is None else {**tree, "tableData": table}


@st.composite
def curves(draw: st.DrawFn) -> dict[str, Any]:
    names = amplifiers(draw, least=1)
    pairs, side = draw(st.integers(0, 3)), draw(st.integers(1, 2))
    fitted = draw(st.integers(1, side))
    sizes = {"covariances": side**2, "covariancesSqrtWeights": side**2, "covariancesModel": fitted**2}
    bounded = ("gain", "gainUnadjusted", "gainErr", "noise", "noiseErr", "rawVars", "rawExpTimes")

    def value(name: str, dtype: str, shape: tuple[Any, ...]) -> Any:
        if name == "inputExpIdPairs":
            return [draw(st.tuples(WHOLE, WHOLE).map(list)) for _ in range(pairs)]
        if name == "nPixelCovariances":
            return draw(st.integers(-1, 2**62))
        count = pairs * sizes.get(name, 1)
        if name in ("aMatrix", "bMatrix", "noiseMatrix"):
            count = fitted**2 if pairs else 0
        if name in ("ptcFitPars", "ptcFitParsError"):
            count = 3
        items = st.booleans() if dtype == "bool" else POSITIVE if name in bounded else NUMBERS
        return draw(st.lists(items, min_size=count, max_size=count) if shape else items)

    fields = [f for f in PhotonTransferCurve.FIELDS if not f.common]
    late = [f for f in fields if f.since]
    dropped = set(draw(st.lists(st.sampled_from(late).map(lambda f: f.name), max_size=3)))
    kept = [f for f in fields if f.name not in dropped]
    auxiliary = (
        st.lists(NUMBERS, min_size=pairs, max_size=pairs)
        | st.lists(WHOLE, min_size=pairs, max_size=pairs)
        | st.lists(NAMES, min_size=pairs, max_size=pairs)
    )
    return {
        "metadata": metadata("PTC", PTC_VERSION=2.6),
        "ampNames": draw(st.permutations(names)),
        "badAmps": draw(st.lists(st.sampled_from(names), unique=True)),
        "ptcFitType": draw(st.sampled_from(["PARTIAL", "FULLCOVARIANCE"])),
        "covMatrixSide": side,
        "covMatrixSideFullCovFit": fitted,
        "auxValues": {key: draw(auxiliary) for key in (("SEQNUM", "PROGRAM") if pairs else ())},
        **{f.key: {name: value(f.name, f.dtype, f.shape) for name in names} for f in kept},
    }


@st.composite
def deferred(draw: st.DrawFn) -> dict[str, Any]:
    names = amplifiers(draw)
    vectors = {name: draw(st.integers(0, 3)) for name in names}
    tree: dict[str, Any] = {"metadata": metadata("CTI", CTI_VERSION=1.3), "serialTraps": {}}
    for field in (f for f in DeferredCharge.FIELDS if f.table == 0 and not f.keyword):
        items = POSITIVE if field.above is not None or field.minimum is not None else NUMBERS
        items = st.floats(0, 1) if field.maximum is not None else items
        tree[field.key] = {
            name: draw(st.lists(items, min_size=n, max_size=n) if field.shape else items)
            for name, n in vectors.items()
        }
    for name in draw(st.lists(st.sampled_from(names), unique=True)) if names else ():
        # NaN at the end is what FITS fills up with.
        coeffs = [*draw(st.lists(NUMBERS, max_size=3)), draw(st.floats(allow_nan=False))]
        tree["serialTraps"][name] = {
            "size": draw(st.floats(0, 1e308)),
            "emissionTime": draw(st.floats(0, 1e308, exclude_min=True)),
            "pixel": draw(st.integers(0, 2**62)),
            "trap_type": "linear",
            "coeffs": coeffs,
        }
    return tree


def assert_comes_back(cls: type[Calib], tree: dict[str, Any], path: Path) -> None:
    calib = cls.fromDict(tree)
    plain = calib.toDict()
    assert cls.fromDict(plain) == calib
    assert cls.fromDict(yaml.safe_load(yaml.safe_dump(plain, sort_keys=False))) == calib
    assert cls.fromDict(json.loads(json.dumps(plain))) == calib
    (path / "any.yaml").write_text(yaml.safe_dump(plain, allow_unicode=True), encoding="utf-8")
    calib.writeFits(path / "any.fits")
    assert cls.readFits(path / "any.fits") == calib
    assert cls.fromTable(calib.toTable()) == calib
    sorted_keys = cls.readText(path / "any.yaml")
    for field in cls.FIELDS:
        if field.name != "ampNames" and isinstance(getattr(calib, field.name), dict):
            assert getattr(sorted_keys, field.name).keys() == getattr(calib, field.name).keys()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@examples(60)
@given(tree=linearizers())
def test_linearizers(folder: Path, tree: dict[str, Any]) -> None:
    assert_comes_back(Linearizer, tree, folder)


@examples(40)
@given(tree=curves())
def test_curves(folder: Path, tree: dict[str, Any]) -> None:
    assert_comes_back(PhotonTransferCurve, tree, folder)


@examples(60)
@given(tree=deferred())
def test_deferred_charge(folder: Path, tree: dict[str, Any]) -> None:
    assert_comes_back(DeferredCharge, tree, folder)


# -- what FITS cannot hold as it is -------------------------------------------------------------------


def test_coefficients_of_any_length_side_by_side(tmp_path: Path) -> None:
    from astropy.io import fits

    entries = {
        "A": {"linearityBBox": [0, 0, 1, 1], "linearityType": "Squared", "linearityCoeffs": [1], "inputMask": [True, False]},
        "B": {"linearityBBox": [1, 0, 1, 1], "linearityType": "Polynomial", "linearityCoeffs": [0.5, 2.5, 3.5], "inputMask": [False]},
    }  # fmt: skip
    calib = Linearizer.fromDict(
        {"metadata": metadata("LINEARIZER", HAS_LINEARITY=True), "amplifiers": entries}
    )
    calib.writeFits(tmp_path / "ragged.fits")
    with fits.open(tmp_path / "ragged.fits") as hdus:
        assert hdus[1].columns["COEFFS"].format == "PD(3)"
        assert [v.tolist() for v in hdus[1].data["COEFFS"]] == [[1.0], [0.5, 2.5, 3.5]]
        assert hdus[1].columns["INP_MASK"].format == "PL(2)"
        assert [v.tolist() for v in hdus[1].data["INP_MASK"]] == [[True, False], [False]]
    again = Linearizer.readFits(tmp_path / "ragged.fits")
    assert again.linearityCoeffs["B"].tolist() == [0.5, 2.5, 3.5]
    assert again.inputMask["A"].tolist() == [True, False]


def test_whole_coefficients_stay_whole(tmp_path: Path) -> None:
    from astropy.io import fits

    entries = {
        n: {"linearityBBox": [i, 0, 1, 1], "linearityType": "LookupTable", "linearityCoeffs": [0, 1]}
        for i, n in enumerate("AB")
    }
    tree = {
        "metadata": metadata("LINEARIZER", HAS_LINEARITY=True, HAS_TABLE=True),
        "amplifiers": entries,
        "tableData": [[1, 2]],
    }
    Linearizer.fromDict(tree).writeFits(tmp_path / "whole.fits")
    with fits.open(tmp_path / "whole.fits") as hdus:
        assert hdus[1].columns["COEFFS"].format == "2K"
        assert hdus[2].columns["LOOKUP_VALUES"].format == "2D"


@pytest.mark.parametrize(("version", "gone"), [(1.1, 1.1), (1.2, 1.2)])
def test_older_deferred_charge_is_filled_in(version: float, gone: float) -> None:
    path = Path(__file__).parents[2] / "calibs/demo/cti/d00/20200101T000000.yaml"
    tree = DeferredCharge.readText(path).toDict()
    for field in DeferredCharge.FIELDS:
        if field.since > gone:
            del tree[field.key]
    tree["metadata"]["CTI_VERSION"] = version
    calib = DeferredCharge.fromDict(tree)
    assert all(np.isnan(value) for value in calib.inputGain.values())
    assert np.isnan(calib.signals["C00"]).tolist() == ([True] if version < 1.2 else [False] * 4)


def test_a_trailing_nan_of_a_trap_is_what_fits_loses(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "calibs/demo/cti/d00/20200101T000000.yaml"
    tree = DeferredCharge.readText(path).toDict()
    tree["serialTraps"]["C10"]["coeffs"] = [float("nan")]
    calib = DeferredCharge.fromDict(tree)
    calib.writeFits(tmp_path / "nan.fits")
    again = DeferredCharge.readFits(tmp_path / "nan.fits")
    assert np.isnan(again.trapCoeffs["C10"]).tolist() == [True]
