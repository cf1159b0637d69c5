"""Work on many items in this process or in several."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

Progress = Callable[[int, int], None]
"""Function that takes the number of items that are done, and of all items."""

_CHUNK = 32
_WORTHWHILE = 150
"""Number of items from which starting other processes saves time."""


def default_jobs() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    work: Callable[[Sequence[Item]], list[Result]],
    items: Sequence[Item],
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Result]:
    """Yield the results of all items, in their order.

    Parameters
    ----------
    work : `~collections.abc.Callable`
        Function from some items to their results; it must be picklable if ``jobs`` is more than one.
    jobs : `int`, optional
        Number of processes; if not given, the number of processors, or one for few items.
    progress : `~collections.abc.Callable`, optional
        Called after each chunk of items.
    """
    chunks = [items[i : i + _CHUNK] for i in range(0, len(items), _CHUNK)]
    if jobs is None:
        jobs = default_jobs() if len(items) >= _WORTHWHILE else 1
    jobs = max(1, min(jobs, len(chunks)))
    done = 0
    if jobs == 1:
        for chunk in chunks:
            yield from work(chunk)
            done += len(chunk)
            if progress:
                progress(done, len(items))
        return
    import multiprocessing

    with multiprocessing.get_context(_start_method()).Pool(jobs, _set_work, (work,)) as pool:
        for results in pool.imap(_call, chunks):
            yield from results
            done += len(results)
            if progress:
                progress(done, len(items))


_process_work: list[Callable[[Sequence[Any]], list[Any]]] = []
"""Work of this process, sent once for all chunks, since it may hold large data."""


def _set_work(work: Callable[[Sequence[Any]], list[Any]]) -> None:
    _process_work[:] = [work]


def _call(chunk: Sequence[Any]) -> list[Any]:
    return _process_work[0](chunk)


def _start_method() -> str:
    """Return ``fork``, which is quick, if it is safe: on Linux, in a process of one thread."""
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
