"""Files of a product, recognised by the end of their paths."""

from __future__ import annotations

import pytest

from curated.core.keys import CalibKey
from curated.git.changes import Commit
from curated.history.beliefs.places import FileStep, Locator, Step, apply_steps, without_other_files
from curated.registry import get_type

DEFECTS = Locator(CalibKey("lab", "defects", "d00"), get_type("defects").SPEC)
FLAT = Locator(CalibKey("lab", "flat", "d00", "r"), get_type("flat").SPEC)
OPTICS = Locator(CalibKey("lab", "transmission_optics"), get_type("transmission_optics").SPEC)


@pytest.mark.parametrize(
    ("locator", "path", "place"),
    [
        (DEFECTS, "a/b/Lab/defects/D00/20200101T000000.ecsv", ("a/b", ("lab", "d00"))),
        (DEFECTS, "lab/defects/d00/2020-01-01T00:00:00.ecsv", ("", ("lab", "d00"))),
        (DEFECTS, "lab/DEFECTS/d00/20200101.ecsv", ("", ("lab", "d00"))),
        (DEFECTS, "lab/defects/20200101T000000.ecsv", None),
        (DEFECTS, "lab/linearizer/d00/20200101T000000.yaml", None),
        (DEFECTS, "lab/defects/d00/README.ecsv", None),
        (DEFECTS, "lab/defects/d00/20200101T000000.fits", None),
        (DEFECTS, "lab/defects/d00/20200101T000000.inputs.yaml", None),
        (DEFECTS, "20200101T000000.ecsv", None),
        (DEFECTS, "", None),
        (FLAT, "x/lab/flat/d00/SDSS r/20200101T000000.yaml", ("x", ("lab", "d00", "sdss_r"))),
        (FLAT, "x/lab/flat/d00/20200101T000000.yaml", None),
        (OPTICS, "x/lab/transmission_optics/20200101T000000.ecsv", ("x", ("lab",))),
    ],
)
def test_places(locator: Locator, path: str, place: object) -> None:
    assert locator.place(path) == place


def test_files_that_change_places() -> None:
    steps = [FileStep("a", "b", "1", "1"), FileStep("b", "a", "2", "2"), FileStep("c", "", "3", "")]
    assert apply_steps({"a": "1", "b": "2", "c": "3"}, steps) == {"b": "1", "a": "2"}


SHARED = Locator(CalibKey("lab", "flat", "d00", "r"), get_type("flat").SPEC, has_shared_files=True)
PLACE = ("x", ("lab", "d00", "r"))


@pytest.mark.parametrize(
    ("path", "may_be_for", "is_for"),
    [
        ("x/lab/flat/shared/r/20200101.yaml", True, True),
        ("x/lab/flat/shared-a/r/20200101.yaml", True, True),
        ("x/lab/flat/d00/shared/20200101.yaml", True, False),
        ("x/lab/flat/shared/shared/20200101.yaml", True, False),
        ("x/lab/flat/d01/shared/20200101.yaml", False, False),
        ("y/lab/flat/shared/r/20200101.yaml", False, True),
        ("x/other/flat/shared/r/20200101.yaml", False, True),
        ("x/lab/flat/d00/r/20200101.yaml", False, True),
    ],
)
def test_shared_files(path: str, may_be_for: bool, is_for: bool) -> None:
    text = b"metadata: {DETECTORS: [d01, D00], FILTERS: g}\n"
    assert SHARED.may_be_for(path, {PLACE}) == may_be_for
    assert SHARED.is_for(path, text) == is_for
    assert not FLAT.may_be_for(path, {PLACE})


def test_a_detector_that_is_called_shared() -> None:
    locator = Locator(CalibKey("lab", "defects", "shared"), get_type("defects").SPEC, has_shared_files=True)
    assert not locator.is_shared("lab/defects/shared/20200101.ecsv")


def test_shared_files_that_were_for_others_are_left_out() -> None:
    commit = Commit("1", "", "")
    own, shared = "x/lab/flat/d00/r/20200101.yaml", "x/lab/flat/shared/r/20200101.yaml"
    contents = {
        "in": b"metadata: {DETECTORS: all}\n",
        "out": b"metadata: {DETECTORS: [d01]}\n",
        "bad": b"\xff",
    }
    steps = [
        Step(commit, "", (FileStep("", own, "", "o"),), is_cut=False),
        Step(commit, "", (FileStep("", shared, "", "out"),), is_cut=False),
        Step(commit, "", (FileStep(own, "", "o", ""), FileStep(shared, shared, "out", "in")), is_cut=False),
        Step(commit, "", (FileStep(shared, shared, "in", "bad"),), is_cut=False),
    ]
    files = [step.files for step in without_other_files(steps, SHARED, contents)]
    assert files == [
        (FileStep("", own, "", "o"),),
        (FileStep(own, shared, "o", "in"),),
        (FileStep(shared, "", "in", ""),),
    ]
