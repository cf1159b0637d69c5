"""Files of a bundle that are changed or swapped after they were verified."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from curated.bundle.manifest_reader import read_contents
from curated.butler import import_bundle
from curated.butler.importing.integrity import file_states, require_unchanged
from curated.core.diagnostic import CuratedError
from support.spoiled_repositories import tree

pytest.importorskip("lsst.daf.butler")

from curated.butler.importing import run_import
from curated.butler.importing.request import ImportRequest


def rewrite(path: Path) -> None:
    """Write other content of the same size, and set the time back."""
    status = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


def swap(path: Path) -> None:
    """Put another file of the same size and time in its place."""
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes()[:-1] + b"\1")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


def link(path: Path) -> None:
    """Put a link to a file elsewhere in its place."""
    target = path.with_name("target")
    shutil.copy(path, target)
    target.write_bytes(target.read_bytes() + b"\1")
    path.unlink()
    path.symlink_to(target)


def pipe(path: Path) -> None:
    """Put a pipe into which nobody writes in its place."""
    path.unlink()
    os.mkfifo(path)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("change", [rewrite, swap, link, pipe, Path.unlink])
@pytest.mark.parametrize("transfer", ["copy", "hardlink", "symlink", "direct", "move"])
def test_a_file_that_is_swapped_after_it_was_verified(
    filled_repo, next_bundle, monkeypatch, transfer, change
) -> None:
    victim = sorted((next_bundle / "files").rglob("*.fits"))[2]
    before = tree(filled_repo)

    def swap_when_verified(stage: str, done: int, total: int) -> None:
        if stage == "verify" and done == total:
            change(victim)

    request = ImportRequest(next_bundle, str(filled_repo), transfer=transfer, progress=swap_when_verified)
    with pytest.raises(CuratedError) as caught:
        run_import(request)
    assert victim.name in caught.value.message or "No such file" in caught.value.message
    assert "Lab/calib/v2" not in str(_collections(filled_repo))
    after = tree(filled_repo)
    assert {name: value for name, value in after.items() if ".sqlite3" not in name} == {
        name: value for name, value in before.items() if ".sqlite3" not in name
    }
    # Once it is mended, the import works.
    change_back(victim, next_bundle)
    assert import_bundle(next_bundle, str(filled_repo), transfer="copy").ok


def change_back(victim: Path, bundle: Path) -> None:
    from support.repositories import make_bundle

    victim.unlink(missing_ok=True)
    original = make_bundle(bundle.parent / "original", label="v2") / victim.relative_to(bundle)
    shutil.copy(original, victim)


def _collections(repo: Path) -> list[str]:
    from lsst.daf.butler import Butler

    return list(Butler.from_config(str(repo)).collections.query("*"))


def test_an_object_of_a_file_that_was_swapped(bundle, bucket, sqlite, store_of_test) -> None:
    repo = f"s3://{bucket}/repo"

    def swap_when_verified(stage: str, done: int, total: int) -> None:
        if stage == "verify" and done == total:
            swap(sorted((bundle / "files").rglob("*.fits"))[0])

    request = ImportRequest(bundle, repo, seed_config=str(sqlite), progress=swap_when_verified)
    with pytest.raises(CuratedError, match="not the file that was verified"):
        run_import(request)


def test_states_of_a_bundle(bundle) -> None:
    contents, _ = read_contents(bundle)
    states = file_states(contents)
    assert states.keys() == {entry.path for entry in contents.entries}
    require_unchanged(str(bundle), contents.entries, states)
    path = bundle / contents.entries[0].path
    os.utime(path)
    with pytest.raises(CuratedError, match=contents.entries[0].path):
        require_unchanged(str(bundle), contents.entries, states)
