"""Notes that name a change: in files, and in messages of commits."""

from __future__ import annotations

import pytest

from conftest import GitPackage, MakePackage
from curated.core.keys import CalibKey
from curated.difference.change import Change
from curated.difference.notes import Notes, is_named, trailers_of
from curated.difference.revisions import WORK_TREE, open_states
from curated.package.package import open_package
from support.changes import EPOCHS, LATER, MIDDLE, OLD, version

KEY = CalibKey("lab", "defects", "d00", "")
MEASURE = "pixels_gained"


def edit(what: str, date: str = "2024-02-01") -> str:
    return f"edits:\n- name: A. Person\n  date: {date}\n  what: '{what}'\n"


def side(path: str) -> str:
    return path.replace(".ecsv", ".inputs.yaml")


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package(EPOCHS)


def is_noted(package: GitPackage, *revisions: str, old: str = OLD, new: str | None = OLD) -> bool:
    states = open_states(open_package(package.path), revisions)
    after = "" if states.after == WORK_TREE else states.after
    return Notes(states.changes, after).name(Change(KEY, old, new), MEASURE)


# -- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (MEASURE, True),
        ("defects.pixels_gained", True),
        ("new hot columns: Pixels_Gained, intended", True),
        ("crosstalk.pixels_gained", False),
        ("unknown.pixels_gained", True),
        ("not_pixels_gained", False),
        ("pixels_gained_twice", False),
        ("pixels gained", False),
        ("", False),
    ],
)
def test_a_measure_is_named_as_a_word(text: str, answer: bool) -> None:
    assert is_named(text, "defects", MEASURE) is answer


@pytest.mark.parametrize(
    ("message", "values"),
    [
        ("Edit\n\nCalibration-Change: a b", ["a b"]),
        ("Edit\n\n* one\n\n  calibration-change:  a\n\n* two\n\nCalibration-Change: b\n", ["a", "b"]),
        ("Calibration-Change: lab/defects a", ["a"]),
        ("Calibration-Change: a in pkg/lab/defects/d00/x.ecsv,", ["a in"]),
        ("Calibration-Change: ./lab/ a", ["a"]),
        ("Calibration-Change: lab/crosstalk a", []),
        ("Calibration-Change: lab/def a", []),
        ("Calibration-Change:", []),
        ("see Calibration-Change: a", []),
    ],
)
def test_trailers_may_name_paths(message: str, values: list[str]) -> None:
    assert list(trailers_of(message, ["lab/defects/d00/x.ecsv"], "pkg/")) == values


# -- files --------------------------------------------------------------------------------------------------


def test_a_new_note_beside_a_file_counts(package: GitPackage) -> None:
    package.write({OLD: version(OLD, x0=3)})
    assert not is_noted(package)
    package.write({side(OLD): edit("more bad columns")})
    assert not is_noted(package)
    package.write({side(OLD): edit(f"more bad columns ({MEASURE})")})
    assert is_noted(package)


def test_an_old_note_does_not_count(package: GitPackage) -> None:
    package.commit({OLD: version(OLD, x0=3), side(OLD): edit(MEASURE)})
    package.commit({OLD: version(OLD, x0=4)})
    assert not is_noted(package, "HEAD~", "HEAD")
    assert is_noted(package, "HEAD~2", "HEAD")
    # Nor does one that came with a copy of the epoch before.
    package.commit({side(MIDDLE): edit(MEASURE)})
    package.commit({LATER: version(LATER, x0=5), side(LATER): edit(MEASURE)})
    assert not is_noted(package, "HEAD~", "HEAD", old=MIDDLE, new=LATER)
    package.commit({side(LATER): edit(MEASURE) + edit(f"{MEASURE} again").removeprefix("edits:\n")})
    assert is_noted(package, "HEAD~2", "HEAD", old=MIDDLE, new=LATER)


def test_the_reason_of_a_deprecation_counts(package: GitPackage) -> None:
    mark = {"DEPRECATED": f"wrong, {MEASURE} is meant", "DEPRECATED_BY": "A", "DEPRECATED_DATE": "2024-01-05"}
    package.commit({MIDDLE: version(MIDDLE, x0=2, **mark, DEPRECATED_COVER="previous")})
    assert is_noted(package, "HEAD~", "HEAD", old=MIDDLE, new=OLD)
    assert not is_noted(package, "HEAD", "HEAD", old=MIDDLE, new=OLD)


# -- messages -------------------------------------------------------------------------------------------------

TRAILER = f"Edit\n\nCalibration-Change: {MEASURE}"


def test_a_trailer_of_a_commit_that_changes_the_file_counts(package: GitPackage) -> None:
    package.commit({OLD: version(OLD, x0=3)}, TRAILER)
    assert is_noted(package, "HEAD~", "HEAD")
    assert is_noted(package, "HEAD~")
    assert not is_noted(package, "HEAD~", "HEAD", old=MIDDLE, new=MIDDLE)
    package.commit({OLD: version(OLD, x0=4)})
    # Earlier trailers are not about the last change.
    assert not is_noted(package, "HEAD~", "HEAD")
    assert is_noted(package, "HEAD~2", "HEAD")


def test_a_trailer_of_another_commit_does_not_count(package: GitPackage) -> None:
    package.commit({OLD: version(OLD, x0=3)})
    package.commit({MIDDLE: version(MIDDLE, x0=4)}, TRAILER)
    assert not is_noted(package, "HEAD~2", "HEAD")
    assert not is_noted(package, "HEAD", "HEAD~2")


def test_trailers_of_branches_and_merges_count(package: GitPackage) -> None:
    package.git("checkout", "--quiet", "-b", "side")
    package.commit({OLD: version(OLD, x0=3)}, TRAILER)
    package.git("checkout", "--quiet", "main")
    package.commit({MIDDLE: version(MIDDLE, x0=4)})
    identity = ("-c", "user.name=A", "-c", "user.email=a@b")
    package.git(*identity, "merge", "--quiet", "--no-ff", "-m", "Merge", "side")
    assert is_noted(package, "HEAD~", "HEAD")
    assert not is_noted(package, "HEAD~", "HEAD", old=MIDDLE, new=MIDDLE)
    package.git("reset", "--quiet", "--hard", "HEAD~")
    package.git("checkout", "--quiet", "-b", "other", "HEAD~")
    package.commit({OLD: version(OLD, x0=5)})
    package.git("checkout", "--quiet", "main")
    package.git(*identity, "merge", "--quiet", "--no-ff", "-m", TRAILER, "other")
    assert is_noted(package, "HEAD~", "HEAD")


def test_a_renamed_file_has_the_trailers_of_both_names(package: GitPackage) -> None:
    package.commit({MIDDLE: None, LATER: version(LATER, x0=5)}, TRAILER)
    assert is_noted(package, "HEAD~", "HEAD", old=MIDDLE, new=LATER)
    assert is_noted(package, "HEAD~", "HEAD", old=MIDDLE, new=OLD)
    assert not is_noted(package, "HEAD~", "HEAD", old=OLD, new=OLD)
