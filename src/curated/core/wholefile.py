"""Files and directories that appear whole or not at all."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from curated.core.storage.disk import flush, remove_unused, take_lock, temporary_name


def write_whole(
    filename: str | os.PathLike[str],
    parts: Iterable[bytes],
    *,
    durable: bool = True,
    mode: int | None = None,
    follow: bool = True,
) -> str:
    """Write a file beside its place and rename it into it: a reader sees the old file or the new one.

    Parameters
    ----------
    filename : path-like
        A link stays a link: the file that it leads to is written.
    parts : iterable [`bytes`]
        Content of the file; the old file may be read until the last part.
    durable : `bool`, optional
        Whether to wait until the file is on the disk; a cache need not.
    mode : `int`, optional
        Permissions; those of the old file if not given, or those of a new one where there is none.
    follow : `bool`, optional
        Whether a link stays; if not, the file takes its place.

    Returns
    -------
    filename : `str`
        The file name as text.

    Raises
    ------
    OSError
        If the file cannot be written; the old one is unchanged.
    """
    path = os.path.realpath(filename) if follow else os.fspath(filename)
    with _temporary_file(path, parts, _mode(path) if mode is None else mode, durable=durable) as temporary:
        os.replace(temporary, path)
    if durable:
        flush([os.path.dirname(path) or "."])
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
    with _temporary_file(os.fspath(filename), parts, _mode(filename), durable=True) as temporary:
        # Unlike a renaming, a link never takes another file's place.
        os.link(temporary, filename)
    flush([os.path.dirname(filename) or "."])


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
        with naming(filename):
            return size_and_hash(written(parts, handle))
    finally:
        os.close(handle)


def link_staged(source: str | os.PathLike[str], filename: str | os.PathLike[str]) -> None:
    """Give a file that was just written another name in the same tree; where the file system cannot, copy it.

    Parameters
    ----------
    source : path-like
        The file, see `write_staged`.
    filename : path-like
        A name that is not in use; its directory is made if need be.
    """
    os.makedirs(os.path.dirname(filename), exist_ok=True)
    with suppress(OSError):
        os.link(source, filename)
        return
    with open(source, "rb") as stream:
        write_staged(filename, iter(lambda: stream.read(1 << 20), b""))


@contextmanager
def naming(filename: str | os.PathLike[str]) -> Iterator[None]:
    """Name a file in errors about writing to it, which the system raises without a name."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = os.fspath(filename)
        raise


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


def _temporary_name(filename: str) -> str:
    directory, name = os.path.split(filename)
    return os.path.join(directory, f".{name}.{os.urandom(4).hex()}")


@contextmanager
def _temporary_file(filename: str, parts: Iterable[bytes], mode: int, *, durable: bool) -> Iterator[str]:
    """Yield the name of a complete file beside another one; it is removed at the end if it is still there."""
    directory = os.path.dirname(filename)
    _clean(directory or ".")
    try:
        temporary, handle, lock = _make_temporary(directory)
    except OSError as error:
        # Nobody knows the temporary file.
        error.filename = filename
        raise
    try:
        with naming(filename), os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if durable:
                os.fsync(file.fileno())
        yield temporary
    finally:
        _remove(temporary)
        if lock is not None:
            os.close(lock)


def _make_temporary(directory: str) -> tuple[str, int, int | None]:
    """Make a file that nobody else can read; return its name, a descriptor, and another that holds its lock.

    While the lock is held, no other process takes the file for a leftover. Some file systems have no locks.
    """
    while True:
        temporary = os.path.join(directory, temporary_name())
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            lock = take_lock(temporary)
        except OSError:
            return temporary, handle, None
        if lock is not None:
            return temporary, handle, lock
        os.close(handle)


@functools.cache
def _clean(directory: str) -> None:
    """Remove temporary files that killed processes left; once, since a directory may get thousands of files."""
    remove_unused(directory)


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
