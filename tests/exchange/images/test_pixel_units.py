"""Units of the pixels of foreign images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from curated.exchange.foreign import Conventions
from curated.exchange.images.pixel_units import settle_unit
from curated.types.bias import Bias
from curated.types.flat import Flat
from support.foreign import make_target

ONES = np.ones((2, 2))


@pytest.mark.parametrize(
    ("stated", "option", "result", "codes"),
    [
        ("adu", None, ("adu", 1.0), []),
        ("ADU", None, ("adu", 1.0), []),
        ("electron", "electron", ("electron", 1.0), []),
        ("kadu", None, ("adu", 1000.0), ["CAL718"]),
        ("DN", "adu", ("adu", 1.0), []),
        (None, "electron", ("electron", 1.0), []),
        (None, None, None, ["CAL714"]),
        ("DN", None, None, ["CAL714"]),
        ("m", None, None, ["CAL714"]),
        ("adu", "electron", None, ["CAL714"]),
        ("adu", "m", None, ["CAL714"]),
    ],
)
def test_the_unit_of_a_bias(
    stated: str | None, option: str | None, result: tuple[str, float] | None, codes: list[str]
) -> None:
    units = {} if option is None else {"": option}
    target = replace(make_target(), cls=Bias, conventions=Conventions(units=units))
    header = {} if stated is None else {"BUNIT": stated}
    unit, factor, problems = settle_unit(target, header, ONES)
    assert [problem.code for problem in problems] == codes
    if result is not None:
        assert (unit, factor) == result


@pytest.mark.parametrize(("level", "code"), [(1.1, "CAL718"), (20000.0, "CAL714")])
def test_a_flat_without_unit(level: float, code: str) -> None:
    _, _, problems = settle_unit(replace(make_target(), cls=Flat), {}, ONES * level)
    assert [problem.code for problem in problems] == [code]
