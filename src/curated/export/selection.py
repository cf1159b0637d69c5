"""Select the calibrations to export: those in force, of the requested types, with their ranges in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from curated.core.diagnostic import Diagnostic, Problem
from curated.core.geometry import AmplifiersOutOfUse, Camera
from curated.core.times import iso, tai_nanoseconds, utc_times
from curated.datasets.record import Dataset, Key, in_precedence, key_order
from curated.datasets.spans import FIRST_NS, LAST_NS, Span, tai_text
from curated.declare import Spec
from curated.export.holdings import DetectorRecord, FileLocation, Holdings, InstrumentRecord
from curated.package.layout import directory_name
from curated.registry import all_types, get_type

_EPOCH = datetime(1970, 1, 1)
"""The start of a range without a beginning, as packages have it."""


@dataclass(frozen=True, slots=True)
class ExportItem:
    """A dataset that is to be written as text.

    Parameters
    ----------
    dataset : `Dataset`
        The dataset and its range.
    location : `FileLocation` or `None`
        Location of its file; `None` if it has none, or is stored in parts.
    start : `datetime.datetime`
        Start of its range, UTC.
    end : `datetime.datetime` or `None`
        End of its range, UTC; `None` if it is open.
    instrument : `str`
        Name of the instrument in the repository.
    detector : `DetectorRecord` or `None`
        Its detector; `None` if the type has no such dimension.
    filter : `str`
        Its physical filter; empty if the type has no such dimension.
    writes_end : `bool`
        Whether its text has VALIDEND, since no other text of the package tells the end.
    restores_boxes : `bool`
        Whether boxes of amplifiers out of use are left out of its text, since the package has what adds them again.
    known_inputs : `dict` [`str`, `dict`]
        ``type`` and ``run`` of input datasets, by UUID, of which its header says something else than the repository.
    """

    dataset: Dataset
    location: FileLocation | None
    start: datetime
    end: datetime | None
    instrument: str
    detector: DetectorRecord | None
    filter: str
    writes_end: bool = False
    restores_boxes: bool = False
    known_inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def levels(self) -> list[str]:
        """Names of the directories of its detector and its filter."""
        names = [self.detector.full_name] if self.detector else []
        return [directory_name(name) for name in (*names, self.filter) if name]

    def fits(self, spec: Spec) -> bool:
        """Return whether it has the dimensions of a type."""
        return {name for name, _ in self.dataset.data_id} == set(spec.dimensions)


@dataclass(frozen=True, slots=True)
class Selection:
    """The calibrations to export.

    Parameters
    ----------
    items : `tuple` [`ExportItem`]
        In the order of type, data ID and range.
    instruments : `dict` [`str`, `InstrumentRecord`]
        The instruments by name; all of their detectors have a name.
    diagnostics : `tuple` [`Diagnostic`]
        Findings of the holdings and of the selection.
    """

    items: tuple[ExportItem, ...]
    instruments: Mapping[str, InstrumentRecord]
    diagnostics: tuple[Diagnostic, ...]


def select(holdings: Holdings, types: Sequence[str] = (), at: datetime | None = None) -> Selection:
    """Select the calibrations to export.

    Parameters
    ----------
    holdings : `Holdings`
        The calibrations of a repository.
    types : sequence [`str`], optional
        Names of the dataset types; all of them if empty.
    at : `datetime.datetime`, optional
        A time in UTC: only calibrations in force then are selected.
    """
    instruments, diagnostics = _named_detectors(holdings.instruments)
    datasets, ambiguous = in_force(
        [
            [dataset for dataset in collection if not types or dataset.dataset_type in types]
            for collection in holdings.certified
        ]
    )
    for dataset, rival in ambiguous:
        detail = f"in force from {dataset.span} in {dataset.collection}, as is {rival.uuid} from {rival.span}"
        diagnostics.append(finding(dataset, Problem("CAL662", (), detail)))
    if at is not None:
        moment = tai_nanoseconds([at])[at]
        datasets = [dataset for dataset in datasets if dataset.span.begin <= moment < dataset.span.end]
    times = _utc_times(datasets)
    items = []
    for dataset in datasets:
        problem = times.range_problem(dataset.span)
        if problem is not None:
            diagnostics.append(finding(dataset, problem))
            continue
        diagnostics += [finding(dataset, problem) for problem in times.inexact_problems(dataset.span)]
        location = holdings.locations.get(dataset.uuid)
        items.append(_item(dataset, location, times.utc_range(dataset.span), instruments))
    items = list(_with_sources(items))
    return Selection(tuple(items), instruments, (*holdings.diagnostics, *diagnostics))


def _with_sources(items: Sequence[ExportItem]) -> Iterator[ExportItem]:
    """Yield items with the mark of those whose package also has amplifiers out of use, and a camera with their boxes."""
    sources: list[ExportItem] = []
    cameras = set()
    for item in items:
        spec = type_of(item.dataset.dataset_type, "")
        cls = get_type(spec.name) if spec is not None else None
        if cls is not None and issubclass(cls, AmplifiersOutOfUse):
            sources.append(item)
        elif cls is not None and issubclass(cls, Camera):
            cameras.add(item.instrument)
    for item in items:
        is_restored = item.instrument in cameras and any(
            source.instrument == item.instrument
            and source.start <= item.start
            and (source.end is None or item.start < source.end)
            for source in sources
        )
        yield replace(item, restores_boxes=True) if is_restored else item


def finding(dataset: Dataset, problem: Problem) -> Diagnostic:
    """Return a finding about a dataset."""
    return Diagnostic.from_problem(problem, dataset_name(dataset))


def dataset_name(dataset: Dataset) -> str:
    """Return the name of a dataset in findings."""
    return f"{dataset} ({dataset.uuid})"


def type_of(dataset_type: str, obstype: str) -> Spec | None:
    """Return the calibration type of a dataset type, or of an OBSTYPE, since a site can have other dataset types."""
    specs = [cls.SPEC for cls in all_types().values()]
    for spec in specs:
        if dataset_type == spec.dataset:
            return spec
    name = obstype.lower()
    return next((spec for spec in specs if name and name in (spec.obstype.lower(), spec.name.lower())), None)


def _item(
    dataset: Dataset,
    location: FileLocation | None,
    utc_range: tuple[datetime, datetime | None],
    instruments: Mapping[str, InstrumentRecord],
) -> ExportItem:
    data_id = dict(dataset.data_id)
    record = instruments.get(dataset.instrument, InstrumentRecord(dataset.instrument))
    number = data_id.get("detector")
    detector = None
    if isinstance(number, int):
        detector = record.detectors.get(number, DetectorRecord(number, _detector_name(number)))
    physical_filter = str(data_id.get("physical_filter", ""))
    return ExportItem(dataset, location, *utc_range, dataset.instrument, detector, physical_filter)


def _named_detectors(
    records: Mapping[str, InstrumentRecord],
) -> tuple[dict[str, InstrumentRecord], list[Diagnostic]]:
    """Return instruments whose detectors all have a name, and a finding for each name that is made up."""
    instruments, diagnostics = {}, []
    for instrument, record in records.items():
        detectors = {}
        for number, detector in record.detectors.items():
            detectors[number] = detector
            if not detector.full_name:
                name = _detector_name(number)
                detectors[number] = replace(detector, full_name=name)
                detail = f"detector {number} has no full name; it is written as {name}"
                diagnostics.append(Diagnostic.from_problem(Problem("CAL668", (), detail), record.name))
        instruments[instrument] = replace(record, detectors=detectors)
    return instruments, diagnostics


def _detector_name(number: int) -> str:
    return f"det{number:03d}"


# -- ranges in UTC ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Times:
    """Ends of ranges in UTC to the microsecond, and these in TAI nanoseconds again."""

    utc: Mapping[int, datetime]
    tai: Mapping[datetime, int]

    def utc_range(self, span: Span) -> tuple[datetime, datetime | None]:
        """Return start and end of a range; `None` for an open end."""
        begin, end = span.bounds
        return _EPOCH if begin is None else self.utc[begin], None if end is None else self.utc[end]

    def range_problem(self, span: Span) -> Problem | None:
        """Return what is wrong with a range that is empty in text."""
        start, end = self.utc_range(span)
        if end is None or start < end:
            return None
        return Problem("CAL667", (), f"its range, {span}, is shorter than a microsecond")

    def inexact_problems(self, span: Span) -> list[Problem]:
        """Return a problem for each end that text cannot tell exactly."""
        return [
            Problem(
                "CAL663",
                (),
                f"{tai_text(ns, decimals=9)} TAI is written as {iso(self.utc[ns])} UTC",
            )
            for ns in span.bounds
            if ns is not None and self.tai[self.utc[ns]] != ns
        ]


def _utc_times(datasets: Iterable[Dataset]) -> _Times:
    utc = utc_times({ns for dataset in datasets for ns in dataset.span} - {FIRST_NS, LAST_NS})
    return _Times(utc, tai_nanoseconds(utc.values()))


# -- in force ---------------------------------------------------------------------------------------------------


def in_force(
    collections: Sequence[Iterable[Dataset]],
) -> tuple[list[Dataset], list[tuple[Dataset, Dataset]]]:
    """Return the datasets in force: the first collection that covers a moment counts, as in lookups.

    Parameters
    ----------
    collections : sequence
        Datasets of each collection, in the order of lookups.

    Returns
    -------
    datasets : `list` [`Dataset`]
        In order; ranges of one key do not overlap.
    ambiguous : `list` [`tuple` [`Dataset`, `Dataset`]]
        Those that are left out, each with another one of the same collection that it overlaps.
    """
    datasets: list[Dataset] = []
    ambiguous: list[tuple[Dataset, Dataset]] = []
    for collection in in_precedence(collections):
        rivals = _rivals(sorted(dict.fromkeys(collection), key=_order))
        ambiguous += [(dataset, rival) for dataset, rival in rivals.items() if rival is not None]
        datasets += [dataset for dataset, rival in rivals.items() if rival is None]
    return _joined(sorted(datasets, key=_order)), ambiguous


def _order(dataset: Dataset) -> tuple[Any, ...]:
    return key_order(dataset.key), dataset.span


def _rivals(datasets: list[Dataset]) -> dict[Dataset, Dataset | None]:
    """Return each dataset of a collection with another one of its key that it overlaps, or with `None`.

    Which of the two counts is not known.
    """
    by_key: dict[Key, list[Dataset]] = {}
    for dataset in datasets:
        by_key.setdefault(dataset.key, []).append(dataset)
    rivals: dict[Dataset, Dataset | None] = dict.fromkeys(datasets)
    for members in by_key.values():
        active: list[Dataset] = []
        for dataset in members:
            active = [earlier for earlier in active if earlier.span.end > dataset.span.begin]
            for earlier in active:
                if earlier.uuid != dataset.uuid:
                    rivals[dataset] = rivals[dataset] or earlier
                    rivals[earlier] = rivals[earlier] or dataset
            active.append(dataset)
    return rivals


def _joined(datasets: list[Dataset]) -> list[Dataset]:
    """Join parts of one dataset that only the precedence of collections has cut, or that overlap."""
    joined = datasets[:1]
    for previous, dataset in pairwise(datasets):
        last = joined[-1]
        meets = last.span.end == dataset.span.begin and previous.collection != dataset.collection
        is_same = last.key == dataset.key and last.uuid == dataset.uuid
        if is_same and (meets or last.span.overlaps(dataset.span)):
            span = Span(last.span.begin, max(last.span.end, dataset.span.end))
            joined[-1] = replace(last, span=span)
        else:
            joined.append(dataset)
    return joined
