"""Packages that tests of commands share."""

from __future__ import annotations

import pytest

from conftest import GitPackage, MakePackage
from support.packages import defects_path, defects_text, make_demo_package


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """The demonstration package, which no test changes."""
    return make_demo_package(tmp_path_factory.mktemp("demo") / "package")


@pytest.fixture
def wrong(make_package: MakePackage) -> GitPackage:
    """A package with an error on a known line, and a good file."""
    return make_package(
        {"curated.yaml": "", defects_path(0): defects_text(x0=-7), defects_path(1): defects_text(detector=1)}
    )
