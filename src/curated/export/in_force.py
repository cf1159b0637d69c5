"""The certifications that lookups find, joined and without those that contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from curated.datasets.record import Dataset, Key, in_precedence, key_order
from curated.datasets.spans import Span


@dataclass(slots=True)
class InForce:
    """The certifications in force in collections.

    Parameters
    ----------
    datasets : `list` [`Dataset`]
        In order; ranges of one key do not overlap.
    ambiguous : `list` [`tuple` [`Dataset`, `Dataset`]]
        Those that are left out, each with another one of the same collection that it overlaps.
    """

    datasets: list[Dataset] = field(default_factory=list)
    ambiguous: list[tuple[Dataset, Dataset]] = field(default_factory=list)


def in_force(collections: Sequence[Iterable[Dataset]]) -> InForce:
    """Work out what is in force: the first collection that covers a moment counts, as in lookups.

    Parameters
    ----------
    collections : sequence
        Datasets of each collection, in the order of lookups.
    """
    result = InForce()
    for datasets in in_precedence(collections):
        _separate(sorted(dict.fromkeys(datasets), key=_order), result)
    result.datasets = _joined(sorted(result.datasets, key=_order))
    return result


def _order(dataset: Dataset) -> tuple[Any, ...]:
    return key_order(dataset.key), dataset.span


def _separate(datasets: list[Dataset], result: InForce) -> None:
    """Sort out datasets that overlap another one in the same collection: which of them counts is not known."""
    by_key: dict[Key, list[Dataset]] = {}
    for dataset in datasets:
        by_key.setdefault(dataset.key, []).append(dataset)
    for members in by_key.values():
        rivals: dict[int, Dataset] = {}
        active: list[int] = []
        for i, dataset in enumerate(members):
            active = [j for j in active if members[j].span.end > dataset.span.begin]
            for j in active:
                if members[j].uuid != dataset.uuid:
                    rivals.setdefault(i, members[j])
                    rivals.setdefault(j, dataset)
            active.append(i)
        result.ambiguous += [(members[i], rivals[i]) for i in sorted(rivals)]
        result.datasets += [dataset for i, dataset in enumerate(members) if i not in rivals]


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
