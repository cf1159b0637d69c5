"""Processes that begin where a new one would be after its imports.

To import Butler takes seconds, and the tests start hundreds of programs that need it. Here a server has imported it once
and forks: the child is a process of its own, with the directory, environment, standard streams and exit status of one
that was started from a shell, and runs the real program from its first line.

    python forks.py serve SOCKET curated|butler     # ends when its standard input does
    python forks.py SOCKET ARGUMENT...              # runs a program, as its shell command would
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache

_NUMBER = 4
_FAILED = 125


def serve(path: str, what: str) -> None:
    """Import a program, then run it for whoever connects, each time in a process of its own."""
    load, program = PROGRAMS[what]
    load()
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork():
        # Nobody needs it any longer when whoever started it is gone.
        sys.stdin.read()
        os.killpg(0, signal.SIGKILL)
    while True:
        connection, _ = listener.accept()
        if not os.fork():
            listener.close()
            _attend(connection, program)
        connection.close()


def _attend(connection: socket.socket, program: Callable[[list[str]], None]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, fds, _, _ = socket.recv_fds(connection, _NUMBER, 3)
    length = int.from_bytes(size, "big")
    request = json.loads(b"".join(iter(lambda: connection.recv(1 << 16), b"")))
    assert length == 3
    child = os.fork()
    if not child:
        connection.close()
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
            os.close(fd)
        os.chdir(request["directory"])
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.stdin, sys.stdout, sys.stderr = (
            open(number, mode, buffering, closefd=False, errors=errors)  # noqa: SIM115 - they are the process's own
            for number, mode, buffering, errors in (
                (0, "r", -1, None),
                (1, "w", -1, None),
                (2, "w", 1, "backslashreplace"),
            )
        )
        os._exit(_status(program, request["arguments"]))
    _, status = os.waitpid(child, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _status(program: Callable[[list[str]], None], arguments: list[str]) -> int:
    """Run a program to its end, but for taking the interpreter down, which would touch all that was imported."""
    status: object = 0
    try:
        program(arguments)
    except SystemExit as ended:
        status = ended.code
    except BaseException:  # noqa: BLE001 - the end of a process: what Python would print, and its status
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if isinstance(status, str):
        print(status, file=sys.stderr, flush=True)
    return status if isinstance(status, int) else int(status is not None)


@cache
def server(what: str) -> str:
    """The socket of a server that ends with this process."""
    path = os.path.join(tempfile.mkdtemp(prefix="curated-"), "socket")
    # Threads do not survive a fork.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(
        [sys.executable, __file__, "serve", path, what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    _ALIVE.append(process)
    return path


_ALIVE: list[subprocess.Popen[bytes]] = []


def run(
    what: str,
    *arguments: str,
    cwd: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program and wait for it, as `subprocess.run` does."""
    path = server(what)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said, open(os.devnull) as nothing:
        fds = (nothing.fileno(), out.fileno(), said.fileno())
        directory = os.fspath(cwd or os.getcwd())
        status = ask(path, list(arguments), fds, dict(environment or os.environ), directory)
        texts = []
        for stream in (out, said):
            stream.seek(0)
            texts.append(stream.read().decode(errors="surrogateescape"))
    return subprocess.CompletedProcess([what, *arguments], status, *texts)


def ask(
    path: str, arguments: list[str], fds: tuple[int, int, int], environment: dict[str, str], directory: str
) -> int:
    """Have a program run with these standard streams; its exit status, negative for a signal."""
    request = {"arguments": arguments, "environment": environment, "directory": directory}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        socket.send_fds(connection, [len(fds).to_bytes(_NUMBER, "big")], list(fds))
        connection.sendall(json.dumps(request).encode())
        connection.shutdown(socket.SHUT_WR)
        said = connection.recv(16)
    return int(said) if said else _FAILED


def _load_curated() -> None:
    import importlib
    import pkgutil

    import curated.butler
    import curated.cli
    import curated.registry

    for package in (curated.cli, curated.butler):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    curated.registry.all_types()


def _run_curated(arguments: list[str]) -> None:
    from curated.cli.main import main

    sys.argv = ["curated", *arguments]
    main()


def _load_butler() -> None:

    assert "curated" not in sys.modules


def _run_code(arguments: list[str]) -> None:
    """Run the first argument, as ``python -c`` does."""
    code, *rest = arguments
    sys.argv = ["-c", *rest]
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})


PROGRAMS = {"curated": (_load_curated, _run_curated), "butler": (_load_butler, _run_code)}

if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], sys.argv[3])
    sys.exit(ask(sys.argv[1], sys.argv[2:], (0, 1, 2), dict(os.environ), os.getcwd()))
