"""Tell the calibrations that an export can write from those of dataset types that no calibration type declares."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from curated.core.diagnostic import CuratedError
from curated.datasets.foreign import ForeignType, count_foreign
from curated.datasets.record import Dataset
from curated.declare import FITS_TABLES
from curated.export.holdings import FileLocation, Holdings
from curated.export.selection import type_of
from curated.export.text import DAMAGE, require_readable, text_form
from curated.fits.reader import read_fits
from curated.registry import all_types

_SAMPLE = 3
"""Files of a dataset type that are looked at for an OBSTYPE."""


@dataclass(frozen=True, slots=True)
class Division:
    """Holdings in two parts.

    Parameters
    ----------
    holdings : `Holdings`
        Those without the foreign ones.
    foreign : `tuple` [`ForeignType`]
        The types of the foreign ones.
    datasets : `tuple` [`Dataset`]
        The foreign ones, once for each range.
    """

    holdings: Holdings
    foreign: tuple[ForeignType, ...]
    datasets: tuple[Dataset, ...] = ()


def divide(holdings: Holdings, types: Sequence[str] = ()) -> Division:
    """Divide holdings into calibrations to export and foreign ones.

    A dataset type is foreign if no calibration type declares it, neither by its name nor by the OBSTYPE of its files.
    One whose files cannot be read is not if its storage class is that of a calibration type: then a file is damaged.

    Parameters
    ----------
    types : sequence [`str`], optional
        Names of dataset types that somebody asks for, which are not foreign.
    """
    undeclared: dict[str, list[Dataset]] = {}
    for collection in holdings.certified:
        for dataset in collection:
            if dataset.dataset_type not in types and type_of(dataset.dataset_type, "") is None:
                undeclared.setdefault(dataset.dataset_type, []).append(dataset)
    names = {name for name, datasets in undeclared.items() if _is_foreign(name, datasets, holdings)}
    if not names:
        return Division(holdings, ())
    foreign = [dataset for name in names for dataset in undeclared[name]]
    certified = tuple(
        tuple(dataset for dataset in collection if dataset.dataset_type not in names)
        for collection in holdings.certified
    )
    types_of_foreign = count_foreign(foreign, holdings.storage_classes)
    return Division(replace(holdings, certified=certified), types_of_foreign, tuple(foreign))


def _is_foreign(name: str, datasets: Sequence[Dataset], holdings: Holdings) -> bool:
    if not all(dataset.instrument for dataset in datasets):
        return True
    locations = {dataset.uuid: holdings.locations.get(dataset.uuid) for dataset in datasets}
    obstypes = list(_obstypes([location for location in locations.values() if location][:_SAMPLE]))
    if not any(obstype is not None for obstype in obstypes):
        return holdings.storage_classes.get(name, "") not in _storage_classes()
    return all(type_of(name, obstype or "") is None for obstype in obstypes)


def _storage_classes() -> set[str]:
    return {cls.SPEC.storage_class for cls in all_types().values()} - {FITS_TABLES}


def _obstypes(locations: Sequence[FileLocation]) -> Iterator[str | None]:
    """Yield the OBSTYPE of each file; empty if it has none, `None` if it cannot be read."""
    for location in locations:
        try:
            with location.as_local() as local, warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                require_readable(local.ospath)
                is_text = bool(text_form(local.ospath))
                yield None if is_text else str(read_fits(local.ospath)[0].get("OBSTYPE") or "")
        except (CuratedError, OSError, MemoryError, *DAMAGE):
            yield None
