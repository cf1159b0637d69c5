"""What happened to an instrument in the ranges of a product's calibrations, by the type ``events``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from curated.check.file import read_and_check
from curated.check.report import FileReport, resolve_ranges
from curated.check.rules.events import Event, read_events, unaffected_times
from curated.core.keys import CalibFile, CalibKey
from curated.package.instrument import Instrument
from curated.package.package import Package
from curated.package.validity import Range, folded
from curated.registry import get_type


class PlacedEvent(NamedTuple):
    """An event, and the calibration in force when it happened.

    Parameters
    ----------
    calibration : `CalibFile` or `None`
        The calibration of the product that was in force, or that starts with the event; `None` in a hole.
    is_start : `bool`
        Whether the calibration starts with the event, and so takes account of it.
    reason : `str`
        Why the event does not affect the calibration, by its keyword UNAFFECTED; empty where that does not say so.
    """

    event: Event
    calibration: CalibFile | None
    is_start: bool
    reason: str

    @property
    def effect(self) -> str:
        """What the event means for the calibration, in a few words."""
        if self.calibration is None:
            return "nothing was in force"
        if self.is_start:
            return "a calibration starts there"
        return f"does not affect it: {self.reason}" if self.reason else "in force before and after it"


class EventList(NamedTuple):
    """The events that affect a product.

    Parameters
    ----------
    events : sequence [`PlacedEvent`]
        In the order of their times.
    unread : sequence [`str`]
        Paths of files of events that cannot be used, so that events may be missing.
    """

    events: Sequence[PlacedEvent] = ()
    unread: Sequence[str] = ()

    def within(self, file: CalibFile | None) -> EventList:
        """Return the events at which a file was in force; none for `None`."""
        events = [event for event in self.events if file is not None and event.calibration == file]
        return self._replace(events=events)


def find_events(package: Package, declared: Mapping[str, Instrument], key: CalibKey) -> EventList:
    """Find the events that affect a product, and the calibrations in force when they happened.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree or of a commit.
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    key : `CalibKey`
        Instrument, type, detector and filter, as the package names them.
    """
    instrument = key.instrument.lower()
    files = [file for file in package.layout.files if file.key.instrument.lower() == instrument]
    sources = [file for file in files if get_type(file.key.type).SPEC.name == "events"]
    if not sources:
        return EventList()
    reports = {file.path: _read(package, declared, file) for file in sources}
    unread = [file.path for file in sources if reports[file.path].claims is None]
    ranges = resolve_ranges(sources, reports)
    usable = [file for file in sources if ranges[file.path].deprecation is None]
    product = [file for file in files if folded(file.key) == folded(key)]
    calibrations = {file.path: _read(package, declared, file) for file in product}
    product_ranges = resolve_ranges(product, calibrations)
    placed = [
        _place(event, product, product_ranges, calibrations)
        for event in _unique(event for f in usable for event, _ in read_events(f, reports[f.path].claims))
        if any(event.affects(file) for file in product)
    ]
    return EventList(sorted(placed, key=lambda entry: entry.event.time), unread)


def _read(package: Package, declared: Mapping[str, Instrument], file: CalibFile) -> FileReport:
    return read_and_check(package.files, file, declared, companion=False).report


def _unique(events: Iterable[Event]) -> Iterator[Event]:
    """Yield each event once: a later file of events repeats those of the file before it."""
    seen = set()
    for event in events:
        content = (
            event.time,
            event.what,
            tuple(event.types),
            tuple(event.detectors),
            tuple(event.filters),
        )
        if content not in seen:
            seen.add(content)
            yield event


def _place(
    event: Event,
    product: Iterable[CalibFile],
    ranges: Mapping[str, Range],
    reports: Mapping[str, FileReport],
) -> PlacedEvent:
    file = next((file for file in product if event.time in ranges[file.path]), None)
    if file is None:
        return PlacedEvent(event, None, False, "")
    is_start = ranges[file.path].start == event.time
    reason = unaffected_times(reports[file.path].keywords).get(event.time, "")
    return PlacedEvent(event, file, is_start, "" if is_start else reason)
