"""Imports that are known to change nothing, and databases that change meanwhile."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from curated.butler import import_bundle
from curated.butler.importing.receipt import DatabaseSnapshot, DatabaseState, commit_count
from support.imports import codes, run_import
from support.kills import state_of
from support.preloaded import shared_programs

pytest.importorskip("lsst.daf.butler")


@pytest.fixture
def database(tmp_path: Path) -> str:
    """An SQLite database with one table."""
    path = str(tmp_path / "database.sqlite3")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE numbers (value INTEGER)")
    return path


def change(database: str) -> None:
    """Change a database with one commit, and leave it as large and as old as before."""
    status = os.stat(database)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
    os.utime(database, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert os.stat(database).st_size == status.st_size


def test_any_commit_changes_the_state_of_a_database(database) -> None:
    before = DatabaseState.of(database)
    assert before == DatabaseState.of(database)
    change(database)
    after = DatabaseState.of(database)
    assert before != after
    assert commit_count(database) == after.commits == before.commits + 1


def test_a_state_that_cannot_be_told(database, tmp_path) -> None:
    assert DatabaseState.of(str(tmp_path / "missing")) is None
    (tmp_path / "short").write_bytes(b"SQLite format 3")
    assert DatabaseState.of(str(tmp_path / "short")) is None
    journal = tmp_path / "database.sqlite3-journal"
    journal.touch()
    assert DatabaseState.of(database) is None
    journal.unlink()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("INSERT INTO numbers VALUES (1)")
        connection.commit()
    # A write-ahead log does not count its commits in the header.
    assert DatabaseState.of(database) is None


def test_a_database_that_others_change_gets_no_receipt(database) -> None:
    snapshot = DatabaseSnapshot.of(database)
    assert snapshot.undisturbed_state(0, 0, fresh=False, changed=False) == snapshot.state
    assert snapshot.undisturbed_state(0, 0, fresh=False, changed=True) is None
    first_commit = commit_count(database)
    change(database)
    assert snapshot.undisturbed_state(first_commit, 1, fresh=True, changed=True) == DatabaseState.of(database)
    change(database)
    assert snapshot.undisturbed_state(first_commit, 1, fresh=True, changed=True) is None
    assert snapshot.undisturbed_state(first_commit, 0, fresh=False, changed=False) is None


def test_an_import_that_is_remembered_needs_no_butler_and_notices_changes(
    bundle, tmp_path, monkeypatch
) -> None:
    from lsst.daf.butler import Butler, Timespan

    repo = tmp_path / "repo"
    import_bundle(bundle, str(repo))
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "lsst.daf.butler", None)
        report = import_bundle(bundle, str(repo))
    assert report.ok
    assert not report.changed
    assert report.instruments[0].datasets_present == 6
    butler = Butler.from_config(str(repo), writeable=True)
    butler.registry.decertify("Lab/calib/v1", "defects", Timespan(None, None))
    assert import_bundle(bundle, str(repo)).instruments[0].certifications_new == 4
    file = sorted(repo.rglob("defects*.fits"))[0]
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert codes(import_bundle(bundle, str(repo))) == ["CAL625"]


REPLACE = """
import os, shutil, sys
from curated.butler import import_bundle
from curated.butler.importing.receipt import DatabaseSnapshot, DatabaseState, commit_count
from curated.core.diagnostic import CuratedError
bundle, repo = sys.argv[1:]
database = f"{repo}/gen3.sqlite3"
shutil.copy(database, database + ".old")
def replace(stage, done, total):
    if stage == "ingest" and os.path.exists(database + ".old"):
        os.replace(database + ".old", database)
try:
    import_bundle(bundle, repo, progress=replace)
except CuratedError as error:
    print(error.message)
    sys.exit(2)
"""


def test_a_database_that_is_replaced_in_the_middle(next_bundle, filled_repo) -> None:
    before = state_of(filled_repo)
    done = shared_programs().run("python", REPLACE, next_bundle, filled_repo)
    assert done.returncode == 2, done.stderr
    assert "database" in done.stdout
    assert "Traceback" not in done.stderr
    after = state_of(filled_repo)
    assert {**after, "unrecorded files": []} == before
    assert run_import(next_bundle, filled_repo).returncode == 0
    assert not state_of(filled_repo)["unrecorded files"]
