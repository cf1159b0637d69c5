"""What a release does not do for lookups through its chain, and what it does that nobody may expect.

Older releases are found in its gaps, collections in front of it hide it, and it hides collections behind it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from curated.butler.chains.lookups import ChainLookups
from curated.core.diagnostic import Diagnostic, Problem
from curated.datasets.lookups import LookupChange
from curated.datasets.record import Dataset, Key, key_order, key_text
from curated.datasets.spans import Span, cut

Ranges = Mapping[Key, list[Span]]


class Gap(NamedTuple):
    """The ranges in which a collection of a chain is found, or not found any more.

    Parameters
    ----------
    release : `str`
        Calibration collection of the new release.
    collection : `str`
        The member of the chain, or of an inner chain, that competes with the release.
    ranges : `dict` [`Key`, `list` [`Span`]]
        Where it is.
    member : `str`
        The member of the chain through which it is found: itself, or an inner chain.
    """

    release: str
    collection: str
    ranges: Ranges
    member: str


def find_gaps(lookups: ChainLookups) -> Iterator[Gap]:
    """Yield the gaps of a release through which older releases behind it are found.

    A lookup takes the first member of a chain that covers the time. Only releases count: other members of a chain are
    there to add what the releases do not have.
    """
    for name in lookups.older:
        ranges: dict[Key, list[Span]] = defaultdict(list)
        for dataset in lookups.after[name]:
            ranges[dataset.key].append(dataset.span)
        if ranges:
            yield Gap(lookups.release, name, ranges, lookups.member_of(name))


class Overlap(NamedTuple):
    """A range in which a collection in front of a release is found instead of it."""

    dataset: Dataset
    hidden: Dataset
    span: Span


def find_overlaps(lookups: ChainLookups) -> list[Overlap]:
    """Return the ranges in which somebody else's collections in front of a release are found instead of it."""
    planned: dict[Key, list[Dataset]] = defaultdict(list)
    for dataset in lookups.planned:
        planned[dataset.key].append(dataset)
    return [
        Overlap(dataset, hidden, part)
        for name in lookups.ahead
        for dataset in lookups.after[name]
        for hidden in planned.get(dataset.key, ())
        if hidden.uuid != dataset.uuid
        for part in cut(dataset.span, [hidden.span])
    ]


def hiding_collections(
    lookups: ChainLookups, overlaps: Iterable[Overlap], contents: Mapping[str, str]
) -> Iterator[Gap]:
    """Yield the collections that hide a release, where they have another content.

    Parameters
    ----------
    contents : `dict` [`str`, `str`]
        Hashes of datasets' values by UUID, as far as they are known.
    """
    ranges: dict[str, dict[Key, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for dataset, hidden, span in overlaps:
        content = contents.get(dataset.uuid)
        if content is None or content != contents.get(hidden.uuid):
            ranges[dataset.collection][dataset.key].append(span)
    yield from (Gap(lookups.release, name, ranges[name], lookups.member_of(name)) for name in ranges)


def hidden_collections(lookups: ChainLookups, changes: Iterable[LookupChange]) -> Iterator[Gap]:
    """Yield the collections that are no releases, and that a release hides where they were found before."""
    ranges: dict[str, dict[Key, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for change in changes:
        if change.kind == "replaced" and change.before is not None:
            name = change.before.collection
            if name not in lookups.chain.releases and name != lookups.release:
                ranges[name][change.key].append(change.span)
    yield from (Gap(lookups.release, name, ranges[name], lookups.member_of(name)) for name in ranges)


def gap_diagnostic(gap: Gap, repository: str) -> Diagnostic:
    """Return a gap as a finding about a repository."""
    detail = f"{gap.collection} is found where {gap.release} has nothing: {_ranges_text(gap)}"
    label = gap.collection.split("/calib/", 1)[-1]
    hint = f"if it is not to be found there, 'curated retract {repository} {label}' takes it out of the chain"
    return Diagnostic.from_problem(Problem("CAL640", (), detail, hint), repository)


def hiding_diagnostic(gap: Gap, repository: str) -> Diagnostic:
    """Return a collection that hides a release as a finding about a repository."""
    detail = f"{gap.collection} in front of {gap.release} is found instead of it: {_ranges_text(gap)}"
    hint = f"if the release is to be found there, import it with --before {gap.member}"
    return Diagnostic.from_problem(Problem("CAL646", (), detail, hint), repository)


def hidden_diagnostic(gap: Gap, repository: str) -> Diagnostic:
    """Return a collection that a release hides as a finding about a repository."""
    detail = f"{gap.release} is found instead of {gap.collection}: {_ranges_text(gap)}"
    hint = f"if {gap.collection} is to be found there, import with --after {gap.member}"
    return Diagnostic.from_problem(Problem("CAL645", (), detail, hint), repository)


def _ranges_text(gap: Gap) -> str:
    key = min(gap.ranges, key=key_order)
    products, ranges = len(gap.ranges), sum(map(len, gap.ranges.values()))
    return (
        f"{ranges} range{'s' * (ranges > 1)} of {products} product{'s' * (products > 1)}, such as {key_text(key)}, "
        f"{gap.ranges[key][0]}"
    )
