"""The package whose calibrations clients read, and the programs that fill repositories with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import GitPackage
from support.packages import ROOT, tagged_demo
from support.preloaded import Programs, shared_programs

TYPES = ("defects", "crosstalk", "bfk", "bias", "transmission_filter")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """Some types of the demonstration at the tag v1; a test that changes it must copy it."""
    return tagged_demo(tmp_path_factory.mktemp("client") / "package", TYPES)


@pytest.fixture(scope="session")
def programs() -> Programs:
    """`curated` and `butler`, which can import the tasks of `support.pipeline`."""
    return shared_programs().with_path(str(ROOT / "tests"))


@pytest.fixture(scope="session")
def bundle(package: GitPackage, programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of release v1."""
    directory = tmp_path_factory.mktemp("bundles") / "v1"
    done = programs.run("curated", "-q", "bundle", directory, cwd=package.path)
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="session")
def published(bundle: Path, programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that curated filled with release v1; a test that changes it must copy it."""
    repo = tmp_path_factory.mktemp("published") / "repo"
    done = programs.run("curated", "-q", "import", bundle, repo)
    assert done.returncode == 0, done.stderr
    return repo
