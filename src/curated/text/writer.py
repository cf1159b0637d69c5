"""Calibrations as text: the content of a calibration to ECSV, YAML or JSON, the reverse of `curated.text.reader`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.core.stamp import ORIGIN_KEYWORDS
from curated.core.tables import TableData
from curated.core.units import text_unit
from curated.declare import Field, Spec
from curated.provenance import Provenance
from curated.text.ecsv.writer import EcsvColumn, ecsv_text
from curated.text.provenance import provenance_path, provenance_text
from curated.text.yaml.writer import json_text, yaml_text


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TextContent:
    """What the text of a calibration holds.

    Parameters
    ----------
    label : `str`
        What messages call the calibration.
    spec, fields
        Declaration of its type.
    metadata : `dict`
        Keywords of the calibration.
    units : `dict` [`str`, `str`]
        Units that it declares, by field name.
    values : `dict`
        Values of its fields by YAML key, as arrays.
    tables : `list` [`TableData`]
        Its tables, for ECSV.
    tree : `dict`
        Keywords and values as plain data, for YAML and JSON.
    """

    label: str
    spec: Spec
    fields: tuple[Field, ...]
    metadata: Mapping[str, Any]
    units: Mapping[str, str]
    values: Mapping[str, Any]
    tables: list[TableData]
    tree: dict[str, Any]


def text_files(filename: str, form: str, data: bytes, provenance: Provenance) -> dict[str, bytes]:
    """Return the text files of a calibration by name.

    The provenance stands in YAML and JSON itself, and beside ECSV in a file of its own: the stack's reader of
    ECSV takes no lists of mappings as keywords.

    Parameters
    ----------
    filename : `str`
        Name of the text file.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.
    data : `bytes`
        Content of the text file; see `text_bytes`.
    provenance : `Provenance`
        Provenance of the calibration.

    Raises
    ------
    CuratedError
        If the provenance file beside belongs to something else.
    """
    beside = provenance_path(filename)
    if form == "ecsv" and provenance:
        return {beside: provenance_text(provenance).encode(), filename: data}
    if os.path.exists(beside):
        raise CuratedError(
            f"{beside} holds a provenance that is not this calibration's", "remove it, or write elsewhere"
        )
    return {filename: data}


def text_bytes(content: TextContent, form: str) -> bytes:
    """Return a calibration as text in canonical form; ECSV is without its provenance.

    Parameters
    ----------
    content : `TextContent`
        See `Calib.text_bytes`.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.

    Raises
    ------
    CuratedError
        If the type has no such form, or has more tables than an ECSV file holds.
    """
    spec = content.spec
    if form not in spec.forms:
        raise CuratedError(
            f"{spec.name} is not written as {form or 'a file without an ending'}",
            f"its forms are {', '.join(spec.forms)}",
        )
    text = _ecsv(content) if form == "ecsv" else _document(content, form)
    return text.encode("utf-8", errors="strict")


def _keywords(content: TextContent, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of a text, in order.

    Names are in upper case, except those that the stack's classes look up in another spelling. Keywords of
    origin are left out: git knows the origin of a text.
    """
    spec = content.spec
    stack_names = (f"{spec.obstype}_SCHEMA", f"{spec.obstype}_VERSION", *spec.keywords)
    spelled = {name.upper(): name for name in stack_names} if spec.calibcls.startswith("lsst.") else {}
    # The fields of a `record` table stand in a mapping of their own.
    in_records = {f.keyword for f in content.fields if f.keyword and spec.tables[f.table].rows == "record"}
    keywords = {k: v for k, v in metadata.items() if k not in ORIGIN_KEYWORDS | in_records}
    if "OBSTYPE" not in keywords:
        keywords = {"OBSTYPE": spec.obstype, **keywords}
    keywords.setdefault("CALIBCLS", spec.calibcls)
    return {spelled.get(key, key): _plain(value) for key, value in keywords.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _document(content: TextContent, form: str) -> str:
    tree = dict(content.tree)
    keywords = _keywords(content, tree.pop("metadata"))
    rows = {key: row for key, value in content.values.items() if (row := _row_length(value))}
    if form == "yaml":
        return yaml_text(keywords, tree, rows)
    # The stack looks for the class of a JSON file at its top.
    return json_text(keywords, {"CALIBCLS": keywords["CALIBCLS"], **tree}, rows)


def _row_length(value: Any) -> int:
    """Return the length of a matrix's rows; 0 for anything else."""
    if isinstance(value, Mapping):
        value = next(iter(value.values()), None)
    return int(value.shape[-1]) if isinstance(value, np.ndarray) and value.ndim > 1 else 0


def _ecsv(content: TextContent) -> str:
    tables = content.tables
    if len(tables) > 1:
        other_forms = " or ".join(form for form in content.spec.forms if form != "ecsv")
        raise CuratedError(
            f"{content.label} has {len(tables)} tables, and an ECSV file holds one",
            f"write it as {other_forms}",
        )
    fields = {f.column: f for f in content.fields if f.table == 0 and f.column}
    columns = []
    for name, column in tables[0].columns.items():
        field = fields.get(name)
        unit = content.units.get(field.name, "") if field is not None else ""
        doc = field.doc if field is not None else ""
        if field is not None and not len(column.values):
            # A FITS table without rows has no units, and there is no value that one could change.
            unit = unit or field.unit
        columns.append(EcsvColumn(name, column.values, unit or text_unit(column.unit), doc))
    return ecsv_text(_keywords(content, content.metadata), columns)
