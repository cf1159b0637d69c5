"""Calibrations in force, as plain lines: what is the same wherever they are kept."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from curated.datasets.spans import canonical_range, tai_text

DataId = tuple[tuple[str, int | str], ...]
"""Dimensions and values, in the order of the dimensions' names."""

Key = tuple[str, DataId]
"""What a calibration is of: dataset type and data ID."""

_PLAIN = re.compile(r"[^\s=\"\\]+\Z")


class Line(NamedTuple):
    """One calibration in force.

    Parameters
    ----------
    dataset_type : `str`
        Name of the dataset type.
    data_id : `DataId`
        What it is of.
    begin, end : `int` or `None`
        First moment, and first moment after it, in nanoseconds since 1970-01-01 TAI; `None` where it is open.
    content : `str`
        Hash of what it holds; see `curated.fits.digest`.
    """

    dataset_type: str
    data_id: DataId
    begin: int | None
    end: int | None
    content: str

    @property
    def key(self) -> Key:
        """What it is of."""
        return self.dataset_type, self.data_id

    def __str__(self) -> str:
        return f"{key_text(self.key)} {_time(self.begin)} {_time(self.end)} {self.content}"


def key_text(key: Key) -> str:
    """Return what a calibration is of as text; values with blanks are quoted."""
    dataset_type, data_id = key
    return " ".join([dataset_type, *(f"{name}={_value(value)}" for name, value in data_id)])


def _value(value: int | str) -> str:
    text = str(value)
    return text if _PLAIN.match(text) else json.dumps(text)


def _time(nanoseconds: int | None) -> str:
    return "open" if nanoseconds is None else tai_text(nanoseconds).replace(" ", "T")


@dataclass(frozen=True, slots=True)
class Inventory:
    """The calibrations in force somewhere.

    Parameters
    ----------
    source : `str`
        Where, for people.
    lines : `tuple` [`Line`]
        What is in force, sorted; ranges that follow each other with the same content are one.
    """

    source: str
    lines: tuple[Line, ...]

    @classmethod
    def of(cls, source: str, lines: Iterable[Line]) -> Inventory:
        """Return the inventory of calibrations whose ranges do not overlap."""
        return cls(source, tuple(_joined(sorted(lines, key=_order))))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all lines as text, each with a line feed: equal exactly when the calibrations in force are."""
        digest = hashlib.sha256()
        for text in sorted(map(str, self.lines)):
            digest.update(f"{text}\n".encode())
        return digest.hexdigest()


def _order(line: Line) -> tuple[Any, ...]:
    return _key_order(line.key), -1 if line.begin is None else line.begin


def _key_order(key: tuple[str, DataId]) -> tuple[Any, ...]:
    return key[0], tuple((name, str(type(value)), value) for name, value in key[1])


def _joined(lines: Iterable[Line]) -> Iterator[Line]:
    last: Line | None = None
    for line in lines:
        if last is None:
            last = line
        elif (
            last.key == line.key
            and last.content == line.content
            and last.end is not None
            and last.end == line.begin
        ):
            last = last._replace(end=line.end)
        else:
            yield last
            last = line
    if last is not None:
        yield last


def of_manifest(source: str, datasets: Iterable[Mapping[str, Any]]) -> Inventory:
    """Return the inventory of what a manifest lists.

    Parameters
    ----------
    source : `str`
        Where it is from.
    datasets : iterable [`dict`]
        The datasets of a manifest.
    """
    return Inventory.of(
        source,
        (
            Line(
                dataset["dataset_type"],
                tuple(sorted(dataset["data_id"].items())),
                begin,
                end,
                dataset["content"],
            )
            for dataset in datasets
            for begin, end in [canonical_range(dataset["validity"])]
        ),
    )


class Difference(NamedTuple):
    """What two inventories do not have in common, for one dataset type and data ID.

    Parameters
    ----------
    key : `tuple`
        Dataset type and data ID.
    kind : `str`
        ``missing`` (nothing in the second), ``added`` (nothing in the first), ``validity`` (the same contents
        at other times) or ``content``.
    first, second : `tuple` [`Line`]
        Lines that only the one and only the other has.
    """

    key: tuple[str, DataId]
    kind: str
    first: tuple[Line, ...]
    second: tuple[Line, ...]


def compare(first: Inventory, second: Inventory) -> list[Difference]:
    """Return what two inventories do not have in common.

    Parameters
    ----------
    first, second : `Inventory`
        What is compared.
    """
    sides = _by_key(first), _by_key(second)
    found = []
    for key in sorted({*sides[0], *sides[1]}, key=_key_order):
        one, other = (side.get(key, ()) for side in sides)
        if one != other:
            only = tuple(
                tuple(x for x in mine if x not in theirs) for mine, theirs in ((one, other), (other, one))
            )
            found.append(Difference(key, _kind(one, other), *only))
    return found


def _by_key(inventory: Inventory) -> dict[tuple[str, DataId], tuple[Line, ...]]:
    found: dict[tuple[str, DataId], list[Line]] = {}
    for line in inventory.lines:
        found.setdefault(line.key, []).append(line)
    return {key: tuple(lines) for key, lines in found.items()}


def _kind(one: tuple[Line, ...], other: tuple[Line, ...]) -> str:
    if not other:
        return "missing"
    if not one:
        return "added"
    return "validity" if {x.content for x in one} == {x.content for x in other} else "content"
