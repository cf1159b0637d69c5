"""HDUs: their checksums are those that astropy finds."""

from __future__ import annotations

import io

from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from curated.fits.hdu import hdu, padded, sum32
from curated.fits.header import BLOCK, cards


@given(st.binary(max_size=64).map(lambda b: b[: len(b) & ~3]))
def test_the_sum_is_that_of_the_words(data: bytes) -> None:
    words = [int.from_bytes(data[i : i + 4], "big") for i in range(0, len(data), 4)]
    # Of the two zeros of ones-complement, the sum is all ones unless all words are zero.
    expected = sum(words) % (2**32 - 1) or (2**32 - 1 if any(words) else 0)
    assert sum32(data) == expected


@given(st.binary(min_size=1, max_size=6000), st.text("abc'/ 1", max_size=200), st.integers(0, 70))
def test_astropy_finds_the_checksums(data: bytes, text: str, count: int) -> None:
    pairs = [("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 1), ("NAXIS1", len(data))]
    pairs += [(f"KEY{n}", text) for n in range(count)]
    content = hdu(cards(pairs), data)
    assert len(content) % BLOCK == 0
    with fits.open(io.BytesIO(content), checksum=True) as hdus:
        assert hdus[0].verify_checksum() == hdus[0].verify_datasum() == 1
        assert hdus[0].data.tobytes() == data


def test_blocks_are_filled_up() -> None:
    assert padded(b"") == b""
    assert padded(b"x" * BLOCK) == b"x" * BLOCK
    assert padded(b"x", b" ") == b"x" + b" " * (BLOCK - 1)
