"""What a change does to the results of dates (CAL420 to CAL425)."""

from __future__ import annotations

import pytest

from conftest import GitPackage, MakePackage
from support.changes import (
    CONFIG,
    EPOCHS,
    FUTURE,
    IDENTITY,
    LATER,
    MIDDLE,
    MIDDLE_RANGE,
    OLD,
    OLD_RANGE,
    check,
    codes,
    messages,
    version,
)
from support.packages import defects_path, defects_text


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package(EPOCHS)


# -- a released file that is edited ------------------------------------------------------------------


@pytest.mark.parametrize("committed", [False, True])
def test_an_edit_in_place_says_which_dates_have_other_results(package: GitPackage, committed: bool) -> None:
    package.write({OLD: version(OLD, x0=9)})
    if committed:
        package.commit()
    expected = f"{OLD} CAL420 x0 edited in place since REV: results change from {OLD_RANGE} UTC"
    assert messages(package, package.commits[0]) == [expected]


def test_an_edit_of_a_keyword_names_it(package: GitPackage) -> None:
    package.write({MIDDLE: version(MIDDLE, x0=2, MAKER="A2")})
    expected = f"{MIDDLE} CAL420 MAKER edited in place since REV: results change from {MIDDLE_RANGE} UTC"
    assert messages(package) == [expected]


def test_what_gives_the_same_results_is_no_edit(package: GitPackage) -> None:
    edited = version(OLD).replace("# ---\n", "# ---\n# # a comment\n").replace("1 2 3 4", "1  2 3   4")
    noted = edited.replace(
        "# meta: !!omap\n", "# meta: !!omap\n# - edits: [{name: Ada, date: '2024-01-02', what: a comment}]\n"
    )
    package.write({OLD: noted})
    assert check(package, "HEAD").files[0].path == OLD
    assert messages(package) == []


def test_the_same_calibration_in_another_form_is_no_edit(package: GitPackage) -> None:
    tree = (
        "metadata: {OBSTYPE: defects, INSTRUME: Lab, DETECTOR: 0, CALIBDATE: '2020-01-01T00:00:00', MAKER: A1}\n"
        "x0: [1]\ny0: [2]\nwidth: [3]\nheight: [4]\n"
    )
    package.write({OLD: None, OLD.replace(".ecsv", ".yaml"): tree})
    assert messages(package) == []
    package.write({OLD.replace(".ecsv", ".yaml"): tree.replace("[4]", "[5]")})
    assert [d.code for d in check(package, "HEAD").diagnostics] == ["CAL420"]


def test_what_was_never_in_force_can_be_edited(make_package: MakePackage) -> None:
    package = make_package({**CONFIG, OLD: version(OLD), FUTURE: version(FUTURE)})
    package.write({FUTURE: version(FUTURE, x0=9)})
    assert messages(package) == []


def test_a_file_that_cannot_be_read_has_nothing_to_compare(package: GitPackage) -> None:
    package.commit({OLD: version(OLD, VALIDEND="2021-01-01T00:00:00")})
    package.write({OLD: "# %ECSV 1.0\n"})
    report = check(package, "HEAD")
    assert report.failed
    assert {d.file for d in report.diagnostics} == {OLD}
    assert not {d.code for d in report.diagnostics} & {"CAL420", "CAL422"}


# -- a file that comes -------------------------------------------------------------------------------


def test_a_new_epoch_in_the_past_takes_dates_from_another(package: GitPackage) -> None:
    package.write({LATER: version(LATER)})
    expected = f"{LATER} CAL421 takes the place of {MIDDLE} from 2023-01-01T00:00:00 to open UTC"
    assert messages(package) == [expected]


def test_a_new_epoch_after_the_commit_is_as_it_should_be(package: GitPackage) -> None:
    package.write({FUTURE: version(FUTURE)})
    assert messages(package) == []
    assert [file.path for file in check(package, "HEAD").files] == [FUTURE]


def test_a_calibration_of_dates_that_had_none_changes_no_results(make_package: MakePackage) -> None:
    package = make_package({**CONFIG, MIDDLE: version(MIDDLE)})
    package.write({OLD: version(OLD), defects_path(1): version(OLD, detector=1)})
    assert messages(package) == []


# -- a file that goes --------------------------------------------------------------------------------


def test_a_deleted_calibration_gives_its_dates_to_the_one_before(package: GitPackage) -> None:
    package.commit({MIDDLE: None})
    expected = f"{MIDDLE} CAL423 deleted; {OLD} is in force instead from {MIDDLE_RANGE} UTC"
    assert messages(package, "HEAD~1") == [expected]


def test_a_deleted_calibration_leaves_a_hole(package: GitPackage) -> None:
    package.write({OLD: None, defects_path(1): None})
    assert messages(package) == [
        f"{OLD} CAL424 deleted; no lab/defects/d00 is in force from {OLD_RANGE} UTC",
        f"{defects_path(1)} CAL424 deleted; no lab/defects/d01 is in force from 2020-01-01T00:00:00 to open UTC",
    ]


def test_a_deleted_calibration_whose_dates_have_another_one_leaves_no_hole(package: GitPackage) -> None:
    package.write({MIDDLE: None, defects_path(0, "20211201T000000"): version(MIDDLE, x0=7)})
    assert [(f, c) for f, c in codes(package) if c in ("CAL423", "CAL424")] == []
    assert (defects_path(0, "20211201T000000"), "CAL421") in codes(package)


# -- validity ----------------------------------------------------------------------------------------


def test_an_end_in_the_past(package: GitPackage) -> None:
    package.write({MIDDLE: version(MIDDLE, x0=2, VALIDEND="2023-06-01T00:00:00")})
    assert messages(package) == [
        f"{MIDDLE} CAL422 in force from 2022-01-01T00:00:00 to 2023-06-01T00:00:00 UTC; "
        f"this was {MIDDLE_RANGE} UTC at REV"
    ]


def test_an_end_that_closes_what_is_closed_anyway(package: GitPackage) -> None:
    package.write({OLD: version(OLD, VALIDEND="2022-01-01T00:00:00")})
    assert messages(package) == []


def test_an_end_in_times_to_come(package: GitPackage) -> None:
    package.write({MIDDLE: version(MIDDLE, x0=2, VALIDEND="2026-06-01T00:00:00")})
    (finding,) = check(package, "HEAD").diagnostics
    assert (finding.file, finding.code, finding.severity.value) == (MIDDLE, "CAL425", "info")


def test_a_file_that_is_renamed_has_another_start(package: GitPackage) -> None:
    package.git("mv", MIDDLE, LATER)
    package.write({LATER: version(LATER, x0=2)})
    assert messages(package) == [
        f"{LATER} CAL422 in force from 2023-01-01T00:00:00 to open UTC; this was {MIDDLE_RANGE} UTC at REV, as {MIDDLE}"
    ]


def test_another_spelling_of_the_same_start_is_the_same(package: GitPackage) -> None:
    package.git("mv", MIDDLE, defects_path(0, "2022-01-01T00:00:00"))
    assert messages(package) == []


def test_what_is_edited_and_given_another_start_is_a_new_one(package: GitPackage) -> None:
    package.write({MIDDLE: None, LATER: version(LATER, x0=3)})
    assert codes(package) == [(MIDDLE, "CAL423"), (LATER, "CAL421")]


def test_what_a_neighbour_does_is_reported_for_the_neighbour(package: GitPackage) -> None:
    # The middle one ends earlier, and the new one is to blame.
    package.write({LATER: version(LATER)})
    assert {file for file, _ in codes(package)} == {LATER}


@pytest.mark.parametrize(
    ("to", "meta", "key"),
    [
        ("calibs/lab/defects/d02/20200101T000000.ecsv", {"DETECTOR": 2}, "lab/defects/d01"),
        ("calibs/dome/defects/d01/20200101T000000.ecsv", {"INSTRUME": "Dome"}, "lab/defects/d01"),
        (
            "calibs/lab/manual_defects/d01/20200101T000000.ecsv",
            {"OBSTYPE": "manual_defects"},
            "lab/defects/d01",
        ),
    ],
)
def test_a_calibration_that_moves(package: GitPackage, to: str, meta: dict[str, str], key: str) -> None:
    package.write({defects_path(1): None, to: defects_text({**IDENTITY, "DETECTOR": 1, **meta}, detector=1)})
    package.git("add", "--all")
    moved = f"moved here from {defects_path(1)}; no {key} is in force from 2020-01-01T00:00:00 to open UTC"
    assert f"{to} CAL424 {moved}" in messages(package)
    assert {code for _, code in codes(package)} & {"CAL420", "CAL421", "CAL422", "CAL423"} == set()


def test_a_calibration_that_moves_to_dates_of_another(package: GitPackage) -> None:
    to = defects_path(0, "20210101T000000")
    package.git("mv", defects_path(1), to)
    lines = messages(package)
    assert (
        f"{to} CAL421 moved here from {defects_path(1)}; takes the place of {OLD} from 2021-01-01T00:00:00 "
        "to 2022-01-01T00:00:00 UTC"
    ) in lines


# -- implausible steps --------------------------------------------------------------------------------

GAINS = """\
metadata:
  OBSTYPE: gainCorrection
  INSTRUME: cam
  DETECTOR: 0
  DET_NAME: d00
  CALIBDATE: "2024-01-01T00:00:00"
ampNames: [C00, C01, C02, C03]
gainAdjustments: {0}
"""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            [1.004, 1.001, 0.998, 1.009],
            "CAL367 gainAdjustments: C00 has the values of C01, C01 has the values of C00",
        ),
        ([1.002, 1.003, 0.999, 1.008], ""),
    ],
)
def test_amplifiers_that_an_edit_exchanged(
    make_package: MakePackage, values: list[float], expected: str
) -> None:
    path = "calibs/cam/gain_correction/d00/20240101T000000.yaml"
    package = make_package({**CONFIG, path: GAINS.format([1.001, 1.004, 0.998, 1.009])})
    package.write({path: GAINS.format(values)})
    steps = [message for message in messages(package) if " CAL420 " not in message]
    assert steps == ([f"{path} {expected} in {path} at REV"] if expected else [])
