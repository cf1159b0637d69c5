"""One import at a time where the repository's configuration is on no local disk, or its database on a server."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lsst.daf.butler import Config
from lsst.daf.butler.registry import RegistryConfig
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from curated.butler.failures import ADDRESS, plain
from curated.diagnostic import CuratedError


@contextmanager
def registry_lock(config: Config) -> Iterator[None]:
    """Keep other imports of ours away from a database.

    In PostgreSQL it is an advisory lock. It belongs to a transaction, so that it works through pgbouncer,
    and ends with the connection, whatever becomes of this process. An SQLite file is locked through its
    directory: SQLite has locks of its own on the file.

    Parameters
    ----------
    config : `lsst.daf.butler.Config`
        Configuration of a repository, or of one that is to be created.
    """
    if ("registry", "db") not in config:
        yield
        return
    registry = RegistryConfig(config)
    url = _address(registry)
    if url.get_backend_name() == "postgresql":
        with _advisory_lock(url, str(registry.get("namespace") or "")):
            yield
    elif url.get_backend_name() == "sqlite" and url.database:
        with _directory_lock(Path(url.database).parent):
            yield
    else:
        yield


def _address(registry: RegistryConfig) -> URL:
    try:
        registry.getDatabaseClass()
        return registry.connectionString
    except (ValueError, SQLAlchemyError) as error:
        raise CuratedError(
            f"the repository's database has no such address: {plain(error)}", ADDRESS
        ) from error


@contextmanager
def _advisory_lock(url: URL, namespace: str) -> Iterator[None]:
    # The lock is the database's; several registries may share one.
    digest = hashlib.sha256(f"curated import {namespace}".encode()).digest()
    connection = create_engine(url, poolclass=NullPool).connect()
    try:
        # It waits for as long as another import takes, and is then idle for as long as this one does.
        for setting in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {setting} = 0"))
        key = int.from_bytes(digest[:8], "big", signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
        yield
    finally:
        # Where it was lost, the import lost its own connection as well, or finds out and repeats.
        with suppress(DBAPIError):
            connection.close()


@contextmanager
def _directory_lock(directory: Path) -> Iterator[None]:
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError:
        # What is wrong with it, creating or opening the database will say.
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
