"""Open repositories, and ask them for their configuration, database and collections."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from lsst.daf.butler import (
    Butler,
    ButlerConfig,
    CollectionInfo,
    DatasetRef,
    FormatterFactory,
    MissingCollectionError,
)
from lsst.daf.butler.registry import ConflictingDefinitionError
from lsst.resources import ResourcePath
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from curated.butler.formatter import read_calib, use_calib_everywhere
from curated.butler.repository.locks import config_lock
from curated.calib import Calib
from curated.core.diagnostic import CuratedError


def open_repository(repo: str, *, writeable: bool = False, **kwargs: Any) -> Butler:
    """Open a repository so that calibrations are read as our classes where there is no LSST stack.

    A repository that `import_bundle` made opens with plain ``Butler.from_config`` as well. This one
    also serves dataset types that were read before the first calibration was.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    writeable : `bool`, optional
        Whether to open it for writing.
    **kwargs
        Passed on to ``Butler.from_config``, such as ``collections``.
    """
    config = find_config(repo)
    if config is None:
        raise CuratedError(f"{repo} is no Butler repository", "'curated import' creates one")
    use_calib_everywhere()
    return Butler.from_config(config, writeable=writeable, **kwargs)


def read(butler: Butler, ref: DatasetRef) -> Calib:
    """Read a calibration as one of our classes from any repository, whatever its configuration."""
    with butler.getURI(ref).as_local() as local:
        return read_calib(local.ospath, ref.datasetType.name)


def find_config(repo: str) -> ButlerConfig | None:
    """Return the configuration of a repository, or `None` if there is no repository.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    """
    try:
        return ButlerConfig(repo)
    except FileNotFoundError:
        return None
    except RuntimeError as error:
        # A file that is no configuration.
        raise CuratedError(f"{repo} is no Butler repository: {error}", "name its directory") from error


def repository_root(repo: str) -> ResourcePath:
    """Return the root of a repository that exists or is to be created.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    """
    return ResourcePath(Butler.get_repo_uri(repo, return_label=True), forceDirectory=True)


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
    """Raise an error if an SQLite database is missing, is none, or is locked by another program for too long.

    Butler would make an empty one in the place of one that is missing, and wait five minutes for a lock.

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
    path = database_file(config)
    if path is None:
        return
    if not os.path.isfile(path):
        raise CuratedError(f"the repository's database {path} is gone", "restore it; nothing was changed")
    uri = f"{Path(path).as_uri()}?mode={'rw' if write else 'ro'}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            database.execute("SELECT 1 FROM sqlite_master").fetchone()
            database.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        raise CuratedError(
            f"the repository's database {path} cannot be used: {error}",
            "see to its permissions, or wait for the program that holds it, with --wait SECONDS; nothing was changed",
        ) from error


def configured_formatters(config: ButlerConfig, butler: Butler) -> FormatterFactory:
    """Return the formatters that a repository's configuration names."""
    factory = FormatterFactory()
    if ("datastore", "formatters") in config:
        factory.registerFormatters(config["datastore", "formatters"], universe=butler.dimensions)
    return factory


def collection_info(butler: Butler, name: str) -> CollectionInfo | None:
    """Return Butler's description of a collection, or `None` if there is no such collection."""
    try:
        return butler.collections.get_info(name)
    except MissingCollectionError:
        return None


@contextmanager
def changing(repo: str, *, dry_run: bool) -> Iterator[Butler]:
    """Give a repository to change; for a dry run, to read.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    dry_run : `bool`
        Whether nothing is to be changed.

    Raises
    ------
    CuratedError
        If there is no repository, or it refuses.
    """
    config = find_config(repo)
    if config is None:
        raise CuratedError(f"{repo} is no Butler repository", "name its directory")
    try:
        with nullcontext() if dry_run else config_lock(config):
            yield Butler.from_config(config, writeable=not dry_run)
    except ConflictingDefinitionError as error:
        raise CuratedError(
            f"another program changes the same certifications: {error}", "run it again when that is done"
        ) from error
    except DBAPIError as error:
        raise CuratedError(
            f"the repository's database refused: {error.orig}",
            "run it again when no other program writes to the repository; nothing was changed",
        ) from error
    except OSError as error:
        raise CuratedError(f"the repository could not be written: {error}", "see to permissions") from error
