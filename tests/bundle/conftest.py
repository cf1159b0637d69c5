"""A bundle of the demonstration package, which tests only read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import GitPackage
from support.bundles import read_manifest
from support.packages import make_demo_package
from support.programs import run_curated


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    return make_demo_package(tmp_path_factory.mktemp("demo") / "package")


@pytest.fixture(scope="session")
def bundle(demo: GitPackage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("bundle") / "new" / "release"
    done = run_curated("bundle", output, cwd=demo.path)
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(scope="session")
def manifest(bundle: Path) -> dict[str, Any]:
    return read_manifest(bundle)
