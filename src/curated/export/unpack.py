"""FITS files that are packed: the stack compresses images, and a package has plain ones."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.image.reader import read_image

_PACKED = "CAL346"
_GZIP = b"\x1f\x8b"


@contextmanager
def plain_fits(path: str, cls: type[Calib]) -> Iterator[str]:
    """Give a file whose images are not compressed: the file itself, or a copy for as long as it is used.

    Parameters
    ----------
    path : `str`
        The FITS file.
    cls : `type`
        The type that it is read as; only types with images are looked at.

    Raises
    ------
    CuratedError
        If it cannot be unpacked.
    """
    if not cls.SPEC.beside or not _is_packed(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as directory:
        copy = os.path.join(directory, "plain.fits")
        _unpack(path, copy)
        yield copy


def _is_packed(path: str) -> bool:
    with open(path, "rb") as stream:
        if stream.read(2) == _GZIP:
            return True
    return any(problem.code == _PACKED for problem in read_image(path).problems)


def _unpack(path: str, copy: str) -> None:
    from astropy.io import fits

    try:
        with _opened(path) as stream, fits.open(stream, memmap=False) as hdus:
            plain = [fits.PrimaryHDU(hdus[0].data, hdus[0].header)]
            # Tables beside the planes are not carried over from plain files either.
            plain += [fits.ImageHDU(h.data, h.header) for h in hdus[1:] if h.is_image and h.data is not None]
            fits.HDUList(plain).writeto(copy)
    except (OSError, ValueError, TypeError, LookupError, EOFError, fits.VerifyError) as error:
        raise CuratedError(f"{os.path.basename(path)} cannot be unpacked: {error}") from error


@contextmanager
def _opened(path: str) -> Iterator[object]:
    with open(path, "rb") as stream:
        packed = stream.read(2) == _GZIP
    if packed:
        with gzip.open(path, "rb") as unpacked:
            yield unpacked
    else:
        with open(path, "rb") as stream:
            yield stream
