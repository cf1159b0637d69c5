"""Repositories with one release, filled by curated and by stock Butler."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import GitPackage
from curated.bundle.builder import build_bundle
from curated.butler import import_bundle, open_repository
from curated.package.package import open_package
from support.corrections import collection_type, make_epochs_package
from support.repositories import run_stock_butler


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> tuple[GitPackage, Path]:
    """A package, and a bundle of its first commit."""
    package = make_epochs_package(tmp_path_factory.mktemp("release") / "package")
    bundle = package.path.parent / "bundle"
    assert build_bundle(open_package(package.path), bundle, label="v1", jobs=1)[1] is not None
    return package, bundle


@pytest.fixture(scope="module")
def repositories(release: tuple[GitPackage, Path]) -> dict[str, Path]:
    """Two repositories with that bundle: one that curated filled, and one that stock Butler did."""
    bundle, target = release[1], release[1].parent / "stock"
    assert import_bundle(bundle, str(release[1].parent / "curated")).ok
    for arguments in (
        ["create", target, "--seed-config", bundle / "butler-seed.yaml"],
        ["import", target, bundle, "--export-file", "export.yaml", "-t", "copy"],
    ):
        done = run_stock_butler(*map(str, arguments))
        assert done.returncode == 0, done.stderr
    butler = open_repository(str(target), writeable=True)
    butler.collections.register("Lab/calib", collection_type("CHAINED"))
    butler.collections.redefine_chain("Lab/calib", ["Lab/calib/v1"])
    return {name: bundle.parent / name for name in ("curated", "stock")}


@pytest.fixture(params=["curated", "stock"])
def repo(repositories: dict[str, Path], tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A copy of one of them, for a test to change."""
    shutil.copytree(repositories[request.param], tmp_path / "repo")
    return str(tmp_path / "repo")


@pytest.fixture
def package(release: tuple[GitPackage, Path], tmp_path: Path) -> GitPackage:
    """The package, for a test to change."""
    release[0].git("clone", "--quiet", ".", str(tmp_path / "package"))
    return GitPackage(tmp_path / "package", list(release[0].commits))
