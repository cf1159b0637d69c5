"""Bundles and repositories that tests of this room share."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from curated.butler import import_bundle
from support.remote import repository_contents, write_seed
from support.repositories import DATASET_TYPES, make_bundle
from support.servers import Postgres


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "bundle")


@pytest.fixture
def repo(tmp_path: Path) -> str:
    """Place for a repository."""
    return str(tmp_path / "repo")


@pytest.fixture
def next_bundle(tmp_path: Path) -> Path:
    """A bundle of the next release."""
    return make_bundle(tmp_path / "next", label="v2")


@pytest.fixture(scope="session")
def original_repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("original")
    assert import_bundle(make_bundle(root / "bundle"), str(root / "repo")).ok
    return root / "repo"


@pytest.fixture
def filled_repo(tmp_path: Path, original_repo: Path) -> Path:
    """A repository with a release in it, which a test may spoil."""
    return Path(shutil.copytree(original_repo, tmp_path / "place" / "repo"))


@pytest.fixture
def seed(postgres: Postgres, schema: str, tmp_path: Path) -> Path:
    """Configuration of a repository whose registry is in PostgreSQL."""
    return write_seed(tmp_path / "seed.yaml", postgres.url(postgres.shared), schema)


@pytest.fixture
def sqlite(tmp_path: Path) -> Path:
    """Configuration of a repository whose registry is an SQLite file."""
    return write_seed(tmp_path / "seed.yaml", f"sqlite:///{tmp_path}/registry.sqlite3")


@pytest.fixture
def server_repo(bundle: Path, seed: Path, tmp_path: Path) -> str:
    """A repository with a release in it, whose registry is in PostgreSQL."""
    repo = str(tmp_path / "repo")
    import_bundle(bundle, repo, seed_config=str(seed))
    return repo


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What stock Butler makes of the bundle on the local disk, by copying one file after another."""
    from lsst.daf.butler import Butler, CollectionType

    from curated.butler.repository.creation import create_repository

    root = tmp_path_factory.mktemp("clean")
    bundle, repo = make_bundle(root / "bundle"), str(root / "repo")
    create_repository(repo, DATASET_TYPES)
    butler = Butler.from_config(repo, writeable=True)
    butler.import_(directory=str(bundle), filename=str(bundle / "export.yaml"), transfer="copy")
    butler.collections.register("Lab/calib", CollectionType.CHAINED)
    butler.collections.prepend_chain("Lab/calib", "Lab/calib/v1")
    return repository_contents(repo)
