"""Databases of repositories that are locked or gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from support.imports import assert_refused, run_import
from support.kills import state_of

pytest.importorskip("lsst.daf.butler")


def test_a_database_that_another_program_holds(next_bundle, filled_repo) -> None:
    before = state_of(filled_repo)
    with closing(sqlite3.connect(filled_repo / "gen3.sqlite3", isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        done = run_import(next_bundle, filled_repo, "--wait", "1")
        database.execute("ROLLBACK")
    assert_refused(done, 2, "locked", "--wait")
    assert state_of(filled_repo) == before


def test_a_database_that_is_gone(next_bundle, filled_repo) -> None:
    database = filled_repo / "gen3.sqlite3"
    backup = database.rename(filled_repo / "kept.sqlite3")
    assert_refused(run_import(next_bundle, filled_repo), 2, "gen3.sqlite3")
    assert not database.exists()
    database.write_bytes(b"no database at all" * 1000)
    assert_refused(run_import(next_bundle, filled_repo), 2, "curated:")
    database.unlink()
    backup.rename(database)
    assert run_import(next_bundle, filled_repo).returncode == 0
