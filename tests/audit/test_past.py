"""Since which commit a calibration is not in force any more."""

from __future__ import annotations

from datetime import datetime

from conftest import GitPackage
from curated.audit.past import NOT_COMMITTED, IsSame, Past
from curated.audit.standing import Status
from curated.audit.state import Memory
from curated.core.keys import CalibKey
from curated.git.repository import open_repository
from curated.package.package import open_package
from support.audits import DEFECTS, judge
from support.changes import MIDDLE, OLD, version
from support.processed import isr_keywords


def test_a_change_that_was_taken_back_and_made_again(released: GitPackage) -> None:
    released.commit({OLD: version(OLD, x0=5)})
    released.commit({OLD: version(OLD)})
    assert judge(released, isr_keywords(DEFECTS)).status is Status.IN_FORCE
    commit = released.commit({OLD: version(OLD, x0=6)})
    standing = judge(released, isr_keywords(DEFECTS))
    assert standing.since is not None
    assert standing.since.sha1 == commit


def open_past(package: GitPackage, revision: str = "HEAD") -> Past:
    opened = open_package(package.path)
    return Past(open_repository(opened.root), package.git("rev-parse", revision), opened.top, Memory())


KEY = CalibKey("lab", "defects", "d00")
TIME = datetime(2021, 6, 1)


def blob(package: GitPackage, revision: str) -> IsSame:
    """Return what says whether a file has the content that it has at a revision."""
    name = package.git("rev-parse", f"{revision}:{OLD}")
    return lambda _, other: other == name


def test_what_a_branch_did_is_superseded_by_its_merge(released: GitPackage) -> None:
    released.git("checkout", "--quiet", "-b", "side")
    released.commit({OLD: version(OLD, x0=5)})
    released.git("checkout", "--quiet", "-")
    released.commit({"README.md": "text"})
    released.git("-c", "user.name=A", "-c", "user.email=a@b", "merge", "--quiet", "--no-ff", "side")
    commit = open_past(released).superseding_commit(KEY, blob(released, "v1"), TIME)
    assert commit is not None
    assert commit.sha1 == released.git("rev-parse", "HEAD")


def test_what_is_in_force_or_never_was(released: GitPackage) -> None:
    past = open_past(released)
    assert past.superseding_commit(KEY, blob(released, "v1"), TIME) == NOT_COMMITTED
    assert past.superseding_commit(KEY, lambda *_: False, TIME) is None
    assert past.superseding_commit(KEY, blob(released, "v1"), datetime(2030, 1, 1)) is None
    assert past.superseding_commit(CalibKey("lab", "defects", "d77"), blob(released, "v1"), TIME) is None


def test_all_versions_of_a_product(released: GitPackage) -> None:
    released.commit({OLD: version(OLD, x0=5), MIDDLE: None})
    released.commit({OLD: "no calibration"})
    versions = [
        (file.path, report.keywords.get("CALIBDATE"))
        for file, report in open_past(released).all_versions(KEY)
    ]
    assert sorted(versions, key=str) == [
        (OLD, "2020-01-01T00:00:00"),
        (OLD, "2020-01-01T00:00:00"),
        (OLD, None),
        (MIDDLE, "2022-01-01T00:00:00"),
    ]


def test_without_a_repository_there_is_no_past() -> None:
    past = Past(None, "", "calibs", Memory())
    assert past.superseding_commit(KEY, lambda *_: False, TIME) is None
    assert list(past.all_versions(KEY)) == []
