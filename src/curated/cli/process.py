"""The process of a command: its standard streams, the signals that end it, and what its environment lacks."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from typing import Any, NoReturn

from curated.core.diagnostic import CuratedError

# -- standard streams ------------------------------------------------------------------------------------


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


# -- signals ---------------------------------------------------------------------------------------------

NAMES = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "the terminal was closed",
}
"""Signals that end a command, with the message."""


class Stop(BaseException):
    """A signal that ends the command; not an `Exception`, so that nothing but cleaning up happens on the way."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def handle_signals() -> None:
    """Let signals raise `Stop`, unless they are ignored, as ``nohup`` has it."""
    if threading.current_thread() is not threading.main_thread():
        return  # of a program that has its own handlers
    for number in NAMES:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)
    # Python goes on after an exception where none can be raised, such as in the removal of an object.
    sys.unraisablehook = _raise_later


def ignore_signals() -> None:
    """Let nothing disturb the end of the process; it takes a moment."""
    for number in NAMES:
        # Not SIG_IGN: Python complains about a signal that has arrived and is not handled yet.
        signal.signal(number, _ignore)


def ignore_signals_for_good() -> None:
    """Let the system ignore signals, from a moment on when none is waiting to be handled.

    At its very end Python removes its own handlers, and a signal would change the exit status of what is complete.
    """
    for number in NAMES:
        signal.signal(number, signal.SIG_IGN)


def _ignore(_: int, __: Any) -> None:
    """Do nothing."""


def _stop(number: int, _: Any) -> NoReturn:
    ignore_signals()  # cleaning up takes a moment; a second signal would leave it half done
    raise Stop(number)


def _raise_later(unraisable: Any) -> None:
    if isinstance(unraisable.exc_value, Stop):
        number = unraisable.exc_value.number
        signal.signal(number, _stop)
        # Raised here it would be lost again.
        threading.Timer(0.01, os.kill, (os.getpid(), number)).start()
    else:
        sys.__unraisablehook__(unraisable)


# -- failures of the environment -------------------------------------------------------------------------

_HINTS = {
    errno.ENOSPC: "make room on that disk, and run it again",
    errno.EDQUOT: "make room within your quota, and run it again",
    errno.EMFILE: "allow more open files: ulimit -n 1024",
    errno.ENFILE: "too many files are open on this computer",
    errno.EIO: "the disk or its connection is broken; see the log of the system",
    errno.EFBIG: "allow larger files: ulimit -f unlimited",
    errno.EAGAIN: "allow more processes: ulimit -u",
    errno.ENOMEM: "allow more memory, or use fewer processes: --jobs 1",
    errno.EROFS: "write to another place",
}

_OF_DISKS = {errno.ENOSPC, errno.EDQUOT, errno.EIO}

LEAST_MEMORY = 160 << 20
"""Bytes of address space below which a library for linear algebra ends the process by itself, with exit status 1."""

_NO_MEMORY = CuratedError("memory ran out", "allow more memory, or use fewer processes: --jobs 1")

_IN_C = ("cannot allocate memory", "failed to map segment", "out of memory")
"""What the loader of shared libraries says about memory."""


def require_memory() -> None:
    """Raise an error where a limit leaves too little memory for importing numpy."""
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < LEAST_MEMORY:
        raise CuratedError(
            f"memory is limited to {limit >> 20} MiB, and {LEAST_MEMORY >> 20} are needed at least",
            "allow more: ulimit -v unlimited",
        )


def environment_failure(error: BaseException) -> CuratedError | None:
    """Return an exception as a failure of the environment, with what can be done; `None` if it is a bug."""
    text = str(error).lower()
    if isinstance(error, MemoryError) or (
        isinstance(error, ImportError) and any(map(text.__contains__, _IN_C))
    ):
        return _NO_MEMORY
    if isinstance(error, RecursionError):
        return CuratedError("an input is nested too deeply", "see with -v which one it is")
    if isinstance(error, OSError):
        return _system_failure(error)
    if isinstance(error, RuntimeError) and "can't start new thread" in text:
        return CuratedError("the system starts no more threads", "allow more processes: ulimit -u")
    if isinstance(error, ImportError) and not (error.name or "").startswith("curated"):
        cause = error.__cause__ or error.__context__
        return (environment_failure(cause) if cause is not None else None) or CuratedError(
            f"a module cannot be imported: {str(error).strip().splitlines()[0] if text.strip() else error.name}",
            "install curated anew, with all that it needs",
        )
    return None


def _system_failure(error: OSError) -> CuratedError:
    if error.errno == errno.ENOENT and error.filename is None and not _has_directory():
        return CuratedError("the current directory no longer exists", "change to one that does")
    name = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
    message = f"{error.strerror or error}{f': {name}' if name else ''}"
    if error.errno == errno.ENOENT and name and not os.path.isdir(os.path.dirname(name) or "."):
        return CuratedError(message, f"there is no directory {os.path.dirname(name)}: make it first")
    # Without a file's name it is standard output that cannot be written.
    return CuratedError(
        message, _HINTS.get(error.errno or 0, "") if name or error.errno not in _OF_DISKS else ""
    )


def _has_directory() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True
