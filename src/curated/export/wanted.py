"""What is to be written: a dataset in a range of UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from curated.datasets.record import Dataset
from curated.declare import Spec
from curated.export.stock import DetectorRecord, Place
from curated.package.layout import directory_name
from curated.registry import all_types


@dataclass(frozen=True, slots=True)
class Wanted:
    """A dataset that is to become a text.

    Parameters
    ----------
    dataset : `Dataset`
        The dataset and its range.
    place : `Place` or `None`
        Where its file is.
    start : `datetime.datetime`
        Start of its range, UTC.
    end : `datetime.datetime` or `None`
        Its end, where nothing else in the package would tell it.
    instrument : `str`
        The instrument's name in the repository.
    detector : `DetectorRecord` or `None`
        Its detector, where it is of one.
    filter : `str`
        Its physical filter; empty where it is of none.
    """

    dataset: Dataset
    place: Place | None
    start: datetime
    end: datetime | None
    instrument: str
    detector: DetectorRecord | None
    filter: str

    @property
    def levels(self) -> list[str]:
        """The directories of its detector and its filter."""
        named = [self.detector.full_name] if self.detector else []
        return [directory_name(name) for name in (*named, self.filter) if name]

    def fits(self, spec: Spec) -> bool:
        """Say whether it has the dimensions of a type."""
        return {name for name, _ in self.dataset.data_id} == set(spec.dimensions)


def type_of(dataset_type: str, obstype: str) -> Spec | None:
    """Return the type of a dataset: that of its dataset type, or of its OBSTYPE where a site has other names."""
    specs = [cls.SPEC for cls in all_types().values()]
    for spec in specs:
        if dataset_type == spec.dataset:
            return spec
    said = obstype.lower()
    return next((spec for spec in specs if said and said in (spec.obstype.lower(), spec.name.lower())), None)
