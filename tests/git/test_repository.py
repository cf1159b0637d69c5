"""What is stamped is what git says, whatever history looks like."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.convert.origin import find_origin
from curated.core.diagnostic import CuratedError
from curated.git.repository import Repository
from curated.git.tree import CommitTree
from curated.history.lookup import package_at
from curated.package.package import open_package

A, B, C = (f"calibs/lab/defects/d0{n}/20200101T000000.ecsv" for n in range(3))

IDENTITY = ("-c", "user.name=x", "-c", "user.email=x@example.org")


def expected(package: GitPackage, paths: list[str], revision: str = "HEAD") -> dict[str, str]:
    """What git itself says, file by file."""
    return {path: package.git("log", "-1", "--format=%H", revision, "--", path) for path in paths}


def found(package: GitPackage, below: str = "", revision: str = "HEAD") -> dict[str, str]:
    """What we say, of all files at once."""
    repository = Repository(package.path / below)
    sha1 = repository.commit(revision)
    blobs = repository.blobs(sha1, "calibs")
    changes = repository.last_changes(sha1, blobs, "calibs")
    assert list(blobs) == sorted(changes)
    return {path: change.sha1 for path, change in changes.items()}


def assert_as_git_says(package: GitPackage) -> None:
    listed = package.git("ls-files", "calibs").splitlines()
    assert found(package) == expected(package, listed)


def merge(package: GitPackage, other: str, files: dict[str, str | None], date: datetime) -> str:
    """Merge with a tree of our own making, whatever git would have made of it."""
    package.git(*IDENTITY, "merge", "--quiet", "--no-commit", "--no-ff", "-s", "ours", other)
    return package.commit(files, f"Merge {other}", date=date)


def day(n: int) -> datetime:
    return datetime(2024, 3, 1, tzinfo=UTC) + timedelta(days=n)


# -- the last change of a file ---------------------------------------------------------------------


def test_one_line_of_history(git_package: MakePackage) -> None:
    package = git_package({A: "1", B: "1", C: "1"})
    package.commit({A: "2"})
    package.commit({"README.md": "nothing of a calibration"})
    last = package.commit({C: "3"})
    assert_as_git_says(package)
    assert found(package)[C] == last
    assert found(package, revision="HEAD~1")[C] == package.commits[0]


def test_a_change_taken_back_is_a_change(git_package: MakePackage) -> None:
    package = git_package({A: "1"})
    package.commit({A: "2"})
    back = package.commit({A: "1"})
    assert found(package) == {A: back}
    assert_as_git_says(package)


def test_renamed_and_removed_and_back_again(git_package: MakePackage) -> None:
    package = git_package({A: "1", B: "one\ntwo\nthree\n"})
    package.git("mv", B, "calibs/lab/defects/moved.ecsv")
    package.commit(message="Rename")
    package.commit({A: None})
    package.commit({A: "1"})
    assert_as_git_says(package)


def test_a_changed_mode_is_a_change(git_package: MakePackage) -> None:
    package = git_package({A: "1", B: "2"})
    (package.path / A).chmod(0o755)
    last = package.commit(message="Make it executable")
    assert found(package)[A] == last
    assert_as_git_says(package)


@pytest.mark.parametrize("newer", ["ours", "theirs"])
@pytest.mark.parametrize("wins", ["ours", "theirs", "neither"])
def test_both_sides_of_a_merge_changed_it(git_package: MakePackage, newer: str, wins: str) -> None:
    package = git_package({A: "1", B: "1"})
    package.git("branch", "side")
    late = {"ours": 1 if newer == "ours" else 0, "theirs": 1 if newer == "theirs" else 0}
    ours = package.commit({A: "ours"}, date=day(late["ours"]))
    package.git("switch", "--quiet", "side")
    theirs = package.commit({A: "theirs"}, date=day(late["theirs"]))
    package.git("switch", "--quiet", "main")
    merged = merge(package, "side", {A: wins}, day(5))
    assert found(package)[A] == {"ours": ours, "theirs": theirs, "neither": merged}[wins]
    assert_as_git_says(package)


def test_a_merge_that_changes_what_nobody_did(git_package: MakePackage) -> None:
    package = git_package({A: "1", B: "1"})
    package.git("branch", "side")
    package.commit({A: "2"})
    package.git("switch", "--quiet", "side")
    package.commit({"README.md": "text"})
    package.git("switch", "--quiet", "main")
    evil = merge(package, "side", {B: "changed by the merge alone"}, day(9))
    assert found(package)[B] == evil
    assert_as_git_says(package)


def test_the_same_change_on_both_sides(git_package: MakePackage) -> None:
    package = git_package({A: "1", B: "1"})
    package.git("branch", "side")
    first = package.commit({A: "2"}, "Pick")
    package.git("switch", "--quiet", "side")
    package.commit({A: "2"}, "The same pick", date=day(3))
    package.git("switch", "--quiet", "main")
    merge(package, "side", {}, day(9))
    assert found(package)[A] == first
    assert_as_git_says(package)


def test_a_side_that_took_its_change_back(git_package: MakePackage) -> None:
    package = git_package({A: "1", B: "1"})
    package.git("switch", "--quiet", "-c", "side")
    package.commit({A: "2"}, date=day(1))
    package.commit({A: "1", B: "2"}, date=day(2))
    package.git("switch", "--quiet", "main")
    package.commit({C: "1"}, date=day(3))
    merge(package, "side", {B: "2"}, day(9))
    assert found(package)[A] == package.commits[0]
    assert_as_git_says(package)


def test_a_merge_of_three(git_package: MakePackage) -> None:
    package = git_package({A: "1", B: "1", C: "1"})
    for branch, path in (("left", A), ("right", B)):
        package.git("switch", "--quiet", "-c", branch, "main")
        package.commit({path: branch})
    package.git("switch", "--quiet", "main")
    package.commit({C: "2"})
    package.git(*IDENTITY, "merge", "--quiet", "left", "right")
    assert len(package.git("log", "-1", "--format=%P").split()) == 3
    assert_as_git_says(package)


@pytest.mark.parametrize("seed", range(6))
def test_generated_histories(git_package: MakePackage, seed: int) -> None:
    chance = random.Random(seed)
    paths = [f"calibs/lab/defects/d{n:02d}/20200101T000000.ecsv" for n in range(6)]
    package = git_package(dict.fromkeys(paths, "0"))
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
                theirs = set(package.git("ls-tree", "-r", "--name-only", other).splitlines())
                # Each file from one side or the other, and now and then from neither.
                picked: dict[str, str | None] = {
                    path: package.git("show", f"{other}:{path}")
                    if chance.random() < 0.8
                    else str(chance.randrange(3))
                    for path in paths
                    if path in theirs and chance.random() < 0.6
                }
                merge(package, other, picked, date)
        elif action == "remove" and len(here) > 2:
            package.commit({chance.choice(here): None}, date=date)
        elif action == "elsewhere":
            package.commit({"README.md": str(step)}, date=date)
        else:
            chosen = chance.sample(paths, chance.randrange(1, 3))
            package.commit({path: str(chance.randrange(3)) for path in chosen}, date=date)
    for branch in branches:
        package.git("switch", "--quiet", branch)
        assert_as_git_says(package)


def test_author_and_date(git_package: MakePackage) -> None:
    package = git_package({A: "1", B: "1"})
    author = "Zoë Åström-Đoković 天文\t(“she”) :100644 \x01x"
    package.commit({A: "2"}, author=author, date=datetime(2024, 6, 1, 1, 30, tzinfo=UTC))
    package.commit({B: "2"}, message="\x01" + "0" * 40 + "\n:100644 body\x02")
    repository = Repository(package.path)
    head = repository.commit()
    change = repository.last_changes(head, repository.blobs(head, "calibs"), "calibs")[A]
    assert change.author == package.git("log", "-1", "--format=%an", "--", A)
    assert change.author.startswith("Zoë Åström-Đoković 天文\t")
    assert change.date == "2024-06-01T01:30:00"
    assert_as_git_says(package)


def test_the_date_is_the_committers_in_utc(git_package: MakePackage) -> None:
    package = git_package({A: "1"})
    moved = {"GIT_AUTHOR_DATE": "2001-01-01T00:00:00+0000", "GIT_COMMITTER_DATE": "2024-06-01T01:30:00+0530"}
    package.write({A: "2"})
    package.git("add", "--all")
    package.git(*IDENTITY, "commit", "--quiet", "--message=x", **moved)
    repository = Repository(package.path)
    head = repository.commit()
    assert repository.last_changes(head, repository.blobs(head))[A].date == "2024-05-31T20:00:00"


def test_a_package_in_a_directory_of_the_repository(git_package: MakePackage) -> None:
    package = git_package({f"data/pack/{A}": "1", "calibs/other.ecsv": "not ours", "data/pack2/x": "1"})
    last = package.commit({f"data/pack/{A}": "2"})
    repository = Repository(package.path / "data" / "pack")
    assert repository.prefix == "data/pack/"
    assert list(repository.blobs(last)) == [A]
    assert found(package, "data/pack") == {A: last}
    package.write({"data/pack2/x": "changed", "calibs/other.ecsv": "changed"})
    assert repository.dirty(["calibs"])() == []
    package.write({f"data/pack/{B}": "new"})
    assert repository.dirty(["calibs"])() == [B]


def test_names_that_mean_something_to_git(git_package: MakePackage) -> None:
    odd = [":(top)x", "*", "a b", "d[0]", "ü", '"quoted"', "back\\slash", "new\nline"]
    files = {f"calibs/lab/defects/{name}/20200101T000000.ecsv": "1" for name in odd}
    package = git_package(files)
    changed = f"calibs/lab/defects/{odd[1]}/20200101T000000.ecsv"
    last = package.commit({changed: "2"})
    changes = found(package)
    assert sorted(changes) == sorted(files)
    assert {path for path, sha1 in changes.items() if sha1 == last} == {changed}
    repository = Repository(package.path)
    package.write(dict.fromkeys(files, "3"))
    assert sorted(repository.dirty(["calibs"])()) == sorted(files)
    for path in files:
        assert repository.dirty([path])() == [path]


def test_settings_of_the_user_change_nothing(git_package: MakePackage, tmp_path: Path, monkeypatch) -> None:
    package = git_package({A: "1", B: "1"})
    (package.path / C).parent.mkdir()
    package.git("mv", A, C)
    package.commit(message="Rename")
    package.git("tag", "v1")
    package.git("tag", "v2")
    config = tmp_path / "gitconfig"
    config.write_text(
        "[log]\nfollow = true\nshowSignature = true\nshowRoot = false\nabbrevCommit = true\ndate = relative\n"
        "[color]\nui = always\n[column]\nui = always\n[core]\nquotePath = true\nabbrev = 4\n"
        "[i18n]\nlogOutputEncoding = latin1\n[status]\nshortRelative = true\nbranch = true\n"
        "showUntrackedFiles = no\n[diff]\nrenames = copies\nrelative = true\nnoprefix = true\n"
        "[format]\npretty = fuller\n"
    )
    package.commit({B: "2"}, author="Zoë")
    package.git("tag", "v3")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    repository = Repository(package.path)
    head = repository.commit()
    assert len(head) == 40
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    listed = expected(package, [B, C])
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    for path, sha1 in listed.items():
        changes = repository.last_changes(head, {path: repository.blobs(head)[path]}, path)
        assert changes[path].sha1 == sha1
        assert changes[path].author == ("Zoë" if path == B else "Ada Astronomer")
    package.write({A: "untracked"})
    assert repository.dirty(["calibs"])() == [A]
    assert repository.tag(head) == "v3"


def test_a_hook_does_not_lead_elsewhere(git_package: MakePackage, tmp_path: Path, monkeypatch) -> None:
    package = git_package({A: "1"})
    other = git_package({B: "1"}, "other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    repository = Repository(package.path)
    assert repository.commit() == package.commits[-1]
    assert list(repository.blobs(package.commits[-1])) == [A]
    assert repository.dirty(["calibs"])() == []


def test_a_history_with_holes_is_not_guessed_at(git_package: MakePackage) -> None:
    package = git_package({A: "1", B: "1"})
    package.commit({A: "2"})
    first = package.commits[0]
    (package.path / ".git" / "objects" / first[:2] / first[2:]).unlink()
    repository = Repository(package.path)
    head = repository.commit()
    with pytest.raises(CuratedError, match="does not tell"):
        repository.last_changes(head, repository.blobs(head))


# -- the state of the work tree --------------------------------------------------------------------

ECSV = Path(__file__).parents[2] / "calibs/demo/defects/d00/20200101T000000.ecsv"


@pytest.fixture
def small(git_package: MakePackage) -> GitPackage:
    text = ECSV.read_text().replace("Demo", "Lab")
    return git_package({"curated.yaml": "url: https://example.org/lab\n", A: text, "notes.txt": "text"})


def dirty_files(package: GitPackage) -> str:
    with pytest.raises(CuratedError, match="differ from the commit") as caught:
        find_origin(open_package(package.path))
    assert "--allow-dirty" in caught.value.hint
    origin = find_origin(open_package(package.path), allow_dirty=True)
    assert origin.dirty
    return str(caught.value)


def edit(package: GitPackage) -> str:
    package.write({A: (package.path / A).read_text() + "# more\n"})
    return A


def stage(package: GitPackage) -> str:
    edit(package)
    package.git("add", "--all")
    return A


def add(package: GitPackage) -> str:
    package.write({B: "new"})
    return B


def remove(package: GitPackage) -> str:
    package.write({A: None})
    return A


def ignore(package: GitPackage) -> str:
    package.commit({".gitignore": "d01/\n"})
    return add(package)


def ignore_for_me_alone(package: GitPackage) -> str:
    (package.path / ".git" / "info" / "exclude").write_text("*.ecsv\n")
    return add(package)


def configure(package: GitPackage) -> str:
    package.write({"curated.yaml": "url: https://example.org/elsewhere\n"})
    return "curated.yaml"


@pytest.mark.parametrize(
    "change", [edit, stage, add, remove, ignore, ignore_for_me_alone, configure], ids=lambda f: f.__name__
)
def test_what_differs_from_the_commit_is_named(small, change: Callable[[GitPackage], str]) -> None:
    assert not find_origin(open_package(small.path)).dirty
    name = change(small)
    assert name in dirty_files(small)


def test_what_is_elsewhere_is_no_obstacle(small: GitPackage) -> None:
    small.write({"notes.txt": "changed", "build/new.txt": "new", "calibs2/x.ecsv": "new"})
    assert not find_origin(open_package(small.path)).dirty


def test_many_changes_are_counted(small: GitPackage) -> None:
    small.write({f"calibs/lab/defects/n{n}/20200101T000000.ecsv": "x" for n in range(9)})
    assert "and 4 more" in dirty_files(small)


def test_a_touched_file_is_not_a_changed_one(small: GitPackage) -> None:
    os.utime(small.path / A, (1, 1))
    assert not find_origin(open_package(small.path)).dirty


def test_a_link_to_a_file_of_the_package_stands_for_it(small: GitPackage) -> None:
    (small.path / B).parent.mkdir(parents=True)
    (small.path / B).symlink_to("../d00/20200101T000000.ecsv")
    (small.path / C).parent.mkdir(parents=True)
    (small.path / C).symlink_to("/etc/passwd")
    last = small.commit(message="Add links")
    package = open_package(small.path)
    repository = Repository(small.path)
    blobs = repository.blobs(last, "calibs")
    assert blobs == {A: blobs[A], B: blobs[A]}
    assert repository.blobs(last, "calibs/lab/defects/d01") == {B: blobs[A]}
    assert CommitTree(repository, last, "calibs").read(B) == (small.path / A).read_bytes()
    assert C in dirty_files(small)
    small.commit({C: None})
    origin = find_origin(package := open_package(small.path))
    assert origin.changes[B].sha1 == last
    assert [file.path for file in package.layout.files] == [A, B]


# -- repositories that there are, and that there are not -------------------------------------------


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="is not in a git repository") as caught:
        Repository(tmp_path)
    assert "git init" in caught.value.hint
    assert caught.value.exit_status == 2


def test_no_commit_yet(tmp_path: Path) -> None:
    package = GitPackage(tmp_path)
    package.git("init", "--quiet")
    with pytest.raises(CuratedError, match="no commit yet") as caught:
        Repository(tmp_path).commit()
    assert caught.value.hint == "commit the calibrations first"


def test_a_repository_of_somebody_else_is_said_to_be_one(git_package: MakePackage, monkeypatch) -> None:
    package = git_package({A: "1"})
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(CuratedError, match="dubious ownership"):
        Repository(package.path).commit()


def test_a_bare_repository(git_package: MakePackage, tmp_path: Path) -> None:
    git_package({A: "1"})
    subprocess.run(["git", "clone", "--quiet", "--bare", tmp_path / "package", tmp_path / "bare"], check=True)
    repository = Repository(tmp_path / "bare")
    assert list(repository.blobs(repository.commit())) == [A]
    with pytest.raises(CuratedError, match="without a work tree"):
        Repository(tmp_path / "bare" / "objects")


def test_unknown_revisions(git_package: MakePackage) -> None:
    repository = Repository(git_package({A: "1"}).path)
    for revision in ("nowhere", "--all", "HEAD~5", "a..b", "HEAD:calibs", ""):
        with pytest.raises(CuratedError, match="is not a"):
            repository.commit(revision)


def test_a_shallow_clone_is_refused(small: GitPackage, tmp_path: Path) -> None:
    small.commit({"notes.txt": "more"})
    clone = tmp_path / "shallow"
    command = ["git", "clone", "--quiet", "--depth=1", small.path.as_uri(), clone]
    subprocess.run(command, check=True)
    with pytest.raises(CuratedError, match="shallow clone") as caught:
        find_origin(open_package(clone))
    assert caught.value.hint == "run 'git fetch --unshallow'"
    subprocess.run(["git", "-C", clone, "fetch", "--quiet", "--unshallow"], check=True)
    assert find_origin(open_package(clone)).changes[A].sha1 == small.commits[0]


def test_a_linked_work_tree(small: GitPackage, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    small.git("worktree", "add", "--quiet", str(linked))
    assert find_origin(open_package(linked)).sha1 == small.commits[-1]


def test_a_package_reached_by_a_link(small: GitPackage, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(small.path)
    assert find_origin(open_package(tmp_path / "link")).changes[A].sha1 == small.commits[-1]


# -- tags ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "highest"),
    [
        ([], ""),
        (["v1.0"], "v1.0"),
        (["v1.9", "v1.10", "v1.2"], "v1.10"),
        (["v2.0-rc1", "v2.0", "v2.0-rc2"], "v2.0"),
        (["v2.0-rc9", "v2.0-rc10"], "v2.0-rc10"),
        (["release/2024.1"], "release/2024.1"),
    ],
)
def test_the_highest_tag(git_package: MakePackage, tags: list[str], highest: str) -> None:
    package = git_package({A: "1"})
    for n, tag in enumerate(tags):
        package.git(*IDENTITY, "tag", *(["--annotate", "--message=x"] if n % 2 else []), tag)
    package.commit({A: "2"})
    package.git("tag", "v99")
    assert Repository(package.path).tag(package.commits[0]) == highest


# -- any commit, without a checkout ----------------------------------------------------------------


def test_a_commit_is_read_without_a_checkout(small: GitPackage) -> None:
    first = small.commits[0]
    text = (small.path / A).read_bytes()
    small.git("mv", "calibs", "data")
    small.commit({"curated.yaml": "calibs: data\n"}, "Move everything")
    small.write({"data/lab/defects/d00/20200101T000000.ecsv": "not committed"})
    state = small.git("status", "--porcelain")
    package, sha1 = package_at(open_package(small.path), "HEAD~1")
    assert sha1 == first
    assert [file.path for file in package.layout.files] == [A]
    assert package.files.read(A) == text
    with pytest.raises(FileNotFoundError):
        package.files.read("data/lab/defects/d00/20200101T000000.ecsv")
    assert small.git("status", "--porcelain") == state
    later, _ = package_at(open_package(small.path), "HEAD")
    assert [file.path for file in later.layout.files] == ["data/lab/defects/d00/20200101T000000.ecsv"]
    assert later.files.read(later.layout.files[0].path) == text


def test_hidden_files_are_hidden_in_a_commit_too(git_package: MakePackage) -> None:
    hidden = "calibs/lab/.old/20200101T000000.ecsv"
    package = git_package({"curated.yaml": "", A: "1", hidden: "1", "calibs/lab/defects/.x.ecsv": ""})
    work_tree = list(open_package(package.path).files.paths())
    commit, _ = package_at(open_package(package.path), "HEAD")
    assert list(commit.files.paths()) == work_tree == [A]


def test_git_that_is_not_there_is_said_to_be_missing(small: GitPackage, tmp_path: Path) -> None:
    import sys

    code = "from pathlib import Path; from curated.git.repository import Repository; Repository(Path('.'))"
    (tmp_path / "bin").mkdir()
    environment = {**os.environ, "PATH": str(tmp_path / "bin")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=small.path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "CuratedError: git cannot be run" in done.stderr
    assert shutil.which("git")
