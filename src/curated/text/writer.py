"""Calibrations to text: `Calib` to the bytes of an ECSV, YAML or JSON file, the reverse of `curated.text.reader`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.calib.arrays import is_equal
from curated.calib.error import or_raise
from curated.calib.values import Values
from curated.core.diagnostic import CuratedError
from curated.core.stamp import ORIGIN_KEYWORDS
from curated.core.units import text_unit
from curated.text.ecsv.writer import EcsvColumn, ecsv_text
from curated.text.reader import read
from curated.text.side import side_path, side_text
from curated.text.yaml.writer import json_text, yaml_text


def text_files(calib: Calib, filename: str, form: str) -> dict[str, bytes]:
    """Return what is written of a calibration, by file name.

    Its provenance stands in YAML and JSON itself, and beside ECSV in a file of its own: the stack's reader of
    ECSV takes no lists of mappings for keywords.

    Parameters
    ----------
    calib : `Calib`
        The calibration.
    filename : `str`
        Where the text is to be.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.

    Raises
    ------
    CuratedError, CalibrationError
        See `text_bytes`; and if the file beside belongs to another provenance.
    """
    data = text_bytes(calib, form)
    beside = side_path(filename)
    if form == "ecsv" and calib.provenance:
        return {beside: side_text(calib.provenance).encode(), filename: data}
    if os.path.exists(beside):
        raise CuratedError(
            f"{beside} holds a provenance that is not this calibration's", "remove it, or write elsewhere"
        )
    return {filename: data}


def text_bytes(calib: Calib, form: str) -> bytes:
    """Return a calibration as text in canonical form; ECSV is without its provenance.

    Parameters
    ----------
    calib : `Calib`
        The calibration.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.

    Returns
    -------
    data : `bytes`
        The same for equal calibrations; read and written again it stays as it is.

    Raises
    ------
    CuratedError
        If the type has no such form, has more tables than an ECSV file holds, or has something that would not
        come back from the text.
    CalibrationError
        If the text would be wrong; it names all that is.
    """
    if form not in calib.SPEC.forms:
        raise CuratedError(
            f"{calib.SPEC.name} is not written as {form or 'a file without an ending'}",
            f"its forms are {', '.join(calib.SPEC.forms)}",
        )
    data = (_ecsv(calib) if form == "ecsv" else _document(calib, form)).encode("utf-8", errors="strict")
    _prove(calib, data, form)
    return data


def _prove(calib: Calib, data: bytes, form: str) -> None:
    """Read the text back: what would not return is never written."""
    source, problems = read(data, form)
    again, more = (None, []) if source is None else type(calib).from_source(source)
    if again is not None and form == "ecsv":
        again = replace(again, provenance=calib.provenance)
    again = or_raise(again, problems + more, f"{calib!r} as {form}")
    lost = [f.key for f in calib.FIELDS if not is_equal(getattr(calib, f.name), getattr(again, f.name))]
    lost += [f"unit of {name}" for name, unit in calib.units.items() if again.units.get(name, "") != unit]
    # What the file beside a text holds is not written here: the values alone are compared.
    if lost or Values.__eq__(again, calib) is not True:
        found = ", ".join(lost) or "metadata"
        raise CuratedError(
            f"{calib!r} cannot be written as {form} without loss: {found}",
            "use another form, or correct the values",
        )


def keywords(calib: Calib, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a calibration's keywords as its text has them, in order.

    Names are in upper case, but for those that the stack looks for in another spelling
    (FORMATS.md of the design, section 3.2). Where the file came from is left out: of a text, git knows it.

    Parameters
    ----------
    calib : `Calib`
        The calibration.
    metadata : `dict`
        Its keywords, without those that stand elsewhere in the text.
    """
    spec = calib.SPEC
    stacks = (f"{spec.obstype}_SCHEMA", f"{spec.obstype}_VERSION", *spec.keywords)
    spelled = {name.upper(): name for name in stacks} if spec.calibcls.startswith("lsst.") else {}
    # What a mapping of its own says is not said again.
    said = {f.keyword for f in calib.FIELDS if f.keyword and spec.tables[f.table].rows == "record"}
    given = {k: v for k, v in metadata.items() if k not in ORIGIN_KEYWORDS | said}
    if "OBSTYPE" not in given:
        given = {"OBSTYPE": spec.obstype, **given}
    given.setdefault("CALIBCLS", spec.calibcls)
    return {spelled.get(key, key): _plain(value) for key, value in given.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _document(calib: Calib, form: str) -> str:
    tree = calib.toDict()
    known = keywords(calib, tree.pop("metadata"))
    rows = {f.key: row for f in calib.FIELDS if (row := _row(getattr(calib, f.name)))}
    if form == "yaml":
        return yaml_text(known, tree, rows)
    # The stack looks for the class of a JSON file at its top.
    return json_text(known, {"CALIBCLS": known["CALIBCLS"], **tree}, rows)


def _row(value: Any) -> int:
    """Return the length of a matrix's rows; 0 for anything else."""
    if isinstance(value, Mapping):
        value = next(iter(value.values()), None)
    return int(value.shape[-1]) if isinstance(value, np.ndarray) and value.ndim > 1 else 0


def _ecsv(calib: Calib) -> str:
    tables = calib.tables()
    if len(tables) > 1:
        raise CuratedError(
            f"{calib!r} has {len(tables)} tables, and an ECSV file holds one",
            f"write it as {' or '.join(form for form in calib.SPEC.forms if form != 'ecsv')}",
        )
    declared = {f.column: f for f in calib.FIELDS if f.table == 0 and f.column}
    columns = []
    for name, column in tables[0].columns.items():
        field = declared.get(name)
        unit = calib.units.get(field.name, "") if field is not None else ""
        doc = field.doc if field is not None else ""
        if field is not None and not len(column.values):
            # A FITS table without rows has no units, and there is no value that one could change.
            unit = unit or field.unit
        columns.append(EcsvColumn(name, column.values, unit or text_unit(column.unit), doc))
    return ecsv_text(keywords(calib, calib.metadata), columns)
