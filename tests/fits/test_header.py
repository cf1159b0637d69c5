"""Headers: every keyword that is accepted reads back, and headers are scanned as astropy reads them."""

from __future__ import annotations

import io
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import example, given
from hypothesis import strategies as st

from curated.check.file import check_file
from curated.core.keys import CalibFile, CalibKey
from curated.core.stamp import Stamp
from curated.fits.header import (
    BLOCK,
    DamagedError,
    cards,
    data_length,
    hdu,
    header_length,
    needs_escape,
    padded,
    read_keywords,
    size_keywords,
    sum32,
)
from curated.fits.writer import fits_bytes
from curated.types.defects import Defects
from support.packages import EDITOR, URL, defects_path, defects_text, fitsverify_errors

FILE = CalibFile(defects_path(), CalibKey("lab", "defects", "d00"), datetime(2020, 1, 1), "ecsv")
STAMP = Stamp(
    sha1="1" * 40,
    url=URL,
    path=defects_path(),
    blob="2" * 40,
    file_sha1="3" * 40,
    file_date="2024-01-01T00:00:00",
    editor=EDITOR,
    dirty=False,
    version="0.1",
    valid_start="2020-01-01T00:00:00",
)


def through_fits(meta: dict[str, Any], directory: Path) -> tuple[Defects | None, Defects | None, list[str]]:
    """A calibration, what comes back of it from FITS, and the codes of what is wrong with it."""
    calib, report = check_file(FILE, defects_text(meta).encode())
    errors = [d.code for d in report.diagnostics if d.is_error]
    if calib is None or errors:
        return None, None, errors
    path = directory / "x.fits"
    path.write_bytes(fits_bytes(calib.fits_content(), STAMP))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(path, checksum=True) as hdus:
            hdus.verify("exception")
            assert len(hdus[1].data) == 1
    assert isinstance(calib, Defects)
    return calib, Defects.readFits(path), []


KEYWORDS: dict[str, Any] = {
    "plain": "text",
    "unicode": "Größe 天文 🔭",
    "trailing": "blanks at the end   ",
    "blanks": "   ",
    "control": "tab\tline\nbell\x07",
    "backslash": "C:\\new\\table",
    "both": "é and \\n",
    "quote": "it's 'quoted'",
    "long": "x" * 200,
    "longquote": "'" * 200,
    "longampersand": "x" * 100 + "&",
    "ampersand": "x&",
    "ampersands": "&" * 150,
    "longunicode": "é天" * 60,
    "record": "width: 12.5",
    "colon": "see: here",
    "slash": "a / b",
    "number": "1.5",
    "flag": "T",
    "A name longer than eight characters": "text",
    "a long name with a long text": "word " * 50 + "end",
    "LSST CALIB DEFECTS C00 N_HOT": 7,
    "dotted.name.of.something": 1.25,
    "integer": 2**63,
    "negative": -(2**63),
    "float": -1.2345678901234567e-300,
    "whole": 3.0,
    "true": True,
    "false": False,
    "list": ["é", "a\\b", "plain"],
    "numbers": [1, 2, 3],
    "n" * 58: "the longest name",
    "m" * 58: "x" * 300,
}


@pytest.mark.parametrize("key", KEYWORDS)
def test_keywords_read_back(tmp_path: Path, key: str) -> None:
    calib, back, errors = through_fits({key: KEYWORDS[key]}, tmp_path)
    assert errors == []
    assert back == calib
    assert back is not None
    assert back.metadata[key] == KEYWORDS[key]
    assert type(back.metadata[key]) is type(KEYWORDS[key])
    assert back.metadata["EDITOR"] == EDITOR


def test_all_keywords_at_once(tmp_path: Path) -> None:
    calib, back, errors = through_fits(KEYWORDS, tmp_path)
    assert errors == []
    assert back == calib
    assert fitsverify_errors([tmp_path / "x.fits"]) == ""
    with fits.open(tmp_path / "x.fits") as hdus:
        escaped = hdus[0].header["CURATESC"].split(",")
        assert hdus[1].header["CURATESC"] == hdus[0].header["CURATESC"]
    assert sorted(escaped) == sorted(
        ["UNICODE", "TRAILING", "BLANKS", "CONTROL", "BOTH", "LONGUNICODE", "RECORD", "LIST", "EDITOR"]
    )


def test_no_value_is_no_card_or_an_empty_one(tmp_path: Path) -> None:
    _, back, errors = through_fits({"SOMETHING": None, "EMPTY": ""}, tmp_path)
    header = fits.getheader(tmp_path / "x.fits")
    assert errors == []
    assert "SOMETHING" not in header  # as the stack does for defects
    assert header["EMPTY"] == ""
    assert back is not None
    assert back.metadata.get("SOMETHING") is None


def test_comments_are_cards(tmp_path: Path) -> None:
    long = "a comment of many words " * 9
    _, back, errors = through_fits({"comments": ["first", "é", long]}, tmp_path)
    assert errors == []
    assert back is not None
    assert back.metadata["comments"][:2] == ["first", "é"]
    assert "".join(back.metadata["comments"][2:]).replace(" ", "") == long.replace(" ", "")
    assert fits.getheader(tmp_path / "x.fits")["COMMENT"][0] == "first"


def test_structure_that_text_has_brought_along_from_fits(tmp_path: Path) -> None:
    calib, back, errors = through_fits({"EXTNAME": "DEFECTS", "EXTVER": 1, "LONGSTRN": "OGIP 1.0"}, tmp_path)
    assert errors == []
    assert calib == back
    assert "EXTNAME" not in fits.getheader(tmp_path / "x.fits", 1)


RESERVED = "SIMPLE NAXIS naxis1 TTYPE1 tform3 END CONTINUE XTENSION ZIMAGE PCOUNT THEAP BSCALE".split()
UNSPELLABLE = ["É", "A=B", "", " ", "a  b", "x" * 59, "a\nb", "tab\t", "comma,"]


@pytest.mark.parametrize("key", [*RESERVED, *UNSPELLABLE])
def test_names_that_no_header_holds_are_errors(tmp_path: Path, key: str) -> None:
    assert through_fits({key: 1}, tmp_path)[2] == ["CAL502"]


def test_a_long_name_with_a_long_number_is_an_error(tmp_path: Path) -> None:
    assert through_fits({"x" * 50: -1.2345678901234567e-300}, tmp_path)[2] == ["CAL502"]
    assert through_fits({"x" * 50: 1.5}, tmp_path)[2] == []


names = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60) | st.text(
    max_size=12
)
values = (
    st.text(max_size=150)
    | st.text("'& \\é:x1.", max_size=150)
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
)


@given(meta=st.dictionaries(names, values, max_size=4))
@example(meta={"CURATESC": "0"})
def test_whatever_is_accepted_reads_back(
    tmp_path_factory: pytest.TempPathFactory, meta: dict[str, Any]
) -> None:
    directory = tmp_path_factory.getbasetemp()
    calib, back, _ = through_fits(meta, directory)
    if calib is not None:
        assert back == calib


# -- scanning -----------------------------------------------------------------------------------------

SCANNED = st.dictionaries(
    st.from_regex(r"\A[A-Z][A-Z0-9_]{0,5}[XY]\Z"),
    st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.text("ab'/ &=T1.", max_size=60).filter(lambda text: not needs_escape(text)),
    max_size=8,
)
SHAPES = st.lists(st.integers(1, 9), max_size=3)


@given(SCANNED, SHAPES, st.sampled_from(["u1", ">i2", ">i4", ">i8", ">f4", ">f8"]))
def test_headers_are_scanned_as_astropy_reads_them(
    meta: dict[str, Any], shape: list[int], dtype: str
) -> None:
    hdu = fits.PrimaryHDU(np.zeros(shape, dtype) if shape else None)
    for key, value in meta.items():
        hdu.header[key] = value
    stream = io.BytesIO()
    hdu.writeto(stream)
    data = stream.getvalue()
    length = header_length(data)
    header = fits.Header.fromstring(data[:length])
    assert length == len(header.tostring())
    assert header_length(data[: length - 1]) == 0
    keywords = read_keywords(data[:length])
    assert {key: keywords[key] for key in meta} == {key: header[key] for key in meta}
    assert all(type(keywords[key]) is type(header[key]) for key in meta)
    assert data_length(keywords) == data_length(size_keywords(data[:length])) == len(data) - length


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"NAXIS": None}, "NAXIS is"),
        ({"NAXIS": -1}, "NAXIS is -1"),
        ({"NAXIS": 1000}, "NAXIS is 1000"),
        ({"BITPIX": 7}, "BITPIX is 7"),
        ({"NAXIS1": "x"}, "NAXIS1 is 'x'"),
        ({"PCOUNT": True}, "PCOUNT is"),
    ],
)
def test_sizes_that_no_file_has(changes: dict[str, Any], message: str) -> None:
    keywords = {"BITPIX": 8, "NAXIS": 1, "NAXIS1": 5, **changes}
    with pytest.raises(DamagedError, match=message):
        data_length(keywords)
    assert data_length({"BITPIX": -64, "NAXIS": 2, "NAXIS1": 19, "NAXIS2": 19, "PCOUNT": 1}) == 5760


def test_long_names_and_what_stands_after_the_end() -> None:
    cards = [
        "SIMPLE  =                    T",
        "HIERARCH a long name = 'it''s' / a comment",
        "END",
        "LATE    = 1",
    ]
    header = "".join(card.ljust(80) for card in cards).ljust(2880).encode()
    assert read_keywords(header) == {"SIMPLE": True, "a long name": "it's"}
    with pytest.raises(DamagedError, match="is not ASCII"):
        read_keywords(header.replace(b"it", b"\xc3\xa9"))


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
