"""What a check says of files that git leaves out, hides or ignores (CAL020 to CAL024)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.history.change_check import check_since
from curated.history.checkout import find_hidden_differences, uncommitted_change
from curated.history.edits import find_unnoted_edits, start_edit_search
from curated.package.package import open_package
from support.packages import defects_path, defects_text
from support.programs import run_curated

A, B, C, NEW = defects_path(0), defects_path(0, "20210101T000000"), defects_path(1), defects_path(2)
CONFIG, LAB = "curated.yaml", "calibs/lab"


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    files = {A: defects_text(), B: defects_text(date="2021-01-01T00:00:00"), C: defects_text(detector=1)}
    return make_package({CONFIG: "url: x\n", "calibs/lab/README.md": "text\n", **files})


def found(root: Path) -> list[tuple[str, str, str]]:
    search = start_edit_search(open_package(root))
    assert search is not None
    find_unnoted_edits(search, [])  # reads the rest of what git says
    return [(d.code, d.file, d.message) for d in find_hidden_differences(search)]


def sparse(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{B}")


def sparse_cone(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--cone", "calibs/lab/defects/d01")


def skip(package: GitPackage) -> None:
    package.git("update-index", "--skip-worktree", B)
    package.write({B: None})


def assume(package: GitPackage) -> None:
    package.git("update-index", "--assume-unchanged", B)
    package.write({B: None})


def edit_skipped(package: GitPackage) -> None:
    package.git("update-index", "--skip-worktree", A)
    package.write({A: defects_text(x0=9)})


def edit_assumed(package: GitPackage) -> None:
    package.git("update-index", "--assume-unchanged", A)
    package.write({A: defects_text(x0=9)})


def edit_settings(package: GitPackage) -> None:
    package.git("update-index", "--assume-unchanged", CONFIG)
    package.write({CONFIG: "url: y\n"})


def ignore(package: GitPackage) -> None:
    package.write({".gitignore": "# none of these\nd02/\n", NEW: defects_text(detector=2)})


def exclude(package: GitPackage) -> None:
    (package.path / ".git/info").mkdir(exist_ok=True)
    (package.path / ".git/info/exclude").write_text("d02\n")
    package.write({NEW: defects_text(detector=2)})


def ignore_instrument(package: GitPackage) -> None:
    package.write({"calibs/.gitignore": "instrument.yaml\n", f"{LAB}/instrument.yaml": "name: Lab\n"})


def nest(package: GitPackage) -> None:
    inner = GitPackage(package.path / "calibs/other")
    inner.path.mkdir()
    inner.git("init", "--quiet")
    inner.commit({"defects/d00/20200101T000000.ecsv": defects_text({"INSTRUME": "Other"})})


def embed(package: GitPackage) -> None:
    nest(package)
    package.commit()


def empty_submodule(package: GitPackage) -> None:
    embed(package)
    for path in sorted((package.path / "calibs/other").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def list_submodule(package: GitPackage) -> None:
    empty_submodule(package)
    package.write({".gitmodules": '[submodule "other"]\n\tpath = calibs/other\n'})


CASES: list[tuple[Callable[[GitPackage], None], list[tuple[str, str, str]]]] = [
    (
        sparse,
        [("CAL020", LAB, f"1 file of the commit not in the work tree, since the checkout is sparse: {B}")],
    ),
    (
        sparse_cone,
        [
            (
                "CAL020",
                LAB,
                f"2 files of the commit not in the work tree, since the checkout is sparse: {A}, {B}",
            )
        ],
    ),
    (
        skip,
        [
            (
                "CAL020",
                LAB,
                f"1 file of the commit not in the work tree, since they are marked skip-worktree: {B}",
            )
        ],
    ),
    (
        assume,
        [
            (
                "CAL020",
                LAB,
                f"1 file of the commit not in the work tree, since they are marked skip-worktree: {B}",
            )
        ],
    ),
    (
        edit_skipped,
        [("CAL021", A, "differs from the commit, but is marked assume-unchanged or skip-worktree")],
    ),
    (
        edit_assumed,
        [("CAL021", A, "differs from the commit, but is marked assume-unchanged or skip-worktree")],
    ),
    (
        edit_settings,
        [("CAL021", CONFIG, "differs from the commit, but is marked assume-unchanged or skip-worktree")],
    ),
    (ignore, [("CAL022", NEW, "git ignores it because of .gitignore:2")]),
    (exclude, [("CAL022", NEW, "git ignores it because of .git/info/exclude:1")]),
    (
        ignore_instrument,
        [("CAL022", f"{LAB}/instrument.yaml", "git ignores it because of calibs/.gitignore:1")],
    ),
    (nest, [("CAL024", "calibs/other", "a git repository inside of the package's repository")]),
    (embed, [("CAL024", "calibs/other", "a submodule, whose files are not in the commit of this package")]),
    (empty_submodule, [("CAL023", "calibs/other", "the directory of the submodule is empty")]),
    (list_submodule, []),  # the layout of the package has this finding already
]


@pytest.mark.parametrize(("change", "expected"), CASES, ids=[change.__name__ for change, _ in CASES])
def test_what_git_hides_is_said(package: GitPackage, change, expected: list[tuple[str, str, str]]) -> None:
    assert found(package.path) == []
    change(package)
    assert found(package.path) == expected


def remove(package: GitPackage) -> None:
    package.write({B: None})


def add(package: GitPackage) -> None:
    package.write({NEW: defects_text(detector=2)})


def mark_alone(package: GitPackage) -> None:
    package.git("update-index", "--assume-unchanged", A, B)
    package.git("update-index", "--skip-worktree", C)
    data = (package.path / A).read_bytes()
    (package.path / A).write_bytes(data.replace(b"\n", b"\r\n"))


def leave_out_text(package: GitPackage) -> None:
    package.git("sparse-checkout", "set", "--no-cone", "/*", "!README.md")


def track_ignored(package: GitPackage) -> None:
    package.commit({".gitignore": "*.ecsv\n"})


def fetch_large_file(package: GitPackage) -> None:
    data = (package.path / A).read_bytes()
    oid = hashlib.sha256(data).hexdigest()
    package.commit({A: f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n"})
    package.git("update-index", "--assume-unchanged", A)
    package.write({A: data})


@pytest.mark.parametrize(
    "change",
    [remove, add, mark_alone, leave_out_text, track_ignored, fetch_large_file],
    ids=lambda f: f.__name__,
)
def test_the_usual_is_not_said(package: GitPackage, change: Callable[[GitPackage], None]) -> None:
    change(package)
    assert found(package.path) == []


def test_it_is_part_of_every_check(package: GitPackage) -> None:
    sparse(package)
    for arguments in ((), (C,), ("--since", "HEAD"), ("--since", "HEAD", C)):
        done = run_curated("check", "--format", "json", *arguments, cwd=package.path)
        findings = json.loads(done.stdout)["findings"]
        assert [(d["code"], d["file"]) for d in findings] == [("CAL020", LAB)], done.stdout
        assert done.returncode == 0
    package.write(
        {
            CONFIG: "silence:\n- {code: CAL020, path: calibs/lab, reason: 'one detector alone here', "
            "until: '2999-01-01'}\n"
        }
    )
    assert json.loads(run_curated("check", "--format", "json", cwd=package.path).stdout)["findings"] == []


def test_the_changes_of_a_commit_are_compared_without_what_is_hidden(package: GitPackage) -> None:
    package.commit({B: defects_text(date="2021-01-01T00:00:00", x0=3)})
    skip(package)
    opened = open_package(package.path)
    report = check_since(opened, "HEAD", search=start_edit_search(opened))
    assert "CAL020" in {d.code for d in report.diagnostics}


def test_a_package_in_a_directory_of_a_repository(tmp_path: Path) -> None:
    package = GitPackage(tmp_path)
    package.git("init", "--quiet")
    package.commit({f"data/{name}": text for name, text in ((CONFIG, ""), (A, defects_text()), (C, "x"))})
    package.git("sparse-checkout", "set", "--no-cone", "/*", f"!/data/{C}")
    package.write({"data/.gitignore": "d02\n", f"data/{NEW}": defects_text(detector=2)})
    assert [(code, file) for code, file, _ in found(tmp_path / "data")] == [("CAL020", LAB), ("CAL022", NEW)]


def test_an_index_that_cannot_be_read(package: GitPackage) -> None:
    (package.path / ".git/index").write_bytes(b"garbage")
    ((code, file, message),) = found(package.path)
    assert (code, file) == ("CAL419", "calibs")
    assert "files that git hides or ignores were not looked for" in message


def test_git_that_is_not_there(package: GitPackage, tmp_path: Path) -> None:
    done = run_curated("check", "--format", "json", cwd=package.path, PATH=str(tmp_path))
    findings = json.loads(done.stdout)["findings"]
    assert [(d["code"], d["severity"]) for d in findings] == [("CAL419", "info")] * 2
    assert all("git cannot be run" in d["message"] for d in findings)
    assert done.returncode == 0


def test_a_change_that_is_not_committed(package: GitPackage, tmp_path: Path) -> None:
    opened = open_package(package.path)
    assert uncommitted_change(opened, A) == ""
    package.write({A: defects_text().replace("\n", "\r\n")})
    assert uncommitted_change(opened, A) == ""
    status = (package.path / A).stat()
    package.write({A: defects_text(x0=7)})
    os.utime(package.path / A, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "has changes that are not committed" in uncommitted_change(opened, A)
    package.write({NEW: defects_text(detector=2)})
    assert "not in the commit" in uncommitted_change(opened, NEW)
    (package.path / ".git").rename(tmp_path / "away")
    assert uncommitted_change(opened, A) == ""
