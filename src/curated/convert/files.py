"""Files that were made, and how they get onto the disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

from curated.core.keys import CalibFile


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written: its path in the output directory, its size in bytes and its hash."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Converted:
    """One FITS file.

    Parameters
    ----------
    file : `CalibFile`
        The calibration that it was made of.
    fits : `Written`, optional
        What was made; `None` where the file exists elsewhere.
    blob : `str`
        Git blob of the source.
    content : `str`
        Hash of what it holds, without where it comes from and when it is valid; only where it was asked for.
    recipe : `str`
        Hash of what it is made of; only where it was asked for.
    provenance : `Written`, optional
        The file beside it that holds its provenance, where it has any.
    """

    file: CalibFile
    fits: Written | None
    blob: str
    content: str = ""
    recipe: str = ""
    provenance: Written | None = None

    @property
    def path(self) -> str:
        """Path of the FITS file in the output directory; empty where it exists elsewhere."""
        return self.fits.path if self.fits else ""

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self.fits.size if self.fits else 0

    @property
    def sha256(self) -> str:
        """Its hash."""
        return self.fits.sha256 if self.fits else ""


def fits_path(path: str) -> str:
    """Return the path of the FITS file of a calibration file."""
    return f"{os.path.splitext(path)[0]}.fits"


def weigh(blocks: Iterable[bytes]) -> tuple[int, str]:
    """Return the size and the SHA-256 of a file that is not written."""
    size, digest = 0, hashlib.sha256()
    for block in blocks:
        digest.update(block)
        size += len(block)
    return size, digest.hexdigest()


def write_new(target: str, blocks: Iterable[bytes]) -> tuple[int, str]:
    """Write a new file, and its directory where there is none yet; return its size and its SHA-256."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        handle = os.open(target, flags, 0o666)
    except FileNotFoundError:
        _make_directory(os.path.dirname(target))
        handle = os.open(target, flags, 0o666)
    size, digest = 0, hashlib.sha256()
    try:
        for block in blocks:
            digest.update(block)
            size += len(block)
            view = memoryview(block)
            while view:
                view = view[os.write(handle, view) :]
    finally:
        os.close(handle)
    return size, digest.hexdigest()


def _make_directory(path: str) -> None:
    """Make a directory, and those above it that do not exist, asking no more than needed."""
    try:
        os.mkdir(path)
    except FileNotFoundError:
        _make_directory(os.path.dirname(path))
        _make_directory(path)
    except FileExistsError:
        pass  # another process was first
