"""Which files sources of exposures name."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.measurement.exposure_files import find_exposure_files


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    for name in ("b.fits", "a.FIT.gz", "sub/c.fits.fz", "notes.txt", "sub/readme.md"):
        path = tmp_path / "frames" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "frames"


def test_a_directory_a_list_and_a_file_each_once(frames: Path, tmp_path: Path) -> None:
    listing = tmp_path / "list.txt"
    listing.write_text("# biases\nframes/sub/c.fits.fz\n\nframes/b.fits\n")
    expected = [str(frames / "a.FIT.gz"), str(frames / "b.fits"), str(frames / "sub" / "c.fits.fz")]
    assert find_exposure_files([str(frames)]) == expected
    assert find_exposure_files([str(listing), str(frames / "b.fits"), str(frames)]) == [
        expected[2],
        expected[1],
        expected[0],
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "names no file"),
        (b"\xff\xfe", "it is no text"),
        (b"gone.fits\n", "there is no file"),
        (b"a\x1b[31m.fits\n", "no list of paths"),
    ],
)
def test_lists_that_are_none(tmp_path: Path, content: bytes | None, message: str) -> None:
    listing = tmp_path / "list.txt"
    if content is not None:
        listing.write_bytes(content)
    with pytest.raises(CuratedError, match=message):
        find_exposure_files([str(listing)])


def test_a_directory_without_frames(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="no FITS file in"):
        find_exposure_files([str(tmp_path)])
