"""The states that revisions name, and what differs between them: packages of two detectors with epochs."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from curated.difference.change import Change, Difference
from curated.difference.revisions import find_difference, open_states, split_arguments
from curated.package.package import open_package
from support.changes import EPOCHS, FUTURE, LATER, MIDDLE, OLD, version
from support.packages import ROOT, defects_path


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package(EPOCHS)


def difference(package: GitPackage, *revisions: str, paths: tuple[str, ...] = ()) -> Difference:
    opened = open_package(package.path)
    return find_difference(open_states(opened, revisions), paths, jobs=1)


def summary(change: Change) -> tuple[str | None, str | None, list[str], dict[str, float]]:
    values = {effect.measure.name: effect.reading.value for effect in change.effects}
    return change.old, change.new, [str(valid) for valid in change.ranges], values


BOTH = {"pixels_gained": 8.0, "pixels_lost": 8.0}
"""A box of 3 x 4 pixels that moves by two columns."""


def test_an_edit_is_compared_over_its_range(package: GitPackage) -> None:
    package.write({OLD: version(OLD, x0=3)})
    result = difference(package)
    assert (result.before, result.after) == (package.commits[0], "work tree")
    assert [summary(change) for change in result.changes] == [
        (OLD, OLD, ["2020-01-01T00:00:00 to 2022-01-01T00:00:00"], BOTH)
    ]
    assert result.unchanged == ()


def test_a_new_epoch_is_compared_with_what_was_in_force(package: GitPackage) -> None:
    package.commit({LATER: version(LATER, x0=4)})
    assert [summary(change) for change in difference(package, "HEAD~", "HEAD").changes] == [
        (MIDDLE, LATER, ["2023-01-01T00:00:00 to open"], BOTH)
    ]


def test_a_removed_epoch_is_compared_with_what_takes_its_place(package: GitPackage) -> None:
    package.commit({MIDDLE: None})
    (change,) = difference(package, "HEAD~..HEAD").changes
    assert summary(change) == (
        MIDDLE,
        OLD,
        ["2022-01-01T00:00:00 to open"],
        {"pixels_gained": 4.0, "pixels_lost": 4.0},
    )


def test_first_and_last_epochs_are_compared_with_nothing(package: GitPackage) -> None:
    path = defects_path(1)
    package.commit({path: None})
    assert [summary(change) for change in difference(package, "HEAD~", "HEAD").changes] == [
        (path, None, ["2020-01-01T00:00:00 to open"], {"pixels_lost": 12.0})
    ]
    assert [summary(change) for change in difference(package, "HEAD", "HEAD~").changes] == [
        (None, path, ["2020-01-01T00:00:00 to open"], {"pixels_gained": 12.0})
    ]


def test_keywords_and_comments_are_no_physical_change(package: GitPackage) -> None:
    package.write({OLD: version(OLD, DATE="2021-05-05"), MIDDLE: version(MIDDLE, x0=2) + "# end\n"})
    result = difference(package)
    assert result.changes == ()
    assert [(change.new, change.keywords) for change in result.unchanged] == [(OLD, ("DATE",)), (MIDDLE, ())]


def test_what_is_never_in_force_is_compared_with_itself(package: GitPackage) -> None:
    end = {"VALIDEND": "2019-01-01T00:00:00"}
    package.commit({FUTURE: version(FUTURE, **end)})
    package.write({FUTURE: version(FUTURE, x0=3, **end)})
    assert [summary(change) for change in difference(package).changes] == [(FUTURE, FUTURE, [], BOTH)]


def test_what_cannot_be_read_comes_first(package: GitPackage) -> None:
    package.write({OLD: "no table\n", MIDDLE: version(MIDDLE, x0=400)})
    changes = difference(package).changes
    assert [(change.new, change.unreadable, bool(change.effects)) for change in changes] == [
        (OLD, (OLD,), False),
        (MIDDLE, (), True),
    ]


def test_paths_select_changes(package: GitPackage) -> None:
    other = defects_path(1)
    package.write({OLD: version(OLD, x0=3), other: version(OLD, detector=1, x0=3)})
    for paths, count in (
        (("calibs/lab/defects/d01",), 1),
        ((other,), 1),
        (("calibs",), 2),
        (("calibs/lab/defects/d0",), 0),
    ):
        assert len(difference(package, paths=paths).changes) == count


def test_a_merge_base_leaves_the_other_side_out(package: GitPackage) -> None:
    package.git("checkout", "--quiet", "-b", "side")
    package.commit({OLD: version(OLD, x0=3)})
    package.git("checkout", "--quiet", "main")
    package.commit({MIDDLE: version(MIDDLE, x0=9)})
    assert [change.new for change in difference(package, "main...side").changes] == [OLD]
    assert {change.new for change in difference(package, "main..side").changes} == {OLD, MIDDLE}
    assert [change.new for change in difference(package, "side...").changes] == [MIDDLE]


@pytest.mark.parametrize(
    "revisions", [("nothing",), ("HEAD", "nothing"), ("HEAD", "HEAD", "HEAD"), ("nothing...",)]
)
def test_other_revisions_are_refused(package: GitPackage, revisions: tuple[str, ...]) -> None:
    with pytest.raises(CuratedError) as refusal:
        open_states(open_package(package.path), revisions)
    assert refusal.value.hint


def test_arguments_are_revisions_and_then_paths(package: GitPackage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(package.path)
    opened = open_package(package.path)
    package.git("branch", "calibs")
    for arguments, expected in {
        (): ([], []),
        ("HEAD",): (["HEAD"], []),
        ("HEAD", "main", OLD): (["HEAD", "main"], [OLD]),
        ("HEAD..main", "./calibs"): (["HEAD..main"], ["./calibs"]),
        (OLD, MIDDLE): ([], [OLD, MIDDLE]),
    }.items():
        assert split_arguments(opened, ".", arguments) == expected
    with pytest.raises(CuratedError, match=r"calibs is a revision and a path"):
        split_arguments(opened, ".", ["calibs"])
    with pytest.raises(CuratedError, match=r"HEAX is neither a revision nor a path"):
        split_arguments(opened, ".", ["HEAX"])
    Path(OLD).unlink()
    assert split_arguments(opened, ".", [OLD]) == ([], [OLD])


def test_units_that_fits_has_no_name_for_are_compared_as_they_are(make_package: MakePackage) -> None:
    path = "calibs/cam/transmission_optics/20240101T000000.ecsv"
    text = (ROOT / "calibs/demo/transmission_optics/20200101T000000.ecsv").read_text(encoding="utf-8")
    package = make_package({"curated.yaml": "calibs: calibs\n", path: text})
    package.write({path: text.replace("unit: nm", "unit: 10 nm")})
    (change,) = difference(package).changes
    assert "wavelength" in change.fields


def test_rows_in_another_order_are_no_physical_change(package: GitPackage) -> None:
    text = version(OLD)
    package.commit({OLD: text + "9 9 1 1\n"})
    package.write({OLD: text.replace("x0 y0 width height\n", "x0 y0 width height\n9 9 1 1\n")})
    result = difference(package)
    assert result.changes == ()
    assert [(change.new, change.fields) for change in result.unchanged] == [(OLD, ())]


def test_a_directory_in_another_case_is_no_change(package: GitPackage) -> None:
    moved = {path.replace("calibs/lab", "calibs/LAB"): text for path, text in EPOCHS.items() if "lab" in path}
    package.commit({**dict.fromkeys(path for path in EPOCHS if "lab" in path), **moved})
    result = difference(package, "HEAD~", "HEAD")
    assert (result.changes, result.unchanged) == ((), ())
