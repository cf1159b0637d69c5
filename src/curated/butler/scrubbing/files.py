"""Stored files, compared with their hashes: in processes of their own, which need no Butler."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from curated.core.wholefile import size_and_hash
from curated.fits.checksum import checksum_problem
from curated.fits.digest import content_digest

_BLOCK = 1 << 20


class StoredFile(NamedTuple):
    """A file that a repository holds, and what is known of it.

    Parameters
    ----------
    path : `str`
        Local path.
    sha256 : `str`
        Hash of the file; empty if it is unknown.
    size : `int`
        In bytes; with an unknown hash, 0.
    content : `str`
        Hash of the content (`curated.fits.digest`); empty if it is unknown.
    """

    path: str
    sha256: str = ""
    size: int = 0
    content: str = ""


class FileProblem(NamedTuple):
    """What is wrong with a stored file: a code and a text."""

    code: str
    detail: str


def check_files(files: Sequence[StoredFile]) -> list[FileProblem | None]:
    """Return what is wrong with each of some files."""
    return [check_file(file) for file in files]


def check_file(file: StoredFile) -> FileProblem | None:
    """Return what is wrong with a file.

    A file whose hash is known is compared with it, and its checksums only tell what kind of change it is. Of any
    other file the FITS checksums must be right.
    """
    try:
        # Nothing waits for the other end of a pipe.
        handle = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        gone = error.errno in (errno.ENOENT, errno.ENOTDIR)
        return FileProblem("CAL691", "the file is gone" if gone else f"it cannot be read: {error.strerror}")
    try:
        return _open_file_problem(handle, file)
    except OSError as error:
        return FileProblem("CAL691", f"it cannot be read: {error.strerror}")
    finally:
        os.close(handle)


def _open_file_problem(handle: int, file: StoredFile) -> FileProblem | None:
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        return FileProblem("CAL690", "it is no regular file")
    if file.sha256:
        if status.st_size != file.size:
            return FileProblem("CAL690", f"{status.st_size} bytes; it was imported with {file.size}")
        if size_and_hash(_blocks(handle))[1] == file.sha256:
            return None
        return FileProblem("CAL690", f"its SHA-256 is not that of its import; {_verdict(handle)}")
    problem = checksum_problem(handle)
    if problem:
        return FileProblem("CAL690", problem)
    if file.content and content_digest(_blocks(handle)) != file.content:
        return FileProblem("CAL690", f"its content is not that of its import; {_verdict(handle)}")
    return None


def _verdict(handle: int) -> str:
    """Say which kind of change it is."""
    problem = checksum_problem(handle)
    return problem or "its FITS checksums are right, so that somebody wrote them anew"


def _blocks(handle: int) -> Iterator[bytes]:
    os.lseek(handle, 0, os.SEEK_SET)
    while block := os.read(handle, _BLOCK):
        yield block


def check_object(read: Callable[[], bytes], file: StoredFile) -> FileProblem | None:
    """Return what is wrong with an object in a store.

    Parameters
    ----------
    read : `~collections.abc.Callable`
        Returns its bytes.
    file : `StoredFile`
        What is known of it; the path is only a name.
    """
    try:
        data = read()
    except FileNotFoundError:
        return FileProblem("CAL691", "the object is gone")
    except OSError as error:
        return FileProblem("CAL691", f"it cannot be read: {error.strerror or error}")
    if file.sha256:
        if len(data) != file.size:
            return FileProblem("CAL690", f"{len(data)} bytes; it was imported with {file.size}")
        same = hashlib.sha256(data).hexdigest() == file.sha256
        return None if same else FileProblem("CAL690", "its SHA-256 is not that of its import")
    if file.content and content_digest([data]) != file.content:
        return FileProblem("CAL690", "its content is not that of its import")
    return None
