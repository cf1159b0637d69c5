"""The files of a bundle, compared with its manifest; and the threads that hash large ones."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from curated.bundle.contents import Contents
from curated.bundle.manifest_reader import read_contents
from curated.bundle.verification import LARGE, sha256_of, spread, tracked, verify
from support.repositories import make_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "bundle")


def read(bundle: Path) -> Contents:
    contents, diagnostics = read_contents(bundle)
    assert contents is not None, diagnostics
    return contents


def test_a_bundle_as_it_was_written(bundle: Path) -> None:
    contents = read(bundle)
    calls: list[tuple[str, int, int]] = []
    assert verify(contents, lambda *call: calls.append(call)) == {}
    total = len(contents.entries)
    assert calls == [("verify", done, total) for done in range(1, total + 1)]


def remove(file: Path) -> None:
    file.unlink()


def shorten(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def change(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1] + b"x")


def replace_by_directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("damage", "code", "detail"),
    [
        (remove, "CAL613", "missing"),
        (replace_by_directory, "CAL632", "is a directory"),
        (shorten, "CAL614", "bytes; the manifest says"),
        (change, "CAL614", "SHA-256"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_damaged_file_is_named(
    bundle: Path, damage: Callable[[Path], None], code: str, detail: str
) -> None:
    contents = read(bundle)
    path = contents.entries[1].path
    damage(bundle / path)
    (problem,) = (problems := verify(contents)).values()
    assert problems.keys() == {path}
    assert problem.code == code
    assert detail in problem.detail


@pytest.mark.parametrize("linked", ["file", "directory"])
@pytest.mark.parametrize("place", ["inside", "outside"])
def test_links_are_not_followed(bundle: Path, tmp_path: Path, linked: str, place: str) -> None:
    contents = read(bundle)
    path = bundle / contents.entries[0].path
    name = path if linked == "file" else path.parent
    name.symlink_to(name.rename((bundle if place == "inside" else tmp_path) / "elsewhere"))
    problems = verify(contents)
    assert contents.entries[0].path in problems
    assert {problem.code for problem in problems.values()} == {"CAL632"}
    assert all("symbolic link" in problem.detail for problem in problems.values())


@pytest.mark.parametrize("size", [0, 1, LARGE, (1 << 20) + 1])
def test_size_and_hash(tmp_path: Path, size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    (tmp_path / "file").write_bytes(data)
    assert sha256_of(tmp_path / "file") == (size, hashlib.sha256(data).hexdigest())


def test_slow_items_run_in_threads_and_come_last() -> None:
    main = threading.get_ident()
    results = list(spread(range(6), lambda n: n % 2 == 0, lambda n: (n * n, threading.get_ident() == main)))
    assert [n for n, _ in results] == [1, 3, 5, 0, 2, 4]
    assert all(result == (n * n, n % 2 == 1) for n, result in results)


def test_progress_follows_each_item() -> None:
    calls: list[object] = []
    items = tracked("stage", 2, lambda *call: calls.append(call), "ab")
    assert [(item, len(calls)) for item in items] == [("a", 0), ("b", 1)]
    assert calls == [("stage", 1, 2), ("stage", 2, 2)]
    assert list(tracked("stage", 2, None, "ab")) == ["a", "b"]
