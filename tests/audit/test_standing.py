"""What became of a calibration: in force, superseded, deprecated."""

from __future__ import annotations

import pytest

from conftest import GitPackage
from curated.audit.past import NOT_COMMITTED
from curated.audit.standing import Status
from support.audits import DEFECTS, RUN, judge, source
from support.changes import MIDDLE, OLD, version
from support.packages import defects_path
from support.processed import RAW, applied, isr_keywords

DEPRECATED = {
    "DEPRECATED": "Wrong detector",
    "DEPRECATED_BY": "Ada",
    "DEPRECATED_ON": "2024-02-01",
    "DEPRECATED_COVER": "previous",
}


def test_what_is_in_force(released: GitPackage) -> None:
    standing = judge(released, isr_keywords(DEFECTS))
    assert standing.status is Status.IN_FORCE
    assert source(standing) == ("v1", released.commits[0], OLD)
    assert standing.successor == OLD


def test_another_content_is_superseded_since_its_commit(released: GitPackage) -> None:
    commit = released.commit({OLD: version(OLD, x0=5)})
    released.commit({MIDDLE: version(MIDDLE, x0=9)}, "Change what is of no matter")
    standing = judge(released, isr_keywords(DEFECTS), with_effects=True)
    assert (standing.status, standing.successor) == (Status.SUPERSEDED, OLD)
    assert standing.since is not None
    assert standing.since.sha1 == commit
    readings = {e.measure.name: e.reading.value for e in standing.effects}
    # The list has four pixels of width 3 and height 4; both lists are of 12 pixels that the other has not.
    assert readings == {"pixels_gained": 12, "pixels_lost": 12}


def test_a_new_epoch_supersedes(released: GitPackage) -> None:
    new = defects_path(0, "20210101T000000")
    text = (
        version(OLD, x0=3)
        .replace("CALIBDATE: 2020", "CALIBDATE: 2021")
        .replace('"CALIBDATE": "2020', '"CALIBDATE": "2021')
    )
    commit = released.commit({new: text})
    standing = judge(released, isr_keywords(DEFECTS))
    assert (standing.status, standing.successor) == (Status.SUPERSEDED, new)
    assert standing.since is not None
    assert standing.since.sha1 == commit
    # An exposure of before is not concerned.
    early = {**RAW, "DATE-BEG": "2020-06-01T00:00:00"}
    assert judge(released, isr_keywords(DEFECTS), early).status is Status.IN_FORCE


def test_what_was_removed(released: GitPackage) -> None:
    commit = released.commit({OLD: None})
    standing = judge(released, isr_keywords(DEFECTS))
    assert (standing.status, standing.successor) == (Status.SUPERSEDED, "")
    assert standing.since is not None
    assert standing.since.sha1 == commit


def test_what_was_deprecated(released: GitPackage) -> None:
    commit = released.commit({OLD: version(OLD, **DEPRECATED)})
    standing = judge(released, isr_keywords(DEFECTS))
    assert (standing.status, standing.successor) == (Status.DEPRECATED, "")
    assert "Wrong detector" in standing.remarks[0]
    assert standing.since is not None
    assert standing.since.sha1 == commit


def test_values_that_are_written_otherwise_are_in_force(released: GitPackage) -> None:
    released.commit({OLD: version(OLD).replace("1 2 3 4", " 1  2 3 4") + "# a remark\n"})
    assert judge(released, isr_keywords(DEFECTS)).status is Status.IN_FORCE


def test_changes_that_are_not_committed(released: GitPackage) -> None:
    released.write({OLD: version(OLD, x0=5)})
    standing = judge(released, isr_keywords(DEFECTS))
    assert (standing.status, standing.since) == (Status.SUPERSEDED, NOT_COMMITTED)
    assert judge(released, isr_keywords(DEFECTS), revision="v1").status is Status.IN_FORCE


def test_a_calibration_that_was_not_for_the_time(released: GitPackage) -> None:
    late = {**RAW, "DATE-BEG": "2023-06-01T00:00:00"}
    standing = judge(released, isr_keywords(DEFECTS), late)
    assert (standing.status, standing.successor) == (Status.SUPERSEDED, MIDDLE)
    assert standing.since is None
    assert "it was not for this time in its release" in standing.remarks[0]


@pytest.mark.parametrize(
    ("moment", "path"), [("2022-01-01T00:00:36.999", OLD), ("2022-01-01T00:00:37", MIDDLE)]
)
def test_boundaries_belong_to_the_later_calibration(released: GitPackage, moment: str, path: str) -> None:
    run = RUN if path == OLD else RUN.replace("2020", "2022")
    raw = {**RAW, "DATE-BEG": moment}
    assert judge(released, isr_keywords(applied("defects", "defects", run)), raw).successor == path


def test_what_changes_no_value_supersedes_nothing(released: GitPackage) -> None:
    released.commit({OLD: version(OLD, MAKER="A2")}, "Correct a keyword")
    assert judge(released, isr_keywords(DEFECTS)).status is Status.IN_FORCE
    commit = released.commit({OLD: version(OLD, MAKER="A2", x0=5)})
    standing = judge(released, isr_keywords(DEFECTS))
    assert standing.since is not None
    assert standing.since.sha1 == commit


def test_a_successor_that_cannot_be_read_is_said(released: GitPackage) -> None:
    released.commit({OLD: "no calibration"})
    standing = judge(released, isr_keywords(DEFECTS), with_effects=True)
    assert (standing.status, standing.effects) == (Status.SUPERSEDED, ())
    assert standing.remarks == ("what is in force cannot be read; 'curated check' says why",)
