"""Processes that begin where a new one would be after its imports.

To import Butler takes seconds, and the tests start hundreds of programs that need it. Here a server has imported it once
and forks: the child is a process of its own, with the directory, environment, standard streams and exit status of one
that was started from a shell, and runs the real program from its first line. A signal that ends either `python forks.py`
or the program ends both; the program's standard streams are closed when it has ended.

    python forks.py serve SOCKET curated|butler     # ends when its standard input does
    python forks.py SOCKET ARGUMENT...              # `curated ARGUMENT...`, or with `-c CODE` what Python would do
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

# The client is started as often as programs are: what only the server needs is imported there.
_LOST = 125


def serve(path: str, what: str) -> None:
    """Import what programs need, then run them for whoever connects, each in a process of its own."""
    import gc
    import importlib
    import pkgutil

    names = ["lsst.daf.butler.cli.butler", "lsst.daf.butler.cli.cmd", "lsst.daf.butler.script"]
    names.append("lsst.daf.butler.registry.databases.sqlite")
    if what == "curated":
        for package in map(importlib.import_module, ("curated.cli", "curated.butler", "curated.types")):
            found = pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
            names += [module.name for module in found]
    for name in names:
        importlib.import_module(name)
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
            _attend(connection)
        connection.close()


def _attend(connection: socket.socket) -> None:
    import select

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, fds, _, _ = socket.recv_fds(connection, 4, 3)
    with connection.makefile("rb") as stream:
        request = json.loads(stream.read(int.from_bytes(size, "big")))
    child = os.fork()
    if not child:
        connection.close()
        os._exit(_run(request, fds))
    watched = os.pidfd_open(child)
    ready, _, _ = select.select([connection, watched], [], [])
    if watched not in ready:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if watched in ready:
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(request: dict, fds: list[int]) -> int:
    """Run a program to its end, but for taking the interpreter down, which would touch all that was imported."""
    import atexit
    import traceback
    from contextlib import suppress

    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, closefd=False, errors="backslashreplace")
    status: object = 0
    try:
        _program(request["arguments"])
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


def _program(arguments: list[str]) -> None:
    if arguments[:1] == ["-c"]:
        sys.argv = ["-c", *arguments[2:]]
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})
        return
    from curated.cli.main import main

    sys.argv = ["curated", *arguments]
    main()


def ask(path: str, arguments: list[str], fds: list[int], environment: dict[str, str], directory: str) -> int:
    """Have a program run with these standard streams; its exit status, negative for a signal."""
    request = {"arguments": arguments, "environment": environment, "directory": directory}
    text = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        socket.send_fds(connection, [len(text).to_bytes(4, "big")], fds)
        connection.sendall(text)
        said = connection.recv(16)
    return int(said) if said else _LOST


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], sys.argv[3])
    status = ask(sys.argv[1], sys.argv[2:], [0, 1, 2], dict(os.environ), os.getcwd())
    if status < 0:
        os.kill(os.getpid(), -status)
    sys.exit(status)
