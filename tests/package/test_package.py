"""Packages: found from any of their directories, with and without a ``curated.yaml``."""

from __future__ import annotations

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
