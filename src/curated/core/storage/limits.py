"""Limits of this process and of the computer: errors that say nothing about the file at which they appear."""

from __future__ import annotations

import errno
import os

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOBUFS})
"""Open files, memory or processes have run out."""

LEAST_FILES = 24
"""Files that a command opens at a time, at least: pipes to git and to its own processes, a tree of directories."""


def raise_exhausted(error: OSError) -> None:
    """Raise an error again that says nothing about a file; for handlers that go on without the file.

    Otherwise a file that could not be read would count as one that is not there, or is wrong.
    """
    if error.errno in EXHAUSTED:
        raise error


def require_files() -> None:
    """Raise an error where too few files can be opened for doing anything that is worth its result.

    Raises
    ------
    OSError
        If less than `LEAST_FILES` can be opened.
    """
    handles: list[int] = []
    try:
        handles.append(os.open(os.devnull, os.O_RDONLY))
        while len(handles) < LEAST_FILES:
            handles.append(os.dup(handles[0]))
    finally:
        for handle in handles:
            os.close(handle)
