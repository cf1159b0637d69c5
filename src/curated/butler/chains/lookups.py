"""Lookups through a chain, before and after a release is put into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain as chained

from lsst.daf.butler import Butler, CollectionInfo

from curated.bundle.contents import Entry
from curated.butler.chains.certifications import read_datasets, read_uncovered
from curated.butler.chains.members import collection_infos
from curated.butler.chains.order import Chain
from curated.butler.repository.opening import collection_info
from curated.datasets.lookups import ChangedRange, changed_ranges
from curated.datasets.record import Dataset, Key, in_precedence

Found = Mapping[str, Sequence[Dataset]]
"""Datasets by the collection in which a lookup finds them, with the ranges in which it does, in the order of lookups."""


@dataclass(frozen=True)
class ChainLookups:
    """What lookups through a chain find before and after an import.

    Parameters
    ----------
    chain : `Chain`
        The chain before the import.
    release : `str`
        Calibration collection of the release.
    members : `tuple` [`str`]
        Members of the chain afterwards.
    datasets : `dict` [`str`, `list` [`Dataset`]]
        What each collection certifies before.
    planned : `list` [`Dataset`]
        What the release's collection certifies afterwards.
    """

    chain: Chain
    release: str
    members: tuple[str, ...]
    datasets: Mapping[str, Sequence[Dataset]]
    planned: Sequence[Dataset]

    @cached_property
    def keys(self) -> frozenset[Key]:
        """Keys of the release: no other lookup changes."""
        return frozenset(dataset.key for dataset in self.planned)

    @cached_property
    def after(self) -> Found:
        """What lookups find afterwards."""
        datasets = {**self.datasets, self.release: self.planned}
        names = self.chain.flattened(self.members)
        return dict(zip(names, in_precedence(datasets.get(name, ()) for name in names), strict=True))

    @property
    def ahead(self) -> tuple[str, ...]:
        """Somebody else's collections in front of the release, with the releases in their inner chains."""
        names = tuple(self.after)
        return tuple(
            name
            for name in names[: names.index(self.release)]
            if not self.chain.is_release(self.member_of(name))
        )

    def member_of(self, name: str) -> str:
        """Return the member of the chain through which a collection is found: itself, or an inner chain."""
        return next(member for member in self.members if name in self.chain.flat.get(member, (member,)))

    @property
    def older(self) -> tuple[str, ...]:
        """Other releases behind the release."""
        names = tuple(self.after)
        return tuple(name for name in names[names.index(self.release) + 1 :] if name in self.chain.releases)

    def changed(self) -> list[ChangedRange]:
        """Return the ranges in which lookups find other datasets."""
        before = self.chain.flattened(self.chain.members)
        if before == tuple(self.after) and self.datasets.get(self.release) == self.planned:
            return []
        relevant = (
            [dataset for dataset in self.datasets.get(name, ()) if dataset.key in self.keys]
            for name in before
        )
        after = (d for d in chained.from_iterable(self.after.values()) if d.key in self.keys)
        return list(changed_ranges(chained.from_iterable(in_precedence(relevant)), after))


def chain_lookups(
    butler: Butler, chain: Chain, release: str, members: tuple[str, ...], entries: Iterable[Entry]
) -> ChainLookups:
    """Return what lookups through a chain find before and after an import.

    Parameters
    ----------
    release : `str`
        Calibration collection of the release.
    members : `tuple` [`str`]
        Members of the chain after the import.
    entries : iterable [`Entry`]
        Datasets that the release's collection certifies afterwards, some of them perhaps before.
    """
    names = [*chain.members, *([release] if collection_info(butler, release) else [])]
    infos = collection_infos(butler, names)
    near, far = _near_and_far(chain, release, members, infos)
    datasets = read_datasets(butler, near)
    # What the release itself covers does not count, since it may be at another place before.
    others = chained.from_iterable(datasets[name] for name in datasets if name != release)
    datasets |= read_uncovered(butler, far, others)
    existing = datasets.get(release, [])
    present = {(dataset.uuid, dataset.span) for dataset in existing}
    planned = [*existing, *(entry for entry in entries if (entry.uuid, entry.span) not in present)]
    return ChainLookups(chain, release, members, datasets, planned)


def _near_and_far(
    chain: Chain, release: str, members: tuple[str, ...], infos: Mapping[str, CollectionInfo]
) -> tuple[list[CollectionInfo], list[CollectionInfo]]:
    """Divide the collections of a chain: those up to the first older release, and those behind it.

    The older release has mostly what those behind it have, so that few of their datasets are ever found.
    """
    names = chain.flattened(members)
    place = names.index(release)
    last = next((i for i, name in enumerate(names) if i > place and name in chain.releases), len(names))
    order = {name: i for i, name in enumerate(names)}
    near = [info for name, info in infos.items() if order.get(name, 0) <= last]
    return near, [info for name, info in infos.items() if order.get(name, 0) > last]
