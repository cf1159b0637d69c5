"""Files and directories that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
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
