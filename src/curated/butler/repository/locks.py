"""Locks that keep imports into one repository from running at the same time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from lsst.daf.butler import ButlerConfig, Config
from lsst.daf.butler.registry import RegistryConfig
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from curated.butler.repository.failures import ADDRESS, plain
from curated.core.diagnostic import CuratedError

WAIT = 300.0
"""Seconds that an import waits for other programs."""

_PAUSE = 0.2


@contextmanager
def config_lock(config: ButlerConfig, wait: float = WAIT) -> Iterator[None]:
    """Lock the configuration file of a repository, if that is on a local disk.

    Butler in copy mode deletes, when it rolls back, files that another import has put there in the
    meantime. Imports into other repositories only have `registry_lock`.

    Parameters
    ----------
    config : `lsst.daf.butler.ButlerConfig`
        Configuration of the repository.
    wait : `float`, optional
        How many seconds to wait for other imports.

    Raises
    ------
    BlockingIOError
        If another import takes longer.
    """
    file = config.configFile
    if file is None or not file.isLocal:
        yield
        return
    with locked(file.ospath, wait):
        yield


@contextmanager
def registry_lock(config: Config, wait: float) -> Iterator[None]:
    """Lock the database of a repository, if its configuration names one.

    In PostgreSQL it is an advisory lock. It belongs to a transaction, so that it works through pgbouncer,
    and ends with the connection, whatever becomes of this process. An SQLite file is locked through its
    directory: SQLite has locks of its own on the file.

    Parameters
    ----------
    config : `lsst.daf.butler.Config`
        Configuration of a repository, or of one that is to be created.
    wait : `float`
        How many seconds to wait for other imports.

    Raises
    ------
    BlockingIOError
        If another import takes longer.
    """
    if ("registry", "db") not in config:
        yield
        return
    registry = RegistryConfig(config)
    url = _address(registry)
    if url.get_backend_name() == "postgresql":
        with _advisory_lock(url, str(registry.get("namespace") or ""), wait):
            yield
    elif url.get_backend_name() == "sqlite" and url.database:
        with _directory_lock(Path(url.database).parent, wait):
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
def _advisory_lock(url: URL, namespace: str, wait: float) -> Iterator[None]:
    # The lock is the database's; several registries may share one.
    digest = hashlib.sha256(f"curated import {namespace}".encode()).digest()
    connection = create_engine(url, poolclass=NullPool).connect()
    try:
        # Once it is held, it is idle for as long as this import takes.
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {setting} = 0"))
        connection.execute(text(f"SET LOCAL lock_timeout = {max(1, round(wait * 1000))}"))
        key = int.from_bytes(digest[:8], "big", signed=True)
        try:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
        except OperationalError as error:
            if error.connection_invalidated:
                raise
            raise BlockingIOError("another import holds the database's lock") from error
        yield
    finally:
        # If this connection was lost, the import lost its own as well, or notices the other import and repeats.
        with suppress(DBAPIError):
            connection.close()


@contextmanager
def _directory_lock(directory: Path, wait: float) -> Iterator[None]:
    # Creating or opening the database will report what is wrong with the directory.
    usable = directory.is_dir() and os.access(directory, os.R_OK)
    with locked(directory, wait) if usable else nullcontext():
        yield


@contextmanager
def locked(path: str | os.PathLike[str], wait: float | None = None) -> Iterator[None]:
    """Hold a lock on a file or directory.

    Parameters
    ----------
    path : path-like
        A file or directory that exists.
    wait : `float`, optional
        How many seconds to wait for others; for as long as it takes if not given.

    Raises
    ------
    BlockingIOError
        If another program holds it for longer.
    """
    descriptor = os.open(path, os.O_RDONLY)
    end = None if wait is None else time.monotonic() + wait
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if end is None else fcntl.LOCK_NB))
                break
            except BlockingIOError:
                if end is None or time.monotonic() >= end:
                    raise
                time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)
