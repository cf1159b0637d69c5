"""Changes of lookups as text: counts, and the changes in groups."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from curated.datasets.lookups import KINDS, LookupChange, LookupChanges
from curated.datasets.record import Dataset, Key
from curated.datasets.spans import ALWAYS, Span, utc_span_texts
from curated.report.text import count_text, printable

_MOST_GROUPS = 10
_MOST_VALUES = 4
"""How many groups of changes are shown, and how many values of a dimension in each."""

_WIDTH = 80

_LABELS = {
    "replaced": "another content",
    "lost": "not found any more",
    "gained": "found now",
    "same content": "same content",
}


class _Group(NamedTuple):
    """What the changes of a group have in common."""

    kind: int
    dataset_type: str
    before: str
    after: str


def lookup_lines(lookups: LookupChanges) -> Iterator[str]:
    """Yield the changes of lookups: ranges and products of each kind, and where results are replaced, lost or gained."""
    for kind in KINDS:
        ranges, products = lookups.count(kind)
        if ranges:
            counts = f"{count_text(ranges, 'range')} of {count_text(products, 'product')}"
            dataset = ", of other datasets" if kind == "same content" else ""
            yield f"    {_LABELS[kind]:20}{counts}{dataset}"
    groups = _groups(lookups)
    for group, changes in groups[:_MOST_GROUPS]:
        yield from _group_lines(group, changes)
    if len(groups) > _MOST_GROUPS:
        hidden = [change for _, changes in groups[_MOST_GROUPS:] for change in changes]
        products = len({change.key for change in hidden})
        counts = f"{count_text(len(hidden), 'range')} of {count_text(products, 'product')}"
        yield f"    and {len(groups) - _MOST_GROUPS} more groups with {counts}; --format json lists all"


def _groups(lookups: LookupChanges) -> list[tuple[_Group, list[LookupChange]]]:
    """Return the changes by kind, dataset type and collections, the most important first."""
    changes = [change for change in lookups.changes if change.kind != "same content"]
    if all(change.kind == "gained" for change in changes):
        # A first release: its counts say all.
        return []

    def group_of(change: LookupChange) -> _Group:
        collections = (_short(dataset, lookups.collection) for dataset in (change.before, change.after))
        return _Group(KINDS.index(change.kind), change.key[0], *collections)

    ordered = sorted(changes, key=group_of)
    return [(group, list(members)) for group, members in groupby(ordered, group_of)]


def _short(dataset: Dataset | None, chain: str) -> str:
    return "nothing" if dataset is None else dataset.collection.removeprefix(f"{chain}/")


def _group_lines(group: _Group, changes: Sequence[LookupChange]) -> Iterator[str]:
    products = _products_text(list(dict.fromkeys(change.key for change in changes)))
    yield from _wrapped(f"{group.dataset_type}{products}: {group.before} -> {group.after}", 4)
    spans = {change.span for change in changes}
    whole = Span(min(span.begin for span in spans), max(span.end for span in spans))
    text = "at all times" if whole == ALWAYS else utc_span_texts([whole])[whole]
    number = f"{count_text(len(changes), 'range')} from "
    yield from _wrapped(text if len(spans) == 1 else f"{number}{utc_span_texts([whole])[whole]}", 6)


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(
        printable(text),
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 4),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _products_text(keys: Sequence[Key]) -> str:
    """Return the values of each dimension but the instrument, such as `` detector 0-3, 7``."""
    values: dict[str, set[int | str]] = {}
    for _, data_id in keys:
        for dimension, value in data_id:
            if dimension != "instrument":
                values.setdefault(dimension, set()).add(value)
    return "".join(f" {dimension} {_values_text(members)}" for dimension, members in values.items())


def _values_text(values: Iterable[int | str]) -> str:
    texts = list(_runs(sorted(value for value in values if isinstance(value, int))))
    texts += sorted(value for value in values if isinstance(value, str))
    more = f" and {len(texts) - _MOST_VALUES} more" if len(texts) > _MOST_VALUES else ""
    return ", ".join(texts[:_MOST_VALUES]) + more


def _runs(numbers: Sequence[int]) -> Iterator[str]:
    """Yield consecutive numbers as ranges, such as ``0-3``."""
    for _, members in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in members]
        yield str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}"
