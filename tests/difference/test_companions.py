"""Pixels of images in a work tree, in a commit, and in the store of git-lfs."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from conftest import GitPackage, MakePackage
from curated.difference.change import Change
from curated.difference.measuring import read_pair
from curated.difference.revisions import find_difference, open_states
from curated.package.package import open_package
from support.images import image_package, make_image, make_pixels

PIXELS = make_pixels()
OLD, NEW = make_image(PIXELS), make_image(PIXELS + np.float32(3))
IMAGE = "calibs/cam/bias/d00/20240101T000000.fits"


def pointer_to(data: bytes) -> bytes:
    digest = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(data)}\n".encode()


def store(package: GitPackage, data: bytes, content: bytes | None = None) -> None:
    """Put a content into the store of git-lfs, as that of some data."""
    digest = hashlib.sha256(data).hexdigest()
    path = package.path / ".git/lfs/objects" / digest[:2] / digest[2:4] / digest
    path.parent.mkdir(parents=True)
    path.write_bytes(data if content is None else content)


def only_change(package: GitPackage, *revisions: str) -> Change:
    (change,) = find_difference(open_states(open_package(package.path), revisions)).changes
    return change


def shift_of(change: Change) -> float:
    return next(e.reading.value for e in change.effects if e.measure.name == "median_difference")


def test_pixels_of_a_commit_and_of_the_work_tree(make_package: MakePackage) -> None:
    package = make_package(image_package("bias", OLD))
    package.write(image_package("bias", NEW))
    assert shift_of(only_change(package)) == pytest.approx(3, abs=1e-4)
    package.commit()
    change = only_change(package, "HEAD~", "HEAD")
    assert shift_of(change) == pytest.approx(3, abs=1e-4)
    assert change.unreadable == ()


def test_pixels_of_a_commit_are_in_memory(make_package: MakePackage) -> None:
    package = make_package(image_package("bias", OLD))
    package.write(image_package("bias", NEW))
    changes = open_states(open_package(package.path), ()).changes
    old, new = read_pair(changes, only_change(package))
    assert old is not None
    assert old.planes["IMAGE"].path == ""  # type: ignore[attr-defined]
    assert np.array_equal(old.image, PIXELS)  # type: ignore[attr-defined]
    assert new is not None
    assert np.array_equal(new.image, PIXELS + np.float32(3))  # type: ignore[attr-defined]


@pytest.mark.parametrize("is_fetched", [True, False])
def test_pixels_of_a_pointer_are_in_the_store(make_package: MakePackage, is_fetched: bool) -> None:
    package = make_package({**image_package("bias", OLD), IMAGE: pointer_to(OLD)})
    package.write({**image_package("bias", NEW), IMAGE: pointer_to(NEW)})
    package.commit()
    store(package, NEW)
    if is_fetched:
        store(package, OLD)
        assert shift_of(only_change(package, "HEAD~", "HEAD")) == pytest.approx(3, abs=1e-4)
    else:
        change = only_change(package, "HEAD~", "HEAD")
        assert change.unreadable == ("calibs/cam/bias/d00/20240101T000000.yaml",)
        assert change.effects == ()


@pytest.mark.parametrize("content", [NEW, b"", OLD[:-2880]])
def test_what_is_not_the_pointers_file_is_not_read(make_package: MakePackage, content: bytes) -> None:
    package = make_package({**image_package("bias", OLD), IMAGE: pointer_to(OLD)})
    package.write({**image_package("bias", NEW), IMAGE: NEW})
    store(package, OLD, content)
    assert only_change(package).unreadable


@pytest.mark.parametrize("damage", [b"", b"SIMPLE", OLD[:3000], None])
def test_an_image_that_is_damaged_or_gone_cannot_be_read(
    make_package: MakePackage, damage: bytes | None
) -> None:
    package = make_package(image_package("bias", OLD))
    package.write({**image_package("bias", NEW), IMAGE: damage})
    change = only_change(package)
    assert change.unreadable == ("calibs/cam/bias/d00/20240101T000000.yaml",)


def test_other_pixels_behind_the_same_text_are_a_change(make_package: MakePackage) -> None:
    package = make_package(image_package("bias", OLD))
    package.write({IMAGE: NEW})
    change = only_change(package)
    assert shift_of(change) == pytest.approx(3, abs=1e-4)
    assert (change.old, change.fields, change.keywords) == (change.new, (), ())
    old, new = read_pair(open_states(open_package(package.path), ()).changes, change)
    assert old is not None
    assert new is not None
    assert np.array_equal(old.image, PIXELS)  # type: ignore[attr-defined]
    package.commit()
    assert shift_of(only_change(package, "HEAD~", "HEAD")) == pytest.approx(3, abs=1e-4)


def test_a_packed_image_that_is_cut_off_cannot_be_read(make_package: MakePackage) -> None:
    package = make_package(image_package("bias", OLD))
    package.write(image_package("bias", NEW))
    package.commit()
    package.git("gc", "-q")
    assert shift_of(only_change(package, "HEAD~", "HEAD")) == pytest.approx(3, abs=1e-4)
    blob = package.git("rev-parse", f"HEAD~:{IMAGE}").strip()
    (pack,) = (package.path / ".git/objects/pack").glob("*.pack")
    pack.chmod(0o644)
    listing = package.git("verify-pack", "-v", str(pack.with_suffix(".idx")))
    line = next(line for line in listing.splitlines() if line.startswith(blob))
    position, size = int(line.split()[4]), int(line.split()[3])
    content = bytearray(pack.read_bytes())
    content[position + size // 2 : position + size - 30] = bytes(size - 30 - size // 2)
    pack.write_bytes(content)
    assert only_change(package, "HEAD~", "HEAD").unreadable


def test_a_file_that_no_text_names_changes_nothing(make_package: MakePackage) -> None:
    package = make_package({**image_package("bias", OLD), IMAGE.replace("2024", "2023"): OLD})
    package.write({IMAGE.replace("2024", "2023"): NEW})
    assert find_difference(open_states(open_package(package.path), ())).changes == ()
