"""One field's value: from untrusted data to an array of its type and shape, every problem named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from curated.calib.arrays import KINDS, reshaped, typed
from curated.calib.content import Content
from curated.calib.keyed_tables import in_group
from curated.core.diagnostic import Pointer, Problem, brief
from curated.declare import Field, Spec, Table


class FieldReader:
    """Brings one field's value to its declared dtype and shape, and notes what does not fit.

    Parameters
    ----------
    spec : `Spec`
        The type.
    fields : `tuple` [`Field`]
        Its fields.
    content : `Content`
        Where the value comes from; decides how places and messages name it.
    sizes : `dict` [`str`, `int`]
        The numbers behind the names in `Field.shape`.
    """

    def __init__(
        self, spec: Spec, fields: tuple[Field, ...], content: Content, sizes: Mapping[str, int]
    ) -> None:
        self.spec, self.fields, self.content, self.sizes = spec, fields, content, sizes
        self.problems: list[Problem] = []

    def read(self, field: Field) -> Any:
        """Return the value of a field; `None` where it is missing or cannot be used."""
        table = self.spec.tables[field.table]
        if field.name not in self.content.values:
            return self._missing(field, table)
        value = self.content.values[field.name]
        if field.keyword:
            return self._array(value, field, field.shape, self._place(field, table, None))
        if field.common and not field.prefix:
            return self._array(value, field, self._shape(field), self._place(field, table, None))
        if table.rows == "key":
            if not isinstance(value, Mapping):
                self._note(
                    "CAL211", self._place(field, table, None), f"{self._label(field)} is not a mapping"
                )
                return None
            return {
                str(key): self._array(
                    item, field, self._shape(field), self._place(field, table, key), str(key)
                )
                for key, item in value.items()
            }
        shape = self._shape(field)
        if table.rows in ("free", "records"):
            shape = ("*", *shape)
        return self._array(value, field, shape, self._place(field, table, None))

    def _missing(self, field: Field, table: Table) -> Any:
        columnar = self.content.form in ("ecsv", "fits") and not field.keyword
        if table.rows == "records" and not columnar and not field.keyword:
            # `read_records` has named the record.
            return None
        if field.required:
            if columnar and field.table > 0 and table.rows != "records":
                return {} if table.rows == "key" else None
            inside = table.rows == "record" and bool(table.name)
            name = f"{table.name}.{field.key}" if inside else field.key
            if columnar:
                name = ", ".join(field.columns) or field.column
            what = "column" if columnar else "field"
            self._note("CAL213" if columnar else "CAL210", (), f"{what} {name!r} is missing ({field.doc})")
        return field.default() if callable(field.default) else field.default

    def _shape(self, field: Field) -> tuple[str | int, ...]:
        return tuple(self.sizes.get(s, "*") if isinstance(s, str) and s != "*" else s for s in field.shape)

    def _label(self, field: Field) -> str:
        columnar = self.content.form in ("ecsv", "fits")
        return (field.names or (field.key,))[0] if columnar else field.key

    def _place(self, field: Field, table: Table, key: Any) -> Callable[[int | None], Pointer]:
        if field.name in self.content.places:
            place = self.content.places[field.name]
            return lambda _: place
        if field.keyword:
            inside = field.keyword in self.content.metadata and field.name not in self.content.beside
            return lambda _: ("metadata", field.keyword) if inside else (field.key,)
        label = self._label(field)
        if self.content.form in ("ecsv", "fits"):
            if field.common:
                return lambda _: (f"{field.prefix}{key}" if field.prefix else label, 0)
            if table.rows == "one":
                return lambda _: (label, 0)
            if table.rows == "key":
                rows = list(self.content.values[field.name])
                return lambda _: (label, rows.index(key)) if key in rows else (label,)
            return lambda i: (label,) if i is None else (label, i)
        if table.rows == "records":
            return lambda i: (table.name,) if i is None else (table.name, i, field.key)
        start: Pointer = (field.key,) if key is None else (field.key, key)
        if in_group(table, field) and key is not None:
            start = (table.group, key, field.key)
        return lambda i: start if i is None else (*start, i)

    def in_columns(self, problem: Problem) -> Problem:
        """Return a problem at a field's YAML key as one at its column, where the file has columns."""
        if self.content.form not in ("ecsv", "fits") or not problem.pointer:
            return problem
        first, *rest = problem.pointer
        groups = {table.group for table in self.spec.tables if table.group}
        if first in groups and len(rest) > 1:
            first, rest = rest[1], [rest[0]]
        field = next(
            (f for f in self.fields if f.key == first and (f.column or f.columns) and not f.keyword), None
        )
        if field is None:
            return problem
        given = self.content.values.get(field.name)
        rows = self.spec.tables[field.table].rows
        row = rest[0] if rest else None
        if rows == "one":
            row = 0
        elif rows == "key" and isinstance(given, Mapping):
            row = list(given).index(row) if row in given else None
        place = (self._label(field), row) if isinstance(row, int) else (self._label(field),)
        return replace(problem, pointer=place)

    def _note(self, code: str, place: Any, detail: str) -> None:
        self.problems.append(Problem(code, place(None) if callable(place) else place, detail))

    def _array(
        self, value: Any, field: Field, shape: tuple[str | int, ...], place: Any, key: str = ""
    ) -> Any:
        label = f"{self._label(field)} of {key}" if key else self._label(field)
        try:
            array = np.asarray(value)
        except (ValueError, TypeError, OverflowError, RecursionError):
            self._note("CAL215", place, f"{label}: rows of different lengths")
            return None
        columnar = self.content.form in ("ecsv", "fits") and not field.keyword
        if columnar and array.size and array.dtype.kind not in _READABLE[field.dtype]:
            detail = (
                f"column {label} holds {_HELD.get(array.dtype.kind, 'objects')}, not {_COLUMNS[field.dtype]}"
            )
            if not any(p.code == "CAL214" and p.detail == detail for p in self.problems):
                self._note("CAL214", (self._label(field),), detail)
            return None
        array, wrong = typed(array, field, value)
        if wrong is not None:
            for i, item in wrong:
                code = "CAL305" if field.dtype == "i8" and isinstance(item, float) else "CAL211"
                detail = f"{self._at(label, field, i)}: {brief(item)} is not {KINDS[field.dtype]}"
                self.problems.append(Problem(code, place(i), detail, _exponent_hint(item)))
            return None
        shaped = reshaped(array, shape)
        if shaped is None:
            expected = " x ".join("any number" if s == "*" else str(s) for s in shape) or "one"
            found = " x ".join(map(str, array.shape)) or "one"
            self._note("CAL215", place, f"{label}: {found} values given, {expected} expected")
            return None
        # A matrix that stands as one list in the file is pointed at, and counted, as one list.
        self._bounds(shaped.reshape(array.shape), field, place, label)
        return shaped if shape else shaped.item()

    def _bounds(self, array: Any, field: Field, place: Callable[[int | None], Pointer], label: str) -> None:
        if not array.size:
            return
        flat = array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1)
        checks: list[tuple[Any, str, str]] = []
        if array.dtype.kind == "f" and field.finite and not np.isfinite(array).all():
            checks.append((~np.isfinite(flat), "CAL302", "is not finite"))
        if field.minimum is not None and not (array >= field.minimum).all():
            least = np.broadcast_to(field.minimum, array.shape).reshape(flat.shape)
            checks += [
                ((flat < m) & (least == m), "CAL301", f"is less than {m:g}")
                for m in np.unique(least).tolist()
            ]
        if field.above is not None and not array.min() > field.above:
            word = "is not positive" if field.above == 0 else f"is not above {field.above:g}"
            checks.append((flat <= field.above, "CAL301", word))
        if field.maximum is not None and not array.max() <= field.maximum:
            checks.append((flat > field.maximum, "CAL301", f"is more than {field.maximum:g}"))
        if field.choices and not set(array.reshape(-1).tolist()) <= set(field.choices):
            checks.append(
                (~np.isin(flat, field.choices), "CAL301", f"is not one of {', '.join(field.choices)}")
            )
        for bad, code, words in checks:
            for row, inner in np.argwhere(bad).tolist():
                index = row if array.ndim else None
                detail = f"{self._at(label, field, index)}: {brief(flat[row, inner].item())} {words}"
                self.problems.append(Problem(code, place(index), detail))

    def _at(self, label: str, field: Field, index: int | None) -> str:
        """Return what a message calls an entry of a field: by row where the file has rows."""
        table = self.spec.tables[field.table]
        if index is None or field.keyword:
            return label
        if table.rows == "records":
            return f"{table.name} {index + 1} {label}"
        columnar = self.content.form in ("ecsv", "fits") and table.rows == "free"
        return f"row {index + 1} {label}" if columnar else f"{label} value {index + 1}"


_READABLE = {
    "f": "fiu",
    "f8": "fiu",
    "n": "fiu",
    "i8": "fiu",
    "bool": "b",
    "str": "U",
    "any": "fiuU",
}
"""Kinds of array that a column may have, by the field's dtype."""


_COLUMNS = {
    "f": "numbers",
    "f8": "numbers",
    "n": "numbers",
    "i8": "whole numbers",
    "bool": "True and False",
    "str": "texts",
    "any": "numbers or texts",
}


_HELD = {"f": "numbers", "i": "whole numbers", "u": "whole numbers", "b": "True and False", "U": "texts"}


_EXPONENT = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+\Z")


def _exponent_hint(item: Any) -> str:
    """Say why YAML takes a number for a text."""
    if isinstance(item, str) and _EXPONENT.match(item):
        return "YAML takes it for a text; write a decimal point and a sign, such as 1.0e-9 or 1.0e+4"
    return ""
