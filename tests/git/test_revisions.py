"""Which commit a revision means: names, dates, and what is refused because no answer would be certain."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import curated
from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from curated.git.repository import open_repository
from curated.git.revisions import Revision, find_revision
from support.packages import defects_path, defects_text
from support.programs import printed_json, run_curated

DAYS = [datetime(2024, 1, day, tzinfo=UTC) for day in range(1, 6)]


@pytest.fixture
def line(make_package: MakePackage) -> GitPackage:
    """Commits of the first five days of 2024, at midnight; the first one has the calibration."""
    package = make_package({"curated.yaml": "", defects_path(): defects_text()})
    for day in DAYS[1:]:
        package.commit({"notes.txt": str(day)}, date=day)
    return package


def find(package: GitPackage | Path, text: str) -> Revision:
    return find_revision(open_repository(getattr(package, "path", package)), text)


# -- names -------------------------------------------------------------------------------------------------


def test_names_of_commits(line: GitPackage) -> None:
    line.git("tag", "v1", "HEAD~1")
    line.git(
        "tag", "--annotate", "--message=x", "v2", "HEAD~2", GIT_COMMITTER_NAME="A", GIT_COMMITTER_EMAIL="a@b"
    )
    line.git("branch", "feature/x", "HEAD~3")
    for text in (
        "HEAD", "@", "HEAD~2", "@~1", "HEAD^", "HEAD^0", "HEAD^{}", "HEAD^{commit}", "main", "main~4", "heads/main",
        "refs/heads/main", "v1", "v1^", "v2", "v2^{}", "tags/v2", "refs/tags/v2", "feature/x", line.commits[2],
        line.commits[2][:10], f"{line.commits[2][:10]}~1", line.commits[1][:7].upper(), "v2-2-g" + line.commits[4][:8],
    ):  # fmt: skip
        revision = find(line, text)
        assert revision.sha1 == line.git("rev-parse", f"{text}^{{commit}}"), text
        assert (revision.date, revision.remarks) == (
            f"2024-01-0{line.commits.index(revision.sha1) + 1}T00:00:00",
            (),
        )


REFUSED = {
    "reflog": [
        "HEAD@{0}", "HEAD@{1}", "@{1}", "@{-1}", "main@{yesterday}", "main@{2024-01-02}", "HEAD@{2 days ago}", "@{now}",
        "main@{upstream}", "@{u}", "@{upstream}", "@{push}", "HEAD@{1}~2", "refs/heads/main@{1}", "main@{u}^",
    ],
    "range": ["HEAD~1..HEAD", "main...HEAD", "..", "..HEAD", "^HEAD", "^main~1", "HEAD^!", "HEAD^@", "HEAD^-"],
    "search": [":/Add", ":/", "HEAD^{/Add}", "main^{/}"],
    "file": ["HEAD:curated.yaml", ":curated.yaml", ":0:curated.yaml", "HEAD:", "main:calibs", "2024-01-02:x"],
    "not a revision": ["-1", "--all", "-", "--output=x", "main\nHEAD", "\x00", "HEAD\x1b[31m"],
    "empty": ["", " ", "\u3000"],
    "tree": ["HEAD^{tree}", "main~1^{tree}"],
    "not a commit": [
        "nothing", "v9", "HEAD~99", "HEAD^2", "yesterday", "last week", "1.week.ago", "2024", "2024-01", "2024/01/02",
        "2024-1-2", "20240102", "Jan 2 2024", "deadbeef", "0" * 40, "f" * 64, "main ", "*", "mai?", "[m]ain", "HEAD^{blob}",
        "\u2013all", "HEAD~\u00b2", "main@", "refs", "refs/heads", "heads", "@@", "HEAD^^^^^^^", "~1", "main\\",
    ],
    "date of the calendar": [
        "2024-02-30", "2024-13-01", "2024-00-00", "0000-01-01", "2024-01-02T25:00:00", "2024-01-02T23:59:60",
        "2024-01-02T", "2024-01-02 noon", "2024-01-02T00:00:00+99:00", "20240102T99", "2024-01-02T00:00:00Zulu",
    ],
    "no commit before": ["1970-01-01", "2023-12-31", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01T02:00:00+02:00"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "text"), [(reason, text) for reason, texts in REFUSED.items() for text in texts]
)
def test_what_is_refused(shared_line: GitPackage, reason: str, text: str) -> None:
    with pytest.raises(CuratedError, match=reason):
        find(shared_line, text)


@pytest.fixture(scope="module")
def shared_line(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """The same line, which no test changes, with an upstream and a reflog."""
    package = GitPackage(tmp_path_factory.mktemp("line"))
    package.git("init", "--quiet")
    for day in DAYS:
        package.commit({"curated.yaml": "", defects_path(): defects_text(), "notes.txt": str(day)}, date=day)
    package.git("branch", "other")
    package.git("branch", "--quiet", "--set-upstream-to=other")
    return package


def test_objects_that_are_no_commits(shared_line: GitPackage) -> None:
    for kind, name in (("tree", "HEAD^{tree}"), ("blob", "HEAD:curated.yaml")):
        sha1 = shared_line.git("rev-parse", name)
        for text in (sha1[:12], sha1):
            with pytest.raises(CuratedError, match=f"is a {kind}, not a commit"):
                find(shared_line, text)


def test_a_branch_and_a_tag_of_one_name(line: GitPackage) -> None:
    line.git("tag", "same", "HEAD~1")
    line.git("branch", "same", "HEAD~2")
    for text in ("same", "same~1", "same^{commit}"):
        with pytest.raises(CuratedError, match="is ambiguous: refs/heads/same, refs/tags/same") as caught:
            find(line, text)
        assert caught.value.hint == "write one of these names in full"
    assert find(line, "refs/tags/same").sha1 == line.commits[3]
    assert find(line, "heads/same").sha1 == line.commits[2]
    # If both are the same commit git only warns, and so do we.
    line.git("branch", "--force", "same", "HEAD~1")
    revision = find(line, "same")
    assert (revision.sha1, len(revision.remarks)) == (line.commits[3], 1)
    assert "refname 'same' is ambiguous" in revision.remarks[0]


def test_a_name_that_is_the_start_of_a_commit(line: GitPackage) -> None:
    for name in (line.commits[1][:8], line.commits[1][:5]):
        line.git("branch", name, "HEAD")
        with pytest.raises(CuratedError, match=f"is ambiguous: commit {line.commits[1]}, refs/heads/{name}"):
            find(line, name)
    assert find(line, line.commits[1]).sha1 == line.commits[1]


def test_digits_that_several_commits_start_with(line: GitPackage) -> None:
    firsts: dict[str, str] = {}
    tree = line.git("rev-parse", "HEAD^{tree}")
    author = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    dates = {"GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z"}
    for n in range(2000):
        sha1 = line.git("commit-tree", tree, "-m", str(n), **author, **dates)
        if sha1[:4] in firsts:
            break
        firsts[sha1[:4]] = sha1
    pair = sorted((sha1, firsts[sha1[:4]]))
    with pytest.raises(CuratedError, match="is ambiguous: commit") as caught:
        find(line, sha1[:4])
    assert all(name in caught.value.message for name in pair)


def test_what_git_warns_about_is_shown(line: GitPackage) -> None:
    line.git("tag", "same", "HEAD")
    line.git("branch", "same\u202e", "HEAD")
    line.git("branch", "same", "HEAD")
    question = ["lookup", "lab", "defects", "--detector", "d00", "--at", "2025-01-01", "--as-of", "same"]
    done = run_curated(*question, cwd=line.path)
    assert done.returncode == 0
    assert "refname 'same' is ambiguous" in done.stderr
    assert printed_json(run_curated(*question, "--format", "json", cwd=line.path))["remarks"]
    with pytest.warns(UserWarning, match="refname 'same' is ambiguous"):
        curated.open(line.path, rev="same")


# -- dates -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-01-02", 1),
        ("2024-01-02T00:00:00", 1),
        ("2024-01-02T00:00:00.000001", 2),
        ("2024-01-02 00:00:01", 2),
        ("20240102T000001", 2),
        ("2024-01-02T01:00:00+02:00", 1),
        ("2024-01-02T02:00:01+02:00", 2),
        ("2024-01-03T12:00:00Z", 3),
        ("2024-01-06", 5),
        ("9999-12-31", 5),
    ],
)
def test_the_last_commit_before_a_date(shared_line: GitPackage, text: str, day: int) -> None:
    revision = find(shared_line, text)
    assert revision == Revision(shared_line.commits[day - 1], f"2024-01-0{day}T00:00:00", ())


def test_dates_follow_first_parents(line: GitPackage) -> None:
    line.git("checkout", "--quiet", "-b", "side", "HEAD~3")
    side = line.commit({"side.txt": "x"}, date=datetime(2024, 1, 4, 12, tzinfo=UTC))
    line.git("checkout", "--quiet", "main")
    stamp = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    stamp |= {"GIT_AUTHOR_DATE": "2024-01-07T00:00:00Z", "GIT_COMMITTER_DATE": "2024-01-07T00:00:00Z"}
    line.git("merge", "--quiet", "--no-ff", "-m", "Merge", "side", **stamp)
    # What the branch did was not there before it was merged.
    assert find(line, "2024-01-04T18:00:00").sha1 == line.commits[3] != side
    assert find(line, "2024-01-08").sha1 == line.git("rev-parse", "HEAD")


def test_dates_that_are_not_in_order(line: GitPackage) -> None:
    skewed = line.commit({"x": "1"}, date=datetime(2024, 1, 2, 12, tzinfo=UTC))
    last = line.commit({"x": "2"}, date=DAYS[-1] + timedelta(days=3))
    revision = find(line, "2024-01-03T12:00:00")
    assert revision.sha1 == skewed
    (remark,) = revision.remarks
    assert remark.startswith(
        f"dates of commits are not in order: {skewed[:12]} has the ancestor {line.commits[4][:12]}"
    )
    assert find(line, "2024-01-02T06:00:00") == Revision(line.commits[1], "2024-01-02T00:00:00", ())
    assert find(line, "2024-02-01").sha1 == last


def test_an_impossible_date_of_a_commit(line: GitPackage) -> None:
    tree, parent = line.git("rev-parse", "HEAD^{tree}"), line.git("rev-parse", "HEAD")
    for seconds in ("99999999999999", "18446744073709551615", "-5"):
        text = f"tree {tree}\nparent {parent}\nauthor A <a@b> {seconds} +0000\ncommitter A <a@b> {seconds} +0000\n\nx\n"
        source = line.path / ".git" / "odd"
        source.write_text(text)
        sha1 = line.git("hash-object", "-t", "commit", "-w", "--literally", str(source))
        line.git("update-ref", "refs/heads/main", sha1)
        assert find(line, "2024-01-04").sha1 == line.commits[2]
        revision = find(line, "HEAD")
        assert revision.sha1 == sha1
        assert re.fullmatch(r"|\d{4}-\d\d-\d\dT.*", revision.date)


def test_a_shallow_clone(line: GitPackage, tmp_path: Path) -> None:
    line.git("clone", "--quiet", "--depth=3", line.path.as_uri(), str(tmp_path / "clone"))
    clone = tmp_path / "clone"
    assert find(clone, "2024-01-04T12:00:00").sha1 == line.commits[3]
    assert find(clone, "2024-01-03T12:00:00").sha1 == line.commits[2]
    for text in ("2024-01-03", "2024-01-02T12:00:00", "1999-01-01"):
        with pytest.raises(CuratedError, match="history is cut off at") as caught:
            find(clone, text)
        assert "git fetch --unshallow" in caught.value.hint
    with pytest.raises(CuratedError, match="is not a commit") as caught:
        find(clone, line.commits[0][:10])
    assert caught.value.hint.startswith("history is cut off")


def test_a_tag_that_is_a_date(line: GitPackage) -> None:
    line.git("tag", "2024-01-03", "HEAD")
    with pytest.raises(CuratedError, match="is a date, and the name of refs/tags/2024-01-03") as caught:
        find(line, "2024-01-03")
    assert caught.value.hint == "write refs/tags/2024-01-03, or the date as 2024-01-03T00:00:00"
    assert find(line, "refs/tags/2024-01-03").sha1 == line.commits[4]
    assert find(line, "2024-01-03T00:00:00").sha1 == line.commits[1]


def test_the_answer_says_which_commit(line: GitPackage) -> None:
    question = [
        "lookup",
        "lab",
        "defects",
        "--detector",
        "d00",
        "--at",
        "2025-01-01",
        "--as-of",
        "2024-01-03",
    ]
    done = run_curated(*question, cwd=line.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"as of  {line.commits[1][:12]} 2024-01-02T00:00:00"
    value = printed_json(run_curated(*question, "--format", "json", cwd=line.path))
    assert (value["as_of"], value["as_of_date"]) == (line.commits[1], "2024-01-02T00:00:00")
    refused = run_curated(*question[:-1], "HEAD@{1}", cwd=line.path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "'HEAD@{1}' asks the reflog" in refused.stderr


def test_python_takes_the_same(line: GitPackage, tmp_path: Path) -> None:
    assert curated.open(line.path, rev="2024-01-03").commit == line.commits[1]
    (tmp_path / "cam/defects").mkdir(parents=True)  # the shape of a package around it
    line.git("clone", "--quiet", "--bare", str(line.path), str(tmp_path / "bare.git"))
    assert curated.open(tmp_path / "bare.git", rev="2024-01-03").commit == line.commits[1]
    with curated.open(line.path.as_uri(), rev="2024-01-04") as calibrations:
        assert calibrations.commit == line.commits[2]
    for place in (line.path, tmp_path / "bare.git"):
        for text, message in (("HEAD@{1}", "asks the reflog"), ("", "is empty"), ("a..b", "is a range")):
            with pytest.raises(CuratedError, match=message):
                curated.open(place, rev=text)
    assert os.listdir(tmp_path)
