"""Standard streams that may be closed, full, or read by a program that has enough."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any


class _Output(io.FileIO):
    """A standard stream that goes nowhere once its reader has ended.

    A command whose output nobody reads any more goes on to its verdict: ``curated check | head`` ends with the exit
    status of the check.

    Parameters
    ----------
    required : `bool`
        Whether other failures to write, such as a full disk, are errors. They are for results, and not for messages.
    """

    def __init__(self, descriptor: int, *, required: bool) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self._required = required

    def write(self, data: Any) -> int:
        """Write bytes, or drop them if nobody can read them."""
        try:
            return super().write(data)
        except OSError as error:
            if self._required and error.errno not in (errno.EPIPE, errno.EBADF):
                raise
            return len(data)


def prepare_streams() -> None:
    """Replace standard output and standard error by ones that cannot break a command.

    Streams that are closed lead to the null device; otherwise the next file that is opened would have their number, and
    output of programs that are started would go there.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
            os.set_inheritable(descriptor, True)
    sys.stdout = _stream(sys.stdout, 1, required=True)
    sys.stderr = _stream(sys.stderr, 2, required=False)


def _stream(stream: Any, descriptor: int, *, required: bool) -> Any:
    try:
        if stream is not None and stream.fileno() != descriptor:
            return stream
    except (OSError, ValueError, AttributeError):
        return stream  # a test's, or another program's that has no file
    raw = _Output(descriptor, required=required)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors="backslashreplace",  # for names that the terminal cannot show
        line_buffering=descriptor == 2 or raw.isatty(),
    )
