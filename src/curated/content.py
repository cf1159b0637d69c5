"""Untrusted data to the values that a calibration type declares, with every problem named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from curated.arrays import KINDS, reshaped, typed
from curated.diagnostic import Pointer, Problem, brief
from curated.metadata import IDENTITY_KEYS, normalise
from curated.model import Content, TextColumn
from curated.records import fill_columns, read_records
from curated.spec import Field, Spec, Table


def from_columns(
    spec: Spec,
    fields: tuple[Field, ...],
    metadata: Mapping[str, Any],
    tables: list[Mapping[str, TextColumn]],
    form: str,
) -> tuple[Content, list[Problem]]:
    """Take values out of columns of ECSV or FITS.

    Parameters
    ----------
    spec, fields
        The type's declaration.
    metadata : `~collections.abc.Mapping`
        Keywords as the file has them.
    tables : `list`
        Columns by name, for each table in order; tables at the end may be missing.
    form : `str`
        ``ecsv`` or ``fits``.

    Returns
    -------
    content : `Content`
        Values by field name.
    problems : `list` [`Problem`]
        Unknown columns, tables of a wrong number of rows, repeated keys.
    """
    keywords, problems = normalise(metadata)
    content = Content(keywords, form=form)
    for index, columns in enumerate(tables):
        table = spec.tables[index]
        known = {name: f for f in fields if f.table == index and f.column for name in f.names}
        keys: list[str] = []
        if table.key_column in columns:
            keys = [str(key) for key in columns[table.key_column].values]
            problems += _repeated(table, keys)
        elif table.rows == "key":
            problems.append(
                Problem("CAL213", (), f"column {table.key_column!r} is missing (name of each row)")
            )
        for name, column in columns.items():
            if name == table.key_column:
                continue
            if name not in known:
                detail = f"column {brief(name)} is not one of {', '.join(sorted({*known, table.key_column} - {''}))}"
                problems.append(Problem("CAL219", (name,), detail))
                continue
            rows = len(column.values)
            if table.rows == "one" and rows != 1 and not any(p.code == "CAL215" for p in problems):
                problems.append(Problem("CAL215", (name, 1), f"{rows} rows; the table has exactly one"))
            _take(content, known[name], table, column, keys)
    fill_columns(spec, fields, content)
    return content, problems


def _take(content: Content, field: Field, table: Table, column: TextColumn, keys: list[str]) -> None:
    """Put a column's values where its field expects them."""
    content.units[field.name] = column.unit
    if table.rows == "key":
        content.values[field.name] = dict(zip(keys, column.values, strict=False))
    elif table.rows != "one":
        content.values[field.name] = column.values
    elif len(column.values):
        content.values[field.name] = column.values[0]


def _repeated(table: Table, keys: list[str]) -> list[Problem]:
    first: dict[str, int] = {}
    return [
        Problem(
            "CAL306",
            (table.key_column, i),
            f"row {i + 1} {table.key_column}: {brief(key)} is that of row {row + 1}",
        )
        for i, key in enumerate(keys)
        if (row := first.setdefault(key, i)) != i
    ]


def from_tree(
    spec: Spec, fields: tuple[Field, ...], metadata: Mapping[str, Any], tree: Mapping[Any, Any], form: str
) -> tuple[Content, list[Problem]]:
    """Take values out of a YAML or JSON document; see `from_columns`."""
    keywords, problems = normalise(metadata, tree)
    content = Content(keywords, form=form)
    content.units, wrong = _units(tree.get("units"), fields)
    problems += wrong
    known = {"units", *IDENTITY_KEYS, *spec.ignored}
    for index, table in enumerate(spec.tables):
        if table.rows == "records":
            known.add(table.name)
            own = tuple(f for f in fields if f.table == index and not f.keyword)
            values, wrong = read_records(table, own, tree)
            content.values |= values
            problems += wrong
    for field in fields:
        if spec.tables[field.table].rows == "records" and not field.keyword:
            continue
        known.update({field.key, *field.aliases})
        given = [n for n in (field.key, *field.aliases) if n in tree]
        name = given[0] if given else None
        problems += [
            Problem("CAL208", (n,), f"{n} is another name of {name}, which is given too") for n in given[1:]
        ]
        # The stack writes null for a table that is not there.
        if name is not None and not (tree[name] is None and spec.tables[field.table].optional):
            content.values[field.name] = tree[name]
    listed = ", ".join(sorted(known - IDENTITY_KEYS))
    problems += [
        Problem("CAL212", (key,), f"{brief(key)} is not one of {listed}") for key in tree if key not in known
    ]
    return content, problems


def _units(given: Any, fields: tuple[Field, ...]) -> tuple[dict[str, str], list[Problem]]:
    if given is None:
        return {}, []
    if not isinstance(given, Mapping):
        return {}, [Problem("CAL211", ("units",), "units is not a mapping from fields to units")]
    names = {field.name for field in fields}
    problems = []
    for name, unit in given.items():
        if name not in names:
            detail = f"units: {brief(name)} is not one of {', '.join(sorted(names))}"
            problems.append(Problem("CAL212", ("units", name), detail))
        elif not isinstance(unit, (str, type(None))):
            problems.append(
                Problem("CAL211", ("units", name), f"units: {brief(unit)} is not the name of a unit")
            )
    good = {
        name: unit or ""
        for name, unit in given.items()
        if isinstance(unit, (str, type(None))) and name in names
    }
    return good, problems


class FieldReader:
    """Brings one field's value to its declared dtype and shape, and notes what does not fit.

    Parameters
    ----------
    spec : `Spec`
        The type.
    content : `Content`
        Where the value comes from; decides how places and messages name it.
    sizes : `dict` [`str`, `int`]
        The numbers behind the names in `Field.shape`.
    """

    def __init__(self, spec: Spec, content: Content, sizes: Mapping[str, int]) -> None:
        self.spec, self.content, self.sizes = spec, content, sizes
        self.problems: list[Problem] = []

    def read(self, field: Field) -> Any:
        """Return the value of a field; `None` where it is missing or cannot be used."""
        table = self.spec.tables[field.table]
        if field.name not in self.content.values:
            return self._missing(field, table)
        value = self.content.values[field.name]
        if field.keyword:
            return self._array(value, field, field.shape, self._place(field, table, None))
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
            name = field.column if columnar else field.key
            what = "column" if columnar else "field"
            self._note("CAL213" if columnar else "CAL210", (), f"{what} {name!r} is missing ({field.doc})")
        return field.default() if callable(field.default) else field.default

    def _shape(self, field: Field) -> tuple[str | int, ...]:
        return tuple(self.sizes.get(s, "*") if isinstance(s, str) and s != "*" else s for s in field.shape)

    def _label(self, field: Field) -> str:
        return field.column if self.content.form in ("ecsv", "fits") and field.column else field.key

    def _place(self, field: Field, table: Table, key: Any) -> Callable[[int | None], Pointer]:
        if field.keyword:
            inside = field.keyword in self.content.metadata
            return lambda _: ("metadata", field.keyword) if inside else (field.key,)
        label = self._label(field)
        if self.content.form in ("ecsv", "fits"):
            if table.rows == "one":
                return lambda _: (label, 0)
            if table.rows == "key":
                rows = list(self.content.values[field.name])
                return lambda _: (label, rows.index(key)) if key in rows else (label,)
            return lambda i: (label,) if i is None else (label, i)
        if table.rows == "records":
            return lambda i: (table.name,) if i is None else (table.name, i, field.key)
        start = (field.key,) if key is None else (field.key, key)
        return lambda i: start if i is None else (*start, i)

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
        if field.dtype in ("f", "f8") and field.finite and not np.isfinite(array).all():
            checks.append((~np.isfinite(flat), "CAL302", "is not finite"))
        if field.minimum is not None and array.size and not array.min() >= field.minimum:
            checks.append((flat < field.minimum, "CAL301", f"is less than {field.minimum:g}"))
        if field.above is not None and array.size and not array.min() > field.above:
            word = "is not positive" if field.above == 0 else f"is not above {field.above:g}"
            checks.append((flat <= field.above, "CAL301", word))
        if field.maximum is not None and array.size and not array.max() <= field.maximum:
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


_READABLE = {"f": "fiu", "f8": "fiu", "i8": "fiu", "bool": "b", "str": "U"}
"""Kinds of array that a column may have, by the field's dtype."""

_COLUMNS = {"f": "numbers", "f8": "numbers", "i8": "whole numbers", "bool": "True and False", "str": "texts"}
_HELD = {"f": "numbers", "i": "whole numbers", "u": "whole numbers", "b": "True and False", "U": "texts"}

_EXPONENT = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+\Z")


def _exponent_hint(item: Any) -> str:
    """Say why YAML takes a number for a text."""
    if isinstance(item, str) and _EXPONENT.match(item):
        return "YAML takes it for a text; write a decimal point and a sign, such as 1.0e-9 or 1.0e+4"
    return ""
