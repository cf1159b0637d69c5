"""The first headers of FITS files from anywhere, packed ones too, without their data."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from curated.core.regular_files import UnsafeFileError
from curated.fits.digest import LONGEST_HEADER
from curated.fits.header import BLOCK, DamagedError, data_length, header_length, size_keywords

_PART = 8 * BLOCK
_GZIP = b"\x1f\x8b"
_SIGNATURE, _EXTENSION = b"SIMPLE  =", b"XTENSION="

MOST_UNPACKED = 64 << 20
"""Most bytes of a packed file that are unpacked on the way to its headers."""


def read_headers(path: str | os.PathLike[str], most: int = 1) -> Iterator[bytes]:
    """Yield the headers of a FITS file, from the first one on, in whole blocks.

    A file that ends early, or that is damaged behind its first header, has the headers before that place. Of a file
    packed with gzip at most `MOST_UNPACKED` bytes are unpacked.

    Parameters
    ----------
    path : path-like
        The file; a link is followed.
    most : `int`, optional
        Most headers.

    Raises
    ------
    UnsafeFileError
        If it is no regular file.
    DamagedError
        If it does not begin with a header.
    OSError
        If it cannot be read.
    """
    # Opening neither waits for a writer nor takes a terminal.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnsafeFileError("is no regular file", os.fspath(path))
    with os.fdopen(handle, "rb", buffering=0) as file:
        start = file.read(len(_GZIP))
        file.seek(0)
        if start != _GZIP:
            yield from _headers(file, most, largest=None)
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield from _headers(unpacked, most, largest=MOST_UNPACKED)


def _headers(file: BinaryIO | gzip.GzipFile, most: int, largest: int | None) -> Iterator[bytes]:
    place = 0
    for number in range(most):
        try:
            file.seek(place)
            header = _header(file, _EXTENSION if number else _SIGNATURE)
        except (zlib.error, EOFError, gzip.BadGzipFile) as error:
            if number:
                return
            raise DamagedError(f"cannot be unpacked: {error}") from error
        if not header:
            if number:
                return
            raise DamagedError("does not begin with a FITS header")
        yield header
        try:
            place += len(header) + data_length(size_keywords(header))
        except DamagedError:
            return
        if place >= 2**62 or (largest is not None and place > largest):
            return


def _header(file: BinaryIO | gzip.GzipFile, signature: bytes) -> bytes:
    """Return the header at the place of a file; nothing if there is none, or not all of it."""
    data = b""
    while len(data) <= LONGEST_HEADER:
        part = file.read(_PART)
        if not part:
            return b""
        data += part
        if not data.startswith(signature[: len(data)]):
            return b""
        length = header_length(data)
        if length:
            return data[:length]
    return b""


def fits_files(paths: Iterable[str]) -> Iterator[str]:
    """Yield files, and of directories the FITS files below them, in order; links to directories are not followed.

    Raises
    ------
    OSError
        If a directory cannot be read.
    """
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for directory, directories, names in os.walk(path, onerror=_raise):
            directories.sort()
            yield from (os.path.join(directory, name) for name in sorted(names) if is_fits_name(name))


def is_fits_name(name: str) -> bool:
    """Say whether a file has one of the usual endings of FITS files."""
    return name.lower().endswith((".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fits.fz", ".fz"))


def _raise(error: OSError) -> None:
    raise error
