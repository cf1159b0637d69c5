"""Headers of raw images: plain, packed, compressed, damaged and hostile."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.fits.raw_header import RawHeader, read_raw_header, value_text
from support.raw_images import card, replace_card, write_raw

KEYWORDS = frozenset({"INSTRUME", "DET_NAME", "FILTER", "DATE-BEG", "LONG", "ESO INS NAME"})


def read(path: Path) -> RawHeader:
    return read_raw_header(path, KEYWORDS)


@pytest.mark.parametrize("form", ["plain", "gzip", "compressed", "in the second HDU"])
def test_forms(tmp_path: Path, form: str) -> None:
    path = write_raw(tmp_path / "raw.fits", compressed=form in ("compressed", "in the second HDU"))
    if form == "gzip":
        path = tmp_path / "raw.fits.gz"
        path.write_bytes(gzip.compress((tmp_path / "raw.fits").read_bytes()))
    header = read(path)
    assert header.values == {
        "INSTRUME": "Lab",
        "DET_NAME": "d00",
        "FILTER": "r",
        "DATE-BEG": "2024-02-29T23:59:50",
    }
    assert not header.conflicts
    assert header.everything["TIMESYS"] == "UTC"


def test_long_texts_and_long_names(tmp_path: Path) -> None:
    path = write_raw(tmp_path / "raw.fits", LONG="x" * 200 + "/ y", **{"HIERARCH ESO INS NAME": "EFOSC"})
    assert read(path).values["LONG"] == "x" * 200 + "/ y"
    assert read(path).values["ESO INS NAME"] == "EFOSC"


def test_the_first_hdu_counts(tmp_path: Path) -> None:
    from astropy.io import fits

    hdus = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU()])
    for hdu, name in zip(hdus, "ab", strict=True):
        hdu.header["FILTER"] = name
    hdus[1].header["DET_NAME"] = "d01"
    hdus.writeto(tmp_path / "raw.fits")
    assert read(tmp_path / "raw.fits").values == {"FILTER": "a", "DET_NAME": "d01"}


def test_an_image_in_the_primary_hdu_is_not_read(tmp_path: Path) -> None:
    from astropy.io import fits

    hdus = fits.HDUList([fits.PrimaryHDU([[1]]), fits.ImageHDU()])
    hdus[1].header["FILTER"] = "b"
    hdus.writeto(tmp_path / "raw.fits")
    assert read(tmp_path / "raw.fits").values == {}


def test_two_values_of_a_keyword(tmp_path: Path) -> None:
    path = replace_card(write_raw(tmp_path / "raw.fits"), "TIMESYS", "FILTER  = 'g       '")
    assert read(path).conflicts == {"FILTER": ["r", "g"]}
    path = replace_card(write_raw(tmp_path / "same.fits"), "TIMESYS", "FILTER  = 'r       '")
    assert (read(path).conflicts, read(path).values["FILTER"]) == ({}, "r")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("FILTER  = '\xff\xe9'", "??"),
        ("FILTER  = ''", None),
        ("FILTER  =", None),
        ("FILTER  = r", b"FILTER  = r"),
        ("FILTER  = 'r", b"FILTER  = 'r"),
        ("FILTER  = 'a\x1b[31m'", "a?[31m"),
    ],
)
def test_odd_values(tmp_path: Path, text: str, value: str | bytes | None) -> None:
    values = read(replace_card(write_raw(tmp_path / "raw.fits"), "FILTER", text)).values
    found = values.get("FILTER")
    assert (found.rstrip() if isinstance(found, bytes) else found) == value
    assert value_text(found).isprintable()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "does not begin with SIMPLE"),
        (b"hello" * 2000, "a header has no end|ends within a header"),
        (card("SIMPLE  =                    T"), "ends within a header"),
        (card("SIMPLE  =                    T") + card("COMMENT") * 4096 * 36, "has no end in 11796480 bytes"),
        (gzip.compress(b"x" * 100_000, mtime=0)[:60], "not what gzip writes"),
        (gzip.compress(b"x" * 100_000, mtime=0), "a header has no end|ends within a header"),
        (b"BZh91AY&SY", "packed by bzip2; unpack it"),
        (b"\xfd7zXZ\0", "packed by xz"),
        (card("SIMPLE  =                    T") + card("BITPIX  =                    7") + card("NAXIS   =  1")
         + card("END") + b" " * (2880 - 320), "BITPIX is 7"),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_image(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "raw.fits").write_bytes(content)
    with pytest.raises(CuratedError, match=message) as caught:
        read(tmp_path / "raw.fits")
    assert caught.value.hint


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.fits")
    for name, message in (("pipe.fits", "no regular file"), (".", "directory"), ("none", "no such file")):
        with pytest.raises(CuratedError, match=f"cannot be read: .*{message}"):
            read(tmp_path / name)
