"""From certifications to what is to be written: in force, of the types that are asked for, in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from curated.core.diagnostic import Diagnostic, Problem
from curated.core.times import iso, tai_nanoseconds, utc_times
from curated.datasets.record import Dataset
from curated.datasets.spans import FIRST_NS, LAST_NS, tai_text
from curated.export.in_force import in_force
from curated.export.stock import DetectorRecord, InstrumentRecord, Stock
from curated.export.wanted import Wanted

_OPEN = {FIRST_NS: datetime(1970, 1, 1)}
"""An open beginning is written as packages have it."""


@dataclass(slots=True)
class Selection:
    """What is to be written.

    Parameters
    ----------
    wanted : `list` [`Wanted`]
        In order; none of them has an end as yet.
    ends : `list` [`datetime.datetime` or `None`]
        The end of each range, UTC; `None` where it is open.
    instruments : `dict` [`str`, `InstrumentRecord`]
        The instruments by name; all of their detectors have a name.
    diagnostics : `list` [`Diagnostic`]
        What was found on the way.
    """

    wanted: list[Wanted] = field(default_factory=list)
    ends: list[datetime | None] = field(default_factory=list)
    instruments: dict[str, InstrumentRecord] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def find(self, one: Dataset, code: str, detail: str) -> None:
        """Add a finding about a dataset."""
        self.diagnostics.append(Diagnostic.from_problem(Problem(code, (), detail), dataset_name(one)))


def select(stock: Stock, types: Sequence[str] = (), at: datetime | None = None) -> Selection:
    """Select what is to be written.

    Parameters
    ----------
    stock : `Stock`
        What there is.
    types : sequence [`str`], optional
        Names of the dataset types; all of them if empty.
    at : `datetime.datetime`, optional
        A moment, UTC: only what is in force then.
    """
    selection = Selection(diagnostics=list(stock.diagnostics))
    chosen = set(types)
    listed = [
        [one for one in certified if not chosen or one.dataset_type in chosen]
        for certified in stock.certified
    ]
    found = in_force(listed)
    for one, other in found.ambiguous:
        detail = f"in force from {one.span} in {one.collection}, as is {other.uuid} from {other.span}"
        selection.find(one, "CAL662", detail)
    certified = found.datasets
    if at is not None:
        moment = tai_nanoseconds([at])[at]
        certified = [one for one in certified if one.span.begin <= moment < one.span.end]
    times = _times(certified)
    selection.instruments = {name: _named(record, selection) for name, record in stock.instruments.items()}
    for one in certified:
        start, end = times.utc[one.span[0]], times.end(one.span[1])
        if end is not None and end <= start:
            selection.find(one, "CAL667", f"its range, {one.span}, is shorter than a microsecond")
            continue
        for ns in one.span:
            if ns not in (FIRST_NS, LAST_NS) and not times.is_exact(ns):
                told = f"{tai_text(ns, decimals=9)} TAI is written as {iso(times.utc[ns])} UTC"
                selection.find(one, "CAL663", told)
        selection.wanted.append(_wanted(one, start, selection.instruments, stock))
        selection.ends.append(end)
    return selection


def dataset_name(dataset: Dataset) -> str:
    """Return what findings call a dataset."""
    return f"{dataset} ({dataset.uuid})"


@dataclass(frozen=True, slots=True)
class _Times:
    utc: Mapping[int, datetime]
    back: Mapping[datetime, int]

    def end(self, ns: int) -> datetime | None:
        """Return an end as UTC; `None` where it is open."""
        return None if ns == LAST_NS else self.utc[ns]

    def is_exact(self, ns: int) -> bool:
        """Say whether the text says the very same moment."""
        return self.back[self.utc[ns]] == ns


def _times(certified: Iterable[Dataset]) -> _Times:
    wanted = {ns for one in certified for ns in one.span}
    utc = utc_times(wanted - {FIRST_NS, LAST_NS}) | _OPEN
    return _Times(utc, tai_nanoseconds(utc.values()))


def _named(record: InstrumentRecord, selection: Selection) -> InstrumentRecord:
    """Return an instrument whose detectors all have a name."""
    detectors = {}
    for number, one in record.detectors.items():
        detectors[number] = one if one.full_name else replace(one, full_name=f"det{number:03d}")
        if not one.full_name:
            detail = f"detector {number} has no full name; it is written as {detectors[number].full_name}"
            problem = Problem("CAL668", (), detail)
            selection.diagnostics.append(Diagnostic.from_problem(problem, record.name))
    return replace(record, detectors=detectors)


def _wanted(one: Dataset, start: datetime, records: Mapping[str, InstrumentRecord], stock: Stock) -> Wanted:
    data_id = dict(one.data_id)
    instrument = str(data_id.get("instrument", ""))
    record = records.get(instrument, InstrumentRecord(instrument))
    number = data_id.get("detector")
    detector = None
    if isinstance(number, int):
        detector = record.detectors.get(number, DetectorRecord(number, f"det{number:03d}"))
    return Wanted(
        dataset=one,
        place=stock.places.get(one.uuid),
        start=start,
        end=None,
        instrument=instrument,
        detector=detector,
        filter=str(data_id.get("physical_filter", "")),
    )
