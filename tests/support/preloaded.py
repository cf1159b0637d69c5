"""Start `curated` and `butler` from a process that has imported Butler, since that import takes longer than the commands.

A server process imports the code once. The programs that `_write_programs` makes send it their arguments, directory,
environment and standard streams; it runs the command in a process of its own, forked from the server, whose exit status
the program returns. What the start of a new Python decides (its options, locale and time zone) is that of the server.
"""

from __future__ import annotations

import array
import atexit
import importlib
import json
import os
import select
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NoReturn

STOCK = ("lsst.daf.butler", "lsst.daf.butler.cli.butler", "lsst.daf.butler.script")
MODULES = (*STOCK, "curated.butler", "curated.cli.main")

# Run without the modules of site-packages, so that it starts in a few milliseconds.
_CLIENT = """
import array, json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
request = json.dumps([sys.argv[2:], os.getcwd(), dict(os.environ)]).encode()
streams = array.array("i", [0, 1, 2])
server.sendmsg([len(request).to_bytes(8, "little")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
server.sendall(request)
answer = server.recv(4)
status = int.from_bytes(answer, "little", signed=True) if answer else 70
if status < 0:  # ended by a signal, as this program now is
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


class Programs:
    """`curated`, `butler` and Python code, started from a process that has imported what they use."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which shells find the programs, and after them those of this Python."""
        scripts = Path(sys.executable).parent
        path = f"{self.directory}:{scripts}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore"}

    def command(self, *arguments: str | os.PathLike[str]) -> list[str]:
        """Return the command line of a program, ``command("butler", "query-collections", repo)``."""
        return [str(self.directory / os.fspath(arguments[0])), *map(os.fspath, arguments[1:])]

    def run(
        self,
        *arguments: str | os.PathLike[str],
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program, ``run("butler", "query-collections", repo)``, and return its exit status and output.

        Parameters
        ----------
        environment : mapping, optional
            All environment variables of the program instead of `environment`.
        """
        return subprocess.run(
            self.command(*arguments),
            cwd=cwd,
            env=self.environment if environment is None else environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )


@cache
def shared_programs(modules: tuple[str, ...] = MODULES) -> Programs:
    """Return the programs of a server that all tests of this process share; both end with this process.

    Parameters
    ----------
    modules : `tuple` [`str`], optional
        What the server imports; ``STOCK`` is for programs that must not have curated.
    """
    directory = Path(tempfile.mkdtemp(prefix="curated-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    address = f"{directory}/socket"
    _write_programs(directory, address)
    # A pipe that only this process holds open: where it ends, however it ends, the server reads its end.
    lifeline, kept_open = os.pipe()
    server = subprocess.Popen(
        [sys.executable, __file__, address, str(lifeline), *modules],
        pass_fds=(lifeline,),
        start_new_session=True,
    )
    os.close(lifeline)
    atexit.register(server.wait)
    atexit.register(os.close, kept_open)
    _wait_for(address, server)
    return Programs(directory)


@contextmanager
def preloaded_programs(directory: Path, path: Sequence[str] = ()) -> Iterator[Programs]:
    """Start the server, and make the programs in a directory.

    Parameters
    ----------
    directory : `pathlib.Path`
        An empty directory for the programs.
    path : sequence of `str`, optional
        Directories from which the commands can import modules.
    """
    # The path of a socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="curated-") as place:
        address = f"{place}/socket"
        _write_programs(directory, address)
        inherited = os.environ.get("PYTHONPATH", "")
        environment = {**os.environ, "PYTHONPATH": ":".join([*path, *filter(None, [inherited])])}
        server = subprocess.Popen(
            [sys.executable, __file__, address, "", *MODULES], env=environment, start_new_session=True
        )
        try:
            _wait_for(address, server)
            yield Programs(directory)
        finally:
            server.terminate()
            server.wait()


def _write_programs(directory: Path, address: str) -> None:
    client = directory / "client.py"
    client.write_text(_CLIENT)
    for name in ("curated", "butler", "python"):
        command = shlex.join([sys.executable, "-I", "-S", str(client), address, name])
        (directory / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (directory / name).chmod(0o755)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not os.path.exists(address):
        assert server.poll() is None, "the server has ended"
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.01)


# -- the server ------------------------------------------------------------------------------------------


def serve(address: str, lifeline: int | None, modules: Sequence[str]) -> None:
    """Answer requests, each in a process of its own, until the process is ended or the lifeline's other end closed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in modules:
            importlib.import_module(name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(16)
    os.rename(f"{address}.new", address)
    # Children that serve a connection are nobody's to wait for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sources = [listener] if lifeline is None else [listener, lifeline]
    while lifeline not in select.select(sources, [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            if lifeline is not None:
                os.close(lifeline)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(connection)
        connection.close()


def _answer(connection: socket.socket) -> NoReturn:
    """Run one command in a child, and send its exit status."""
    header, streams = _receive_header(connection)
    length = int.from_bytes(header, "little")
    request = b""
    while len(request) < length:
        request += connection.recv(length - len(request))
    arguments, directory, environment = json.loads(request)
    child = os.fork()
    if child == 0:
        connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        for stream in streams:
            if stream > 2:
                os.close(stream)
        _run(arguments, directory, environment)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    connection.sendall(status.to_bytes(4, "little", signed=True))
    os._exit(0)


def _receive_header(connection: socket.socket) -> tuple[bytes, array.array[int]]:
    header, ancillary, _, _ = connection.recvmsg(8, socket.CMSG_SPACE(3 * struct.calcsize("i")))
    streams = array.array("i")
    streams.frombytes(ancillary[0][2])
    return header, streams


def _run(arguments: list[str], directory: str, environment: Mapping[str, str]) -> NoReturn:
    """Run a command in this process, with the streams of the program that asked for it."""
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(":"))
    sys.argv = arguments
    if environment.get("PYTHONWARNINGS") == "ignore":
        warnings.simplefilter("ignore")
    # Those of the server may hold what it has not yet written.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    status = 1
    try:
        if arguments[0] == "python":
            code, sys.argv = arguments[1], ["-c", *arguments[2:]]
            exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
            sys.exit(0)
        if arguments[0] == "butler":
            from lsst.daf.butler.cli.butler import main as butler

            sys.exit(butler())
        from curated.cli.main import main as curated

        curated()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except Exception:  # noqa: BLE001 - Python ends like this
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]) if sys.argv[2] else None, sys.argv[3:])
