"""Releases of Butler: which are supported, and what older ones of those lack.

All that depends on the release is here; everything else uses what Butler 29.0.0 and all later releases have. Functions
look for the method itself: the releases of a stack have names (``w_2026_05``) and hashes that cannot be ordered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Any
from uuid import UUID

from curated.core.diagnostic import CuratedError

if TYPE_CHECKING:
    from lsst.daf.butler import Butler, DatasetRef, FileDataset

OLDEST = (29, 0, 0)
"""The oldest supported release; ``pyproject.toml`` requires it as well."""

_NUMBERS = re.compile(r"(?:v|r)?(\d{1,4})(?:[._](\d{1,4}))?(?:[._](\d{1,6}))?(?![0-9a-z])", re.ASCII)
_OLDEST_NAME = ".".join(map(str, OLDEST))
_HINT = f"pip install 'lsst-daf-butler>={_OLDEST_NAME}', or set up a stack of v{OLDEST[0]} or newer"


def require_supported_release() -> None:
    """Raise an error if the installed Butler is older than the oldest supported release.

    Raises
    ------
    CuratedError
        If it is, by its version, or, where a stack gives it a hash as version, by what it lacks.
    """
    from lsst.daf.butler import Butler

    version = installed_version()
    numbers = release_numbers(version)
    if numbers is None:
        is_old = not hasattr(Butler, "query_dimension_records") or not hasattr(Butler, "collections")
    else:
        is_old = numbers < OLDEST
    if is_old:
        raise CuratedError(
            f"lsst-daf-butler {version} is older than {_OLDEST_NAME}, the oldest supported release", _HINT
        )


def installed_version() -> str:
    """Return the version of the installed Butler, as it calls itself: a stack's has no metadata of a package."""
    try:
        from lsst.daf.butler.version import __version__
    except ImportError:
        return "of unknown version"
    return str(__version__)


def release_numbers(version: str) -> tuple[int, int, int] | None:
    """Return the three numbers of a release, or `None` for a version without them, such as a hash of git.

    Parameters
    ----------
    version : `str`
        Such as ``29.2.1``, ``30.2026.4300``, ``29.0.0.rc1`` or ``g3ca4f9ee1f+86e1c3d3e6``.
    """
    match = _NUMBERS.match(version.strip())
    if match is None:
        return None
    major, minor, patch = (int(part or 0) for part in match.groups())
    return major, minor, patch


@contextmanager
def closing_butler(butler: Butler) -> Iterator[Butler]:
    """Give a Butler, and close its connections to the database afterwards.

    ``Butler.close`` exists since 29.2025.4800; before that the pool of connections is Butler's own affair.
    """
    try:
        yield butler
    finally:
        if hasattr(butler, "close"):
            butler.close()
        else:
            registry: Any = butler._registry  # type: ignore[attr-defined]  # noqa: SLF001
            registry._db._engine.dispose()  # noqa: SLF001


def ingest_files(butler: Butler, files: Sequence[FileDataset], mode: str) -> None:
    """Ingest files; those of datasets that the datastore has already, from an import at the same time, are left out.

    ``Butler.ingest`` does so itself since the releases of October 2025.

    Parameters
    ----------
    files : sequence [`lsst.daf.butler.FileDataset`]
        Each with one dataset.
    mode : `str`
        How Butler transfers them.

    Raises
    ------
    ConflictingDefinitionError
        If another program adds the same datasets at the same time.
    """
    if _skips_existing(type(butler)):
        butler.ingest(*files, transfer=mode, skip_existing=True)
        return
    known_refs = butler._datastore.knows_these([ref for file in files for ref in file.refs])  # noqa: SLF001
    butler.ingest(*(file for file in files if not any(known_refs[r] for r in file.refs)), transfer=mode)


def many_datasets(butler: Butler, uuids: Iterable[UUID]) -> list[DatasetRef]:
    """Return those datasets that a repository knows; before ``Butler.get_many_datasets`` one query for each."""
    if hasattr(butler, "get_many_datasets"):
        return list(butler.get_many_datasets(uuids))
    refs = (butler.get_dataset(uuid) for uuid in uuids)
    return [ref for ref in refs if ref is not None]


@cache
def _skips_existing(butler_class: type[Butler]) -> bool:
    return "skip_existing" in signature(butler_class.ingest).parameters
