"""Work in one process and in several: all results, in order, with progress."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.parallel import Work, default_jobs, run_all
from curated.git.command import GitError
from support.programs import python_command


def square(items: Sequence[int]) -> list[tuple[int, int]]:
    return [(item * item, os.getpid()) for item in items]


@pytest.mark.parametrize("jobs", [None, 1, 2, 100])
@pytest.mark.parametrize("count", [0, 1, 32, 33, 200])
def test_results_are_complete_and_in_order(jobs: int | None, count: int) -> None:
    progress: list[tuple[int, int]] = []
    results = list(run_all(square, range(count), jobs, lambda done, total: progress.append((done, total))))
    assert [value for value, _ in results] == [item * item for item in range(count)]
    assert progress[-1:] == ([(count, count)] if count else [])
    assert [done for done, _ in progress] == sorted({done for done, _ in progress})


def test_processes() -> None:
    own = {os.getpid()}
    assert {pid for _, pid in run_all(square, range(100), 1)} == own
    assert own.isdisjoint(pid for _, pid in run_all(square, range(100), 2))
    assert {pid for _, pid in run_all(square, range(32), 2)} == own, "one chunk needs no other process"
    assert {pid for _, pid in run_all(square, range(100))} == own, "few items are done before processes start"


def test_default_jobs() -> None:
    assert 1 <= default_jobs() <= (os.cpu_count() or 1)


def fail(items: Sequence[int]) -> list[int]:
    if 40 in items:
        raise GitError("log", "no such thing")
    return list(items)


def die(items: Sequence[int]) -> list[int]:
    if 40 in items:
        os.kill(os.getpid(), signal.SIGKILL)
    return list(items)


def leave(items: Sequence[int]) -> list[int]:
    os._exit(7)


def test_an_exception_of_another_process_is_raised_here() -> None:
    with pytest.raises(Exception, match="no such thing") as caught:
        list(run_all(fail, range(100), 2))
    assert "in fail" in caught.value.__notes__[0]


@pytest.mark.parametrize(("work", "cause"), [(die, "by signal 9"), (leave, "with exit status 7")])
def test_a_process_that_is_ended_from_outside_is_an_error(work: Work, cause: str) -> None:
    with pytest.raises(CuratedError, match=cause):
        list(run_all(work, range(200), 3))
    assert multiprocessing.active_children() == []


def test_large_results_and_a_slow_reader(tmp_path: Path) -> None:
    results = run_all(inflate, range(320), 2)
    first = next(results)
    time.sleep(0.2)
    assert [len(first), *map(len, results)] == [100_000] * 320


def inflate(items: Sequence[int]) -> list[bytes]:
    return [b"x" * 100_000 for _ in items]


def test_an_iteration_that_is_left_ends_the_processes() -> None:
    results = run_all(square, range(1000), 2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_where_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert {pid for _, pid in run_all(square, range(100), 2)} == {os.getpid()}


_SLEEP = """
import os, sys, time
from curated.core.parallel import run_all
def work(items):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(0.3)
    return items
list(run_all(work, range(3200), 3))
"""


def test_processes_end_when_their_parent_is_killed() -> None:
    process = subprocess.Popen(python_command(_SLEEP), stdout=subprocess.PIPE)
    assert process.stdout is not None
    pids = {int(process.stdout.readline()) for _ in range(3)}
    process.kill()
    process.wait()
    # The pipe ends with the last process that holds it.
    with process.stdout:
        process.stdout.read()
    end = time.monotonic() + 10
    while any(is_running(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.01)
    assert not any(is_running(pid) for pid in pids)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
