"""Inputs of a product, as the stack records them in a file of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.tables import ColumnData, TableData, TextColumn
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.provenance.record import PROVENANCE
from curated.types import _nominal
from curated.types._provenance_math import MEASURES

_ROWS, _NAMES, _FLAT = "dataIdList", "dimensions", "dataIds"
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


@calibration
class IsrProvenance(Calib):
    """Data IDs of the inputs that a product was made from.

    ECSV and FITS have a column for each dimension; YAML and JSON have ``dimensions``, and ``dataIdList`` with a
    mapping for each input. This is the stack's own file. A package records the inputs of a calibration, with dates
    and weights, beside the calibration itself, as its `provenance`.
    """

    SPEC: ClassVar = Spec(
        name="provenance",
        title="Data IDs of a product's inputs, as the stack records them",
        obstype="IsrProvenance",
        version=0,
        versions=(0,),
        schema="NO SCHEMA",
        dimensions=("instrument", "detector"),
        start=_nominal.provenance,
        storage_class="IsrCalib",
        calibcls="lsst.ip.isr.calibType.IsrProvenance",
        tables=(Table(name="DATA_IDS", rows="key", fits_units="none"),),
        absent="omit",
        keywords=("calibType",),
        aliases=("IsrProvenance",),
        measures=MEASURES,
        plot=PlotSpec(kind="bars", y="distinct", labels=("Dimension", "Distinct values")),
    )

    calibType: str = column("str", keyword="CALIBTYPE", text="calibType", doc="Type of the product.")
    dataIds: dict[str, Array] = column(
        "any", shape=("*",), doc="Values of the inputs' data IDs, by dimension."
    )

    @property
    def dimensions(self) -> list[str]:
        """Dimensions of the data IDs, in order."""
        return list(self.dataIds)

    @property
    def data_id_list(self) -> list[dict[str, Any]]:
        """Data ID of each input."""
        rows = zip(*(values.tolist() for values in self.dataIds.values()), strict=True)
        return [dict(zip(self.dataIds, row, strict=True)) for row in rows]

    @property
    def distinct(self) -> dict[str, int]:
        """Number of distinct values of each dimension."""
        return {name: len(set(values.tolist())) for name, values in self.dataIds.items()}

    def problems(self) -> Iterator[Problem]:
        """Yield inputs that are listed twice."""
        first_rows: dict[tuple[Any, ...], int] = {}
        for i, row in enumerate(self.data_id_list):
            first = first_rows.setdefault(tuple(row.values()), i)
            if first != i:
                detail = f"input {i + 1} is input {first + 1} again: {brief(row)}"
                yield Problem("CAL123", (_FLAT, next(iter(row)), i), detail)

    # -- text and FITS --------------------------------------------------------------------------------

    @classmethod
    def from_columns(
        cls, metadata: Mapping[str, Any], tables: list[Mapping[str, TextColumn]], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Read a column for each dimension."""
        record = {key: metadata[key] for key in PROVENANCE.keys if key in metadata}
        keywords = {key: value for key, value in metadata.items() if key not in record}
        columns = tables[0] if tables else {}
        column_problems = [Problem("CAL211", (name,), detail) for name, detail in _misnamed(list(columns))]
        for name, cells in columns.items():
            if np.ndim(cells.values) != 1 or np.asarray(cells.values).dtype.kind not in "iufU":
                detail = f"column {name} holds other values than numbers or texts"
                column_problems.append(Problem("CAL214", (name,), detail))
        values = {} if column_problems else {name: cells.values for name, cells in columns.items()}
        calib, problems = super().from_tree(keywords, {**record, _FLAT: values}, form)

        def place(pointer: Pointer) -> Pointer:
            if pointer[:1] == (_FLAT,) and len(pointer) > 1:
                # A column as a whole is given by its number, a row by the name of its dimension.
                name = list(columns)[pointer[1]] if isinstance(pointer[1], int) else pointer[1]
                return (name, *pointer[2:])
            return ("metadata", *pointer) if pointer and pointer[0] in record else pointer

        problems = column_problems + [replace(p, pointer=place(p.pointer)) for p in problems]
        return (None if column_problems else calib), problems

    @classmethod
    def from_tree(
        cls, metadata: Mapping[str, Any], tree: Mapping[Any, Any], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Turn the list of data IDs into values by dimension."""
        values, list_problems = _by_dimension(tree)
        rest = {key: value for key, value in tree.items() if key not in (_ROWS, _NAMES, _FLAT)}
        if _FLAT in tree:
            detail = f"{_FLAT} is not one of {_NAMES}, {_ROWS}, calibType"
            list_problems.append(Problem("CAL212", (_FLAT,), detail))
        calib, problems = super().from_tree(metadata, {**rest, _FLAT: values}, form)

        def place(pointer: Pointer) -> Pointer:
            if pointer[:1] != (_FLAT,):
                return pointer
            return (_ROWS, pointer[2], pointer[1]) if len(pointer) > 2 else (_ROWS,)

        problems = list_problems + [replace(p, pointer=place(p.pointer)) for p in problems]
        return (None if list_problems else calib), problems

    def toDict(self) -> dict[str, Any]:
        """Return plain data, with a mapping for each input."""
        tree = super().toDict()
        del tree[_FLAT]
        return {**tree, _NAMES: self.dimensions, _ROWS: self.data_id_list}

    def tables(self) -> list[TableData]:
        """Return the table with a column for each dimension."""
        columns = {name: ColumnData(values) for name, values in self.dataIds.items()}
        return [TableData(columns, carries_metadata=True)]

    @classmethod
    def text_schema(cls, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema with a mapping for each input."""
        properties = {key: value for key, value in schema["properties"].items() if key != _FLAT}
        properties["units"] = {**properties["units"], "properties": {}}
        properties[_NAMES] = {
            "description": "Dimensions of the data IDs.",
            "type": "array",
            "items": {"type": "string", "pattern": f"^{_NAME.pattern[:-2]}$"},
            "minItems": 1,
            "uniqueItems": True,
        }
        properties[_ROWS] = {
            "description": "Data IDs of the inputs, a mapping from each dimension to its value.",
            "type": "array",
            "items": {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
        }
        required = [key for key in schema["required"] if key != _FLAT]
        return {**schema, "required": [*required, _NAMES, _ROWS], "properties": properties}


def _by_dimension(tree: Mapping[Any, Any]) -> tuple[dict[str, list[Any]], list[Problem]]:
    """Return the values of a list of data IDs by dimension, and what is wrong with the list."""
    problems = [
        Problem("CAL210", (), f"field {key!r} is missing ({what})")
        for key, what in ((_NAMES, "the dimensions of the data IDs"), (_ROWS, "the data ID of each input"))
        if key not in tree
    ]
    if problems:
        return {}, problems
    names, rows = tree[_NAMES], tree[_ROWS]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        problems.append(Problem("CAL211", (_NAMES,), f"{_NAMES} is not a list of texts"))
    else:
        problems += [Problem("CAL211", (_NAMES,), detail) for _, detail in _misnamed(names)]
        if len(set(names)) != len(names):
            detail = f"one of {', '.join(names)} is given twice"
            problems.append(Problem("CAL306", (_NAMES,), f"{_NAMES}: {detail}"))
    if not isinstance(rows, list):
        problems.append(Problem("CAL211", (_ROWS,), f"{_ROWS} is not a list"))
    if problems:
        return {}, problems
    for i, row in enumerate(rows):
        if not isinstance(row, Mapping):
            problems.append(Problem("CAL211", (_ROWS, i), f"{_ROWS} {i + 1}: {brief(row)} is not a mapping"))
        elif set(row) != set(names):
            detail = f"{_ROWS} {i + 1} has {', '.join(map(str, row)) or 'nothing'}, not {', '.join(names)}"
            problems.append(Problem("CAL418", (_ROWS, i), detail))
        else:
            problems += [
                Problem("CAL211", (_ROWS, i, name), f"{_ROWS} {i + 1} {name}: {brief(value)} is no value")
                for name, value in row.items()
                if isinstance(value, (list, Mapping, bool, type(None)))
            ]
    return ({} if problems else {name: [row[name] for row in rows] for name in names}), problems


def _misnamed(names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the names that are none of a dimension: the stack's are in lower case, and readers make them so."""
    for name in names:
        if not _NAME.match(name):
            yield name, f"{brief(name)} is not the name of a dimension, such as exposure"
