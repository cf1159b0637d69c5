"""A dataset: its type, its data ID, and where and when it applies."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from curated.datasets.spans import ALWAYS, Span, cut, left_over

DataId = tuple[tuple[str, int | str], ...]
"""Dimensions and their values, in the order of the dimensions' names."""

Key = tuple[str, DataId]
"""Dataset type and data ID."""

# Namespace of lsst.daf.butler's DatasetIdFactory.
_NAMESPACE = bytes.fromhex("840b31d905cd5161b2c800d32b280d0f")
# The two highest bits of this digit of a UUID are 10.
_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_PLAIN = re.compile(r"[^\s=\"\\]+\Z")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset, and a range for which it is certified.

    Parameters
    ----------
    dataset_type : `str`
        Name of the dataset type.
    data_id : `DataId`
        The required dimensions and their values.
    span : `Span`
        When it is in force.
    uuid, run, collection : `str`
        Its UUID, the RUN that holds it and the CALIBRATION collection that certifies it; empty where they do not matter.
    content : `str`
        Hash of its values, without origin and validity (`curated.fits.digest`); empty where it is not known.
    """

    dataset_type: str
    data_id: DataId
    span: Span = ALWAYS
    uuid: str = ""
    run: str = ""
    collection: str = ""
    content: str = ""

    @property
    def key(self) -> Key:
        """Dataset type and data ID."""
        return self.dataset_type, self.data_id

    @property
    def instrument(self) -> str:
        """Name of the instrument; empty if it has none."""
        return str(dict(self.data_id).get("instrument", ""))

    def __str__(self) -> str:
        return key_text(self.key)


D = TypeVar("D", bound=Dataset)


def data_id_of(values: Mapping[str, int | str]) -> DataId:
    """Return a data ID with its dimensions in order."""
    return tuple(sorted(values.items()))


def dataset_uuid(dataset_type: str, run: str, data_id: DataId) -> str:
    """Return the UUID that Butler's rule DATAID_TYPE_RUN gives a dataset.

    Parameters
    ----------
    dataset_type, run : `str`
        Names of the dataset type and of the RUN collection.
    data_id : `DataId`
        The required dimensions and their values.
    """
    values = "".join([f",{name}={value}" for name, value in data_id])
    name = f"dataset_type={dataset_type},run={run}{values}"
    # As uuid.uuid5 does it, in a quarter of the time.
    digits = hashlib.sha1(_NAMESPACE + name.encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANTS[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def key_text(key: Key) -> str:
    """Return a dataset type and data ID as text; values with blanks are quoted."""
    dataset_type, data_id = key
    return " ".join([dataset_type, *(f"{name}={_quoted(value)}" for name, value in data_id)])


def _quoted(value: int | str) -> str:
    text = str(value)
    return text if _PLAIN.match(text) else json.dumps(text)


def key_order(key: Key) -> tuple[Any, ...]:
    """Return what sorts keys, also where one dimension has numbers and text."""
    return key[0], tuple((name, str(type(value)), value) for name, value in key[1])


def in_precedence(collections: Iterable[Iterable[D]]) -> Iterator[list[D]]:
    """Yield the datasets of each collection with the ranges in which a lookup through all of them finds them.

    The first collection that covers a moment counts. Datasets of one collection that overlap are both yielded.

    Parameters
    ----------
    collections : iterable
        Datasets of each collection, in the order of lookups.
    """
    free: dict[Hashable, list[Span]] = {}
    for collection in collections:
        datasets = list(collection)
        yield [
            dataset if part == dataset.span else replace(dataset, span=part)
            for dataset in datasets
            for part in cut(dataset.span, free.get(dataset.key, [ALWAYS]))
        ]
        covers: dict[Key, list[Span]] = {}
        for dataset in datasets:
            covers.setdefault(dataset.key, []).append(dataset.span)
        for key, spans in covers.items():
            free[key] = left_over(free.get(key, [ALWAYS]), spans)
