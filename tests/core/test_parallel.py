"""Work in one process and in several: all results, in order, with progress."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from curated.core.parallel import default_jobs, run_all


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
