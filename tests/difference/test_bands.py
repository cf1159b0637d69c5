"""Bands as people write them."""

from __future__ import annotations

import pytest

from curated.core.diagnostic import CuratedError
from curated.declare import Band
from curated.difference.bands import parse_bands


def test_bands_in_the_order_of_the_text() -> None:
    assert parse_bands("r=552-691, g=402.5-552") == (Band("r", 552.0, 691.0), Band("g", 402.5, 552.0))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u",
        "u=",
        "u=330",
        "u=400-330",
        "u=330-330",
        "u=0-10",
        "u=-5-10",
        "u=1-2e9",
        "u=1.2.3-5",
        "=1-2",
        "u=nan-5",
        "u=330-400,",
        "u=1-2,u=3-4",
        ",".join(f"b{i}=1-2" for i in range(101)),
        "u=1-999999999",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(CuratedError) as refusal:
        parse_bands(text)
    assert refusal.value.hint
    assert len(str(refusal.value)) < 200
