"""Calibrations of dataset types that no calibration type declares, such as the stack's own ``camera``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curated.datasets.record import Dataset


@dataclass(frozen=True, slots=True, order=True)
class ForeignType:
    """A dataset type that no calibration type declares, and how many datasets a repository has of it.

    Parameters
    ----------
    name : `str`
        Name of the dataset type.
    storage_class : `str`
        Name of its storage class; empty if it is not known.
    datasets : `int`
        Number of its datasets.
    """

    name: str
    storage_class: str = ""
    datasets: int = 0

    def __str__(self) -> str:
        return f"{self.datasets} {self.name}" + (f" ({self.storage_class})" if self.storage_class else "")

    def to_dict(self) -> dict[str, str | int]:
        """Return it as plain data."""
        return {
            "dataset_type": self.name,
            "storage_class": self.storage_class,
            "datasets": self.datasets,
        }


def count_foreign(datasets: Iterable[Dataset], storage_classes: Mapping[str, str]) -> tuple[ForeignType, ...]:
    """Return the types of datasets with the number of different datasets of each, in the order of their names.

    Parameters
    ----------
    datasets : iterable [`Dataset`]
        Datasets of foreign types; one that is certified several times counts once.
    storage_classes : `dict` [`str`, `str`]
        Names of storage classes by dataset type.
    """
    uuids: dict[str, set[str]] = {}
    for dataset in datasets:
        uuids.setdefault(dataset.dataset_type, set()).add(dataset.uuid)
    return tuple(
        ForeignType(name, storage_classes.get(name, ""), len(members))
        for name, members in sorted(uuids.items())
    )


def foreign_text(types: Iterable[ForeignType]) -> str:
    """Return foreign types as a list in one line."""
    return ", ".join(map(str, types))
