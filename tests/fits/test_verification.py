"""The record of verification in a FITS file: the same text comes out, and no other reader minds."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from curated.fits.provenance import read_record_text
from curated.fits.writer import fits_bytes
from curated.types.gains import Gains

GAINS = Gains.fromDict(
    {
        "metadata": {"OBSTYPE": "gains", "INSTRUME": "Cam", "DETECTOR": 0, "CALIBDATE": "2024-01-01"},
        "gain": {"A": 2.0},
    }
)
TEXT = "# a comment\nrecord: 1\nnote: 'ends in blanks  '\nwho: \"Zoë \\\\ Åström\"\n\nend: 1\n"


def written(path: Path, text: str) -> Path:
    path.write_bytes(fits_bytes(GAINS.fits_content()) if not text else b"".join(_blocks(text)))
    return path


def _blocks(text: str) -> list[bytes]:
    from curated.fits.writer import fits_blocks

    return list(fits_blocks(GAINS.fits_content(), record=text))


def test_text_and_back(tmp_path: Path) -> None:
    path = written(tmp_path / "a.fits", TEXT)
    assert read_record_text(path) == TEXT
    assert Gains.readFits(path).gain == {"A": 2.0}
    with fits.open(path) as hdus:
        hdus.verify("exception")
        assert [hdu.name for hdu in hdus][-1] == "VERIFICATION"
    assert str(Table.read(path, hdu="VERIFICATION")["LINE"][0]) == "# a comment"


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30),
        min_size=1,
        max_size=5,
    )
)
def test_any_lines_and_back(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    path = written(tmp_path_factory.getbasetemp() / "any.fits", text)
    assert read_record_text(path) == text


@pytest.mark.parametrize("content", [b"", b"SIMPLE  = ", b"no FITS", None])
def test_files_without_a_record(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.fits"
    if content is None:
        written(path, "")
    else:
        path.write_bytes(content)
    assert read_record_text(path) == ""
    assert read_record_text(tmp_path / "gone.fits") == ""
