"""Verification of the checksums of FITS files (FITS standard 4.0, appendix J)."""

from __future__ import annotations

import mmap
import os

from curated.fits.header import (
    DamagedError,
    data_length,
    fold,
    header_length,
    read_keywords,
    size_keywords,
    sum32,
)

_MOST_HEADER = 1 << 24
_ZERO = 0xFFFFFFFF
"""Sum of an HDU with a right CHECKSUM: all ones, which is zero in ones' complement."""


def checksum_problem(handle: int, *, required: bool = True) -> str:
    """Return what contradicts the checksums of an open FITS file; an empty text if all HDUs have right ones.

    One wrong bit anywhere in the file is noticed: all bytes belong to HDUs, and each HDU must have both keywords.

    Parameters
    ----------
    handle : `int`
        File descriptor of a regular file.
    required : `bool`, optional
        Whether each HDU must have checksums; if not, an HDU without any only has to be whole.
    """
    if os.fstat(handle).st_size == 0:
        return "the file is empty"
    with mmap.mmap(handle, 0, access=mmap.ACCESS_READ) as data, memoryview(data) as view:
        return data_problem(view, required=required)


def data_problem(data: bytes | memoryview, *, required: bool = True) -> str:
    """Return what contradicts the checksums of the bytes of a FITS file; see `checksum_problem`."""
    if not data:
        return "the file is empty"
    with memoryview(data) as view:
        if bytes(view[:9]) != b"SIMPLE  =":
            return "not a FITS file"
        position = number = 0
        while position < len(view):
            try:
                with view[position:] as rest:
                    length, problem = _hdu_problem(rest, required=required)
            except DamagedError as error:
                return f"HDU {number}: {error}"
            if problem:
                return f"HDU {number}: {problem}"
            position += length
            number += 1
    return ""


def _hdu_problem(view: memoryview, *, required: bool) -> tuple[int, str]:
    """Return the length of the HDU that data start with, and what contradicts its checksums."""
    header = bytes(view[:2880])
    while not (length := header_length(header)):
        if len(header) >= min(len(view), _MOST_HEADER):
            return 0, "its header does not end"
        header = bytes(view[: 4 * len(header)])
    header = header[:length]
    data_size = data_length(size_keywords(header))
    if length + data_size > len(view):
        return 0, "its data are cut off"
    keywords = read_keywords(header)
    if not required and not {"CHECKSUM", "DATASUM"} & keywords.keys():
        return length + data_size, ""
    if not isinstance(keywords.get("CHECKSUM"), str) or not isinstance(keywords.get("DATASUM"), str):
        return 0, "no CHECKSUM or DATASUM"
    datasum = sum32(view[length : length + data_size])
    # Both sums may be written as all ones for zero.
    if not keywords["DATASUM"].strip().isdecimal() or int(keywords["DATASUM"]) % _ZERO != datasum % _ZERO:
        return 0, "DATASUM is wrong"
    if fold(sum32(header) + datasum) != _ZERO:
        return 0, "CHECKSUM is wrong"
    return length + data_size, ""
