"""Corrections of photodiode charges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Content
from curated.core.diagnostic import Problem, brief
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.types import _nominal
from curated.types._photodiode_math import CORRECTION_MEASURES

_PAIR = re.compile(r"[\[(] *\d+ *, *\d+ *[\])]")


@calibration
class PhotodiodeCorrection(Calib):
    """Corrections of photodiode charges for each pair of exposures."""

    SPEC: ClassVar = Spec(
        name="photodiode_correction",
        title="Corrections of a photodiode's charges",
        obstype="PHOTODIODE_CORRECTION",
        version=1.1,
        versions=(1.0, 1.1),
        schema="PhotodiodeCorrection",
        dimensions=("instrument",),
        start=_nominal.photodiode_correction,
        storage_class="IsrCalib",
        dataset_type="pdCorrection",
        calibcls="lsst.ip.isr.photodiodeCorrection.PhotodiodeCorrection",
        forms=("yaml", "ecsv", "json"),
        tables=(
            Table(name="PAIRS", rows="key", key_column="PAIR", fits_units="none"),
            Table(name="LOOKUP", rows="free", optional=True, fits_units="none"),
        ),
        absent="undefined",
        aliases=("pdCorrection",),
        measures=CORRECTION_MEASURES,
        plot=PlotSpec(kind="bars", y="pairs", labels=("Pair of exposures", "Correction")),
    )

    pairs: dict[str, float] = column(
        "f8", column="PD_CORR", doc="Correction by pair of exposures, '[first, second]'."
    )
    tableData: Array | None = column(
        "f8",
        column="LOOKUP_VALUES",
        table=1,
        shape=("*",),
        required=False,
        doc="Lookup table, row by row.",
    )

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Drop a lookup table without rows, which FITS does not have."""
        if _is_empty(content.values.get("tableData")):
            del content.values["tableData"]
        return []

    def problems(self) -> Iterator[Problem]:
        """Yield keys that are not a pair of exposures."""
        for row, key in enumerate(self.pairs):
            if not _PAIR.fullmatch(key):
                detail = f"row {row + 1}: {brief(key)} is no pair of exposures"
                yield Problem("CAL332", ("pairs", key), detail)

    def toDict(self) -> dict[str, Any]:
        """Return plain data, with the lookup table as a list of rows."""
        tree = super().toDict()
        return tree if self.tableData is None else {**tree, "tableData": self.tableData.tolist()}


def _is_empty(value: Any) -> bool:
    return isinstance(value, (list, np.ndarray)) and len(value) == 0
