"""Packages: found from any of their directories, with and without a ``curated.yaml``."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from conftest import GitPackage
from curated.core.diagnostic import CuratedError
from curated.package.package import has_package_shape, open_package
from support.packages import defects_path, defects_text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / defects_path()).parent.mkdir(parents=True)
    (tmp_path / defects_path()).write_text(defects_text())
    return tmp_path


def test_a_declared_package(root: Path) -> None:
    (root / "curated.yaml").write_text("url: https://example.org\n")
    for directory in (root, root / "calibs", (root / defects_path()).parent):
        package = open_package(directory)
        assert (package.root, package.top, package.bare) == (root.resolve(), "calibs", False)
        assert package.config.url == "https://example.org"
        assert [file.path for file in package.layout.files] == [defects_path()]


def test_a_bare_package(root: Path) -> None:
    for directory in (root / "calibs", root / "calibs/lab", (root / defects_path()).parent):
        package = open_package(directory)
        assert (package.root, package.top, package.bare) == ((root / "calibs").resolve(), "", True)
        assert [file.path for file in package.layout.files] == [defects_path().removeprefix("calibs/")]


def test_the_search_ends_at_a_repository(root: Path) -> None:
    inner = root / "calibs/inner"
    inner.mkdir()
    GitPackage(inner).git("init", "--quiet")
    with pytest.raises(CuratedError, match="is not a package"):
        open_package(inner)


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"calibs: data\n", "has no directory 'data'"), (b"url: \xff\n", "curated.yaml cannot be read")],
)
def test_a_package_that_cannot_be_opened(root: Path, text: bytes, message: str) -> None:
    (root / "curated.yaml").write_bytes(text)
    with pytest.raises(CuratedError, match=message):
        open_package(root)


SECRET = "secret: [not closed"


def make_foreign(root: Path) -> Path:
    """Make files outside of a package."""
    outside = root.parent / f"{root.name}-outside"
    (outside / "lab/defects").mkdir(parents=True)
    for name in ("secret.txt", "lab/instrument.yaml", "lab/defects/20200101T000000.ecsv"):
        (outside / name).write_text(SECRET)
    return outside


def put(path: Path, kind: str, outside: Path) -> None:
    """Put something else in the place of a file or directory."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))
    elif kind == "giant":
        path.touch()
        os.truncate(path, 1 << 34)
    elif kind == "directory":
        path.mkdir()
    else:
        targets = {"file": outside / "secret.txt", "tree": outside, "device": "/dev/zero", "loop": path.name}
        targets |= {"nothing": "absent", "git": ".git/config", "root": "/", "parent": ".."}
        path.symlink_to(targets[kind])


KINDS = (
    "pipe",
    "socket",
    "giant",
    "directory",
    "file",
    "tree",
    "device",
    "loop",
    "nothing",
    "git",
    "root",
    "parent",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.timeout(20)
def test_curated_yaml_of_another_kind(root: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    put(root / "curated.yaml", kind, make_foreign(root))
    (root / ".git").mkdir()
    (root / ".git/config").write_text(SECRET)
    with pytest.raises(CuratedError, match=r"curated\.yaml") as caught:
        open_package(root / "calibs")
    assert "not closed" not in caught.value.message


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "directory"])
@pytest.mark.parametrize("top", ["data", "sub/data", "sub/data/below"])
@pytest.mark.timeout(20)
def test_a_calibration_directory_of_another_kind(
    root: Path, kind: str, top: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    outside = make_foreign(root)
    (outside / "below").mkdir()
    (root / "curated.yaml").write_text(f"calibs: {top}\n")
    place = root / top.removesuffix("/below")
    place.parent.mkdir(exist_ok=True)
    put(place, kind, outside)
    with pytest.raises(CuratedError, match=r"has no directory|leads out of the package"):
        open_package(root)


def test_a_calibration_directory_within_the_package(root: Path) -> None:
    (root / "data").symlink_to("calibs")
    (root / "curated.yaml").write_text("calibs: data\n")
    assert len(open_package(root).layout.files) == 1
    (root / "curated.yaml").unlink()
    (root / "etc").mkdir()
    (root / "etc/settings").write_text("calibs: data\n")
    (root / "curated.yaml").symlink_to("etc/settings")
    assert len(open_package(root).layout.files) == 1


def test_a_bare_package_is_not_seen_through_links(tmp_path: Path) -> None:
    outside = make_foreign(tmp_path / "package")
    (tmp_path / "package").mkdir()
    (tmp_path / "package/lab").symlink_to(outside / "lab")
    assert not has_package_shape(tmp_path / "package")
    (tmp_path / "package/cam").mkdir()
    (tmp_path / "package/cam/defects").symlink_to(outside / "lab/defects")
    assert not has_package_shape(tmp_path / "package")


def test_no_package(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="is not a directory"):
        open_package(tmp_path / "none")
    (tmp_path / ".git").mkdir()
    with pytest.raises(CuratedError, match="is not a package") as error:
        open_package(tmp_path)
    assert "-C" in error.value.hint


def test_the_shape_of_a_package(root: Path) -> None:
    assert has_package_shape(root / "calibs")
    assert not has_package_shape(root)
    assert not has_package_shape(root / "none")
    (root / "hidden/.lab/defects").mkdir(parents=True)
    assert not has_package_shape(root / "hidden")
