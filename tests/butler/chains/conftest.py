"""A repository that tests of chains share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.laboratory import Laboratory


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    from support.laboratory import make_laboratory

    return make_laboratory(str(tmp_path_factory.mktemp("laboratory")))
