"""One field's value: from untrusted data to an array of its type, shape and unit, every problem named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from curated.calib.arrays import KINDS, reshaped, typed
from curated.calib.content import Content
from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.units import converts, factor
from curated.declare import Field, Spec, Table, in_group


class FieldReader:
    """Brings values to their declared dtype, shape and unit, and collects what does not fit.

    Parameters
    ----------
    spec : `Spec`
        Declaration of the type.
    content : `Content`
        The untrusted values; its form decides how places and messages name them. Units of values that were
        converted are replaced by the declared ones.
    sizes : `dict` [`str`, `int`]
        Numbers for the names in `Field.shape`.
    """

    def __init__(
        self, spec: Spec, fields: tuple[Field, ...], content: Content, sizes: Mapping[str, int]
    ) -> None:
        self.spec, self.fields, self.content, self.sizes = spec, fields, content, sizes
        self.is_columnar = content.form in ("ecsv", "fits")
        self.problems: list[Problem] = []

    def read(self, field: Field) -> Any:
        """Return the value of a field; `None` if it is missing or cannot be used."""
        table = self.spec.tables[field.table]
        if field.name not in self.content.values:
            return self._missing(field, table)
        scale = self._scale(field)
        value = self._value(self.content.values[field.name], field, table, scale)
        if scale != 1:
            self.content.units[field.name] = field.unit
        return value

    def _value(self, value: Any, field: Field, table: Table, scale: float) -> Any:
        place = self._place(field, table, None)
        if field.keyword:
            return self._array(value, field, field.shape, place, scale)
        shape = self._shape(field)
        if field.common and not field.prefix:
            return self._array(value, field, shape, place, scale)
        if table.rows != "key":
            shape = ("*", *shape) if table.rows in ("free", "records") else shape
            return self._array(value, field, shape, place, scale)
        if not isinstance(value, Mapping):
            self._add("CAL211", place, f"{self._label(field)} is not a mapping")
            return None
        return {
            str(key): self._array(item, field, shape, self._place(field, table, key), scale, str(key))
            for key, item in value.items()
        }

    def _scale(self, field: Field) -> float:
        """Return the factor from the unit that the file gives to the declared one."""
        unit = self.content.units.get(field.name, "")
        if not unit or unit == field.unit or field.keeps_unit or not converts(unit, field.unit):
            return 1.0  # a unit that does not convert is reported with the keywords
        return factor(unit, field.unit)

    def _missing(self, field: Field, table: Table) -> Any:
        columnar = self.is_columnar and not field.keyword
        if table.rows == "records" and not columnar and not field.keyword:
            # Where the records were read, each that lacks it was named.
            return None
        if field.required:
            if columnar and field.table > 0 and table.rows != "records":
                return {} if table.rows == "key" else None
            name = f"{table.name}.{field.key}" if table.rows == "record" and table.name else field.key
            if columnar:
                name = ", ".join(field.columns) or field.column
            kind = "column" if columnar else "field"
            detail = f"{kind} {name!r} is missing ({field.caption})"
            self._add("CAL213" if columnar else "CAL210", (), detail)
        return field.default() if callable(field.default) else field.default

    def _shape(self, field: Field) -> tuple[str | int, ...]:
        return tuple(self.sizes.get(s, "*") if isinstance(s, str) and s != "*" else s for s in field.shape)

    def _label(self, field: Field) -> str:
        return (field.names or (field.key,))[0] if self.is_columnar else field.key

    def _place(self, field: Field, table: Table, key: Any) -> Callable[[int | None], Pointer]:
        """Return a function from the index of an entry, or `None`, to its place in the file."""
        if field.name in self.content.places:
            place = self.content.places[field.name]
            return lambda _: place
        if field.keyword:
            in_metadata = field.keyword in self.content.metadata and field.name not in self.content.beside
            return lambda _: ("metadata", field.keyword) if in_metadata else (field.key,)
        label = self._label(field)
        if self.is_columnar:
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
        """Return a problem at a field's YAML key as one at its column, if the file has columns."""
        if not self.is_columnar or not problem.pointer:
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
        value = self.content.values.get(field.name)
        rows = self.spec.tables[field.table].rows
        row = rest[0] if rest else None
        if rows == "one":
            row = 0
        elif rows == "key" and isinstance(value, Mapping):
            row = list(value).index(row) if row in value else None
        place = (self._label(field), row) if isinstance(row, int) else (self._label(field),)
        return replace(problem, pointer=place)

    def _add(self, code: str, place: Any, detail: str) -> None:
        self.problems.append(Problem(code, place(None) if callable(place) else place, detail))

    def _array(
        self,
        value: Any,
        field: Field,
        shape: tuple[str | int, ...],
        place: Callable[[int | None], Pointer],
        scale: float,
        key: str = "",
    ) -> Any:
        """Return one value as an array, or as a scalar if it has no shape; `None` if it cannot be used."""
        label = f"{self._label(field)} of {key}" if key else self._label(field)
        try:
            array = np.asarray(value)
        except (ValueError, TypeError, OverflowError, RecursionError):
            self._add("CAL215", place, f"{label}: rows of different lengths")
            return None
        if self._is_other_column(array, field, label):
            return None
        array, misfits = typed(array, field, value)
        if misfits is None and scale != 1 and array.dtype.kind in "fiu":
            converted = array * (array.dtype.type(scale) if array.dtype.kind == "f" else scale)
            array, misfits = typed(converted, field, converted)
        if misfits is not None:
            for i, item in misfits:
                code = "CAL305" if field.dtype == "i8" and isinstance(item, float) else "CAL211"
                detail = f"{self._entry(label, field, i)}: {brief(item)} is not {KINDS[field.dtype]}"
                self.problems.append(Problem(code, place(i), detail, _exponent_hint(item)))
            return None
        shaped = reshaped(array, shape)
        if shaped is None:
            expected = " x ".join("any number" if s == "*" else str(s) for s in shape) or "one"
            actual = " x ".join(map(str, array.shape)) or "one"
            sizes = dict.fromkeys(s for s in field.shape if isinstance(s, str) and s in self.sizes)
            reason = f" ({', '.join(f'{name} is {self.sizes[name]}' for name in sizes)})" if sizes else ""
            self._add("CAL215", place, f"{label}: {actual} values given, {expected} expected{reason}")
            return None
        # A matrix that is one flat list in the file is counted, and pointed at, as one.
        self._check_bounds(shaped.reshape(array.shape), field, place, label)
        return shaped if shape else shaped.item()

    def _is_other_column(self, array: Any, field: Field, label: str) -> bool:
        """Say whether a column holds another kind of values than its field, and report it once."""
        if not self.is_columnar or field.keyword or not array.size:
            return False
        kind = array.dtype.kind
        if kind in _READABLE[field.dtype]:
            return False
        detail = f"column {label} holds {_HELD.get(kind, 'objects')}, not {_COLUMNS[field.dtype]}"
        if not any(p.code == "CAL214" and p.detail == detail for p in self.problems):
            self._add("CAL214", (self._label(field),), detail)
        return True

    def _check_bounds(
        self, array: Any, field: Field, place: Callable[[int | None], Pointer], label: str
    ) -> None:
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
            words = "is not positive" if field.above == 0 else f"is not above {field.above:g}"
            checks.append((flat <= field.above, "CAL301", words))
        if field.maximum is not None and not array.max() <= field.maximum:
            checks.append((flat > field.maximum, "CAL301", f"is more than {field.maximum:g}"))
        if field.choices and not set(array.reshape(-1).tolist()) <= set(field.choices):
            words = f"is not one of {', '.join(choice or repr(choice) for choice in field.choices)}"
            checks.append((~np.isin(flat, field.choices), "CAL301", words))
        for is_wrong, code, words in checks:
            for row, inner in np.argwhere(is_wrong).tolist():
                index = row if array.ndim else None
                detail = f"{self._entry(label, field, index)}: {brief(flat[row, inner].item())} {words}"
                self.problems.append(Problem(code, place(index), detail))

    def _entry(self, label: str, field: Field, index: int | None) -> str:
        """Return what messages call an entry of a field, by its row if the file has rows."""
        table = self.spec.tables[field.table]
        if index is None or field.keyword:
            return label
        if table.rows == "records":
            return f"{table.name} {index + 1} {label}"
        if self.is_columnar and table.rows == "free":
            return f"row {index + 1} {label}"
        return f"{label} value {index + 1}"


_READABLE = {
    "f": "fiu",
    "f8": "fiu",
    "n": "fiu",
    "i8": "fiu",
    "bool": "b",
    "str": "U",
    "any": "fiuU",
}
"""Kinds of numpy arrays that a column may hold, by the field's dtype."""

_COLUMNS = {
    "f": "numbers",
    "f8": "numbers",
    "n": "numbers",
    "i8": "whole numbers",
    "bool": "True and False",
    "str": "texts",
    "any": "numbers or texts",
}
"""Names in messages for what a column should hold, by the field's dtype."""

_HELD = {"f": "numbers", "i": "whole numbers", "u": "whole numbers", "b": "True and False", "U": "texts"}
"""Names in messages for what a column holds, by the kind of its array."""

_EXPONENT = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+\Z")


def _exponent_hint(item: Any) -> str:
    """Return a hint for a number with an exponent that YAML takes for text."""
    if isinstance(item, str) and _EXPONENT.match(item):
        return "YAML takes it for a text; write a decimal point and a sign, such as 1.0e-9 or 1.0e+4"
    return ""
