"""Files and directories that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_whole(filename: str | os.PathLike[str], parts: Iterable[bytes], *, durable: bool = True) -> str:
    """Write a file beside its place and rename it into it: a reader sees the old file or the new one.

    Parameters
    ----------
    filename : path-like
        A link stays a link: the file that it leads to is written.
    parts : iterable [`bytes`]
        Content of the file; the old file may be read until the last part.
    durable : `bool`, optional
        Whether to wait until the content is on the disk; a cache need not.

    Returns
    -------
    filename : `str`
        The file name as text.

    Raises
    ------
    OSError
        If the file cannot be written; the old one is unchanged.
    """
    path = os.path.realpath(filename)
    with replacing(path) as temporary:
        _write(temporary, parts, _mode(path), durable=durable)
    return str(filename)


def write_new(filename: str | os.PathLike[str], parts: Iterable[bytes]) -> None:
    """Write a file whole or not at all, and never in the place of another file.

    Parameters
    ----------
    filename : path-like
        A name that is not in use.
    parts : iterable [`bytes`]
        Content of the file.

    Raises
    ------
    OSError
        If the file cannot be written, or if there is anything of that name.
    """
    temporary = _temporary_name(os.fspath(filename))
    try:
        _write(temporary, parts, _mode(filename), durable=True)
        # Unlike a renaming, a link never takes another file's place.
        os.link(temporary, filename)
    finally:
        _remove(temporary)


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
    try:
        return size_and_hash(written(parts, handle))
    finally:
        os.close(handle)


def written(parts: Iterable[bytes], handle: int) -> Iterator[bytes]:
    """Yield parts of a file after each has been written to an open file."""
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[os.write(handle, view) :]
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
def replacing(filename: str | os.PathLike[str]) -> Iterator[str]:
    """Yield the name of a temporary file, which takes the place of a file unless the block fails.

    Parameters
    ----------
    filename : path-like
        The file to replace or to make. The temporary file is beside it, and is the caller's to make.
    """
    temporary = _temporary_name(os.fspath(filename))
    try:
        yield temporary
        os.replace(temporary, filename)
    except BaseException:
        _remove(temporary)
        raise


@contextmanager
def staging_directory(parent: str | os.PathLike[str], prefix: str) -> Iterator[Path]:
    """Yield a new directory for content that is renamed into its place when it is complete.

    What is still in the directory at the end is removed.

    Parameters
    ----------
    parent : path-like
        A directory on the file system of that place; it is made if need be.
    prefix : `str`
        Start of the directory's name; eight random characters follow.
    """
    import shutil  # with the compression modules that it imports, only for whoever stages

    os.makedirs(parent, exist_ok=True)
    staging = Path(parent, f"{prefix}{os.urandom(4).hex()}")
    staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _temporary_name(filename: str) -> str:
    directory, name = os.path.split(filename)
    return os.path.join(directory, f".{name}.{os.urandom(4).hex()}")


def _write(filename: str, parts: Iterable[bytes], mode: int, *, durable: bool) -> None:
    # Nobody else can read it before it has the permissions of the file that it replaces.
    handle = os.open(filename, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.writelines(parts)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    os.chmod(filename, mode)


def _remove(filename: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(filename)


def _mode(filename: str | os.PathLike[str]) -> int:
    """Return the permissions of a file, or those of a new one where there is none."""
    try:
        return os.stat(filename).st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
