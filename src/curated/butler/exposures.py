"""The exposures of a Butler repository, by the names of a package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from lsst.daf.butler import Butler

from curated.butler.instruments.names import renamings_in
from curated.butler.instruments.registered import read_class_names
from curated.butler.instruments.resolution import package_instruments
from curated.butler.repository.opening import opened
from curated.core.diagnostic import CuratedError
from curated.datasets.spans import FIRST_NS, LAST_NS
from curated.exposures.batch import NO_NIGHT, NO_TIME, ROWS, Batch, Exposures
from curated.exposures.moments import read_night
from curated.package.instrument import Instrument


class _Registered(NamedTuple):
    """An instrument of a package: its name in a repository, and its filters by their names there."""

    directory: str
    name: str
    filters: Mapping[str, str]


def read_repository_exposures(
    repo: str, instruments: Iterable[Instrument], choices: Iterable[str] = ()
) -> Iterator[Batch]:
    """Yield the exposure records of a repository, in the order of their numbers.

    The time of an exposure is the begin of its timespan. It has no detector, which stands for all of them.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    instruments : iterable [`Instrument`]
        The instruments of the package; the repository's names are found as for an import.
    choices : iterable [`str`], optional
        Choices ``NAME=REPOSITORY'S NAME``.

    Raises
    ------
    CuratedError
        If there is no repository, or if it has none of the instruments.
    """
    with opened(repo) as butler:
        registered = _find_registered(butler, repo, list(instruments), choices)
        for instrument in registered:
            with butler.query() as query:
                results = query.dimension_records("exposure").where(instrument=instrument.name)
                records = iter(results.order_by("exposure"))
                row = 1
                # Butler fetches the records in pages.
                while chunk := list(islice(records, ROWS)):
                    yield Batch(_exposures(chunk, instrument, row))
                    row += len(chunk)


def _find_registered(
    butler: Butler, repo: str, instruments: list[Instrument], choices: Iterable[str]
) -> list[_Registered]:
    """Return the instruments of a package that a repository has."""
    names = read_class_names(butler)
    renamings, unsettled = renamings_in(butler, repo, package_instruments(instruments), choices)
    registered = []
    for instrument in instruments:
        renaming = renamings.get(instrument.name)
        name = renaming.name if renaming is not None else instrument.name
        filters = {new: old for old, new in renaming.filters.items()} if renaming is not None else {}
        if name in names:
            registered.append(_Registered(instrument.directory, name, filters))
    if not registered:
        reasons = ", ".join(instrument.name for instrument in instruments) or "none"
        reasons = "; ".join([reasons, *(problem.detail for problem in unsettled)])
        raise CuratedError(
            f"{repo} has none of the package's instruments: {reasons}",
            f"it has {', '.join(sorted(names)) or 'none'}; say which is which: --instrument NAME=REPOSITORY'S NAME",
        )
    return registered


def _exposures(records: list[Any], instrument: _Registered, row: int) -> Exposures:
    count = len(records)
    filters = [str(record.physical_filter or "") for record in records]
    return Exposures(
        np.arange(row, row + count, dtype=np.int64),
        np.fromiter((_begin(record.timespan) for record in records), dtype=np.int64, count=count),
        np.fromiter((_night(record.day_obs) for record in records), dtype=np.int32, count=count),
        [instrument.directory] * count,
        [""] * count,
        [instrument.filters.get(name, name) for name in filters],
        [str(record.id) for record in records],
    )


def _begin(timespan: Any) -> int:
    """Return the begin of a timespan in TAI nanoseconds; one that is open or empty is not known."""
    if timespan is None or timespan.isEmpty():
        return NO_TIME
    begin = int(timespan.nsec[0])
    return begin if FIRST_NS < begin < LAST_NS else NO_TIME


def _night(day: Any) -> int:
    try:
        return NO_NIGHT if day is None else read_night(int(day))
    except ValueError:
        return NO_NIGHT
