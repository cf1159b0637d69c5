"""Columns to ECSV 1.0 (astropy APE 6), with the header that astropy writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from curated.text.yaml.writer import json_scalar, yaml_flow

_QUOTED = frozenset(' "#')


@dataclass(frozen=True, slots=True)
class EcsvColumn:
    """A column to be written.

    Parameters
    ----------
    name : `str`
        Name of the column.
    values : `numpy.ndarray` or `list` [`numpy.ndarray`]
        A row for each entry of the first axis; a list if the cells differ in length.
    unit, doc : `str`
        Unit and description; empty for none.
    """

    name: str
    values: Any
    unit: str = ""
    doc: str = ""


def ecsv_text(metadata: Mapping[str, Any], columns: list[EcsvColumn]) -> str:
    """Return an ECSV file.

    Parameters
    ----------
    metadata : `dict`
        Keywords, in order.
    columns : `list` [`EcsvColumn`]
        Columns of equal length.

    Raises
    ------
    ValueError
        If the columns differ in length.
    """
    header = ["%ECSV 1.0", "---", "datatype:"]
    header += [f"- {yaml_flow(_declaration(column))}" for column in columns]
    header.append("meta: !!omap")
    for key, value in metadata.items():
        # As astropy has it: braces only around a scalar.
        pair = yaml_flow({key: value})
        header.append(f"- {pair[1:-1] if isinstance(value, list) else pair}")
    header.append("schema: astropy-2.0")
    lines = [f"# {line}" for line in header]
    lines.append(" ".join(_quoted(column.name) for column in columns))
    cells = [[_cell(value) for value in _rows(column.values)] for column in columns]
    lines += [" ".join(row) for row in zip(*cells, strict=True)]
    return "\n".join(lines) + "\n"


def _declaration(column: EcsvColumn) -> dict[str, str]:
    values = column.values
    cells = values if isinstance(values, list) else [values]
    kind = cells[0].dtype
    name = {"U": "string", "b": "bool"}.get(kind.kind, kind.name)
    if isinstance(values, list):
        subtype = f"{name}[null]"
    else:
        subtype = f"{name}[{','.join(map(str, values.shape[1:]))}]" if values.ndim > 1 else ""
    declaration = {"name": column.name, "unit": column.unit, "datatype": "string" if subtype else name}
    declaration |= {"subtype": subtype, "description": column.doc}
    return {key: text for key, text in declaration.items() if text}


def _rows(values: Any) -> Any:
    if isinstance(values, np.ndarray) and values.ndim == 1 and not _is_short(values):
        return values.tolist()
    return values


def _is_short(values: Any) -> bool:
    """Say whether values are floats of less than 64 bits, whose shortest decimals are shorter than float64's."""
    return bool(values.dtype.kind == "f" and values.dtype.itemsize < 8)


def _cell(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return _quoted(_array(value))
    if isinstance(value, str):
        return _quoted(value)
    return str(value) if isinstance(value, np.floating) else repr(value)


def _array(value: Any) -> str:
    if value.ndim > 1:
        return "[" + ",".join(map(_array, value)) + "]"
    if _is_short(value):
        return "[" + ",".join(str(v) if np.isfinite(v) else json_scalar(float(v)) for v in value) + "]"
    return "[" + ",".join(map(json_scalar, value.tolist())) + "]"


def _quoted(text: str) -> str:
    """Return a cell, in quotes if it would be read as something else."""
    return text if text and _QUOTED.isdisjoint(text) else '"' + text.replace('"', '""') + '"'
