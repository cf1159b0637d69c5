"""What was believed, commit by commit: compared with lookups in each commit, and told in events."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibKey
from curated.git.repository import open_repository, resolve_commit
from curated.history.beliefs.log import Belief, History, periods, read_product_history
from curated.history.lookup import lookup, package_at
from history.beliefs.conftest import epoch, path_of
from support.packages import defects_text

KEY = CalibKey("lab", "defects", "d00")


def read(path: Path, key: CalibKey = KEY, revision: str = "HEAD") -> History:
    repository = open_repository(path)
    sha1 = resolve_commit(repository, revision)
    return read_product_history(package_at(path, sha1)[0], repository, sha1, key)


def events(belief: Belief) -> list[str]:
    return [
        f"{' '.join(event.kinds)} {(event.after or event.before).file.start.year}"  # type: ignore[union-attr]
        for event in belief.events
    ]


def test_events(storied: GitPackage) -> None:
    assert [(belief.subject, events(belief)) for belief in read(storied.path).beliefs] == [
        ("Add two epochs", ["added 2020", "added 2021"]),
        ("Edit 2021", ["edited 2021"]),
        ("Rename the instrument's directory", ["renamed 2020", "renamed 2021"]),
        ("Merge the branch", ["range changed 2021", "added 2022"]),
        ("Deprecate 2022", ["range changed 2021", "deprecated 2022"]),
        ("End 2020", ["edited range changed 2020"]),
        ("Use 2022 again", ["range changed 2021", "in use again 2022"]),
        ("Remove 2021", ["removed 2021"]),
    ]


def test_changes_of_the_answer(storied: GitPackage) -> None:
    found = {
        belief.subject: [
            (str(c.range), c.before and c.before.file.start.year, c.after and c.after.file.start.year)
            for c in belief.changes
        ]
        for belief in read(storied.path).beliefs
    }
    late = "2022-01-01T00:00:00 to open"
    assert found["Edit 2021"] == [("2021-01-01T00:00:00 to open", 2021, 2021)]
    assert found["Merge the branch"] == [(late, 2021, 2022)]
    assert found["Deprecate 2022"] == [(late, 2022, 2021)]
    assert found["Use 2022 again"] == [(late, 2021, 2022)]
    assert found["End 2020"] == [
        ("2020-01-01T00:00:00 to 2020-07-01T00:00:00", 2020, 2020),
        ("2020-07-01T00:00:00 to 2021-01-01T00:00:00", 2020, None),
    ]
    assert found["Remove 2021"] == [("2021-01-01T00:00:00 to 2022-01-01T00:00:00", 2021, None)]


def test_commits_are_those_of_first_parents(storied: GitPackage) -> None:
    beliefs = read(storied.path).beliefs
    assert beliefs[3].commit.sha1 == storied.git("rev-parse", ":/^Merge the branch")
    assert (beliefs[0].commit.author, beliefs[0].commit.date[:10]) == ("Ada Astronomer", "2024-01-01")
    assert not any(belief.is_cut for belief in beliefs)


def test_beliefs_agree_with_lookups_in_each_commit(storied: GitPackage) -> None:
    times = [datetime(2019, 6, 1) + timedelta(days=91 * i) for i in range(17)]
    for belief in read(storied.path).beliefs[2:]:
        package, _ = package_at(storied.path, belief.commit.sha1)
        for time in times:
            answer = lookup(package, "lab", "defects", time, detector="d00").in_force
            version = belief.in_force(time)
            assert (version and version.file.path) == (answer and answer.file.path)
            assert (version and str(version.range)) == (answer and str(answer.range))
    first = read(storied.path).beliefs[0]
    package, _ = package_at(storied.path, first.commit.sha1)
    answer = lookup(package, "oldlab", "defects", times[5], detector="d00").in_force
    version = first.in_force(times[5])
    assert version is not None
    assert answer is not None
    assert (version.file.path, version.range) == (answer.file.path, answer.range)


def test_one_moment_over_time(storied: GitPackage) -> None:
    history = read(storied.path)
    by_subject = {belief.subject: belief.commit for belief in history.beliefs}
    found = [
        (period.since, period.until, period.version and period.version.file.path)
        for period in periods(history, datetime(2023, 1, 1))
    ]
    assert found == [
        (by_subject["Use 2022 again"], None, path_of(2022)),
        (by_subject["Deprecate 2022"], by_subject["Use 2022 again"], path_of(2021)),
        (by_subject["Merge the branch"], by_subject["Deprecate 2022"], path_of(2022)),
        (by_subject["Rename the instrument's directory"], by_subject["Merge the branch"], path_of(2021)),
        (by_subject["Edit 2021"], by_subject["Rename the instrument's directory"], path_of(2021, "oldlab")),
        (by_subject["Add two epochs"], by_subject["Edit 2021"], path_of(2021, "oldlab")),
        (None, by_subject["Add two epochs"], None),
    ]
    assert [p.version for p in periods(history, datetime(2019, 1, 1))] == [None]


def test_an_older_revision(storied: GitPackage) -> None:
    edit = read(storied.path).beliefs[1].commit.sha1
    history = read(storied.path, CalibKey("oldlab", "defects", "d00"), edit)
    assert [belief.subject for belief in history.beliefs] == ["Add two epochs", "Edit 2021"]


def test_a_product_that_moved_away_or_never_was(storied: GitPackage) -> None:
    history = read(storied.path, CalibKey("oldlab", "defects", "d00"))
    assert events(history.beliefs[-1]) == ["removed 2020", "removed 2021"]
    with pytest.raises(CuratedError, match="no commit has a calibration lab/defects/d07"):
        read(storied.path, CalibKey("lab", "defects", "d07"))


def test_a_shallow_clone(storied: GitPackage, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth=3", storied.path.as_uri(), clone], check=True)
    history = read(clone)
    assert [(b.subject, b.is_cut) for b in history.beliefs] == [
        ("Use 2022 again", True),
        ("Remove 2021", False),
    ]


def test_packages_that_move(make_package: MakePackage) -> None:
    """Directories above the instruments, and those of types and detectors, are followed as well."""
    name = "20200101T000000.ecsv"
    package = make_package({f"data/LAB/defects/D00/{name}": defects_text()})
    for old, new in (
        ("data/LAB", "data/lab"),
        ("data/lab/defects/D00", "data/lab/defects/d00"),
        ("data", "calibs"),
    ):
        package.git("mv", old, f"{old}_")
        package.git("mv", f"{old}_", new)
        files = {"curated.yaml": ""} if new == "calibs" else {}
        package.commit(files, f"Move {old}")
    package.commit({f"calibs/lab/defects/d00/{name}": defects_text(x0=9)}, "Edit")
    history = read(package.path)
    assert [belief.subject for belief in history.beliefs] == [
        "Add calibrations", "Move data/LAB", "Move data/lab/defects/D00", "Move data", "Edit",
    ]  # fmt: skip
    assert [events(belief) for belief in history.beliefs] == [
        ["added 2020"],
        *[["renamed 2020"]] * 3,
        ["edited 2020"],
    ]


def test_a_package_in_a_directory_of_its_repository(make_package: MakePackage) -> None:
    files = {f"data/{path}": text or "" for path, text in epoch(2020).items()}
    package = make_package({"data/curated.yaml": "", **files})
    package.commit({"other": "x"})
    history = read(package.path / "data")
    assert [version.file.path for version in history.beliefs[-1].versions] == [path_of(2020)]
    assert len(history.beliefs) == 1


def test_hostile_messages_and_names(make_package: MakePackage) -> None:
    package = make_package({"curated.yaml": "", **{p: t or "" for p, t in epoch(2020).items()}})
    for i, subject in enumerate(("\x01deadbeef", ":100644 100644 a b M", "x" * 5000, "Zoë\u202e")):
        package.commit(epoch(2020, i + 2), subject, author="A\x02\x01B")
    assert len(read(package.path).beliefs) == 5


def test_a_version_that_is_missing(make_package: MakePackage) -> None:
    """Its end of validity would be missing too."""
    package = make_package(
        {"curated.yaml": "", **{p: t or "" for p, t in epoch(2020, VALIDEND="2021-01-01").items()}}
    )
    blob = package.git("rev-parse", f"HEAD:{path_of(2020)}")
    package.commit(epoch(2020, 2), "Edit")
    (package.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(CuratedError, match=f"blob {blob[:12]}, a version of lab/defects/d00, is missing"):
        read(package.path)


def test_an_empty_version(make_package: MakePackage) -> None:
    package = make_package({"curated.yaml": "", path_of(2020): ""})
    package.commit(epoch(2020), "Fill it")
    assert [events(belief) for belief in read(package.path).beliefs] == [["added 2020"], ["edited 2020"]]


def test_the_real_history(corpus: Path, tmp_path: Path) -> None:
    """A directory that was renamed twice, and a type whose values were too large for six months."""
    bundle = corpus / "obs_lsst_data.gitbundle"
    if not bundle.exists():
        pytest.skip("needs the history of obs_lsst_data beside it")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--bare", bundle, clone], check=True)
    history = read(clone, CalibKey("latiss", "defects", "rxx_s00"), "main")
    assert [belief.subject[-7:] for belief in history.beliefs] == ["ee70a0c", "2a355e1", "9e259a4", "2b88b0f"]
    history = read(clone, CalibKey("lsstCam", "crosstalk", "r22_s11"), "main")
    assert [belief.subject[-7:] for belief in history.beliefs] == ["18589d6", "cdd9b01", "5b42c79", "457c82f"]
