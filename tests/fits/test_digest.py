"""The hash of a file's content: blind to origin and validity, and to nothing else."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import Calib
from curated.core.stamp import STAMP_KEYWORDS, Stamp
from curated.fits.digest import content_digest
from curated.fits.writer import fits_bytes
from curated.registry import get_type
from support.packages import ROOT, defects_text

STAMP = Stamp(
    sha1="1" * 40,
    url="https://example.org/a",
    path="calibs/a.ecsv",
    blob="2" * 40,
    file_sha1="3" * 40,
    file_date="2024-01-01T00:00:00+00:00",
    editor="A",
    dirty=False,
    version="1.0",
    valid_start="2024-01-01T00:00:00",
    valid_end="",
)
OTHER = replace(
    STAMP,
    sha1="a" * 40,
    url="https://example.org/" + "long/" * 40,
    path="calibs/" + "deep/" * 30 + "b.ecsv",
    editor="Zoë Åström 天文 'x' / y",
    dirty=True,
    version="2.0",
    valid_start="1999-01-01T00:00:00",
    valid_end="2031-01-01T00:00:00",
)
EXAMPLES = sorted(
    path
    for path in (ROOT / "calibs" / "demo").glob("*/**/[0-9]*T*.*")
    if path.suffix in (".ecsv", ".yaml", ".json") and ".inputs." not in path.name
)
ONE_OF_EACH = list({path.relative_to(ROOT / "calibs/demo").parts[0]: path for path in EXAMPLES}.values())


def stamped(calib: Calib, stamp: Stamp = STAMP) -> bytes:
    return fits_bytes(calib.fits_content(), stamp)


def read(path: Path) -> Calib:
    return get_type(path.relative_to(ROOT / "calibs/demo").parts[0]).readText(path)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("text") / "20200101T000000.ecsv"
    path.write_text(defects_text())
    return stamped(get_type("defects").readText(path))


@pytest.mark.parametrize("path", ONE_OF_EACH, ids=lambda path: path.parts[-3])
def test_origin_and_validity_do_not_count(path: Path) -> None:
    calib = read(path)
    first, second = stamped(calib), stamped(calib, OTHER)
    assert first != second
    assert content_digest([first]) == content_digest([second])


@pytest.mark.parametrize("path", ONE_OF_EACH, ids=lambda path: path.parts[-3])
def test_every_byte_of_the_data_counts(path: Path) -> None:
    content = stamped(read(path))
    digest = content_digest([content])
    with fits.open(io.BytesIO(content)) as hdus:
        places = [(hdu.fileinfo()["datLoc"], hdu.fileinfo()["datSpan"]) for hdu in hdus]
    for start, span in places:
        for at in {start, start + span // 2, start + span - 1} if span else ():
            changed = bytearray(content)
            changed[at] ^= 1
            assert content_digest([bytes(changed)]) != digest


def test_every_other_keyword_counts_and_their_order_does_not(example: bytes) -> None:
    digest = content_digest([example])
    length = example.index(b"END".ljust(80))
    cards = [example[n : n + 80] for n in range(0, length, 80)]
    assert not any(card.startswith(b"CONTINUE") for card in cards)
    rest = example[length:]
    for n, card in enumerate(cards[4:], start=4):
        keyword = card.removeprefix(b"HIERARCH ").decode().partition("=")[0].rstrip()
        changed = [*cards[:n], card.replace(b"=", b"= 7 /", 1)[:80], *cards[n + 1 :]]
        same = content_digest([b"".join(changed) + rest]) == digest
        assert same is (keyword in STAMP_KEYWORDS or keyword == "CURATESC"), keyword
    assert content_digest([b"".join([*cards[:4], *reversed(cards[4:])]) + rest]) == digest


@given(data=st.data())
def test_the_pieces_do_not_count(example: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(example)), max_size=20)))
    pieces = [example[a:b] for a, b in zip([0, *cuts], [*cuts, len(example)], strict=True)]
    assert content_digest(pieces) == content_digest([example])


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_other_files_count_whole(first: bytes, second: bytes) -> None:
    assert (content_digest([first]) == content_digest([second])) is (first == second)


def test_a_file_that_is_cut_off_is_another_one(example: bytes) -> None:
    digests = {content_digest([example[:n]]) for n in range(0, len(example), 713)}
    assert len(digests) == len(range(0, len(example), 713))
    assert content_digest([example]) not in digests


def test_files_of_others_are_read_to_their_end(tmp_path: Path) -> None:
    """Tables with a heap, images and random sizes: the end of each HDU is found, or a change would be missed."""
    table = fits.BinTableHDU.from_columns(
        [fits.Column("a", "PD()", array=np.array([np.arange(3.0), np.arange(900.0)], dtype=object))]
    )
    image = fits.ImageHDU(np.arange(5000, dtype="i2").reshape(50, 100), name="IMAGE")
    fits.HDUList([fits.PrimaryHDU(), table, image]).writeto(tmp_path / "a.fits")
    whole = (tmp_path / "a.fits").read_bytes()
    changed = bytearray(whole)
    place = whole.index(b"EXTNAME =", 2880)
    changed[place + 11 : place + 16] = b"OTHER"
    assert content_digest([bytes(changed)]) != content_digest([whole])
    card = b"REPOSHA1= 'abc'".ljust(80)
    stamped = whole.replace(b"EXTNAME ", card + b"EXTNAME ", 1)
    end = stamped.index(b"END".ljust(80), place)
    stamped = stamped[: end + 80] + stamped[end + 160 :]
    assert len(stamped) == len(whole)
    assert content_digest([stamped]) == content_digest([whole])
