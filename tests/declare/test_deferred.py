"""Statistics that are loaded when they are needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from curated.declare.deferred import DeferredStatistics
from curated.registry import get_type
from curated.types import _statistics_by_type


def test_they_are_those_of_the_module() -> None:
    statistics = get_type("bias").SPEC.statistics
    assert tuple(statistics) == _statistics_by_type.BIAS
    assert (len(statistics), statistics[0]) == (len(_statistics_by_type.BIAS), _statistics_by_type.BIAS[0])
    assert get_type("linearizer").SPEC.statistics


def test_names_that_do_not_exist() -> None:
    with pytest.raises(AttributeError):
        len(DeferredStatistics("curated.types._statistics_by_type", "NOTHING"))


def test_types_are_loaded_without_them() -> None:
    program = (
        "import sys; from curated.registry import find_type; find_type('bias');"
        " print([name for name in sys.modules if name.startswith('curated.statistics')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
