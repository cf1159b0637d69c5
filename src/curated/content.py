"""Untrusted data to the values that a calibration type declares, with every problem named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from curated.arrays import KINDS, reshaped, typed
from curated.diagnostic import Pointer, Problem
from curated.metadata import normalise
from curated.model import Content, Field, Spec, Table, TextColumn
from curated.records import fill_columns, read_records

IDENTITY_KEYS = frozenset({"detectorName", "detectorSerial", "detectorId", "instrument", "filterName", "DETECTOR"})
"""Keys at the top of YAML files that repeat keywords of the metadata."""


def from_columns(
    spec: Spec, fields: tuple[Field, ...], metadata: Mapping[str, Any], tables: list[Mapping[str, TextColumn]], form: str
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
        for name, column in columns.items():
            if name == table.key_column:
                continue
            if name not in known:
                problems.append(Problem("CAL219", (name,), f"column {name!r} is not one of {sorted(known)}"))
                continue
            field = known[name]
            content.units[field.name] = column.unit
            if table.rows == "one" and len(column.values) != 1:
                detail = f"column {name}: {len(column.values)} rows, the table has exactly one"
                problems.append(Problem("CAL215", (name,), detail))
            elif table.rows == "one":
                content.values[field.name] = column.values[0]
            elif table.rows == "key":
                content.values[field.name] = dict(zip(keys, column.values, strict=False))
            else:
                content.values[field.name] = column.values
    fill_columns(spec, fields, content)
    return content, problems


def _repeated(table: Table, keys: list[str]) -> list[Problem]:
    return [
        Problem("CAL306", (table.key_column, i), f"row {i + 1}: {table.key_column} {key!r} stands twice")
        for i, key in enumerate(keys)
        if key in keys[:i]
    ]


def from_tree(
    spec: Spec, fields: tuple[Field, ...], metadata: Mapping[str, Any], tree: Mapping[Any, Any], form: str
) -> tuple[Content, list[Problem]]:
    """Take values out of a YAML or JSON document; see `from_columns`."""
    repeated = {key: value for key, value in tree.items() if key in IDENTITY_KEYS}
    keywords, problems = normalise({**metadata, **{k: v for k, v in repeated.items() if v not in (None, "")}})
    content = Content(keywords, form=form)
    units = tree.get("units", {})
    if isinstance(units, Mapping):
        content.units = {str(k): str(v) for k, v in units.items()}
    known = {"units", *repeated, *spec.ignored}
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
        name = next((n for n in (field.key, *field.aliases) if n in tree), None)
        if name is not None:
            content.values[field.name] = tree[name]
    problems += [
        Problem("CAL212", (key,), f"{key!r} is not one of {sorted(known - {'units'} - IDENTITY_KEYS)}")
        for key in tree
        if key not in known
    ]
    return content, problems


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
                self._note("CAL211", self._place(field, table, None), f"{self._label(field)} is not a mapping")
                return None
            return {
                str(key): self._array(item, field, self._shape(field), self._place(field, table, key), str(key))
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
            return lambda i: ("metadata", field.keyword) if inside else (field.key,)
        label = self._label(field)
        if self.content.form in ("ecsv", "fits"):
            if table.rows == "one":
                return lambda i: (label, 0)
            if table.rows == "key":
                rows = list(self.content.values[field.name])
                return lambda i: (label, rows.index(key)) if key in rows else (label,)
            return lambda i: (label,) if i is None else (label, i)
        if table.rows == "records":
            return lambda i: (table.name,) if i is None else (table.name, i, field.key)
        start = (field.key,) if key is None else (field.key, key)
        return lambda i: start if i is None else (*start, i)

    def _note(self, code: str, place: Any, detail: str) -> None:
        self.problems.append(Problem(code, place(None) if callable(place) else place, detail))

    def _array(self, value: Any, field: Field, shape: tuple[str | int, ...], place: Any, key: str = "") -> Any:
        label = f"{self._label(field)}[{key}]" if key else self._label(field)
        try:
            array = np.asarray(value)
        except (ValueError, TypeError, OverflowError, RecursionError):
            self._note("CAL215", place, f"{label}: rows of different lengths")
            return None
        array, wrong = typed(array, field, value)
        if wrong is not None:
            for i, item in wrong:
                at = f" value {i + 1}" if i is not None else ""
                code = "CAL305" if field.dtype == "i8" and isinstance(item, float) else "CAL211"
                self.problems.append(Problem(code, place(i), f"{label}{at}: {_brief(item)} is not {KINDS[field.dtype]}"))
            return None
        shaped = reshaped(array, shape)
        if shaped is None:
            expected = "x".join("n" if s == "*" else str(s) for s in shape) or "one value"
            found = "x".join(map(str, array.shape)) or "one value"
            self._note("CAL215", place, f"{label}: {found} given, {expected} expected")
            return None
        self._bounds(shaped, field, place, label)
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
            checks.append((~np.isin(flat, field.choices), "CAL301", f"is not one of {', '.join(field.choices)}"))
        table = self.spec.tables[field.table]
        what = table.name if table.rows == "records" else "row"
        for bad, code, words in checks:
            for row, inner in np.argwhere(bad).tolist():
                at = f"{what} {row + 1} {label}" if array.ndim else label
                item = flat[row, inner].item()
                self.problems.append(Problem(code, place(row if array.ndim else None), f"{at}: {_brief(item)} {words}"))


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
