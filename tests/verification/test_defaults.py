"""The tests that come with curated: each product has some, each is sound, and each can fail and pass."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
import yaml

from curated import registry
from curated.core.diagnostic import Diagnostic
from curated.registry import all_types, get_type, own_types
from curated.verification.tables import default_table, default_tests, parse_tests
from curated.verification.verification_test import VerificationTest

PRODUCTS = (
    "BIAS DARK FLAT FRINGE SKY CAMERA DEFECTS CROSSTALK PTC LINEARITY BFKERNEL QE_CURVE STRAYLIGHT ILLUMINATION"
    " cti gains gain_correction transmission_filter transmission_optics transmission_sensor transmission_system"
    " transmission_atmosphere"
).split()
"""The products of DMTN-148, and those beyond them."""

TYPES = sorted(name for name in own_types() if default_tests(name))


def rows() -> Iterator[tuple[str, VerificationTest]]:
    for name in TYPES:
        for test in default_tests(name):
            yield name, test


def findings(name: str) -> list[Diagnostic]:
    file = resources.files("curated.verification").joinpath("defaults", f"{name}.yaml")
    return parse_tests(file.read_bytes(), name, name)[1]


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_product_has_tests(product: str) -> None:
    assert len(default_tests(get_type(product).SPEC.name)) >= 2


@pytest.mark.parametrize("name", TYPES)
def test_they_have_no_findings(name: str) -> None:
    assert findings(name) == []


def test_every_file_is_of_a_type() -> None:
    folder = resources.files("curated.verification").joinpath("defaults")
    assert sorted(file.name for file in folder.iterdir()) == [f"{name}.yaml" for name in TYPES]


def test_ids_say_of_which_product_they_are() -> None:
    ids = [test.id for name, test in rows() if name != "manual_defects"]
    assert len(set(ids)) == len(ids)
    assert {
        "BIAS-NOISE",
        "BIAS-MEAN",
        "BIAS-CR-NOISE",
        "DARK-NOISE",
        "FLAT-SCATTER",
        "PTC-GAIN",
        "PTC-TURNOFF",
    } <= set(ids)


def test_limits_without_a_document_are_not_called_justified() -> None:
    sources = (
        "DMTN-101",
        "cp_verify",
        "Coulton",
        "Janesick",
        "Bevington",
        "eo_pipe",
        "cp_pipe",
        "Snyder",
        "ip_isr",
    )
    for _, test in rows():
        if test.justified and not test.source.startswith(sources):
            # What is argued here stands after a colon.
            assert test.source.startswith("curated:"), test.id


def test_limits_that_nobody_argues_for() -> None:
    unjustified = {test.id for _, test in rows() if not test.justified}
    assert {"BFK-CORRELATION", "DEFECTS-UNMASKED-OUTLIERS", "PTC-NOISE-TREND"} <= unjustified
    assert "BIAS-NOISE" not in unjustified


def test_every_test_with_a_sign_has_two_sides() -> None:
    for _, test in rows():
        assert test.operator in ("within", "<=", "<", ">", ">="), test.id
        if test.operator == "within":
            assert len(test.limits) == 2


def test_every_statistic_of_a_type_is_in_its_tests_or_of_a_kind_that_others_need() -> None:
    unused = {
        (name, statistic.name)
        for name in TYPES
        for statistic in all_types()[name].SPEC.statistics
        if statistic.name not in {test.statistic for test in default_tests(name)}
    }
    assert {statistic for _, statistic in unused} <= {"residual_mean", "residual_noise", "curve_edge"}


# -- text ---------------------------------------------------------------------------------------------------


def test_yaml_numbers_are_numbers() -> None:
    for name in TYPES:
        file = resources.files("curated.verification").joinpath("defaults", f"{name}.yaml")
        for row in yaml.safe_load(file.read_text("utf-8"))["tests"]:
            limits = row["limit"] if isinstance(row["limit"], list) else [row["limit"]]
            assert all(isinstance(limit, int | float) for limit in limits), row["id"]


def test_exponents_without_a_point_are_numbers_too() -> None:
    text = (
        "tests:\n  - {id: A, level: amplifier, statistic: area_change, operator: within, limit: [-1e-5, 2E-6],"
        " unit: 1/electron, source: S}\n"
    )
    tests, problems = parse_tests(text.encode(), "x", "ptc")
    assert problems == []
    assert tests is not None
    assert tests[0].limits == (-1e-5, 2e-6)


def test_a_type_of_another_package_brings_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "halos"
    (package / "verification").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "halo.py").write_text(
        "import dataclasses\nfrom curated.types.defects import Defects\n"
        "class Halo(Defects):\n    SPEC = dataclasses.replace(Defects.SPEC, name='halo', aliases=())\n"
    )
    row = (
        "{id: HALO, level: detector, statistic: defect_fraction, operator: '<=', limit: 0.1, source: Note 3}"
    )
    (package / "verification" / "halo.yaml").write_text(f"tests: [{row}]\n")
    monkeypatch.syspath_prepend(tmp_path)
    point = importlib.metadata.EntryPoint("halo", "halos.halo:Halo", "curated.types")
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda group: [point] if group == "curated.types" else []
    )
    caches = (registry._plugins, registry.find_type, registry._statistics, default_tests, default_table)
    for cached in caches:
        cached.cache_clear()
    try:
        (test,) = default_tests("halo")
        assert (test.id, test.limits, test.source) == ("HALO", (0.1,), "Note 3")
    finally:
        for cached in caches:
            cached.cache_clear()
