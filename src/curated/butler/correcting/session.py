"""A repository that is changed without any file: opened, kept to one change at a time, with failures in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from lsst.daf.butler import Butler
from lsst.daf.butler.registry import ConflictingDefinitionError
from sqlalchemy.exc import DBAPIError

from curated.butler.repository.locks import config_lock
from curated.butler.repository.opening import find_config
from curated.core.diagnostic import CuratedError


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
