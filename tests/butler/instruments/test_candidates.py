"""Reasons for which an instrument of a repository may be one of a package."""

from __future__ import annotations

import pytest

from curated.butler.instruments.candidates import (
    PackageInstrument,
    RegisteredInstrument,
    compare_instruments,
    folded,
    is_slip,
    match_filters,
    squeezed,
)
from support.stack_instruments import (
    DIRECTORIES,
    INSTRUMENTS,
    package_instrument,
    registered_instrument,
)

STRONG = {"latiss", "lsstCam", "decam", "hsc"}


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_each_package_is_most_like_its_own_instrument(directory: str) -> None:
    ranks = {
        name: compare_instruments(package_instrument(directory), registered_instrument(name)).rank
        for name in INSTRUMENTS
    }
    own = ranks.pop(DIRECTORIES[directory])
    assert own == (3 if directory in STRONG else 2)
    assert max(ranks.values()) < 2


def test_what_files_say_counts_as_a_name() -> None:
    package = package_instrument("comCam", aliases=("LSSTComCam",))
    candidate = compare_instruments(package, registered_instrument("LSSTComCam"))
    assert (candidate.rank, candidate.contradictions) == (3, ())
    assert str(candidate) == (
        "LSSTComCam (files of the package give this name, it has all 2 detectors, it has 1 of 1 filters)"
    )
    other = compare_instruments(package, registered_instrument("LSSTComCamSim"))
    assert (other.rank, other.has_name, other.has_detectors) == (1, True, True)


def test_another_number_for_a_name_and_another_name_for_a_number_contradict() -> None:
    package = package_instrument("comCam")
    candidate = compare_instruments(package, registered_instrument("LSSTCam"))
    assert candidate.contradictions == (
        "its detector 0 is 'R01_S00', not 'R22_S00'",
        "its detector 4 is 'R01_S11', not 'R22_S11'",
    )
    moved = package_instrument("comCam", detectors={300: "R22_S00"})
    candidate = compare_instruments(moved, registered_instrument("LSSTComCam", class_name=""))
    assert candidate.contradictions == ("its 'R22_S00' is detector 0, not 300",)
    beyond = package_instrument("comCam", detectors={0: "r22-s00", 9: "R22_S33"})
    assert compare_instruments(beyond, registered_instrument("LSSTComCam")).contradictions == (
        "it has no detector 9 'R22_S33'",
    )


@pytest.mark.parametrize(
    ("name", "other", "class_name"),
    [
        ("Lab", "OtherLab", ""),  # whose lab it is is not known without a class
        ("cam", "LSSTCam", "lsst.obs.other.Other"),
        ("omCam", "LSSTComCam", "lsst.obs.lsst.LsstComCam"),  # no word of its own
        ("ComCam", "LSSTComCamSim", "lsst.obs.lsst.LsstComCamSim"),
    ],
)
def test_names_that_only_contain_each_other_are_only_similar(name: str, other: str, class_name: str) -> None:
    package = PackageInstrument(name, False, name, detectors={0: "d0"})
    candidate = compare_instruments(package, RegisteredInstrument(other, class_name, {0: "d0"}))
    assert candidate.rank == 1


def test_what_is_not_similar_is_no_candidate() -> None:
    package = PackageInstrument("Lab", False, "lab", detectors={0: "d0"})
    candidate = compare_instruments(package, RegisteredInstrument("Cam", "a.b.Cam", {0: "d1"}))
    assert (candidate.rank, candidate.reasons) == (0, ())


def test_forms_of_names() -> None:
    assert squeezed("LSST-TS8") == squeezed("lsst_ts 8") == "lsstts8"
    assert folded("SDSS  g_65mm") == "sdss_g_65mm"
    assert is_slip("LSSTComCam", "LSSTComCamm")
    assert not is_slip("Lab1", "Lab2")
    assert not is_slip("Lab", "Lab2")


def test_filters_are_matched_by_name_and_the_repository_spells_them() -> None:
    package = PackageInstrument(
        "Cam", filters={"sdssg_65mm": False, "hsc-g": True, "a_b": False, "new": False}
    )
    names, ambiguous = match_filters(package, {"SDSSg_65mm", "HSC-G", "A B", "a B"})
    assert names == {"sdssg_65mm": "SDSSg_65mm"}
    assert ambiguous == {"a_b": ["A B", "a B"]}
    assert match_filters(package, {"sdssg_65mm", "SDSSg_65mm"}) == ({}, {})
