"""What counts as changed since a commit, whatever history and work tree look like."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from support.changes import (
    CONFIG,
    EPOCHS,
    LATER,
    MIDDLE,
    OLD,
    check,
    codes,
    version,
)
from support.packages import defects_path
from support.programs import run_curated


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package(EPOCHS)


def merge(package: GitPackage, branch: str) -> None:
    package.git("-c", "user.name=A", "-c", "user.email=a@b", "merge", "-q", "--no-ff", "-m", "Merge", branch)


def test_what_happened_elsewhere_since_is_no_change_of_ours(package: GitPackage) -> None:
    package.git("checkout", "--quiet", "-b", "topic")
    package.commit({OLD: version(OLD, x0=9)})
    package.git("checkout", "--quiet", "main")
    package.commit({defects_path(1): version(OLD, detector=1, x0=9)})
    package.git("checkout", "--quiet", "topic")
    assert codes(package, "main") == [(OLD, "CAL420")]
    # What was merged into the branch came from there.
    merge(package, "main")
    assert codes(package, "main") == [(OLD, "CAL420")]
    package.git("tag", "v1", "main")
    assert codes(package, "v1") == [(OLD, "CAL420")]
    # The commit that a forge makes of a proposed change.
    package.git("checkout", "--quiet", "main")
    merge(package, "topic")
    assert codes(package, "HEAD^1") == [(OLD, "CAL420")]
    assert codes(package, "HEAD^2") == []


def test_new_files_count_whether_git_knows_them_or_not(package: GitPackage) -> None:
    package.write({".git/info/exclude": "*\n", LATER: version(LATER)})
    assert codes(package) == [(LATER, "CAL421")]
    package.git("rm", "--cached", "--quiet", OLD)
    assert codes(package) == [(LATER, "CAL421")]


def test_files_that_a_sparse_checkout_leaves_out_are_not_deleted(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--no-cone", "/curated.yaml", "/calibs/lab/defects/d01/")
    assert not (package.path / OLD).exists()
    assert codes(package) == []


def test_a_link_changes_with_what_it_leads_to(make_package: MakePackage) -> None:
    package = make_package(
        {**CONFIG, "shared/one.ecsv": version(OLD), defects_path(1): version(OLD, detector=1)}
    )
    (package.path / OLD).parent.mkdir(parents=True)
    (package.path / OLD).symlink_to("../../../../shared/one.ecsv")
    package.commit()
    assert codes(package) == []
    package.write({"shared/one.ecsv": version(OLD, x0=9)})
    assert codes(package) == [(OLD, "CAL420")]


def test_in_a_directory_of_a_repository_and_without_a_configuration(make_package: MakePackage) -> None:
    package = make_package({"data/lab/defects/d00/20200101T000000.ecsv": version(OLD), "other/x": "1"})
    package.write({"data/lab/defects/d00/20200101T000000.ecsv": version(OLD, x0=9), "other/x": "2"})
    # Whatever people like git to say.
    for name in ("diff.relative", "log.showSignature", "diff.mnemonicPrefix"):
        package.git("config", name, "true")
    report = check(package.path / "data", "HEAD")
    assert [(d.file, d.code) for d in report.diagnostics] == [
        ("lab/defects/d00/20200101T000000.ecsv", "CAL420")
    ]


def test_a_package_that_is_new(make_package: MakePackage) -> None:
    package = make_package({"README": ""})
    package.commit({**CONFIG, OLD: version(OLD), MIDDLE: version(MIDDLE)})
    report = check(package, "HEAD~1")
    assert (len(report.files), report.diagnostics) == (2, ())


def test_a_revision_that_there_is_not(package: GitPackage) -> None:
    for revision in ("--all", "HEAD~9", ""):
        with pytest.raises(CuratedError, match="is not a"):
            check(package, revision)
    done = run_curated("check", "--since", "nowhere", cwd=package.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "curated: error: 'nowhere' is not a commit of this repository\n"
        "curated: hint: see 'git branch --all' and 'git tag'\n"
    )


def test_a_branch_without_a_common_commit(package: GitPackage) -> None:
    package.git("checkout", "--quiet", "--orphan", "other")
    package.commit(date=datetime(2024, 2, 1, tzinfo=UTC))
    with pytest.raises(CuratedError, match="no common commit"):
        check(package, "main")


def test_history_that_is_cut_off(package: GitPackage, tmp_path: Path) -> None:
    package.git("checkout", "--quiet", "-b", "topic")
    package.commit({OLD: version(OLD, x0=9)})
    package.git("checkout", "--quiet", "main")
    package.commit({"README": ""})
    clone = tmp_path / "clone"
    command = ["git", "clone", "-q", "--depth=1", "--no-single-branch", "-b", "topic"]
    subprocess.run([*command, f"file://{package.path}", clone], check=True)
    for revision in ("origin/main", package.commits[0]):
        with pytest.raises(CuratedError) as error:
            check(clone, revision)
        assert "--unshallow" in error.value.hint
    # Nothing needs to be known of history where the work tree is compared with its own commit.
    (clone / OLD).write_text(version(OLD, x0=10))
    assert [d.code for d in check(clone, "HEAD").diagnostics] == ["CAL420"]


def test_no_repository_and_no_commit(package: GitPackage, tmp_path: Path) -> None:
    bare = tmp_path / "copy"
    shutil.copytree(package.path, bare, ignore=shutil.ignore_patterns(".git"))
    with pytest.raises(CuratedError, match="not in a git repository"):
        check(bare, "HEAD")
    GitPackage(bare).git("init", "--quiet")
    with pytest.raises(CuratedError, match="no commit yet"):
        check(bare, "HEAD")
