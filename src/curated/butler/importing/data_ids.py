"""Data IDs with the records that they stand for: a bundle's own, as the repository has them or will have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lsst.daf.butler import DataCoordinate, DimensionGroup, DimensionRecord, DimensionUniverse

from curated.bundle.export_file import Record
from curated.datasets.record import DataId


class DataIds:
    """Data IDs, each made once: most are shared by many types and epochs, and slow to make.

    They have their records from the bundle, so that Butler need not ask its database for them. Those of a repository
    that are not the same are refused before (CAL620).

    Parameters
    ----------
    universe : `lsst.daf.butler.DimensionUniverse`
        The repository's dimensions.
    records : `dict`
        The bundle's dimension records, by element.
    """

    def __init__(self, universe: DimensionUniverse, records: Mapping[str, Sequence[Record]]) -> None:
        self._records = _by_value(universe, records)
        self._made: dict[object, DataCoordinate] = {}

    def __call__(self, dimensions: DimensionGroup, data_id: DataId) -> DataCoordinate:
        """Return a data ID.

        Parameters
        ----------
        dimensions : `lsst.daf.butler.DimensionGroup`
            Those of the dataset type.
        data_id : `DataId`
            The required ones and their values.
        """
        key = (dimensions, data_id)
        if key not in self._made:
            values = dict(data_id)
            records = self._records
            mine = {"instrument": records["instrument", None, values["instrument"]]}
            for element in values.keys() - {"instrument"}:
                mine[element] = records[element, values["instrument"], values[element]]
            if "physical_filter" in mine:
                mine["band"] = records["band", None, mine["physical_filter"].band]
            self._made[key] = DataCoordinate.standardize(values, dimensions=dimensions).expanded(mine)
        return self._made[key]


def _by_value(
    universe: DimensionUniverse, records: Mapping[str, Sequence[Record]]
) -> dict[tuple[str, object, object], DimensionRecord]:
    found = {}
    for element, listed in records.items():
        kind = universe[element].RecordClass
        for values in listed:
            key = values["id"] if element == "detector" else values["name"]
            found[element, values.get("instrument"), key] = kind(**values)
        if element == "physical_filter":
            bands = {values["band"] for values in listed}
            found |= {("band", None, b): universe["band"].RecordClass(name=b) for b in bands}
    return found
