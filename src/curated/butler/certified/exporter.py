"""A repository's calibrations back to text."""

from __future__ import annotations

from collections.abc import Sequence

from lsst.daf.butler import Butler

from curated.butler.certified.stock import take_stock
from curated.butler.repository.opening import find_config
from curated.core.diagnostic import CuratedError
from curated.export.stock import Stock


def stock_of(repo: str, collections: Sequence[str], types: Sequence[str]) -> Stock:
    """Read what is certified in a repository.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    collections : sequence [`str`]
        Its collections, in the order of lookups.
    types : sequence [`str`]
        Names of dataset types; all of them if empty.

    Raises
    ------
    CuratedError
        If there is no repository, or no such collection.
    """
    config = find_config(repo)
    if config is None:
        raise CuratedError(
            f"{repo} is neither a Butler repository nor a directory with an export.yaml",
            "name its directory, URI or alias",
        )
    return take_stock(Butler.from_config(config), repo, collections, types)
