"""Repositories: opened, created where they do not exist, and kept to one import at a time."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from lsst.daf.butler import Butler, ButlerConfig, Config, DatasetRef, FormatterFactory
from lsst.resources import ResourcePath
from sqlalchemy.engine import make_url

from curated.butler.formatter import CalibFormatter
from curated.butler.repository.creation import create_elsewhere, read_seed
from curated.butler.repository.locks import locked
from curated.butler.repository.storage_classes import adopt_all, read_calib, stack_installed
from curated.calib import Calib
from curated.core.diagnostic import CuratedError

WAIT = 300.0
"""For how many seconds an import waits for other programs."""

_STAGING = "new-repository-"


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
    adopt_all()
    return Butler.from_config(config, writeable=writeable, **kwargs)


def read(butler: Butler, ref: DatasetRef) -> Calib:
    """Read a calibration as one of our classes from any repository, whatever its configuration.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    ref : `lsst.daf.butler.DatasetRef`
        What ``butler.find_dataset`` returned.
    """
    with butler.getURI(ref).as_local() as local:
        return read_calib(local.ospath, ref.datasetType.name)


def find_config(repo: str) -> ButlerConfig | None:
    """Return the configuration of a repository, or nothing where there is none.

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
    """Return where a repository is to be created: an alias may name a place where there is none yet.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    """
    return ResourcePath(Butler.get_repo_uri(repo, return_label=True), forceDirectory=True)


def create_repository(
    repo: str, dataset_types: Iterable[str], seed_config: str | None = None
) -> ButlerConfig:
    """Create a repository whose calibrations can be read without the LSST stack.

    On a local disk it is made beside and renamed into place, so that it exists whole or not at all.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    dataset_types : iterable [`str`]
        The dataset types that our formatter is to read and write.
    seed_config : `str`, optional
        Configuration of the site, such as a database; it overrides ours.
    """
    config = Config()
    if not stack_installed():
        config["datastore", "formatters"] = dict.fromkeys(sorted(dataset_types), CalibFormatter.name())
    seed = read_seed(seed_config)
    # Butler would put its own root and database in the place of those that the site names.
    fixed = ("datastore", "root") in seed or ("registry", "db") in seed
    config.update(seed)
    place = repository_root(repo)
    if not place.isLocal or fixed:
        create_elsewhere(place, config, fixed=fixed)
    else:
        _create_beside(Path(place.ospath), config)
    return ButlerConfig(place)


def _create_beside(root: Path, config: Config) -> None:
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        if find_config(str(root)) is not None:
            return  # made by somebody else since we looked
        raise CuratedError(f"{root} exists and is no Butler repository", "name another directory")
    root.parent.mkdir(parents=True, exist_ok=True)
    # Without a dot, which Butler takes for the extension of a configuration file.
    temporary = root.with_name(f"{_STAGING}{secrets.token_hex(4)}")
    temporary.mkdir()
    try:
        # Who cannot have the lock knows that somebody is at work here.
        with locked(temporary):
            Butler.makeRepo(str(temporary), config=config)
            try:
                temporary.rename(root)
            except OSError:
                # Somebody else was faster; theirs is as good.
                if find_config(str(root)) is None:
                    raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def abandoned(repo: str) -> Iterator[str]:
    """Yield unfinished repositories beside a repository, whose creation was killed.

    Parameters
    ----------
    repo : `str`
        Path or URI of the repository.
    """
    place = ResourcePath(repo, forceDirectory=True)
    if not place.isLocal:
        return
    for path in sorted(Path(place.ospath).parent.glob(f"{_STAGING}*")):
        if len(path.name) == len(_STAGING) + 8 and path.is_dir() and not path.is_symlink():
            try:
                with locked(path, 0):
                    yield str(path)
            except OSError:
                continue


@contextmanager
def exclusive(config: ButlerConfig, wait: float = WAIT) -> Iterator[None]:
    """Keep other imports of ours out of a repository on a local disk.

    Butler in copy mode deletes, when it rolls back, files that another import has put there in the
    meantime. Repositories elsewhere are kept by `curated.butler.repository.locks`.

    Parameters
    ----------
    config : `lsst.daf.butler.ButlerConfig`
        The repository's configuration.
    wait : `float`, optional
        How many seconds to wait for others.
    """
    file = config.configFile
    if file is None or not file.isLocal:
        yield
        return
    with locked(file.ospath, wait):
        yield


def check_database(config: ButlerConfig, wait: float, *, write: bool) -> None:
    """Raise `CuratedError` if an SQLite database is gone, is none, or is held by another program for too long.

    Butler would make an empty one in the place of one that is gone, and wait five minutes for a lock.

    Parameters
    ----------
    config : `lsst.daf.butler.ButlerConfig`
        The repository's configuration.
    wait : `float`
        How many seconds to wait for others.
    write : `bool`
        Whether the database is to be changed.
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


def database_file(config: ButlerConfig) -> str | None:
    """Return the file of a repository's database, or nothing where it is a server's.

    Parameters
    ----------
    config : `lsst.daf.butler.ButlerConfig`
        The repository's configuration.
    """
    url = make_url(str(config["registry", "db"]))
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    place = config.configDir
    root = str(config.get("root") or (place.ospath if place is not None and place.isLocal else ""))
    return os.path.abspath(str(url.database).replace("<butlerRoot>", root.rstrip("/")))


def formatters_of(config: ButlerConfig, butler: Butler) -> FormatterFactory:
    """Return the formatters that a repository is configured to use.

    Parameters
    ----------
    config : `lsst.daf.butler.ButlerConfig`
        The repository's configuration.
    butler : `lsst.daf.butler.Butler`
        The repository.
    """
    factory = FormatterFactory()
    if ("datastore", "formatters") in config:
        factory.registerFormatters(config["datastore", "formatters"], universe=butler.dimensions)
    return factory
