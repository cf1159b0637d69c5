"""A package with two epochs, and images that were processed with them."""

from __future__ import annotations

import pytest

from conftest import GitPackage, MakePackage
from support.changes import EPOCHS


@pytest.fixture
def released(make_package: MakePackage) -> GitPackage:
    """The package of `support.changes`, whose only commit is the release v1."""
    package = make_package(EPOCHS)
    package.git("tag", "v1")
    return package
