"""Work on many items in this process or in several."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from curated.core.diagnostic import CuratedError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Item = TypeVar("Item")
Result = TypeVar("Result")

Work = Callable[[Sequence[Any]], list[Any]]

Progress = Callable[[int, int], None]
"""Function that takes the number of items that are done, and of all items."""

_CHUNK = 32
_WORTHWHILE = 150
"""Number of items from which starting other processes saves time."""

_AHEAD = 2
"""Chunks that a process is given at a time, so that it need not wait for the next."""


_PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


def default_jobs() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    work: Callable[[Sequence[Item]], list[Result]],
    items: Sequence[Item],
    jobs: int | None = None,
    progress: Progress | None = None,
    chunk: int = _CHUNK,
) -> Iterator[Result]:
    """Yield the results of all items, in their order.

    Parameters
    ----------
    work : `~collections.abc.Callable`
        Function from some items to their results; it must be picklable if ``jobs`` is more than one.
    jobs : `int`, optional
        Number of processes; if not given, the number of processors, or one for few items. Fewer are used where the
        system allows no more.
    progress : `~collections.abc.Callable`, optional
        Called after each chunk of items.
    chunk : `int`, optional
        Number of items that a process gets at a time; few where each takes long.

    Raises
    ------
    CuratedError
        If a process was ended from outside, as systems do that run out of memory.
    """
    chunks = [items[i : i + chunk] for i in range(0, len(items), chunk)]
    if jobs is None:
        jobs = default_jobs() if len(items) >= _WORTHWHILE else 1
    jobs = max(1, min(jobs, len(chunks)))
    done = 0
    for results in _run_in_others(work, chunks, jobs) if jobs > 1 else map(work, chunks):
        yield from results
        done += len(results)
        if progress:
            progress(done, len(items))


# -- other processes --------------------------------------------------------------------------------------


def _run_in_others(work: Work, chunks: Sequence[Sequence[Any]], jobs: int) -> Iterator[list[Any]]:
    """Yield the results of chunks in their order, from other processes."""
    workers = _start(work, chunks, jobs)
    if not workers:
        yield from map(work, chunks)
        return
    try:
        yield from _collect(workers, len(chunks))
    finally:
        for process, connection in workers:
            connection.close()
            process.kill()
        for process, _ in workers:
            process.join()


def _start(
    work: Work, chunks: Sequence[Sequence[Any]], jobs: int
) -> list[tuple[BaseProcess, Connection[Any, Any]]]:
    """Start processes, or as many of them as the system allows."""
    import multiprocessing
    import signal

    context = multiprocessing.get_context(_start_method())
    is_main = threading.current_thread() is threading.main_thread()
    signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    workers: list[tuple[BaseProcess, Connection[Any, Any]]] = []
    # A signal must not end a process before it knows that its parent does that.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals) if is_main else None
    try:
        for _ in range(jobs):
            with suppress(OSError):
                own_end, other_end = context.Pipe()
                with other_end:
                    others = [connection for _, connection in workers] + [own_end]
                    arguments = (other_end, work, chunks, os.getpid())
                    if context.get_start_method() == "fork":
                        arguments = (*arguments, others)  # type: ignore[assignment]
                    try:
                        process = context.Process(target=_serve, args=arguments, daemon=True)  # type: ignore[attr-defined]
                        process.start()
                    except OSError:
                        own_end.close()
                        raise
                workers.append((process, own_end))
    finally:
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return workers


def _collect(workers: Sequence[tuple[BaseProcess, Connection[Any, Any]]], count: int) -> Iterator[list[Any]]:
    """Hand out the numbers of chunks, and yield their results in order."""
    from multiprocessing.connection import wait

    processes = {connection: process for process, connection in workers}
    pending = iter(range(count))
    finished: dict[int, list[Any]] = {}

    def hand_out(connection: Any) -> None:
        number = next(pending, None)
        if number is not None:
            # A number fits into the pipe's buffer: this never waits for a process that waits for this one.
            with suppress(OSError):
                connection.send(number)

    for _ in range(_AHEAD):
        for connection in processes:
            hand_out(connection)
    for number in range(count):
        while number not in finished:
            for connection in cast(list[Any], wait(list(processes))):
                try:
                    position, results, error = connection.recv()
                except (EOFError, OSError):
                    raise _ended(processes[connection]) from None
                if error is not None:
                    raise error
                finished[position] = results
                hand_out(connection)
        yield finished.pop(number)


def _ended(process: BaseProcess) -> CuratedError:
    process.join(5)
    code = process.exitcode or 0
    cause = f"by signal {-code}" if code < 0 else f"with exit status {code}"
    return CuratedError(
        f"a process of this command was ended from outside ({cause})",
        "systems do that when memory runs out; run it again with fewer processes: --jobs 1",
    )


def _serve(
    connection: Connection[Any, Any],
    work: Work,
    chunks: Sequence[Sequence[Any]],
    parent: int,
    others: Sequence[Any] = (),
) -> None:
    """Work on the chunks whose numbers arrive, until the parent closes the connection or ends."""
    import signal

    signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    for number in signals:
        signal.signal(number, signal.SIG_IGN)  # of a whole group of processes, the parent ends this one
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    _end_with(parent)
    for other in others:
        other.close()  # inherited: the end of the parent could not be noticed
    with suppress(EOFError, OSError):
        while True:
            number = connection.recv()
            try:
                message = number, work(chunks[number]), None
            except Exception as error:  # noqa: BLE001 - raised again in the parent
                message = number, [], _sendable(error)  # type: ignore[assignment]
            connection.send(message)


def _end_with(parent: int) -> None:
    """Let the system end this process as soon as its parent has ended; elsewhere it ends after its chunk of items.

    It holds the lock of the parent's staging directory, which the next run is to remove.
    """
    if sys.platform == "linux":
        import ctypes
        import signal

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _sendable(error: Exception) -> Exception:
    """Return an exception that can be sent, with the place where it was raised."""
    import pickle
    import traceback

    trace = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - its own data
    except Exception:  # noqa: BLE001 - whatever keeps it from being sent
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(trace)
    return error


def _start_method() -> str:
    """Return ``fork``, which is quick, if it is safe: on Linux, in a process of one thread."""
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
