"""Lookups of two times compared: which dataset they find before and after a change, and in which ranges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from curated.core.times import utc_texts
from curated.datasets.record import Dataset, Key, key_order
from curated.datasets.spans import Span

Kind = Literal["replaced", "gained", "lost", "same content"]
"""Another content is found; something where there was nothing; nothing any more; another dataset of the same content."""

KINDS: tuple[Kind, ...] = ("replaced", "lost", "gained", "same content")


class LookupChange(NamedTuple):
    """A range in which lookups find another dataset than before.

    Parameters
    ----------
    kind : `str`
        How the result differs, one of `KINDS`.
    key : `Key`
        Dataset type and data ID of the lookup.
    span : `Span`
        The times of the lookup.
    before, after : `Dataset` or `None`
        What is found; `None` is nothing. Of several that one collection certifies for the same time, where Butler finds
        none without a choice, it is the one that the other side does not have.
    """

    kind: Kind
    key: Key
    span: Span
    before: Dataset | None
    after: Dataset | None


class ChangedRange(NamedTuple):
    """A range of one key with the datasets that two lookups find, before their contents are compared."""

    key: Key
    span: Span
    before: tuple[Dataset, ...]
    after: tuple[Dataset, ...]


@dataclass(frozen=True, slots=True)
class LookupChanges:
    """All lookups through a collection that a change concerns.

    Parameters
    ----------
    collection : `str`
        The collection that is looked up in, such as ``LATISS/calib``.
    changes : `tuple` [`LookupChange`]
        In the order of dataset types, data IDs and times.
    """

    collection: str
    changes: tuple[LookupChange, ...] = ()

    def count(self, kind: Kind) -> tuple[int, int]:
        """Return the number of ranges of a kind, and of the products that they belong to."""
        keys = [change.key for change in self.changes if change.kind == kind]
        return len(keys), len(set(keys))

    def to_dict(self) -> dict[str, Any]:
        """Return them as plain data: counts of ranges and each of them, with times in UTC and in TAI nanoseconds."""
        counts = Counter(change.kind for change in self.changes)
        bounds = {ns for change in self.changes for ns in change.span.bounds if ns is not None}
        times = {ns: f"{text}Z" for ns, text in utc_texts(bounds).items()}
        return {
            "collection": self.collection,
            **{kind.replace(" ", "_"): counts[kind] for kind in KINDS},
            "changes": [_plain(change, times) for change in self.changes],
        }


def _plain(change: LookupChange, times: Mapping[int, str]) -> dict[str, Any]:
    begin, end = change.span.bounds
    return {
        "kind": change.kind,
        "dataset_type": change.key[0],
        "data_id": dict(change.key[1]),
        "begin": None if begin is None else times[begin],
        "end": None if end is None else times[end],
        "begin_tai_ns": begin,
        "end_tai_ns": end,
        "before": _plain_dataset(change.before),
        "after": _plain_dataset(change.after),
    }


def _plain_dataset(dataset: Dataset | None) -> dict[str, str] | None:
    if dataset is None:
        return None
    return {"collection": dataset.collection, "run": dataset.run, "uuid": dataset.uuid}


def changed_ranges(before: Iterable[Dataset], after: Iterable[Dataset]) -> Iterator[ChangedRange]:
    """Yield the ranges in which two lookups find other datasets.

    Parameters
    ----------
    before, after : iterable [`Dataset`]
        What lookups find, with the ranges in which they do; see `curated.datasets.record.in_precedence`.
    """
    befores, afters = _by_key(before), _by_key(after)
    for key in sorted(befores.keys() | afters.keys(), key=key_order):
        first, second = befores.get(key, []), afters.get(key, [])
        if not first or not second:
            yield from _one_sided(key, first, second)
        elif _spans_by_uuid(first) != _spans_by_uuid(second):
            yield from _joined(_sweep(key, first, second))


def _by_key(datasets: Iterable[Dataset]) -> dict[Key, list[Dataset]]:
    by_key: dict[Key, list[Dataset]] = {}
    for dataset in datasets:
        by_key.setdefault(dataset.key, []).append(dataset)
    return by_key


def _one_sided(key: Key, before: Sequence[Dataset], after: Sequence[Dataset]) -> Iterator[ChangedRange]:
    """Yield the ranges of a key that only one lookup finds, mostly one after the other."""
    datasets = sorted((*before, *after), key=lambda dataset: dataset.span)
    if any(first.span.overlaps(second.span) for first, second in pairwise(datasets)):
        yield from _joined(_sweep(key, before, after))
        return
    for dataset in datasets:
        side = (dataset,)
        yield ChangedRange(key, dataset.span, side if before else (), side if after else ())


def _spans_by_uuid(datasets: Iterable[Dataset]) -> set[tuple[Span, str]]:
    return {(dataset.span, dataset.uuid) for dataset in datasets}


def _sweep(key: Key, before: Sequence[Dataset], after: Sequence[Dataset]) -> Iterator[ChangedRange]:
    """Go through all begins and ends in order, with the datasets that are found in between."""
    sides = (*((dataset, 0) for dataset in before), *((dataset, 1) for dataset in after))
    # Ends come before begins of the same time: ranges are half open.
    events = [(dataset.span.end, 0, dataset, side) for dataset, side in sides]
    events += [(dataset.span.begin, 1, dataset, side) for dataset, side in sides]
    events.sort(key=lambda event: event[:2])
    active: tuple[Counter[Dataset], Counter[Dataset]] = (Counter(), Counter())
    last = 0
    for time, begins, dataset, side in events:
        if last < time:
            first, second = (tuple(+datasets) for datasets in active)
            if {d.uuid for d in first} != {d.uuid for d in second}:
                yield ChangedRange(key, Span(last, time), first, second)
        active[side][dataset] += 1 if begins else -1
        last = time


def _joined(ranges: Iterable[ChangedRange]) -> Iterator[ChangedRange]:
    """Join adjacent ranges in which the same datasets are found."""
    last: ChangedRange | None = None
    for item in ranges:
        if last is not None and last.span.end == item.span.begin and _names(last) == _names(item):
            last = last._replace(span=Span(last.span.begin, item.span.end))
            continue
        if last is not None:
            yield last
        last = item
    if last is not None:
        yield last


def _names(item: ChangedRange) -> tuple[frozenset[tuple[str, str]], ...]:
    return tuple(frozenset((d.uuid, d.collection) for d in side) for side in (item.before, item.after))


def classified(ranges: Iterable[ChangedRange], contents: Mapping[str, str]) -> Iterator[LookupChange]:
    """Yield changed ranges with the kind of the change.

    Parameters
    ----------
    contents : `dict` [`str`, `str`]
        Hashes of datasets' values by UUID; a dataset without one has the content of no other.
    """
    for key, span, before, after in ranges:
        first = _representative(before, after)
        second = _representative(after, before)
        kind: Kind = "replaced"
        if first is None or second is None:
            kind = "gained" if first is None else "lost"
        elif _contents(before, contents) == _contents(after, contents):
            kind = "same content"
        yield LookupChange(kind, key, span, first, second)


def _representative(datasets: Sequence[Dataset], others: Sequence[Dataset]) -> Dataset | None:
    uuids = {dataset.uuid for dataset in others}
    return min(datasets, key=lambda dataset: (dataset.uuid in uuids, dataset.uuid), default=None)


def _contents(datasets: Iterable[Dataset], contents: Mapping[str, str]) -> set[str]:
    return {contents.get(dataset.uuid) or dataset.content or dataset.uuid for dataset in datasets}
