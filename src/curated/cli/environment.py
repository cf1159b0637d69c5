"""Failures of the environment: a disk, memory, a limit, a module. They are no bugs of this program."""

from __future__ import annotations

import errno
import os

from curated.core.diagnostic import CuratedError

_HINTS = {
    errno.ENOSPC: "make room on that disk, and run it again",
    errno.EDQUOT: "make room within your quota, and run it again",
    errno.EMFILE: "allow more open files: ulimit -n 1024",
    errno.ENFILE: "too many files are open on this computer",
    errno.EIO: "the disk or its connection is broken; see the log of the system",
    errno.EFBIG: "allow larger files: ulimit -f unlimited",
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
