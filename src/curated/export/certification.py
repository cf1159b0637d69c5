"""Certifications as plain values, and which of them are in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from curated.datasets.inventory import DataId, Key
from curated.datasets.spans import FIRST_NS, LAST_NS, Span, in_precedence, overlaps, tai_text


@dataclass(frozen=True, slots=True)
class Certification:
    """A dataset, and a range for which a collection has it.

    Parameters
    ----------
    uuid : `str`
        The dataset.
    dataset_type : `str`
        Name of its dataset type.
    data_id : `DataId`
        The required dimensions and their values, in the order of their names.
    run, collection : `str`
        The RUN that it was made in, and the CALIBRATION collection that has it.
    span : `tuple` [`int`, `int`]
        The range in nanoseconds since 1970-01-01 TAI, open ends filled in with those of all times.
    """

    uuid: str
    dataset_type: str
    data_id: DataId
    run: str
    collection: str
    span: Span

    @property
    def key(self) -> Key:
        """What it is of."""
        return self.dataset_type, self.data_id

    @property
    def order(self) -> tuple[str, str, Span]:
        """Where it stands among others."""
        return self.dataset_type, str(self.data_id), self.span

    @property
    def name(self) -> str:
        """What findings call it."""
        values = " ".join(str(value) for _, value in self.data_id)
        return f"{self.dataset_type} {values} ({self.uuid})"

    @property
    def times(self) -> str:
        """Its range for people."""
        begin, end = (
            "open" if ns in (FIRST_NS, LAST_NS) else f"{tai_text(ns).rstrip('0').rstrip('.')} TAI"
            for ns in self.span
        )
        return f"{begin} to {end}"


@dataclass(slots=True)
class InForce:
    """What is in force in collections.

    Parameters
    ----------
    certifications : `list` [`Certification`]
        In order; ranges of one key do not overlap.
    ambiguous : `list` [`tuple` [`Certification`, `Certification`]]
        Those that are left out, each with another one of the same collection that it overlaps.
    """

    certifications: list[Certification] = field(default_factory=list)
    ambiguous: list[tuple[Certification, Certification]] = field(default_factory=list)


def in_force(collections: Sequence[Iterable[Certification]]) -> InForce:
    """Work out what is in force: the first collection that covers a moment counts, as in lookups.

    Parameters
    ----------
    collections : sequence
        What each collection has, in the order of lookups.
    """
    found = InForce()
    for certified in in_precedence(collections, lambda one: one.key, lambda one: one.span):
        parts = {replace(one, span=span): None for one, span in certified}
        _separate(sorted(parts, key=lambda part: part.order), found)
    found.certifications = _joined(sorted(found.certifications, key=lambda one: one.order))
    return found


def _separate(parts: list[Certification], found: InForce) -> None:
    """Sort out what overlaps another dataset in the same collection: which of them counts is not known."""
    by_key: dict[Key, list[Certification]] = {}
    for part in parts:
        by_key.setdefault(part.key, []).append(part)
    for members in by_key.values():
        rivals: dict[int, Certification] = {}
        active: list[int] = []
        for i, one in enumerate(members):
            active = [j for j in active if members[j].span[1] > one.span[0]]
            for j in active:
                if members[j].uuid != one.uuid:
                    rivals.setdefault(i, members[j])
                    rivals.setdefault(j, one)
            active.append(i)
        found.ambiguous += [(members[i], rivals[i]) for i in sorted(rivals)]
        found.certifications += [one for i, one in enumerate(members) if i not in rivals]


def _joined(certified: list[Certification]) -> list[Certification]:
    """Join parts of one dataset that only the precedence of collections has cut, or that overlap."""
    joined = certified[:1]
    for before, one in pairwise(certified):
        last = joined[-1]
        meets = last.span[1] == one.span[0] and before.collection != one.collection
        if last.key == one.key and last.uuid == one.uuid and (meets or overlaps(last.span, one.span)):
            joined[-1] = replace(last, span=(last.span[0], max(last.span[1], one.span[1])))
        else:
            joined.append(one)
    return joined
