"""Files and directories that exist whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(filename: str | os.PathLike[str], parts: Iterable[bytes]) -> str:
    """Write a file beside its place and rename it into it: a reader sees the old file or the new one.

    Parameters
    ----------
    filename : path-like
        Where.
    parts : iterable [`bytes`]
        Its content; what is there may be read until the last of them.

    Returns
    -------
    filename : `str`
        Its name.

    Raises
    ------
    OSError
        If it cannot be written; what was there is as it was.
    """
    path = Path(filename)
    # A link stays a link: what it leads to is written.
    place = Path(os.path.realpath(path))
    temporary = _write_beside(place, parts)
    try:
        os.chmod(temporary, _mode(place))
        os.replace(temporary, place)
    except BaseException:
        os.unlink(temporary)
        raise
    return str(filename)


def write_new(filename: str | os.PathLike[str], parts: Iterable[bytes]) -> None:
    """Write a file whole or not at all, where there is none.

    Parameters
    ----------
    filename : path-like
        Where.
    parts : iterable [`bytes`]
        Its content.

    Raises
    ------
    OSError
        If it cannot be written, or if there is anything of that name.
    """
    place = Path(filename)
    temporary = _write_beside(place, parts)
    try:
        os.chmod(temporary, _mode(place))
        # Unlike a renaming, a link never takes another file's place.
        os.link(temporary, place)
    finally:
        os.unlink(temporary)


def write_staged(filename: str | os.PathLike[str], parts: Iterable[bytes]) -> tuple[int, str]:
    """Write a new file into a directory that nobody reads before it is renamed into its place.

    Parameters
    ----------
    filename : path-like
        A name that is not in use; its directory is made if need be.
    parts : iterable [`bytes`]
        Content of the file.

    Returns
    -------
    size : `int`
        Size in bytes.
    sha256 : `str`
        SHA-256 of the content, 64 hexadecimal digits.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        handle = os.open(filename, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(filename), exist_ok=True)
        handle = os.open(filename, flags, 0o666)
    with os.fdopen(handle, "wb", buffering=0) as file:
        return size_and_hash(_written(parts, file))


def _written(parts: Iterable[bytes], file: io.FileIO) -> Iterator[bytes]:
    """Yield parts of a file after each has been written."""
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[file.write(view) :]
        yield part


def size_and_hash(parts: Iterable[bytes]) -> tuple[int, str]:
    """Return the size in bytes and the SHA-256 of a file's content."""
    import hashlib  # only whoever hashes pays for it

    size, digest = 0, hashlib.sha256()
    for part in parts:
        digest.update(part)
        size += len(part)
    return size, digest.hexdigest()


@contextmanager
def staging_directory(parent: Path, name: str) -> Iterator[Path]:
    """Make a hidden directory for what will be moved into its place when it is complete; it is removed in the end.

    Parameters
    ----------
    parent : `~pathlib.Path`
        Where to make it: on the file system of that place.
    name : `str`
        Name of that place, which is part of the directory's name.
    """
    import shutil  # only whoever writes pays for it

    staging = parent / f".{name}.{os.getpid()}"
    # Another process of this number may have been killed.
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir(parents=True)
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def rename_directory(staging: Path, output: Path) -> None:
    """Rename a directory to a name that is free or that of an empty directory.

    Raises
    ------
    OSError
        If anything else is there; then nothing has changed.
    """
    # A link to an empty directory does not give way to a directory: follow it.
    os.rename(staging, os.path.realpath(output))


def _write_beside(place: Path, parts: Iterable[bytes]) -> str:
    """Write a temporary file beside a place, and return its name."""
    import tempfile  # only whoever writes pays for it

    handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def _mode(place: Path) -> int:
    """Return the permissions of the file that is there, or those that a new one has."""
    try:
        return place.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
