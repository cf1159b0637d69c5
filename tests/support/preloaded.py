"""Start `curated` and `butler` from a process that has imported Butler, since that import takes longer than the commands.

A server process imports the code once. The programs that `_write_programs` makes send it their arguments, directory,
environment and standard streams; it runs the command in a process of its own, forked from the server, whose exit status
the program returns. What the start of a new Python decides (its options, locale and time zone) is that of the server.
"""

from __future__ import annotations

import array
import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import selectors
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
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NoReturn

STOCK = (
    "lsst.daf.butler.cli.butler",
    "lsst.daf.butler.script",
    # What a repository needs, which Butler imports when it opens one.
    "lsst.daf.butler.datastores.chainedDatastore",
    "lsst.daf.butler.datastores.fileDatastore",
    "lsst.daf.butler.direct_butler",
    "lsst.daf.butler.registry.collections.synthIntKey",
    "lsst.daf.butler.registry.databases.sqlite",
    "lsst.daf.butler.registry.datasets.byDimensions",
    "lsst.daf.butler.registry.dimensions.static",
    "lsst.resources.file",
)
MODULES = (*STOCK, "curated.*")
"""Modules; a package with an asterisk stands for all modules in it, which commands would import when they need them."""

# A program for shells and whoever needs a process. It runs without the modules of site-packages, to start quickly.
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

    def __init__(self, directory: Path, address: str, path: Sequence[str] = ()) -> None:
        self.directory, self.address, self.path = directory, address, path

    def with_path(self, *path: str) -> Programs:
        """Return the same programs, which can also import modules of other directories."""
        return Programs(self.directory, self.address, path)

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which shells find the programs, and after them those of this Python."""
        scripts = Path(sys.executable).parent
        path = f"{self.directory}:{scripts}:{os.environ['PATH']}"
        modules = ":".join([*self.path, *filter(None, [os.environ.get("PYTHONPATH")])])
        variables = {**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore"}
        return variables | ({"PYTHONPATH": modules} if modules else {})

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
        place = os.fspath(cwd) if cwd is not None else os.getcwd()
        variables = self.environment if environment is None else environment
        words = list(map(os.fspath, arguments))
        status, output, errors = _run_served(self.address, words, place, variables)
        return subprocess.CompletedProcess(self.command(*arguments), status, _text(output), _text(errors))


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
    return Programs(directory, address)


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
            yield Programs(directory, address)
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


def _run_served(
    address: str, arguments: list[str], directory: str, environment: Mapping[str, str]
) -> tuple[int, bytes, bytes]:
    """Have the server run a command without input; return its exit status and what it wrote.

    It does what the programs do, without starting one: that would take longer than many commands.
    """
    request = json.dumps([arguments, directory, dict(environment)]).encode()
    (output, output_end), (errors, errors_end) = os.pipe(), os.pipe()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        with open(os.devnull, "rb") as nothing, open(output_end, "wb"), open(errors_end, "wb"):
            streams = array.array("i", [nothing.fileno(), output_end, errors_end])
            server.sendmsg(
                [len(request).to_bytes(8, "little")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)]
            )
        server.sendall(request)
        texts = _read_all(output, errors)
        answer = server.recv(4)
    assert answer, "the server has ended"
    return int.from_bytes(answer, "little", signed=True), *texts


def _read_all(output: int, errors: int) -> tuple[bytes, bytes]:
    """Read two pipes to their ends, whichever has something."""
    with (
        open(output, "rb", 0) as first,
        open(errors, "rb", 0) as second,
        selectors.DefaultSelector() as ready,
    ):
        texts = {first: bytearray(), second: bytearray()}
        for pipe, text in texts.items():
            ready.register(pipe, selectors.EVENT_READ, text)
        while ready.get_map():
            for key, _ in ready.select():
                data = os.read(key.fd, 1 << 16)
                key.data.extend(data)
                if not data:
                    ready.unregister(key.fileobj)
        return bytes(texts[first]), bytes(texts[second])


def _text(data: bytes) -> str:
    """Decode what a program wrote as `subprocess` does."""
    return data.decode(errors="surrogateescape").replace("\r\n", "\n").replace("\r", "\n")


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
            _import(name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(16)
    # A byte arrives when a command has ended.
    ends, ends_sender = socket.socketpair()
    for end in (ends, ends_sender):
        end.setblocking(False)
    signal.set_wakeup_fd(ends_sender.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # What all commands share is neither looked at nor copied when they collect garbage.
    gc.collect()
    gc.freeze()
    os.rename(f"{address}.new", address)
    commands: dict[int, socket.socket] = {}
    sources = [listener, ends] if lifeline is None else [listener, ends, lifeline]
    while lifeline not in (ready := select.select(sources, [], [])[0]):
        if ends in ready:
            ends.recv(1 << 16)
            _send_statuses(commands)
        if listener in ready:
            connection, _ = listener.accept()
            if request := _receive(connection):
                others = [listener, ends, ends_sender, connection, *commands.values()]
                commands[_start(*request, others, lifeline)] = connection
            else:
                connection.close()


def _start(
    streams: array.array[int], command: bytes, others: Sequence[socket.socket], lifeline: int | None
) -> int:
    """Start a process that runs a command, and return its number; it closes what the server has open."""
    process = os.fork()
    if process == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in others:
            other.close()
        if lifeline is not None:
            os.close(lifeline)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
    for stream in streams:
        os.close(stream)
    if process == 0:
        _run(*json.loads(command))
    return process


def _import(name: str) -> None:
    """Import a module, or all in a package; but none of them that starts a program."""
    module = importlib.import_module(name.removesuffix(".*"))
    if name.endswith(".*"):
        for other in pkgutil.walk_packages(module.__path__, f"{module.__name__}."):
            if not other.name.endswith("__main__"):
                importlib.import_module(other.name)


def _send_statuses(commands: dict[int, socket.socket]) -> None:
    """Send the exit statuses of the commands that have ended to those that asked for them."""
    while commands:
        process, status = os.waitpid(-1, os.WNOHANG)
        if process == 0:
            return
        with commands.pop(process) as connection, suppress(OSError):  # it may no longer be interested
            connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "little", signed=True))


def _receive(connection: socket.socket) -> tuple[array.array[int], bytes] | None:
    """Receive a request: standard streams, and a command in JSON; None if whoever asks has ended."""
    header, ancillary, _, _ = connection.recvmsg(8, socket.CMSG_SPACE(3 * struct.calcsize("i")))
    streams = array.array("i")
    if ancillary:
        streams.frombytes(ancillary[0][2])
    length = int.from_bytes(header, "little")
    request = b""
    while len(request) < length and (part := connection.recv(length - len(request))):
        request += part
    if len(streams) == 3 and len(request) == length:
        return streams, request
    for stream in streams:
        os.close(stream)
    return None


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
