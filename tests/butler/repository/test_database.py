"""Databases of repositories that are spoiled, or made to deceive."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("lsst.daf.butler")

from lsst.daf.butler import ButlerConfig

from curated.butler.repository.database import check_database, database_file
from curated.core.diagnostic import CuratedError
from support.spoiled_repositories import CANARY, plant_canary, run_here, run_sql, tree, write_bytes

EVIL = f"{CANARY}.Thing"
DATABASE = "gen3.sqlite3"
ATTRIBUTE = "UPDATE butler_attributes SET value = '{}' WHERE name = '{}'"
DIMENSIONS = "config:dimensions.json"
ENDLESS = (
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS name, x AS value FROM n"
)


def cut(size: int):
    def change(repo: Path) -> None:
        with (repo / DATABASE).open("r+b") as stream:
            stream.truncate(size)

    return change


def overwrite(offset: int, length: int):
    def change(repo: Path) -> None:
        with (repo / DATABASE).open("r+b") as stream:
            stream.seek(offset)
            stream.write(b"\xa5" * length)

    return change


def replace_by(make):
    def change(repo: Path) -> None:
        (repo / DATABASE).unlink()
        make(repo / DATABASE)

    return change


def dimensions(edit):
    """Return a change of the dimensions that a registry stores."""

    def change(repo: Path) -> None:
        with closing(sqlite3.connect(repo / DATABASE)) as database:
            query = "SELECT value FROM butler_attributes WHERE name = ?"
            content = database.execute(query, (DIMENSIONS,)).fetchone()[0]
            update = "UPDATE butler_attributes SET value = ? WHERE name = ?"
            database.execute(update, (edit(content), DIMENSIONS))
            database.commit()

    return change


def name_class(text: str) -> str:
    content = json.loads(text)
    content["skypix"]["htm"]["class"] = EVIL
    return json.dumps(content)


def make_linked_loop(path: Path) -> None:
    path.symlink_to(path)


CASES = {
    "absent": (replace_by(str), "is gone"),
    "directory": (replace_by(Path.mkdir), "no regular file"),
    "pipe": (replace_by(os.mkfifo), "no regular file"),
    "link to itself": (replace_by(make_linked_loop), "no regular file"),
    "device": (replace_by(lambda path: path.symlink_to("/dev/zero")), "no regular file"),
    "empty": (write_bytes(DATABASE, b""), "is empty"),
    "garbage": (write_bytes(DATABASE, b"no database at all" * 999), "cannot be used"),
    "header only": (cut(100), "cannot be used"),
    "one page": (cut(4096), ""),
    "half": (cut(1 << 17), ""),
    "garbage in the schema": (overwrite(100, 400), ""),
    "garbage in the middle": (overwrite(1 << 16, 1 << 18), ""),
    "another database": (
        replace_by(lambda path: sqlite3.connect(path).execute("CREATE TABLE x (y)").connection.close()),
        "no registry",
    ),
    "no attributes": (run_sql("DROP TABLE butler_attributes"), "no registry"),
    "no rows of attributes": (run_sql("DELETE FROM butler_attributes"), ""),
    "an endless view": (
        run_sql("DROP TABLE butler_attributes", f"CREATE VIEW butler_attributes AS {ENDLESS}"),
        "views",
    ),
    "a view of collections": (
        run_sql("ALTER TABLE collection RENAME TO c2", f"CREATE VIEW collection AS {ENDLESS}"),
        "views",
    ),
    "a trigger": (
        run_sql("CREATE TRIGGER t AFTER INSERT ON collection BEGIN DELETE FROM collection; END"),
        "triggers",
    ),
    "a virtual table": (run_sql("CREATE VIRTUAL TABLE v USING rtree(id, a, b)"), "virtual"),
    "later version": (
        run_sql("UPDATE butler_attributes SET value = '99.0.0' WHERE name LIKE 'version:%'"),
        "cannot be used",
    ),
    "version that is none": (
        run_sql("UPDATE butler_attributes SET value = 'x' WHERE name LIKE 'version:%'"),
        "cannot be used",
    ),
    "manager": (run_sql(ATTRIBUTE.format(EVIL, "config:registry.managers.opaque")), EVIL),
    "class of dimensions": (dimensions(name_class), EVIL),
    "class behind blanks": (dimensions(lambda text: f"\n\t {name_class(text)}"), EVIL),
    "class in bytes": (dimensions(lambda text: name_class(text).encode()), "no text"),
    "class in a giant": (dimensions(lambda text: " " * (1 << 21) + name_class(text)), "larger than 1 MB"),
    "dimensions of another kind": (dimensions(lambda _: "[]"), "cannot be used"),
    "dimensions that are none": (dimensions(lambda _: "{"), "cannot be used"),
    "deep dimensions": (dimensions(lambda _: "[" * 200_000), ""),
    "no collections": (run_sql("DROP TABLE collection"), "cannot be used"),
    "no datasets": (run_sql("DROP TABLE dataset"), "cannot be used"),
    "no types": (run_sql("DROP TABLE dataset_type"), "cannot be used"),
    "no records of files": (run_sql("DROP TABLE file_datastore_records"), ""),
    "dimensions of a type": (run_sql("UPDATE dataset_type SET dimensions_key = 99"), "cannot be used"),
    "a chain of everything": (run_sql("INSERT INTO collection_chain VALUES (1, 7, 1)"), "contains itself"),
    "no instrument": (run_sql("PRAGMA foreign_keys = OFF", "DELETE FROM instrument"), ""),
    "kinds of collections": (run_sql("PRAGMA ignore_check_constraints = ON", "UPDATE collection SET type = 77"), ""),
    "a chain of itself": (run_sql("UPDATE collection_chain SET child = parent"), "contains itself"),
}  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", CASES)
def test_a_hostile_database_is_refused(filled_repo, tmp_path, capsys, monkeypatch, case) -> None:
    change, cause = CASES[case]
    trace = plant_canary(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    change(filled_repo)
    before = tree(filled_repo)
    for arguments in (("fingerprint", filled_repo), ("export", filled_repo, "-o", tmp_path / "out")):
        done = run_here(capsys, monkeypatch, *arguments)
        assert done.status in (1, 2), done.text
        assert cause in done.text
        assert "curated: bug" not in done.text
    assert not trace.exists()
    assert CANARY not in sys.modules
    assert tree(filled_repo) == before


@pytest.mark.parametrize(
    "case", ["empty", "garbage", "half", "no collections", "class of dimensions", "a trigger"]
)
def test_nothing_is_imported_into_a_hostile_database(
    filled_repo, next_bundle, tmp_path, capsys, monkeypatch, case
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    CASES[case][0](filled_repo)
    before = tree(filled_repo)
    for options in ((), ("--dry-run",)):
        done = run_here(capsys, monkeypatch, "import", next_bundle, filled_repo, *options)
        assert done.status in (1, 2), done.text
        assert "curated: bug" not in done.text
    assert tree(filled_repo) == before
    assert run_here(capsys, monkeypatch, "retract", filled_repo, "v1").status in (1, 2)


def test_the_address_of_the_database(filled_repo, tmp_path) -> None:
    config = ButlerConfig(str(filled_repo))
    assert database_file(config) == str(filled_repo / DATABASE)
    config["registry", "db"] = "postgresql://host/name"
    assert database_file(config) is None


def test_a_transaction_that_a_kill_left_open_is_named(
    filled_repo, next_bundle, tmp_path, capsys, monkeypatch
) -> None:
    database, journal = filled_repo / DATABASE, filled_repo / f"{DATABASE}-journal"
    copies = [tmp_path / "database", tmp_path / "journal"]
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 5")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE more (text)")
        connection.executemany("INSERT INTO more VALUES (?)", [("x" * 3000,)] * 1000)
        for path, copy in zip((database, journal), copies, strict=True):
            shutil.copyfile(path, copy)
        connection.execute("ROLLBACK")
    for path, copy in zip((database, journal), copies, strict=True):
        copy.replace(path)
    before = tree(filled_repo)
    for arguments in (("import", next_bundle, filled_repo, "--dry-run"), ("fingerprint", filled_repo)):
        done = run_here(capsys, monkeypatch, *arguments)
        assert done.status == 2
        assert "a program was killed while it wrote to the repository's database" in done.text
        assert str(journal) in done.text
        assert "an import without --dry-run does it" in done.text
    assert tree(filled_repo) == before
    with pytest.raises(CuratedError, match="was killed"):
        check_database(ButlerConfig(str(filled_repo)), 1, write=False)
    check_database(ButlerConfig(str(filled_repo)), 1, write=True)
    assert not journal.exists()
    assert run_here(capsys, monkeypatch, "import", next_bundle, filled_repo, "--dry-run").status == 0
