"""When control charts restart: where a calibration comes into force or goes out of it, and at events."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from curated.check.file import read_and_check
from curated.check.report import resolve_ranges
from curated.core.keys import CalibFile
from curated.core.times import iso, parse_time
from curated.monitoring.series import Boundary, mjd_tai
from curated.package.instrument import Instrument
from curated.package.layout import directory_name
from curated.package.package import Package
from curated.registry import find_type
from curated.types.events import Events, names_of

EVENTS = Events.SPEC.name


def find_boundaries(
    package: Package, declared: Mapping[str, Instrument], products: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[Boundary]]:
    """Return when charts restart, by instrument and type.

    Parameters
    ----------
    package : `Package`
        The package, of which files of these types and of events are read.
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    products : collection [`tuple` [`str`, `str`]]
        Instruments and types.
    """
    boundaries: dict[tuple[str, str], list[Boundary]] = {product: [] for product in products}
    by_instrument = {
        (instrument.lower(), type_name): (instrument, type_name) for instrument, type_name in products
    }
    instruments = {instrument for instrument, _ in by_instrument}
    files = [
        file
        for file in package.layout.files
        if (file.key.instrument.lower(), file.key.type) in by_instrument
        or (file.key.type == EVENTS and file.key.instrument.lower() in instruments)
    ]
    reports = {f.path: read_and_check(package.files, f, declared, companion=False).report for f in files}
    ranges = resolve_ranges(files, reports)
    for file in files:
        valid = ranges[file.path]
        if valid.deprecation is not None:
            continue
        product = by_instrument.get((file.key.instrument.lower(), file.key.type))
        if product is not None:
            boundaries[product] += _certifications(file, valid.start, valid.end)
        claims = reports[file.path].claims
        for row in claims.events if claims is not None and file.key.type == EVENTS else ():
            for type_name, boundary in _event(row):
                product = by_instrument.get((file.key.instrument.lower(), type_name))
                if product is not None:
                    boundaries[product].append(boundary)
    return {product: sorted(set(values)) for product, values in boundaries.items()}


def _certifications(file: CalibFile, start: datetime, end: datetime | None) -> Iterator[Boundary]:
    detectors, filters = (frozenset(filter(None, (name,))) for name in (file.key.detector, file.key.filter))
    for time, verb in ((start, "begins"), (end, "ends")):
        if time is not None:
            yield Boundary(
                mjd_tai(time),
                detectors,
                filters,
                "certification",
                f"{file.key.type} of {iso(file.start)} {verb}",
            )


def _event(row: Sequence[str]) -> Iterator[tuple[str, Boundary]]:
    """Yield the types that an event affects, and its boundary."""
    date, what, *lists = row
    try:
        mjd = mjd_tai(parse_time(date))
    except (ValueError, OverflowError):
        return  # a finding of the check
    types, *levels = (names_of(text) for text in lists)
    detectors, filters = (frozenset(map(directory_name, names)) for names in levels)
    for name in types:
        cls = find_type(name)
        if cls is not None:
            yield cls.SPEC.name, Boundary(mjd, detectors, filters, "event", what)
