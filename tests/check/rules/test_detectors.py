"""Rules on detectors: files against each other, against the camera and against the instrument."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from curated.calib.content import Claims
from curated.check.package import check_package
from curated.check.rules.context import Context
from curated.check.rules.detectors import (
    conflicting_names,
    conflicting_numbers,
    serial_numbers,
    unfit_calibrations,
    unfit_cameras,
)
from curated.package.instrument import Detector, Instrument
from curated.package.package import open_package
from support.contexts import context_of, problems_of

CASES = Path(__file__).parents[2] / "data"


def path(detector: str = "r0_s1", year: int = 2020) -> str:
    return f"cam/defects/{detector}/{year}-01-01.ecsv"


def context_with(keyword: str, values: dict[str, Any], **options: Any) -> Context:
    return context_of({name: {"keywords": {keyword: value}} for name, value in values.items()}, **options)


def test_most_files_have_the_number_of_a_detector() -> None:
    values = {path(year=2020): 1, path(year=2021): 1, path(year=2022): 5, path("r0_s2"): 2}
    context = context_with("DETECTOR", values)
    assert problems_of(conflicting_numbers, context) == [(path(year=2022), "CAL116")]


def test_two_detectors_of_one_number() -> None:
    context = context_with("DETECTOR", {path(): 1, path("r0_s2"): 1, path("r0_s3"): 3})
    assert problems_of(conflicting_numbers, context) == [(path(), "CAL116"), (path("r0_s2"), "CAL116")]


@pytest.mark.parametrize(("keyword", "right", "wrong"), [("RAFTNAME", "R0", "R9"), ("SLOTNAME", "S1", "A1")])
def test_the_directory_settles_a_tie(keyword: str, right: str, wrong: str) -> None:
    context = context_with(keyword, {path(year=2020): wrong, path(year=2021): right})
    assert problems_of(conflicting_names, context) == [(path(year=2020), "CAL129")]
    declared = {"cam": Instrument("cam", "cam", {"r0_s1": Detector(1, "R0_S1", raft="R0", slot="S1")})}
    context = context_with(keyword, {path(year=2020): wrong, path(year=2021): right}, declared=declared)
    assert problems_of(conflicting_names, context) == [], "each file is compared with the instrument"


def test_an_exchange_of_a_sensor_is_told_once() -> None:
    values = {path(year=2020): "A", path(year=2021): "B", path(year=2022): "B", path(year=2023): "b"}
    assert problems_of(serial_numbers, context_with("DET_SER", values)) == [(path(year=2021), "CAL130")]


@pytest.mark.parametrize("count", [1, 2])
def test_a_serial_number_is_that_of_one_detector_unless_there_are_too_few(count: int) -> None:
    """Of three detectors, two distinct numbers identify something; one does not."""
    serials = {path("r0_s1"): "A", path("r0_s2"): "A", path("r0_s3"): "A" if count == 1 else "B"}
    expected = [] if count == 1 else [(path("r0_s2"), "CAL131")]
    assert problems_of(serial_numbers, context_with("DET_SER", serials)) == expected


def detector(**changes: Any) -> dict[str, Any]:
    """A detector as a camera describes it."""
    described = {
        "id": 1,
        "name": "R0_S1",
        "raft": "R0",
        "slot": "S1",
        "serial": "A",
        "width": 10,
        "height": 20,
    }
    return {**described, "gains": {"C0": 1.5, "C1": 2.0}, **changes}


CAMERA = "cam/camera/2020-01-01.yaml"


@pytest.mark.parametrize(
    ("claims", "codes"),
    [
        (Claims("amplifiers", ["C0", "C1"], complete=True), []),
        (Claims("amplifiers", ["C0"], complete=True), ["CAL319"]),
        (Claims("amplifiers", ["C0"], complete=False), []),
        (Claims("amplifiers", ["C0", "C9"], complete=True), ["CAL318"]),
        (Claims("amplifiers", count=3), ["CAL318"]),
        (Claims(gains={"C0": 2.9, "C1": 1.1}), []),
        (Claims(gains={"C0": 3.1, "C1": 2.0}), ["CAL317"]),
        (Claims(gains={"C0": 0.7, "C1": None, "C9": math.nan}), ["CAL317"]),
        (Claims(reach=[10, 20, 0]), []),
        (Claims(reach=[11, 20, 0]), ["CAL307"]),
    ],
)
def test_a_calibration_fits_the_detector_of_the_camera(claims: Claims, codes: list[str]) -> None:
    context = context_of({CAMERA: {"claims": Claims(detectors=[detector()])}, path(): {"claims": claims}})
    assert problems_of(unfit_calibrations, context) == [(path(), code) for code in codes]


def test_without_a_camera_the_amplifiers_of_the_instrument_count() -> None:
    declared = {"cam": Instrument("cam", "cam", {"r0_s1": Detector(1, "R0_S1", amplifiers=("C0", "C1"))})}
    files = {path(): {"claims": Claims("amplifiers", ["C0"], complete=True, gains={"C0": 99.0})}}
    assert problems_of(unfit_calibrations, context_of(files)) == []
    assert problems_of(unfit_calibrations, context_of(files, declared=declared)) == [(path(), "CAL319")]


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({}, []),
        ({"serial": "B", "raft": "", "width": 0}, []),
        ({"id": 0}, [("detectors", 0, "id")]),
        ({"slot": "S9", "height": 21}, [("detectors", 0, "slot"), ("detectors", 0, "height")]),
        ({"name": "R0_S9"}, [("detectors", 0, "name")]),
        ({"gains": {"C0": 1.5}}, [("detectors", 0)]),
        ({"gains": {}}, []),
    ],
)
def test_a_camera_fits_its_instrument(changes: dict[str, Any], pointers: list[tuple[Any, ...]]) -> None:
    declared = Detector(
        1, "R0_S1", raft="R0", slot="S1", serial="A", width=10, height=20, amplifiers=("C1", "C0")
    )
    context = context_of(
        {CAMERA: {"claims": Claims(detectors=[detector(**changes)])}},
        declared={"cam": Instrument("cam", "cam", {"r0_s1": declared}, declared=True)},
    )
    problems = list(unfit_cameras(context))
    assert [problem.pointer for _, problem in problems] == pointers
    assert {problem.code for _, problem in problems} <= {"CAL133"}


@pytest.mark.parametrize("case", ["CAL317-gain", "CAL128-camera", "CAL307-camera", "CAL319-lacking"])
def test_claims_are_remembered(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = shutil.copytree(CASES / "bad" / case, tmp_path / "package")
    first = check_package(open_package(root), jobs=1).diagnostics
    assert case[:6] in {d.code for d in first}
    assert check_package(open_package(root), jobs=1).diagnostics == first
