"""Work on many files, in this process or in several."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

Progress = Callable[[int, int], None]
"""Called with how many items are done and how many there are."""

_CHUNK = 32
_WORTHWHILE = 150
"""Fewer items than this are done sooner than other processes start."""


def default_jobs() -> int:
    """Return how many processors this process may use."""
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
        Works on some items and returns their results; picklable where ``jobs`` is more than one.
    items : sequence
        What to work on.
    jobs : `int`, optional
        Number of processes; as many as there are processors, or one for few items.
    progress : `~collections.abc.Callable`, optional
        Told of progress.
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

    with multiprocessing.get_context(_start_method()).Pool(jobs, _adopt, (work,)) as pool:
        for results in pool.imap(_call, chunks):
            yield from results
            done += len(results)
            if progress:
                progress(done, len(items))


_adopted: list[Callable[[Sequence[Any]], list[Any]]] = []
"""The work of this process; it is sent once, since it may hold much that all chunks need."""


def _adopt(work: Callable[[Sequence[Any]], list[Any]]) -> None:
    _adopted[:] = [work]


def _call(chunk: Sequence[Any]) -> list[Any]:
    return _adopted[0](chunk)


def _start_method() -> str:
    """Forking is quick, and safe while this process has one thread; elsewhere start afresh."""
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
