"""One process for all files of a ``git diff``: git starts its driver for each of them, which then asks for the text.

The first driver leaves a helper behind, which has everything imported, if git says that more files follow. It answers
only programs that the same git has started, and ends with the last file, with git, and after half a minute without work.
Where it cannot be, as on systems other than Linux, each driver does its own work.

Only few modules are imported here: a driver that asks would otherwise take as long as one that does the work.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

Answer = Callable[[Sequence[str]], bytes]

COMMAND = ("git", "external-diff", "--program")
"""How git calls the driver; the version and the arguments of git follow."""

_IDLE_SECONDS = 30
_SECONDS = 10
_MOST_BYTES = 1 << 20
_MOST_ANCESTORS = 4
_LENGTH = struct.Struct("!Q")
_PEER = struct.Struct("3i")
_PARENT, _START = 1, 19
"""Places of the parent and of the time of the start behind the name of a program in ``/proc/PID/stat``."""


class _Git(NamedTuple):
    """A process of git, by number and time of its start."""

    pid: int
    start: str

    @property
    def address(self) -> str:
        """Address of the helper of this git; no file has it."""
        return f"\0curated-git-{os.getuid()}-{self.pid}-{self.start}"


def ask_helper(arguments: Sequence[str]) -> bool:
    """Print the answer of the helper of the git that has started this process; say whether there was one.

    Parameters
    ----------
    arguments : sequence [`str`]
        Those of the process.
    """
    git = _find_git(os.getppid()) if tuple(arguments[:3]) == COMMAND and arguments[4:5] == ["--"] else None
    if git is None:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(git.address)
            if not _is_same_user(connection):
                return False
            fields = (_directory(), str(int(_is_last())), *arguments[5:])
            _send(connection, b"\0".join(map(os.fsencode, fields)))
            text = _receive(connection)
    except (OSError, AttributeError):
        return False
    with suppress(BrokenPipeError):
        while text:
            text = text[os.write(1, text) :]
    return True


def leave_helper(answer: Answer) -> None:
    """Leave a helper behind for the next files of the git that has started this process.

    Parameters
    ----------
    answer : callable
        Returns what the driver prints, from the arguments of git.
    """
    git = _find_git(os.getppid())
    if git is None or _is_last():
        return
    try:
        handle = os.pidfd_open(git.pid)
        if _find_git(os.getppid()) != git:
            return  # the number is that of another process by now
        ready, begun = os.pipe()
        is_helper = os.fork() == 0
    except (OSError, AttributeError):
        return
    if not is_helper:
        os.close(begun)
        os.read(ready, 1)  # until the next driver can ask
        return
    try:
        # A socket has the number of the process that listens.
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(git.address)
            listener.listen()
            os.close(ready)
            os.close(begun)
            _serve(git, handle, listener, answer)
    finally:
        os._exit(0)


def _is_last() -> bool:
    """Say whether git shows no file after this one; it counts those without a driver as well."""
    counts = [os.environ.get(f"GIT_DIFF_PATH_{name}", "") for name in ("COUNTER", "TOTAL")]
    return not all(count.isdecimal() for count in counts) or int(counts[0]) >= int(counts[1])


def _find_git(pid: int) -> _Git | None:
    """Return the nearest process of git among one and its ancestors; a shell may be in between."""
    try:
        for _ in range(_MOST_ANCESTORS):
            with open(f"/proc/{pid}/stat", "rb") as stream:
                before, _, after = stream.read().rpartition(b")")
            fields = after.split()
            if before.partition(b"(")[2] == b"git":
                return _Git(pid, fields[_START].decode())
            pid = int(fields[_PARENT])
    except (OSError, ValueError, LookupError):
        pass
    return None


def _is_same_user(connection: socket.socket) -> bool:
    """Say whether the other end is a process of this user that sees the same files."""
    pid, user, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    space, other_space = (os.stat(f"/proc/{process}/ns/mnt").st_ino for process in ("self", pid))
    return user == os.getuid() and space == other_space


def _peer_git(connection: socket.socket) -> _Git | None:
    """Return the git that has started the process at the other end."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return _find_git(_PEER.unpack(credentials)[0])


def _directory() -> str:
    status = os.stat(".")
    return f"{status.st_dev} {status.st_ino}"


# -- the helper -----------------------------------------------------------------------------------------------


def _serve(git: _Git, handle: int, listener: socket.socket, answer: Answer) -> None:
    """Answer until there is nothing more to do, or git has ended."""
    import gc
    import select
    import signal
    import threading

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)  # nobody waits for the end of what git writes into
    gc.freeze()

    def end_with_git() -> None:
        select.select([handle], [], [])
        os._exit(0)

    threading.Thread(target=end_with_git, daemon=True).start()
    listener.settimeout(_IDLE_SECONDS)
    is_last = False
    while not is_last:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(Exception):  # who gets no answer does the work
            connection.settimeout(_SECONDS)
            if not _is_same_user(connection) or _peer_git(connection) != git:
                continue
            directory, last, *arguments = map(os.fsdecode, _receive(connection).split(b"\0"))
            is_last = last == "1"
            if directory == _directory():
                _send(connection, answer(arguments))


def _send(connection: socket.socket, content: bytes) -> None:
    connection.sendall(_LENGTH.pack(len(content)) + content)


def _receive(connection: socket.socket) -> bytes:
    """Return a content.

    Raises
    ------
    OSError
        If it does not come as a whole.
    """
    length = _LENGTH.unpack(_read(connection, _LENGTH.size))[0]
    return _read(connection, length)


def _read(connection: socket.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        block = connection.recv(min(length - len(content), _MOST_BYTES))
        if not block:
            raise OSError("the other end has gone")
        content += block
    return bytes(content)


def encoded(lines: Sequence[str]) -> bytes:
    """Return lines as the standard output of this process has them."""
    text = "".join(f"{line}\n" for line in lines)
    return text.encode(getattr(sys.stdout, "encoding", None) or "utf-8", errors="backslashreplace")
