"""Packages that tests of commands share."""

from __future__ import annotations

import pytest

from conftest import GitPackage, MakePackage
from support.packages import defects, make_demo, place


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """The demonstration package, which no test changes."""
    return make_demo(tmp_path_factory.mktemp("demo") / "package")


@pytest.fixture
def wrong(git_package: MakePackage) -> GitPackage:
    """A package with an error on a known line, and a good file."""
    return git_package({"curated.yaml": "", place(0): defects(x0=-7), place(1): defects(detector=1)})
