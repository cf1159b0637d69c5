"""The last commit of each file, whatever history looks like, and what differs from it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from curated.git.changes import (
    FileHistory,
    commits_changing,
    count_commits,
    last_commits,
    read_differences,
    read_file_histories,
    read_messages,
    start_difference,
    start_log,
    work_tree_changes,
)
from curated.git.objects import find_blobs
from curated.git.repository import Repository, open_repository, resolve_commit

A, B, C = (f"calibs/lab/defects/d0{n}/20200101T000000.ecsv" for n in range(3))

IDENTITY = ("-c", "user.name=x", "-c", "user.email=x@example.org")


def differences(repository: Repository, path: str = "calibs") -> list[str]:
    changes = read_differences(start_difference(repository, path))
    return [change.path.removeprefix(repository.prefix) for change in changes]


def git_log(package: GitPackage, paths: list[str], revision: str = "HEAD") -> dict[str, str]:
    """The last commit of each file as git itself finds it, file by file."""
    return {path: package.git("log", "-1", "--format=%H", revision, "--", path) for path in paths}


def walked(package: GitPackage, below: str = "", revision: str = "HEAD") -> dict[str, str]:
    """The last commit of each file, found in one walk."""
    repository = open_repository(package.path / below)
    sha1 = resolve_commit(repository, revision)
    blobs = find_blobs(repository, sha1, "calibs")
    changes = last_commits(repository, sha1, blobs, "calibs")
    assert list(blobs) == sorted(changes)
    return {path: change.sha1 for path, change in changes.items()}


def assert_as_git_says(package: GitPackage) -> None:
    paths = package.git("ls-files", "calibs").splitlines()
    assert walked(package) == git_log(package, paths)


def merge(package: GitPackage, other: str, files: dict[str, str | None], date: datetime) -> str:
    """Merge with a tree of our own making, whatever git would have made of it."""
    package.git(*IDENTITY, "merge", "--quiet", "--no-commit", "--no-ff", "-s", "ours", other)
    return package.commit(files, f"Merge {other}", date=date)


def day(n: int) -> datetime:
    return datetime(2024, 3, 1, tzinfo=UTC) + timedelta(days=n)


def test_one_line_of_history(make_package: MakePackage) -> None:
    package = make_package({A: "1", B: "1", C: "1"})
    package.commit({A: "2"})
    package.commit({"README.md": "nothing of a calibration"})
    last = package.commit({C: "3"})
    assert_as_git_says(package)
    assert walked(package)[C] == last
    assert walked(package, revision="HEAD~1")[C] == package.commits[0]


def test_a_change_taken_back_is_a_change(make_package: MakePackage) -> None:
    package = make_package({A: "1"})
    package.commit({A: "2"})
    back = package.commit({A: "1"})
    assert walked(package) == {A: back}
    assert_as_git_says(package)


def test_renamed_and_removed_and_back_again(make_package: MakePackage) -> None:
    package = make_package({A: "1", B: "one\ntwo\nthree\n"})
    package.git("mv", B, "calibs/lab/defects/moved.ecsv")
    package.commit(message="Rename")
    package.commit({A: None})
    package.commit({A: "1"})
    assert_as_git_says(package)


def test_a_changed_mode_is_a_change(make_package: MakePackage) -> None:
    package = make_package({A: "1", B: "2"})
    (package.path / A).chmod(0o755)
    last = package.commit(message="Make it executable")
    assert walked(package)[A] == last
    assert_as_git_says(package)


@pytest.mark.parametrize("newer", ["ours", "theirs"])
@pytest.mark.parametrize("wins", ["ours", "theirs", "neither"])
def test_both_sides_of_a_merge_changed_it(make_package: MakePackage, newer: str, wins: str) -> None:
    package = make_package({A: "1", B: "1"})
    package.git("branch", "side")
    late = {"ours": 1 if newer == "ours" else 0, "theirs": 1 if newer == "theirs" else 0}
    main_commit = package.commit({A: "ours"}, date=day(late["ours"]))
    package.git("switch", "--quiet", "side")
    side_commit = package.commit({A: "theirs"}, date=day(late["theirs"]))
    package.git("switch", "--quiet", "main")
    merged = merge(package, "side", {A: wins}, day(5))
    assert walked(package)[A] == {"ours": main_commit, "theirs": side_commit, "neither": merged}[wins]
    assert_as_git_says(package)


def test_a_merge_that_changes_what_nobody_did(make_package: MakePackage) -> None:
    package = make_package({A: "1", B: "1"})
    package.git("branch", "side")
    package.commit({A: "2"})
    package.git("switch", "--quiet", "side")
    package.commit({"README.md": "text"})
    package.git("switch", "--quiet", "main")
    evil = merge(package, "side", {B: "changed by the merge alone"}, day(9))
    assert walked(package)[B] == evil
    assert_as_git_says(package)


def test_the_same_change_on_both_sides(make_package: MakePackage) -> None:
    package = make_package({A: "1", B: "1"})
    package.git("branch", "side")
    first = package.commit({A: "2"}, "Pick")
    package.git("switch", "--quiet", "side")
    package.commit({A: "2"}, "The same pick", date=day(3))
    package.git("switch", "--quiet", "main")
    merge(package, "side", {}, day(9))
    assert walked(package)[A] == first
    assert_as_git_says(package)


def test_a_side_that_took_its_change_back(make_package: MakePackage) -> None:
    package = make_package({A: "1", B: "1"})
    package.git("switch", "--quiet", "-c", "side")
    package.commit({A: "2"}, date=day(1))
    package.commit({A: "1", B: "2"}, date=day(2))
    package.git("switch", "--quiet", "main")
    package.commit({C: "1"}, date=day(3))
    merge(package, "side", {B: "2"}, day(9))
    assert walked(package)[A] == package.commits[0]
    assert_as_git_says(package)


def test_a_merge_of_three(make_package: MakePackage) -> None:
    package = make_package({A: "1", B: "1", C: "1"})
    for branch, path in (("left", A), ("right", B)):
        package.git("switch", "--quiet", "-c", branch, "main")
        package.commit({path: branch})
    package.git("switch", "--quiet", "main")
    package.commit({C: "2"})
    package.git(*IDENTITY, "merge", "--quiet", "left", "right")
    assert len(package.git("log", "-1", "--format=%P").split()) == 3
    assert_as_git_says(package)


@pytest.mark.parametrize("seed", range(6))
def test_generated_histories(make_package: MakePackage, seed: int) -> None:
    chance = random.Random(seed)
    paths = [f"calibs/lab/defects/d{n:02d}/20200101T000000.ecsv" for n in range(6)]
    package = make_package(dict.fromkeys(paths, "0"))
    branches = ["main"]
    for step in range(25):
        package.git("switch", "--quiet", chance.choice(branches))
        action = chance.choice(["edit", "edit", "edit", "branch", "merge", "merge", "remove", "elsewhere"])
        here = [path for path in paths if (package.path / path).exists()]
        # Dates in any order: clocks of different people do not agree.
        date = day(chance.randrange(30))
        if action == "branch":
            branches.append(f"b{step}")
            package.git("switch", "--quiet", "-c", branches[-1])
        elif action == "merge" and (other := chance.choice(branches)):
            contained = package.git("merge-base", "HEAD", other) == package.git("rev-parse", other)
            if not contained:
                other_paths = set(package.git("ls-tree", "-r", "--name-only", other).splitlines())
                # Each file from one side or the other, and now and then from neither.
                picked: dict[str, str | None] = {
                    path: package.git("show", f"{other}:{path}")
                    if chance.random() < 0.8
                    else str(chance.randrange(3))
                    for path in paths
                    if path in other_paths and chance.random() < 0.6
                }
                merge(package, other, picked, date)
        elif action == "remove" and len(here) > 2:
            package.commit({chance.choice(here): None}, date=date)
        elif action == "elsewhere":
            package.commit({"README.md": str(step)}, date=date)
        else:
            edited = chance.sample(paths, chance.randrange(1, 3))
            package.commit({path: str(chance.randrange(3)) for path in edited}, date=date)
    for branch in branches:
        package.git("switch", "--quiet", branch)
        assert_as_git_says(package)


def test_author_and_date(make_package: MakePackage) -> None:
    package = make_package({A: "1", B: "1"})
    author = "Zoë Åström-Đoković 天文\t(“she”) :100644 \x01x"
    package.commit({A: "2"}, author=author, date=datetime(2024, 6, 1, 1, 30, tzinfo=UTC))
    package.commit({B: "2"}, message="\x01" + "0" * 40 + "\n:100644 body\x02")
    repository = open_repository(package.path)
    head = resolve_commit(repository)
    change = last_commits(repository, head, find_blobs(repository, head, "calibs"), "calibs")[A]
    assert change.author == package.git("log", "-1", "--format=%an", "--", A)
    assert change.author.startswith("Zoë Åström-Đoković 天文\t")
    assert change.date == "2024-06-01T01:30:00"
    assert_as_git_says(package)


def test_the_date_is_the_committers_in_utc(make_package: MakePackage) -> None:
    package = make_package({A: "1"})
    moved = {"GIT_AUTHOR_DATE": "2001-01-01T00:00:00+0000", "GIT_COMMITTER_DATE": "2024-06-01T01:30:00+0530"}
    package.write({A: "2"})
    package.git("add", "--all")
    package.git(*IDENTITY, "commit", "--quiet", "--message=x", **moved)
    repository = open_repository(package.path)
    head = resolve_commit(repository)
    assert last_commits(repository, head, find_blobs(repository, head))[A].date == "2024-05-31T20:00:00"


def test_a_package_in_a_directory_of_the_repository(make_package: MakePackage) -> None:
    package = make_package({f"data/pack/{A}": "1", "calibs/other.ecsv": "not ours", "data/pack2/x": "1"})
    last = package.commit({f"data/pack/{A}": "2"})
    repository = open_repository(package.path / "data" / "pack")
    assert repository.prefix == "data/pack/"
    assert list(find_blobs(repository, last)) == [A]
    assert walked(package, "data/pack") == {A: last}
    package.write({"data/pack2/x": "changed", "calibs/other.ecsv": "changed"})
    assert differences(repository) == []
    package.write({f"data/pack/{A}": "changed"})
    assert differences(repository) == [A]


def test_names_that_mean_something_to_git(make_package: MakePackage) -> None:
    odd = [":(top)x", "*", "a b", "d[0]", "ü", '"quoted"', "back\\slash", "new\nline"]
    files = {f"calibs/lab/defects/{name}/20200101T000000.ecsv": "1" for name in odd}
    package = make_package(files)
    changed = f"calibs/lab/defects/{odd[1]}/20200101T000000.ecsv"
    last = package.commit({changed: "2"})
    changes = walked(package)
    assert sorted(changes) == sorted(files)
    assert {path for path, sha1 in changes.items() if sha1 == last} == {changed}
    repository = open_repository(package.path)
    package.write(dict.fromkeys(files, "3"))
    assert sorted(differences(repository)) == sorted(files)
    for path in files:
        assert differences(repository, path) == [path]


def test_a_history_with_holes_is_not_guessed_at(make_package: MakePackage) -> None:
    package = make_package({A: "1", B: "1"})
    package.commit({A: "2"})
    first = package.commits[0]
    (package.path / ".git" / "objects" / first[:2] / first[2:]).unlink()
    repository = open_repository(package.path)
    head = resolve_commit(repository)
    with pytest.raises(CuratedError, match="cannot read the history to its end"):
        last_commits(repository, head, find_blobs(repository, head))


# -- the work tree ----------------------------------------------------------------------------------------


def test_the_work_tree_and_a_commit(make_package: MakePackage) -> None:
    long = "".join(f"line {n}\n" for n in range(20))
    package = make_package({f"data/{A}": long, f"data/{B}": "1", f"data/{C}": "1", "other": "1"})
    base = package.commits[0]
    package.git("mv", f"data/{A}", "data/renamed.ecsv")
    package.commit({f"data/{B}": "2"})
    package.write(
        {f"data/{C}": None, "data/untracked": "1", "other": "2", "data/renamed.ecsv": f"{long}more"}
    )
    repository = open_repository(package.path / "data")
    changes = work_tree_changes(repository, base)
    assert changes.paths == {A, "renamed.ecsv", B, C}
    assert changes.renames == {"renamed.ecsv": A}
    with pytest.raises(CuratedError, match="a part of commit 0000"):
        work_tree_changes(repository, "0" * 40)
    assert {c.path: (c.status, c.old_path) for c in read_differences(start_difference(repository))} == {
        f"data/{C}": ("D", ""),
        "data/renamed.ecsv": ("M", ""),
    }


def test_histories_back_to_where_files_were_added(make_package: MakePackage) -> None:
    package = make_package({A: "1", B: "1"})
    first = package.commit({A: "2"})
    last = package.commit({A: "3", C: "1"})
    repository = open_repository(package.path)
    assert (count_commits(repository, "calibs", 2), count_commits(repository, "calibs", 9)) == (2, 3)
    histories = read_file_histories(start_log(repository, "calibs"), [A, B, "calibs/nothing"])
    blobs = [find_blobs(repository, sha1)[A] for sha1 in package.commits]
    assert histories[A] == FileHistory("M", last, blobs[2], blobs[0])
    assert (histories[B].status, histories[B].commit) == ("A", package.commits[0])
    assert histories.keys() == {A, B}
    assert first in commits_changing(repository, [A], 2)
    assert read_file_histories(start_log(repository), []) == {}


def test_messages_of_the_commits_between_two(make_package: MakePackage) -> None:
    package = make_package({"a.txt": "1\n", "b.txt": "1\n"})
    texts = ["One", "Two\n\n:100644 100644 a b M\x01c\n\nTrailer: x", "\x01Three"]
    for number, text in enumerate(texts):
        package.commit({f"{'ab'[number % 2]}.txt": f"{number}x\n"}, text)
    repository = open_repository(package.path)
    messages = list(read_messages(repository, package.commits[0], package.commits[-1]))
    assert [(m.sha1, m.text.strip(), m.paths) for m in messages] == [
        (sha1, text.strip(), frozenset({f"{'ab'[number % 2]}.txt"}))
        for number, (sha1, text) in reversed(list(enumerate(zip(package.commits[1:], texts, strict=True))))
    ]
    assert list(read_messages(repository, package.commits[-1], package.commits[0])) == []
    with pytest.raises(CuratedError):
        list(read_messages(repository, "0" * 40, package.commits[0]))
