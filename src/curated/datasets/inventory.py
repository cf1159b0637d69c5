"""The calibrations in force somewhere: fingerprinted and compared, wherever they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from curated.datasets.record import Dataset, Key, key_order
from curated.datasets.spans import Span, tai_text
from curated.datasets.values import differing_fields, is_same_content


@dataclass(frozen=True, slots=True)
class Inventory:
    """The calibrations in force somewhere.

    Parameters
    ----------
    source : `str`
        Name for people, such as ``bundle DIR``.
    datasets : `tuple` [`Dataset`]
        In order, with their content, but without UUID, run and collection; adjacent ranges of one content are joined.
    """

    source: str
    datasets: tuple[Dataset, ...]

    @classmethod
    def of(cls, source: str, datasets: Iterable[Dataset]) -> Inventory:
        """Return the inventory of datasets whose ranges do not overlap."""
        calibrations = (Dataset(d.dataset_type, d.data_id, d.span, content=d.content) for d in datasets)
        return cls(source, tuple(_joined(sorted(calibrations, key=_order))))

    def lines(self) -> list[str]:
        """Return a line of text for each calibration, sorted: what the fingerprint is the hash of."""
        # Values that are told apart only in pairs are one in the lines.
        return sorted(map(_line, _joined(self.datasets, str.__eq__)))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all lines, each with a line feed: equal exactly when the calibrations in force are."""
        digest = hashlib.sha256()
        for line in self.lines():
            digest.update(f"{line}\n".encode())
        return digest.hexdigest()


def _line(dataset: Dataset) -> str:
    begin, end = ("open" if ns is None else tai_text(ns, decimals=9) for ns in dataset.span.bounds)
    return f"{dataset} {begin} {end} {dataset.content}"


def _order(dataset: Dataset) -> tuple[Any, ...]:
    return key_order(dataset.key), dataset.span.begin


def _joined(
    datasets: Iterable[Dataset], is_same: Callable[[str, str], bool] = is_same_content
) -> Iterator[Dataset]:
    last: Dataset | None = None
    for dataset in datasets:
        if last is not None and _is_continued(last, dataset, is_same):
            last = replace(last, span=Span(last.span.begin, dataset.span.end))
            continue
        if last is not None:
            yield last
        last = dataset
    if last is not None:
        yield last


def _is_continued(first: Dataset, second: Dataset, is_same: Callable[[str, str], bool]) -> bool:
    is_next = first.key == second.key and first.span.end == second.span.begin
    return is_next and is_same(first.content, second.content)


class Difference(NamedTuple):
    """What two inventories do not have in common, for one dataset type and data ID.

    Parameters
    ----------
    key : `tuple`
        Dataset type and data ID.
    kind : `str`
        ``missing`` (nothing in the second), ``added`` (nothing in the first), ``validity`` (the same contents
        at other times) or ``content``.
    first, second : `tuple` [`Dataset`]
        Calibrations that only the one and only the other has.
    fields : `tuple` [`str`]
        Names of the fields whose values differ; empty where they are not known, or contents are the same.
    """

    key: Key
    kind: str
    first: tuple[Dataset, ...]
    second: tuple[Dataset, ...]
    fields: tuple[str, ...] = ()


def compare(first: Inventory, second: Inventory) -> list[Difference]:
    """Return what two inventories do not have in common."""
    firsts, seconds = _by_key(first), _by_key(second)
    differences = []
    for key in sorted({*firsts, *seconds}, key=key_order):
        before, after = firsts.get(key, ()), seconds.get(key, ())
        only_before = tuple(dataset for dataset in before if not _is_among(dataset, after))
        only_after = tuple(dataset for dataset in after if not _is_among(dataset, before))
        if only_before or only_after:
            kind = _kind(before, after)
            fields = _fields(only_before, only_after) if kind == "content" else ()
            differences.append(Difference(key, kind, only_before, only_after, fields))
    return differences


_CAMERA = "camera"
"""Dataset type of the stack's camera."""


def cameras_apart(
    differences: Iterable[Difference], are_repositories: Sequence[bool]
) -> tuple[list[Difference], list[Difference]]:
    """Part differences from cameras of the stack that only a repository has.

    Most repositories of pipelines have one, and most packages keep none; that is no difference of their calibrations. It
    is one where a package or a bundle has a camera that the other side lacks.

    Parameters
    ----------
    are_repositories : sequence [`bool`]
        Whether the first and whether the second inventory is that of a repository.

    Returns
    -------
    differences : `list` [`Difference`]
        The others.
    apart : `list` [`Difference`]
        Cameras that are not compared.
    """
    owners = dict(zip(("missing", "added"), are_repositories, strict=True))
    others: list[Difference] = []
    apart: list[Difference] = []
    for difference in differences:
        is_apart = difference.key[0] == _CAMERA and owners.get(difference.kind, False)
        (apart if is_apart else others).append(difference)
    return others, apart


def _is_among(dataset: Dataset, others: Iterable[Dataset]) -> bool:
    """Return whether others of the same key have the same content at the same times."""
    return any(
        dataset.span == other.span and is_same_content(dataset.content, other.content) for other in others
    )


def _fields(before: Iterable[Dataset], after: Sequence[Dataset]) -> tuple[str, ...]:
    """Return the fields that differ between calibrations that are in force at the same time."""
    names: set[str] = set()
    for first in before:
        for second in after:
            if first.span.overlaps(second.span):
                names.update(differing_fields(first.content, second.content))
    return tuple(sorted(names))


def _by_key(inventory: Inventory) -> dict[Key, tuple[Dataset, ...]]:
    by_key: dict[Key, list[Dataset]] = {}
    for dataset in inventory.datasets:
        by_key.setdefault(dataset.key, []).append(dataset)
    return {key: tuple(datasets) for key, datasets in by_key.items()}


def _kind(before: tuple[Dataset, ...], after: tuple[Dataset, ...]) -> str:
    if not after:
        return "missing"
    if not before:
        return "added"
    is_known = all(
        any(is_same_content(dataset.content, other.content) for other in others)
        for datasets, others in ((before, after), (after, before))
        for dataset in datasets
    )
    return "validity" if is_known else "content"
