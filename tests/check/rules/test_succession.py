"""Tests of calibrations against the one before: growth by a factor of ten, and exchanged amplifiers."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curated.calib import Calib
from curated.check.package import check_package
from curated.check.rules.succession import compare_traces, exchanged_rows, traces_of
from curated.package.package import open_package
from curated.registry import get_type
from support.plausibility import DEMO, demo


def codes(old: Calib, new: Calib) -> list[str]:
    """Return code and message of the findings in a step from a calibration to another one."""
    problems = compare_traces(new.SPEC.comparisons, traces_of(old), traces_of(new), "A.yaml")
    return [f"{problem.code} {problem.detail}" for problem in problems]


def scaled(values: Any, factor: float) -> Any:
    if isinstance(values, dict):
        return {key: value * factor for key, value in values.items()}
    return values * factor


# -- growth -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("crosstalk", "coeffs"),
        ("ptc", "gain"),
        ("ptc", "noise"),
        ("gain_correction", "gainAdjustments"),
        ("camera", "amplifier_gain"),
        ("camera", "amplifier_saturation"),
        ("cti", "globalCti"),
        ("cti", "driftScale"),
        ("electroBfDistortionMatrix", "aMatrix"),
        ("linearizer", "inputGain"),
        ("linearizer", "linearityMaxSignal"),
        ("crosstalk", "interChip"),
        ("bfk", "noise"),
    ],
)
@pytest.mark.parametrize("factor", [0.05, 0.5, 1.0, 3.0, 9.5, 10.0, 100.0])
def test_values_that_grew_tenfold(name: str, field: str, factor: float) -> None:
    old: Any = demo(name)
    new = replace(old, **{field: scaled(getattr(old, field), factor)})
    messages = codes(old, new)
    assert [m[:6] for m in messages] == (["CAL366"] if factor >= 10 or factor <= 0.1 else [])
    assert all("A.yaml" in message and "times" in message for message in messages)


def test_kernels_that_grew_tenfold() -> None:
    old: Any = demo("bfk")
    new = replace(old, detKernels=scaled(old.detKernels, 10), ampKernels=scaled(old.ampKernels, 10))
    assert [m[:13] for m in codes(old, new)] == ["CAL366 kernel"]


def crosstalk(matrix: Any) -> Any:
    count = len(matrix)
    return replace(
        demo("crosstalk"), nAmp=count, coeffs=matrix, coeffValid=np.ones(matrix.shape, bool), coeffsSqr=None
    )


def random_matrix(count: int = 16, seed: int = 1) -> Any:
    matrix = 2e-4 * np.random.default_rng(seed).standard_normal((count, count))
    np.fill_diagonal(matrix, 0)
    return matrix


def test_a_single_large_coefficient() -> None:
    matrix = random_matrix()
    matrix[3, 5] = 2e-4
    changed = matrix.copy()
    changed[3, 5] = 12 * matrix[3, 5]
    message = codes(crosstalk(matrix), crosstalk(changed))[0]
    assert message.startswith("CAL366 coeffs of amplifiers 4 to 6 is ")
    faint = matrix.copy()
    faint[0, 1] = 1e-7
    brighter = faint.copy()
    brighter[0, 1] = 2e-6
    assert codes(crosstalk(faint), crosstalk(brighter)) == []


def test_a_coefficient_that_is_not_used_counts_nothing() -> None:
    old, new = crosstalk(random_matrix()), crosstalk(10 * random_matrix())
    assert codes(old, new)
    assert not codes(old, replace(new, coeffValid=np.zeros((16, 16), bool)))


# -- exchanges --------------------------------------------------------------------------------------------


def permuted(mapping: Any, order: list[int]) -> Any:
    keys, values = list(mapping), list(mapping.values())
    return {key: values[i] for key, i in zip(keys, order, strict=True)}


def ptc(values: Any) -> Any:
    """Return a photon transfer curve whose amplifiers have certain gains."""
    old: Any = demo("ptc")
    fields = {f.name: getattr(old, f.name) for f in old.FIELDS}
    first = next(iter(old.gain))
    names = [f"C{i:02}" for i in range(len(values))]
    spread = {
        name: dict.fromkeys(names, value[first]) if isinstance(value, dict) and first in value else value
        for name, value in fields.items()
    }
    return replace(
        old, **{**spread, "ampNames": np.array(names), "gain": dict(zip(names, values, strict=True))}
    )


GAINS = [1.41, 1.45, 1.52, 1.47, 1.39, 1.58, 1.50, 1.55]


def test_gains_of_two_amplifiers_are_exchanged() -> None:
    exchanged = [*GAINS[:2], GAINS[5], *GAINS[3:5], GAINS[2], *GAINS[6:]]
    assert codes(ptc(GAINS), ptc(exchanged)) == [
        "CAL367 gain: C02 has the values of C05, C05 has the values of C02 in A.yaml"
    ]


@pytest.mark.parametrize("seed", range(20))
def test_gains_that_drift_are_not_exchanged(seed: int) -> None:
    chance = np.random.default_rng(seed)
    drifted = [gain * (1 + 0.002 * chance.standard_normal()) * 1.01 for gain in GAINS]
    assert codes(ptc(GAINS), ptc(drifted)) == []


def curves(count: int, seed: int = 0) -> Any:
    """Return efficiencies of amplifiers, which differ by some per cent."""
    chance, x = np.random.default_rng(seed), np.linspace(0.3, 2.9, 120)
    level, slope = 1 + 0.02 * chance.standard_normal((2, count, 1))
    return 0.8 * level * np.sin(x) * (1 + 0.1 * (slope - 1) * x)


@pytest.mark.parametrize("seed", range(10))
def test_curves_in_another_order(seed: int) -> None:
    chance = np.random.default_rng(seed)
    old, order = curves(16, seed), chance.permutation(16)
    expected = {i: int(p) for i, p in enumerate(order) if p != i}
    assert exchanged_rows(old, old[order]) == expected
    # A common scale, as of a new photodiode, changes nothing.
    assert exchanged_rows(old, 1.2 * old[order]) == expected
    assert exchanged_rows(old, old) == {}
    assert exchanged_rows(old, 1.2 * old * (1 + 0.001 * chance.standard_normal(old.shape))) == {}


def test_one_amplifier_that_resembles_another_is_no_exchange() -> None:
    old = curves(16)
    new = old.copy()
    new[3] = old[7]
    assert exchanged_rows(old, new) == {}


def test_independent_measurements_are_no_exchange() -> None:
    alarms = [bool(exchanged_rows(curves(16, seed), curves(16, seed + 1000))) for seed in range(40)]
    assert sum(alarms) <= 4


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda m, p: m[p], "sources: "),
        (lambda m, p: m[:, p], "targets: "),
        (lambda m, p: m[np.ix_(p, p)], "amplifiers: "),
        (lambda m, _: m.T, "rows and columns, sources and targets, are exchanged"),
    ],
)
def test_matrices_in_another_order(change: Any, text: str) -> None:
    matrix = random_matrix()
    order = [1, 0, *range(2, 14), 15, 14]
    messages = codes(crosstalk(matrix), crosstalk(change(matrix, order)))
    assert [m[: len(f"CAL367 coeffs: {text}")] for m in messages] == [f"CAL367 coeffs: {text}"]
    reverse = list(range(15, -1, -1))
    assert codes(crosstalk(matrix), crosstalk(change(matrix, reverse)))[0].startswith(
        f"CAL367 coeffs: {text}"
    )


def test_matrices_that_were_measured_anew() -> None:
    matrix = random_matrix()
    noisy = matrix + 2e-5 * np.random.default_rng(5).standard_normal(matrix.shape)
    assert codes(crosstalk(matrix), crosstalk(noisy)) == []
    assert codes(crosstalk(matrix), crosstalk(random_matrix(seed=2))) == []


def test_an_accident_that_was_mended_is_no_exchange() -> None:
    matrix = random_matrix()
    wrong = random_matrix(seed=2)
    for source, target in ((11, 4), (0, 4), (3, 11), (7, 11)):
        wrong[source, target] = 0.6
    assert [m[:6] for m in codes(crosstalk(wrong), crosstalk(matrix))] in ([], ["CAL366"])


def test_assignments_are_the_best() -> None:
    from curated.check.rules.succession import _assignment

    chance = np.random.default_rng(3)
    for count in (1, 2, 3, 5):
        costs = chance.random((count, count))
        best = min(
            itertools.permutations(range(count)),
            key=lambda order: sum(costs[i, j] for i, j in enumerate(order)),
        )
        assert _assignment(costs) == list(best)


# -- packages ---------------------------------------------------------------------------------------------


def package_with_epochs(root: Path, edit: Any) -> list[tuple[str, str]]:
    """Return code and file of the findings in a package with two crosstalk matrices of a detector."""
    directory = root / "calibs" / "demo" / "crosstalk" / "d00"
    directory.mkdir(parents=True)
    shutil.copy(DEMO / "instrument.yaml", root / "calibs" / "demo")
    (root / "curated.yaml").touch()
    source = min((DEMO / "crosstalk" / "d00").glob("2*"))
    old: Any = demo("crosstalk")
    shutil.copy(source, directory)
    new = edit(old)
    new.metadata["CALIBDATE"] = "2030-01-01T00:00:00"
    new.writeText(directory / f"20300101T000000{source.suffix}")
    results = []
    for use_cache in (False, True, True):
        report = check_package(open_package(root), use_cache=use_cache)
        wanted_codes = ("CAL366", "CAL367", "CAL369")
        results.append([(d.code, Path(d.file).name) for d in report.diagnostics if d.code in wanted_codes])
    assert results[0] == results[1] == results[2]
    path = f"calibs/demo/crosstalk/d00/20300101T000000{source.suffix}"
    selected = check_package(open_package(root), [path], use_cache=False).diagnostics
    assert [(d.code, Path(d.file).name) for d in selected if d.code in wanted_codes] == results[0]
    return results[0]


def test_epochs_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    grown = package_with_epochs(tmp_path / "a", lambda c: replace(c, coeffs=c.coeffs * 10))
    assert [code for code, _ in grown] == ["CAL366"]
    assert grown[0][1].startswith("2030")
    same = package_with_epochs(tmp_path / "b", lambda c: replace(c, coeffs=c.coeffs * 1.1))
    assert same == []


@pytest.fixture(scope="module")
def history(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("history") / "data.git"
    bundle = corpus / "obs_lsst_data.gitbundle"
    subprocess.run(
        ["git", "clone", "--quiet", "--bare", bundle, target], check=True, stderr=subprocess.DEVNULL
    )
    return target


def versions(history: Path, directory: Path, original: str, path: str) -> list[Any]:
    """Return a curve before and after a commit of the real history."""
    command = ["git", "log", "--all", "--format=%H", f"--grep=^obs_lsst_data {original}"]
    commit = subprocess.run(command, cwd=history, check=True, capture_output=True, text=True).stdout.strip()
    calibs: list[Any] = []
    for name, revision in (("before", f"{commit}~"), ("after", commit)):
        file = directory / f"{name}.ecsv"
        file.write_bytes(
            subprocess.run(
                ["git", "show", f"{revision}:{path}"], cwd=history, check=True, capture_output=True
            ).stdout
        )
        calibs.append(get_type(path.split("/")[1]).readText(file))
    return calibs


@pytest.mark.parametrize(
    ("original", "path", "is_exchanged"),
    [
        ("8ae45f3", "lsstcam/qe_curve/r22_s11", True),
        ("ddbf811", "lsstcam/qe_curve/r22_s11", True),
        ("f0fbdd6", "lsstCam/transmission_sensor/r01_s01", False),
        ("8ffdd16", "lsstCam/transmission_sensor/r22_s11", False),
        ("6ae1b50", "lsstCam/transmission_sensor/r10_s12", False),
    ],
)
def test_exchanges_of_the_real_history(
    history: Path, tmp_path: Path, original: str, path: str, is_exchanged: bool
) -> None:
    old, new = versions(history, tmp_path, original, f"{path}/19700101T000000.ecsv")
    assert [m[:17] for m in codes(old, new)] == ["CAL367 amplifiers"] * is_exchanged
