"""A package checked at its commits, without a checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.history import commits
from curated.history.commits import CommitChecker
from curated.package.package import open_package
from support.packages import defects_path, defects_text

OLD, NEW = defects_path(0), defects_path(0, "20220101T000000")


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    """One epoch; then a second one; then an error in the first one."""
    package = make_package({"curated.yaml": "calibs: calibs\n", OLD: defects_text()})
    package.commit({NEW: defects_text(date="2022-01-01T00:00:00")})
    package.commit({OLD: defects_text(x0=-1)})
    return package


def test_each_commit_is_checked_as_it_was(package: GitPackage) -> None:
    package.write({NEW: None})
    checker = CommitChecker(open_package(package.path))
    results = [checker.check(commit) for commit in package.commits]
    assert [result.commit for result in results] == package.commits
    assert [sorted(result.report.ranges) for result in results] == [[OLD], [OLD, NEW], [OLD, NEW]]
    assert [[(d.file, d.code) for d in r.report.diagnostics if d.is_error] for r in results] == [
        [],
        [],
        [(OLD, "CAL301")],
    ]
    ends = [result.report.ranges[OLD].end for result in results]
    assert [end.isoformat() if end else None for end in ends] == [None, *2 * ["2022-01-01T00:00:00"]]
    (lab,) = results[1].instruments.values()
    assert (lab.name, [detector.id for detector in lab.detectors.values()]) == ("Lab", [0])


def test_each_version_of_a_file_is_read_once(package: GitPackage, monkeypatch: pytest.MonkeyPatch) -> None:
    paths: list[str] = []
    real = commits.read_and_check

    def read(files: object, file: CalibFile, *args: object, **options: object) -> object:
        paths.append(file.path)
        return real(files, file, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(commits, "read_and_check", read)
    checker = CommitChecker(open_package(package.path))
    for commit in package.commits:
        checker.check(commit)
    assert sorted(paths) == [OLD, OLD, NEW]
    package.git("tag", "v1", package.commits[1])
    assert checker.check("v1") is checker.check(package.commits[1])
    assert len(paths) == 3


def test_a_declaration_of_the_instrument_has_files_read_again(package: GitPackage) -> None:
    checker = CommitChecker(open_package(package.path))
    assert not checker.check(package.commits[1]).report.failed
    package.git("reset", "--quiet", "--hard", package.commits[1])
    settings = "name: Lab\ndetectors: [{id: 5, name: d00}]\n"
    result = checker.check(package.commit({"calibs/lab/instrument.yaml": settings}))
    assert result.instruments["lab"].detectors["d00"].id == 5
    # The texts say that it is number 0.
    assert {d.file for d in result.report.diagnostics if d.is_error} == {OLD, NEW}


def test_commits_near_are_the_last_changes_and_their_parents(package: GitPackage) -> None:
    first, second, third = package.commits
    package.commit({"notes.txt": "text"})
    checker = CommitChecker(open_package(package.path))
    assert checker.commits_near([NEW]) == [second, first]
    assert checker.commits_near([OLD]) == [third, second, first]
    assert checker.commits_near(["nowhere"]) == []


def test_what_is_no_commit(package: GitPackage, tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="is not a commit"):
        CommitChecker(open_package(package.path)).check("nowhere")
    bare = tmp_path / "bare"
    (bare / "calibs").mkdir(parents=True)
    (bare / "curated.yaml").write_text("calibs: calibs\n")
    with pytest.raises(CuratedError, match="is not in a git repository"):
        CommitChecker(open_package(bare)).check("HEAD")
