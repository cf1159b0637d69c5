"""Open repositories, and ask them for their configuration, database and collections."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from lsst.daf.butler import (
    Butler,
    ButlerConfig,
    CollectionInfo,
    DatasetRef,
    MissingCollectionError,
)
from lsst.daf.butler.registry import ConflictingDefinitionError
from lsst.resources import ResourcePath
from sqlalchemy.exc import DBAPIError

from curated.butler.formatter import read_calib, use_calib_everywhere
from curated.butler.repository.compatibility import closing_butler
from curated.butler.repository.configuration import check_configuration
from curated.butler.repository.database import check_database
from curated.butler.repository.failures import remote_failures, repository_failures
from curated.butler.repository.files import StoredLocation
from curated.butler.repository.journal import Journal
from curated.butler.repository.locks import config_lock
from curated.calib import Calib
from curated.core.diagnostic import CuratedError

_WAIT = 300.0
"""Seconds that Butler waits for a lock of SQLite."""


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
    config = require_config(repo)
    use_calib_everywhere()
    with repository_failures(repo):
        check_database(config, _WAIT, write=writeable)
        return Butler.from_config(config, writeable=writeable, **kwargs)


@contextmanager
def opened(repo: str, config: ButlerConfig | None = None) -> Iterator[Butler]:
    """Give a repository to read; what Butler raises about it is a `CuratedError`.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    config : `lsst.daf.butler.ButlerConfig`, optional
        Its configuration, if that has been read.
    """
    config = config or require_config(repo)
    with repository_failures(repo):
        check_database(config, _WAIT, write=False)
        with closing_butler(Butler.from_config(config)) as butler:
            yield butler


def require_config(repo: str, hint: str = "'curated import' creates one") -> ButlerConfig:
    """Return the configuration of a repository.

    Raises
    ------
    CuratedError
        If there is no repository, or its configuration cannot be used.
    """
    config = find_config(repo)
    if config is None:
        raise CuratedError(f"{repo} is no Butler repository", hint)
    return config


def read(butler: Butler, ref: DatasetRef) -> Calib:
    """Read a calibration as one of our classes from any repository, whatever its configuration."""
    with StoredLocation(butler.getURI(ref)).as_local() as local:
        return read_calib(local.ospath, ref.datasetType.name)


def find_config(repo: str) -> ButlerConfig | None:
    """Return the configuration of a repository, or `None` if there is no repository.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    """
    # libpq would wait for ever for a server that says nothing.
    os.environ.setdefault("PGCONNECT_TIMEOUT", "30")
    with repository_failures(repo):
        try:
            check_configuration(_config_file(repo))
            return ButlerConfig(repo)
        except (FileNotFoundError, NotADirectoryError):
            return None


def _config_file(repo: str) -> ResourcePath:
    """Return the configuration file of a repository, which Butler finds in the same way."""
    address = str(repo)
    with suppress(Exception):  # no alias, or no index of aliases
        address = str(Butler.get_repo_uri(address, return_label=True))
    uri = ResourcePath(address)
    if not uri.isLocal and not uri.getExtension():
        uri = ResourcePath(address, forceDirectory=True)
    return uri.join("butler.yaml", forceDirectory=False) if uri.isdir() else uri


def repository_root(repo: str) -> ResourcePath:
    """Return the root of a repository that exists or is to be created.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    """
    return ResourcePath(Butler.get_repo_uri(repo, return_label=True), forceDirectory=True)


def journal_of(repo: str) -> Journal:
    """Return the journal of the imports into a repository that exists or is to be created."""
    root = repository_root(repo)
    return Journal.of(os.path.realpath(root.ospath) if root.isLocal else root.geturl())


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
    config = require_config(repo, "name its directory")
    with repository_failures(repo), _refusals(), remote_failures(), ExitStack() as stack:
        if not dry_run:
            stack.enter_context(config_lock(config))
        check_database(config, _WAIT, write=not dry_run)
        yield stack.enter_context(closing_butler(Butler.from_config(config, writeable=not dry_run)))


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what a repository refuses to change into `CuratedError`."""
    try:
        yield
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
