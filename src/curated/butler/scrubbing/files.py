"""Stored files, compared with their hashes: in processes of their own, which need no Butler."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from curated.core.wholefile import size_and_hash
from curated.fits.checksum import checksum_problem, data_problem
from curated.fits.digest import content_digest

_BLOCK = 1 << 20
_FITS = (".fits", ".fit", ".fits.fz")
_SIMPLE = b"SIMPLE  ="


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

    A file whose hash is known is compared with it, and its checksums only tell what kind of change it is. Of one whose
    content is known the FITS checksums must be right as well. A file of which nothing is known may have been made by
    any program: if it is FITS, the checksums that it has must be right, and its HDUs whole.
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
        return FileProblem(
            "CAL690", f"its SHA-256 is not that of its import; {_verdict(checksum_problem(handle))}"
        )
    if not file.content:
        is_fits = file.path.endswith(_FITS) or os.pread(handle, len(_SIMPLE), 0) == _SIMPLE
        problem = checksum_problem(handle, required=False) if is_fits else ""
        return FileProblem("CAL690", problem) if problem else None
    problem = checksum_problem(handle)
    if problem:
        return FileProblem("CAL690", problem)
    if content_digest(_blocks(handle)) != file.content:
        return FileProblem("CAL690", f"its content is not that of its import; {_verdict(problem)}")
    return None


def _verdict(problem: str) -> str:
    """Say which kind of change it is, from what contradicts the checksums of the file."""
    return problem or "its FITS checksums are right, so that somebody wrote them anew"


def _blocks(handle: int) -> Iterator[bytes]:
    os.lseek(handle, 0, os.SEEK_SET)
    while block := os.read(handle, _BLOCK):
        yield block


def check_object(read: Callable[[], bytes], file: StoredFile) -> FileProblem | None:
    """Return what is wrong with an object in a store, as `check_file` does of a file.

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
        if hashlib.sha256(data).hexdigest() == file.sha256:
            return None
        return FileProblem("CAL690", f"its SHA-256 is not that of its import; {_verdict(data_problem(data))}")
    if not file.content:
        is_fits = file.path.endswith(_FITS) or data.startswith(_SIMPLE)
        problem = data_problem(data, required=False) if is_fits else ""
        return FileProblem("CAL690", problem) if problem else None
    problem = data_problem(data)
    if problem:
        return FileProblem("CAL690", problem)
    if content_digest([data]) != file.content:
        return FileProblem("CAL690", f"its content is not that of its import; {_verdict('')}")
    return None
