"""Files of a commit on a disk, as the commit has them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.core.diagnostic import CuratedError
from curated.git.checkout import check_out
from curated.git.repository import open_repository

A = "calibs/lab/defects/d00/20200101T000000.ecsv"


def test_no_filter_runs_and_no_attribute_counts(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({".gitattributes": "*.ecsv filter=x text eol=crlf ident", A: "$Id$\n"})
    package.git("config", "filter.x.smudge", f"touch {tmp_path}/canary; cat")
    package.git("config", "filter.x.required", "true")
    (tmp_path / "out").mkdir()
    check_out(open_repository(package.path), package.commits[0], tmp_path / "out")
    assert (tmp_path / "out" / A).read_bytes() == b"$Id$\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "package"]


def test_only_the_package_is_written_with_its_links(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({f"data/{A}": "1", "other": "2"})
    (package.path / "data/link").symlink_to("calibs")
    (package.path / "data/outside").symlink_to("/etc/passwd")
    sha1 = package.commit()
    (tmp_path / "out").mkdir()
    check_out(open_repository(package.path / "data"), sha1, tmp_path / "out")
    assert sorted(os.listdir(tmp_path / "out")) == ["data"]
    assert os.readlink(tmp_path / "out/data/link") == "calibs"
    assert os.readlink(tmp_path / "out/data/outside") == "/etc/passwd"


def make_tree(package, entries: list[tuple[str, str, str]]) -> str:
    """Write a tree object that git itself would not make, and return a commit of it."""
    data = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(sha1) for mode, name, sha1 in entries)
    (package.path / "raw").write_bytes(data)
    tree = package.git("hash-object", "-t", "tree", "-w", "--literally", "raw")
    return package.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit-tree", "-m", "x", tree)


@pytest.mark.parametrize(
    "names", [["../escaped"], [".."], [".git"], [".GIT"], ["a/b"], ["link", "link/escaped"], ["same", "same"]]
)
def test_paths_that_lead_elsewhere_are_refused(
    make_package: MakePackage, tmp_path: Path, names: list[str]
) -> None:
    package = make_package({"file": "1", "target": str(tmp_path)})
    blob, link = package.git("rev-parse", "HEAD:file"), package.git("rev-parse", "HEAD:target")
    entries = [
        ("120000" if name == "link" else "100644", name, link if name == "link" else blob) for name in names
    ]
    sha1 = make_tree(package, entries)
    (tmp_path / "out").mkdir()
    if names == ["a/b"]:  # harmless: a name with a slash is below
        check_out(open_repository(package.path), sha1, tmp_path / "out")
    else:
        with pytest.raises(CuratedError, match="cannot be checked out"):
            check_out(open_repository(package.path), sha1, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "package"]


def test_a_file_of_lfs_comes_from_the_store_of_the_clone(make_package: MakePackage, tmp_path: Path) -> None:
    content = os.urandom(3 << 20)
    sha256 = hashlib.sha256(content).hexdigest()
    package = make_package(
        {A: f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(content)}\n"}
    )
    linked = tmp_path / "linked"
    package.git("worktree", "add", "--quiet", str(linked))
    store = package.path / ".git/lfs/objects" / sha256[:2] / sha256[2:4] / sha256
    for number, stored in enumerate((None, content, content[:-1], b"", "pipe")):
        store.unlink(missing_ok=True)
        store.parent.mkdir(parents=True, exist_ok=True)
        if stored == "pipe":
            os.mkfifo(store)
        elif stored is not None:
            store.write_bytes(stored)
        output = tmp_path / f"out{number}"
        output.mkdir()
        repository = open_repository(linked if number else package.path)
        if stored == content:
            check_out(repository, package.commits[0], output)
            assert (output / A).read_bytes() == content
        else:
            with pytest.raises(CuratedError, match="is not in this clone") as caught:
                check_out(repository, package.commits[0], output)
            assert "git lfs fetch" in caught.value.hint
            # Where one calibration is wanted, only its own content must be there.
            check_out(repository, package.commits[0], output / "kept", keep_pointers=True)
            assert (output / "kept" / A).read_bytes() == (package.path / A).read_bytes()


def test_an_object_that_is_gone(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({A: "1"})
    blob = package.git("rev-parse", f"HEAD:{A}")
    (package.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    (tmp_path / "out").mkdir()
    with pytest.raises(CuratedError, match="is missing or damaged") as caught:
        check_out(open_repository(package.path), package.commits[0], tmp_path / "out")
    assert "git fsck" in caught.value.hint
