"""Intrinsic Zernike coefficients: the wavefront of the telescope itself over the field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.core.diagnostic import Problem
from curated.core.tables import ColumnData, TableData, TextColumn
from curated.core.units import is_same_unit
from curated.declare import Array, Spec, Table, column
from curated.types._intrinsic_zernikes_math import MEASURES

_SYSTEMS = {"CCS": "", "OCS": "_ocs"}
"""Coordinate systems in the order of the stack's tables, and the ends of the names of their fields."""

_SYSTEM = "coord_sys"
_COEFFICIENT = re.compile(r"Z([1-9][0-9]{0,3})\Z", re.ASCII)


def _samples(name: str, doc: str, shape: tuple[Any, ...], unit: str, **kwargs: Any) -> Any:
    return column("f8", column=name, shape=shape, unit=unit, doc=doc, **kwargs)


def _no_samples() -> Array:
    return np.empty(0)


def _no_coefficients() -> Array:
    return np.empty((0, 0))


@calibration
class IntrinsicZernikes(Calib):
    """Coefficients of the wavefront error at points of the field, by Noll's index.

    In the camera's coordinates (CCS), and since version 1.1 in those of the optics (OCS) as well; both add up. The
    systems are those of LSE-349. Coefficients are interpolated linearly between the points.
    """

    SPEC: ClassVar = Spec(
        name="intrinsic_zernikes",
        title="Intrinsic Zernike coefficients over the field",
        obstype="INTRINSIC_ZERNIKES",
        version=1.1,
        versions=(1.0, 1.1),
        schema="Intrinsic Zernikes",
        dimensions=("instrument", "detector", "physical_filter"),
        storage_class="IsrCalib",
        dataset_type="intrinsicZernikes",
        calibcls="lsst.ip.isr.intrinsicZernikes.IntrinsicZernikes",
        forms=("yaml", "json"),
        tables=(Table(name="COEFFICIENTS", rows="one"),),
        repeats_metadata=True,
        aliases=("intrinsicZernikes",),
        measures=MEASURES,
    )

    field_x: Array = _samples("FIELD_X", "Positions in the field in x, CCS.", ("*",), "deg")
    field_y: Array = _samples("FIELD_Y", "Positions in the field in y, CCS.", ("*",), "deg")
    values: Array = _samples("VALUES", "Coefficients at each position, CCS.", ("*", "*"), "um")
    field_x_ocs: Array = _samples(
        "FIELD_X_OCS", "Positions in x, OCS.", ("*",), "deg", required=False, default=_no_samples
    )
    field_y_ocs: Array = _samples(
        "FIELD_Y_OCS", "Positions in y, OCS.", ("*",), "deg", required=False, default=_no_samples
    )
    values_ocs: Array = _samples(
        "VALUES_OCS",
        "Coefficients at each position, OCS.",
        ("*", "*"),
        "um",
        required=False,
        default=_no_coefficients,
    )
    noll_indices: Array = column(
        "i8", column="NOLL_INDICES", shape=("*",), minimum=1, doc="Noll's index of each coefficient."
    )

    @classmethod
    def from_columns(
        cls, metadata: Mapping[str, Any], tables: list[Mapping[str, TextColumn]], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Read the stack's tables: one for each coordinate system, with a column for each coefficient."""
        row: dict[str, TextColumn] = {}
        problems: list[Problem] = []
        indices: list[list[int]] = []
        for suffix, table in zip(_SYSTEMS.values(), tables, strict=False):
            columns, noll_indices, table_problems = _row(table, suffix.upper())
            row |= columns
            problems += table_problems
            indices.append(noll_indices)
        if len(indices) > 1 and indices[0] != indices[1]:
            problems.append(Problem("CAL215", (), "the tables of both systems have other coefficients"))
        if problems or not indices:
            return None, problems or [Problem("CAL213", (), "there is no table of coefficients")]
        row["NOLL_INDICES"] = TextColumn([np.array(indices[0], "i8")], "int64")
        keywords = {key: value for key, value in metadata.items() if key.lower() != _SYSTEM}
        return super().from_columns(keywords, [row], form)

    def problems(self) -> Iterator[Problem]:
        """Yield fields whose sizes differ, and indices that do not increase."""
        for suffix in _SYSTEMS.values():
            count = len(getattr(self, f"field_x{suffix}"))
            shape = getattr(self, f"values{suffix}").shape
            if len(getattr(self, f"field_y{suffix}")) != count:
                yield Problem(
                    "CAL215", (f"field_y{suffix}",), f"field_y{suffix} and field_x{suffix} differ in length"
                )
            if count and shape != (count, len(self.noll_indices)):
                size = " x ".join(map(str, shape))
                detail = f"values{suffix} has {size} numbers, for {count} positions and {len(self.noll_indices)} indices"
                yield Problem("CAL215", (f"values{suffix}",), detail)
        for place in np.flatnonzero(np.diff(self.noll_indices) <= 0).tolist():
            detail = f"noll_indices {self.noll_indices[place + 1]} after {self.noll_indices[place]}"
            yield Problem("CAL331", ("noll_indices", place + 1), detail)

    def tables(self) -> list[TableData]:
        """Return the stack's tables; that of the optics only where there are samples."""
        tables = []
        for system, suffix in _SYSTEMS.items():
            x, y, values = (getattr(self, f"{name}{suffix}") for name in ("field_x", "field_y", "values"))
            if not len(x) and suffix:
                continue
            matrix = values.reshape(len(x), len(self.noll_indices))
            columns = {"x": ColumnData(x, "deg"), "y": ColumnData(y, "deg")}
            columns |= {
                f"Z{index}": ColumnData(matrix[:, i], "um")
                for i, index in enumerate(self.noll_indices.tolist())
            }
            table = TableData(columns, True)
            table.keywords[_SYSTEM] = system
            tables.append(table)
        return tables


def _row(
    table: Mapping[str, TextColumn], suffix: str
) -> tuple[dict[str, TextColumn], list[int], list[Problem]]:
    """Return the samples of a table as vectors, its indices, and what is wrong in it."""
    names = sorted((int(match[1]), name) for name in table if (match := _COEFFICIENT.match(name)))
    missing = [name for name in ("x", "y") if name not in table]
    missing += [] if names else ["Z4"]
    if missing:
        return {}, [], [Problem("CAL213", (), f"column {name!r} is missing") for name in missing]
    units = [table[name].unit for _, name in names]
    if not all(is_same_unit(unit, units[0]) for unit in units):
        return (
            {},
            [],
            [Problem("CAL301", (), f"coefficients have several units: {', '.join(sorted(set(units)))}")],
        )
    matrix = np.stack([np.asarray(table[name].values, "f8") for _, name in names], axis=1)
    row = {f"VALUES{suffix}": TextColumn([matrix], "float64", units[0])}
    for axis in "xy":
        samples = np.asarray(table[axis].values, "f8")
        row[f"FIELD_{axis.upper()}{suffix}"] = TextColumn([samples], "float64", table[axis].unit)
    return row, [index for index, _ in names], []
