"""Generated values of the laboratory's types, through text, plain data and FITS and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curated.calib import Calib
from curated.registry import own_types
from curated.text import read

Tree = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]
FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).map(
    str.strip
).filter(bool) | st.sampled_from(["C00", "Ü\\n", "天文", "C:\\x", "'", '"', "1", "a,b"])
"""Texts that a person may take for a name; blanks at the ends have no meaning in FITS."""

numbers = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(1e-300, 1e300)
loose = st.floats(allow_infinity=True, allow_nan=True)


def increasing(least: int, first: float = -1e300) -> st.SearchStrategy[list[float]]:
    values = st.lists(st.floats(first, 1e300, allow_subnormal=False), min_size=least, max_size=6, unique=True)
    return values.map(sorted)


def listed(elements: st.SearchStrategy[Any], size: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(elements, min_size=size, max_size=size)


@st.composite
def qe_curve(draw: Any) -> Tree:
    grid = draw(increasing(2, 1e-300))
    amplifiers = draw(st.none() | st.lists(names, min_size=1, max_size=3, unique=True))
    count = len(grid) * len(amplifiers or [""])
    tree = {
        "wavelength": grid * len(amplifiers or [""]),
        "efficiency": draw(listed(st.floats(0, 100), count)),
    }
    return (
        {**tree, "amp_name": [name for name in amplifiers for _ in grid]} if amplifiers is not None else tree
    )


@st.composite
def gain_correction(draw: Any) -> Tree:
    given_names = draw(st.lists(names, max_size=4, unique=True))
    return {"ampNames": given_names, "gainAdjustments": draw(listed(positive, len(given_names)))}


@st.composite
def flat_gradient(draw: Any) -> Tree:
    nodes = draw(increasing(2, 0.0))
    plain = ("centroidX", "centroidY", "centroidDeltaX", "centroidDeltaY", "gradientX", "gradientY")
    tree = {name: draw(numbers) for name in plain}
    tree |= {name: draw(positive) for name in ("itlRatio", "normalizationFactor")}
    return {**tree, "radialSplineNodes": nodes, "radialSplineValues": draw(listed(positive, len(nodes)))}


@st.composite
def photodiode(draw: Any) -> Tree:
    times = draw(increasing(2))
    tree = {"timeSamples": times, "currentSamples": draw(listed(numbers, len(times)))}
    method = draw(st.none() | st.sampled_from(["DIRECT_SUM", "TRIMMED_SUM", "CHARGE_SUM", "MEAN"]))
    return {**tree, "integrationMethod": method} if method else tree


@st.composite
def photodiode_correction(draw: Any) -> Tree:
    tree: Tree = {"pairs": draw(st.dictionaries(names, numbers, max_size=4))}
    columns = draw(st.integers(1, 3))
    rows = draw(st.none() | st.lists(listed(numbers, columns), max_size=3))
    return tree if rows is None else {**tree, "tableData": rows}


@st.composite
def electrostatic(draw: Any) -> Tree:
    n = draw(st.integers(1, 3))
    f = draw(st.integers(1, n))
    amplifiers, parameters, filters = (draw(st.lists(names, max_size=m, unique=True)) for m in (4, 3, 2))
    free = draw(st.lists(st.sampled_from(parameters), unique=True) if parameters else st.just([]))
    fit = listed(numbers, f * f)
    tree: Tree = {
        "inputRange": n,
        "fitRange": f,
        "ampNames": amplifiers,
        "badAmps": draw(st.lists(st.sampled_from(amplifiers), unique=True) if amplifiers else st.just([])),
        "gain": {name: draw(loose) for name in draw(st.permutations(amplifiers))},
        "aMatrix": draw(listed(loose, n * n)),
        "aMatrixSigma": draw(listed(st.floats(0, 1e300), n * n)),
        "usedPixels": draw(listed(st.booleans(), n * n)),
        "modelNormalization": draw(listed(loose, 2)),
        "fitParamNames": parameters,
        "freeFitParamNames": free,
        "fitParams": {name: draw(numbers) for name in parameters},
        "fitParamErrors": {name: draw(loose) for name in sorted(parameters)},
        "fitParamCovMatrix": draw(listed(loose, len(free) ** 2)),
        "availableFilters": filters,
    }
    tree |= {name: draw(loose) for name in ("aMatrixSum", "aMatrixModelSum", "fitChi2", "fitReducedChi2")}
    for name in ("aMatrixModel", "ath", "athMinusBeta", "aN", "aS", "aE", "aW"):
        tree[name] = draw(fit)
        tree[f"{name}ByFilter"] = {key: draw(fit) for key in draw(st.permutations(filters))}
    return tree


@st.composite
def shutter(draw: Any) -> Tree:
    version = draw(st.sampled_from([1.0, 2.0]))
    texts = st.datetimes().map(lambda t: t.isoformat())

    def time(mjd: float, **more: Any) -> Tree:
        said = draw(texts)
        if version == 2.0:
            return {"tai": {"isot": said, "mjd": mjd}, **more}
        return {"time": {"tai": said, "mjd": mjd}, **more}

    start = time(draw(numbers))
    profile: Tree = {
        "startTime": start if version == 2.0 else start["time"],
        "side": draw(names),
        "isOpen": draw(st.booleans()),
        "startPosition": 0.0,
        "targetPosition": draw(positive),
        "endPosition": draw(numbers),
        "targetDuration": draw(positive),
        "actionDuration": draw(positive),
        "encodeSamples": [time(mjd, position=draw(numbers)) for mjd in draw(increasing(0))],
        "hallTransitions": [
            time(
                mjd,
                position=draw(numbers),
                sensorId=draw(st.integers(0, 2**40)),
                isOn=draw(st.booleans()),
            )
            for mjd in draw(increasing(0))
        ],
    }
    keys = ("ModelStartTime", "PivotPoint1", "PivotPoint2", "Jerk0", "Jerk1", "Jerk2")
    fits = draw(st.lists(names.filter(lambda name: name != "Model"), max_size=3, unique=True))
    profile["fitResults"] = {"Model": draw(names)} | {
        name: {key: draw(numbers) for key in keys} for name in fits
    }
    tree = {"fileType": "shutterMotionProfile", "version": version, "motionProfile": profile}
    return tree | draw(st.just({}) | st.fixed_dictionaries({"fileName": names, "obsId": names}))


@st.composite
def provenance(draw: Any) -> Tree:
    dimensions = draw(
        st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), min_size=1, max_size=4, unique=True)
    )
    kinds = {name: draw(st.sampled_from([names, st.integers(-(2**63), 2**63 - 1)])) for name in dimensions}
    rows = st.fixed_dictionaries(kinds)
    listed_rows = draw(st.lists(rows, max_size=5, unique_by=lambda row: tuple(row.values())))
    return {"calibType": draw(names), "dimensions": dimensions, "dataIdList": listed_rows}


STRATEGIES = {
    "provenance": provenance(),
    "qe_curve": qe_curve(),
    "gain_correction": gain_correction(),
    "flat_gradient": flat_gradient(),
    "photodiode": photodiode(),
    "photodiode_correction": photodiode_correction(),
    "electroBfDistortionMatrix": electrostatic(),
    "shutter": shutter(),
}


def by_json(calib: Calib) -> Calib:
    """The calibration through the text of a JSON file."""
    source, problems = read(json.dumps(calib.toDict(), ensure_ascii=False).encode(), "json")
    assert source is not None
    assert not problems
    made, _ = type(calib).from_source(source)
    assert made is not None
    return made


@pytest.mark.parametrize("name", STRATEGIES)
@given(data=st.data())
@FEW
def test_round_trips(name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    cls = own_types()[name]
    metadata = {"INSTRUME": "Lab", "OBSTYPE": cls.SPEC.obstype, "SOURCE": data.draw(names)}
    tree = {**data.draw(STRATEGIES[name]), "metadata": metadata}
    calib = cls.fromDict(tree)
    assert cls.fromDict(calib.toDict()) == calib
    assert by_json(calib) == calib
    path = tmp_path_factory.getbasetemp() / f"{name}.fits"
    calib.writeFits(path)
    assert cls.readFits(path) == calib
    tables = calib.toTable()
    if name not in ("shutter", "photodiode_correction"):
        # Their text forms have no tables, or more than one.
        assert cls.fromTable(tables) == calib


def test_the_demonstration_through_all_forms(tmp_path: Path) -> None:
    demo = Path(__file__).parents[2] / "calibs" / "demo"
    for name in STRATEGIES:
        for path in (demo / name).rglob("*T*.*"):
            calib = own_types()[name].readText(path)
            assert by_json(calib) == calib
            calib.writeFits(tmp_path / "one.fits")
            found = own_types()[name].readFits(tmp_path / "one.fits")
            assert found == calib
            assert by_json(found) == calib
