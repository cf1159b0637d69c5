"""Databases of repositories that are locked or gone."""

from __future__ import annotations

import shutil
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


def test_a_commit_that_was_killed_half_way_is_undone(next_bundle, filled_repo) -> None:
    before = state_of(filled_repo)
    database = filled_repo / "gen3.sqlite3"
    journal = filled_repo / "gen3.sqlite3-journal"
    copies = [filled_repo / f"{path.name}.copy" for path in (database, journal)]
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        # A small cache, so that pages reach the file before the commit.
        connection.execute("PRAGMA cache_size = 5")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE collection SET name = name || 'x'")
        connection.execute("CREATE TABLE more (text)")
        connection.executemany("INSERT INTO more VALUES (?)", [("x" * 3000,)] * 1000)
        for path, copy in zip((database, journal), copies, strict=True):
            shutil.copyfile(path, copy)
        connection.execute("ROLLBACK")
    for path, copy in zip((database, journal), copies, strict=True):
        copy.replace(path)
    assert journal.stat().st_size > 0
    assert run_import(next_bundle, filled_repo).returncode == 0
    assert not journal.exists()
    after = state_of(filled_repo)
    assert set(map(str, before["datasets"])) < set(map(str, after["datasets"]))
    assert {name for name, *_ in before["collections"]} < {name for name, *_ in after["collections"]}
