"""Imports into one repository at the same time."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from support.imports import assert_refused, assert_whole, new_datasets, run_import, start_import
from support.kills import state_of
from support.programs import curated_command
from support.remote import repository_contents, server_lock, wait_for_lock

pytest.importorskip("lsst.daf.butler")


def test_an_import_that_another_one_keeps_waiting(next_bundle, filled_repo) -> None:
    hold = (
        "import fcntl, os, sys, time; d = os.open(sys.argv[1], 0); fcntl.flock(d, fcntl.LOCK_EX); "
        "print(1, flush=True); time.sleep(600)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", hold, str(filled_repo / "butler.yaml")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        other.stdout.readline()
        assert_refused(run_import(next_bundle, filled_repo, "--wait", "1"), 2, "another import", "--wait")
    finally:
        other.kill()
        other.communicate()
    assert run_import(next_bundle, filled_repo).returncode == 0


def test_two_imports_create_and_fill_a_repository(bundle, repo) -> None:
    processes = [start_import(bundle, repo) for _ in range(2)]
    assert sorted(map(new_datasets, processes)) == [0, 6]
    assert_whole(repo)


@pytest.mark.parametrize(("labels", "new"), [("ab", [6, 6]), ("aa", [0, 6])])
def test_two_imports_into_a_repository(next_bundle, filled_repo, labels, new) -> None:
    lines = [
        curated_command("-q", "import", next_bundle, filled_repo, "--label", label, "--format", "json")
        for label in labels
    ]
    processes = [subprocess.Popen(line, stdout=subprocess.PIPE, text=True) for line in lines]
    numbers = []
    for process in processes:
        output, _ = process.communicate()
        assert process.returncode == 0
        numbers.append(json.loads(output)["instruments"][0]["datasets_new"])
    assert sorted(numbers) == new
    state = state_of(filled_repo)
    assert len(state["datasets"]) == 6 + sum(new)
    assert not state["missing files"]
    assert not state["unrecorded files"]
    chain = next(children for name, _, children, _ in state["collections"] if name == "Lab/calib")
    assert sorted(chain) == [*(f"Lab/calib/{label}" for label in sorted(set(labels))), "Lab/calib/v1"]


def test_a_second_import_waits_for_the_first(server_repo, next_bundle, postgres, schema) -> None:
    first = start_import(next_bundle, server_repo)
    with server_lock(postgres, schema, first):
        # Another machine has no lock on our disk; only the database knows of both.
        other = shutil.copytree(server_repo, f"{server_repo}-elsewhere", ignore=shutil.ignore_patterns("Lab"))
        second = start_import(next_bundle, other)
        wait_for_lock(postgres, "advisory", second)
    assert new_datasets(first) == 6
    # The copy of the configuration stands where no files are: it finds all certified, and restores what it lacks.
    assert new_datasets(second) == 0
    assert len(repository_contents(server_repo)["datasets"]) == 12
