"""The database of a repository, checked before Butler opens it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from lsst.daf.butler import ButlerConfig
from lsst.daf.butler.registry import RegistryConfig
from sqlalchemy import column, create_engine, select, table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from curated.butler.repository.class_names import ClassName, class_names, refuse_classes
from curated.core.diagnostic import CuratedError

_ATTRIBUTES = "butler_attributes"
_LARGEST_ATTRIBUTE = 1 << 20
_MOST_ATTRIBUTES = 1000
_LARGEST_CHAIN = 1_000_000
_MANAGER = "config:registry.managers."
_UNCHANGED = "nothing was changed"


def database_file(config: ButlerConfig) -> str | None:
    """Return the path of a repository's SQLite database, or `None` if it has another database."""
    url = make_url(str(config["registry", "db"]))
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    directory = config.configDir
    root = str(
        config.get("root") or (directory.ospath if directory is not None and directory.isLocal else "")
    )
    return os.path.abspath(str(url.database).replace("<butlerRoot>", root.rstrip("/")))


def check_database(config: ButlerConfig, wait: float, *, write: bool) -> None:
    """Raise an error if a database is missing, is no registry, names foreign classes, or is locked for too long.

    Butler would make an empty SQLite file in the place of one that is missing, and wait five minutes for a lock.

    Parameters
    ----------
    config : `lsst.daf.butler.ButlerConfig`
        Configuration of the repository.
    wait : `float`
        How many seconds to wait for others.
    write : `bool`
        Whether the database is to be changed.

    Raises
    ------
    CuratedError
        If it cannot be used.
    """
    if ("registry", "db") not in config:
        return
    path = database_file(config)
    if path is None:
        source = "the repository's database"
        attributes, members = _server_content(config)
        refuse_classes(_attribute_classes(attributes), source)
        _check_chains(members, source)
        return
    _check_file(path, write=write)
    uri = f"{Path(path).as_uri()}?mode={'rw' if write else 'ro'}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            _check_schema(database, path)
            attributes = _attributes(database, path)
            _check_chains(_chain_members(database), f"the repository's database {path}")
            database.execute("ROLLBACK")
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise CuratedError(
            f"the repository's database {path} cannot be used: {error}",
            "see to its permissions, restore it if it is damaged, or wait for the program that holds it, "
            f"with --wait SECONDS; {_UNCHANGED}",
        ) from error
    refuse_classes(_attribute_classes(attributes), f"the repository's database {path}")


def _check_file(path: str, *, write: bool) -> None:
    if not os.path.lexists(path):
        raise CuratedError(f"the repository's database {path} is gone", f"restore it; {_UNCHANGED}")
    if not os.path.isfile(path):
        raise CuratedError(
            f"the repository's database {path} is no regular file", f"restore it; {_UNCHANGED}"
        )
    if os.path.getsize(path) == 0:
        raise CuratedError(f"the repository's database {path} is empty", f"restore it; {_UNCHANGED}")
    journal = f"{path}-journal"
    if not write and os.path.isfile(journal) and _is_hot(path, journal):
        raise CuratedError(
            f"a program was killed while it wrote to the repository's database: {journal} has what undoes its "
            "unfinished transaction, and nothing can be read before that is done",
            "an import without --dry-run does it, as does any program that may write, such as "
            f"sqlite3 {path} .tables; {_UNCHANGED}",
        )


def _is_hot(path: str, journal: str) -> bool:
    """Return whether a journal belongs to no running program: one that runs holds a lock of the database."""
    with open(journal, "rb") as stream:
        if not any(stream.read(8)):
            return False  # a finished transaction
    try:
        with closing(sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True, timeout=0)) as database:
            database.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        return "locked" not in str(error)
    except sqlite3.Error:
        pass
    return False


def _check_schema(database: sqlite3.Connection, path: str) -> None:
    """Raise an error if a registry has no table of attributes, or anything but tables and indices.

    A view in the place of a table is a program: it can give other answers each time, or run for ever.
    """
    objects = database.execute("SELECT type, name, sql FROM sqlite_master LIMIT 100000").fetchall()
    odd = [name for kind, name, sql in objects if kind not in ("table", "index") or _is_virtual(sql)]
    if odd:
        raise CuratedError(
            f"the repository's database {path} has views, triggers or virtual tables, which no registry has: "
            f"{', '.join(map(repr, odd))[:200]}",
            "ask where the repository comes from",
        )
    if not any(kind == "table" and name == _ATTRIBUTES for kind, name, _ in objects):
        raise CuratedError(
            f"the repository's database {path} is no registry: it has no table {_ATTRIBUTES}",
            "see to registry.db of butler.yaml, or restore the database",
        )


def _is_virtual(sql: str | None) -> bool:
    return "virtual" in str(sql or "").lower().split("(")[0].split()


def _attributes(database: sqlite3.Connection, path: str) -> list[tuple[Any, Any]]:
    query = "SELECT count(*), max(length(value)) FROM butler_attributes"
    number, length = database.execute(query).fetchone()
    if number > _MOST_ATTRIBUTES or (length or 0) > _LARGEST_ATTRIBUTE:
        raise CuratedError(
            f"the repository's database {path} has {number} attributes, one of them larger than 1 MB: no registry has",
            "ask where the repository comes from",
        )
    return database.execute("SELECT name, value FROM butler_attributes").fetchall()


def _chain_members(database: sqlite3.Connection) -> list[tuple[Any, Any]]:
    try:
        return database.execute("SELECT parent, child FROM collection_chain").fetchall()
    except sqlite3.OperationalError:
        return []  # no such table, which Butler will say


def _check_chains(members: Iterable[tuple[Any, Any]], source: str) -> None:
    """Raise an error if a chain contains itself, or stands for far more collections than there are.

    Butler follows chains without looking.

    Parameters
    ----------
    members : iterable [`tuple`]
        Each chain with one of its members.
    source : `str`
        Where they are from, for the message.
    """
    children: dict[Any, list[Any]] = {}
    for parent, child in members:
        children.setdefault(parent, []).append(child)
    sizes: dict[Any, int] = {}
    pending = [(parent, False) for parent in children]
    ancestors: set[Any] = set()
    while pending:
        name, is_done = pending.pop()
        if is_done:
            ancestors.discard(name)
            sizes[name] = 1 + sum(sizes.get(child, 1) for child in children[name])
        elif name in children and name not in sizes:
            ancestors.add(name)
            below = children[name]
            if not ancestors.isdisjoint(below):
                raise CuratedError(
                    f"{source} has a chain of collections that contains itself", "restore the database"
                )
            pending.append((name, True))
            pending += [(child, False) for child in below]
    if max(sizes.values(), default=0) > _LARGEST_CHAIN:
        raise CuratedError(
            f"{source} has a chain that stands for more than {_LARGEST_CHAIN} collections",
            "ask where the repository comes from",
        )


def _server_content(config: ButlerConfig) -> tuple[list[tuple[Any, Any]], list[tuple[Any, Any]]]:
    """Return the attributes and the chains of a registry in a database server.

    There are none if it cannot be asked, which Butler will say.
    """
    registry = RegistryConfig(config)
    namespace = registry.get("namespace") or None
    attributes = table(_ATTRIBUTES, column("name"), column("value"), schema=namespace)
    chains = table("collection_chain", column("parent"), column("child"), schema=namespace)
    try:
        engine = create_engine(registry.connectionString, poolclass=NullPool)
        with closing(engine.connect()) as connection:
            rows = connection.execute(select(attributes.c.name, attributes.c.value).limit(_MOST_ATTRIBUTES))
            content = [(row[0], row[1]) for row in rows]
            rows = connection.execute(select(chains.c.parent, chains.c.child))
            return content, [(row[0], row[1]) for row in rows]
    except (SQLAlchemyError, ImportError, ValueError, LookupError):
        return [], []


def _attribute_classes(attributes: Iterable[tuple[Any, Any]]) -> Iterator[ClassName]:
    """Yield the classes that a registry names: its managers, and those of its dimensions."""
    for name, value in attributes:
        if not isinstance(value, str):
            raise CuratedError(
                f"the repository's database has an attribute {name!r} that is no text",
                "ask where the repository comes from",
            )
        if str(name).startswith(_MANAGER):
            yield ClassName(("managers", str(name).removeprefix(_MANAGER)), value)
        elif value.lstrip()[:1] in ("{", "["):
            with suppress(ValueError, RecursionError):  # Butler will say so
                yield from class_names(json.loads(value))
