"""What is wrong in the declaration of a calibration type, said to whoever writes one."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from curated.calib import Calib, CalibrationError
from curated.core.diagnostic import CuratedError
from curated.core.metadata import normalise
from curated.core.units import fits_unit
from curated.declare import Field, Spec
from curated.registry import all_types
from curated.schema.document import type_schema

DIMENSIONS = ("instrument", "detector", "physical_filter")
FORMS = ("ecsv", "yaml", "json")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_LONGEST_COLUMN = 68
"""Characters of a text in a FITS header card, as TTYPE has it (FITS standard 4.0, section 4.2.1)."""


def declaration_faults(cls: type[Calib]) -> list[str]:
    """Return what is wrong in the declaration of a type, in sentences without an end; empty if nothing is.

    All of it is found before any file of the type is read: names that a package, a FITS file or a repository cannot have,
    units that are none, references to fields and tables that do not exist, and a schema that is none.
    """
    faults = [*_spec_faults(cls), *_table_faults(cls), *_field_faults(cls), *_reference_faults(cls)]
    return faults or _schema_faults(cls)


def _spec_faults(cls: type[Calib]) -> Iterator[str]:
    spec = cls.SPEC
    for label, name in (("name", spec.name), ("dataset_type", spec.dataset)):
        if not _NAME.fullmatch(name):
            yield f"{label}: {name!r} is not a word of ASCII letters, digits and '_' that begins with a letter"
    for label, text in (
        ("title", spec.title),
        ("obstype", spec.obstype),
        ("storage_class", spec.storage_class),
    ):
        if not text.strip():
            yield f"{label} is empty"
    if not _CLASS.fullmatch(spec.calibcls):
        yield f"calibcls: {spec.calibcls!r} is not the full name of a class, such as package.module.Class"
    yield from _order_faults("dimensions", spec.dimensions, DIMENSIONS)
    if spec.dimensions[:1] != ("instrument",):
        yield "dimensions do not begin with 'instrument'"
    yield from _order_faults("forms", spec.forms, FORMS)
    if not spec.forms:
        yield "forms is empty: a type has a text form"
    own_names = {spec.name.lower(), *(alias.lower() for alias in spec.aliases)}
    for other in all_types().values():
        if other is not cls and (common := own_names & _names(other.SPEC)):
            yield f"{min(common)!r} is a name of the type {other.SPEC.name!r} as well"


def _names(spec: Spec) -> set[str]:
    return {spec.name.lower(), *(alias.lower() for alias in spec.aliases)}


def _order_faults(label: str, values: Iterable[str], choices: tuple[str, ...]) -> Iterator[str]:
    for value, count in Counter(values).items():
        if value not in choices:
            yield f"{label}: {value!r} is none of {', '.join(choices)}"
        elif count > 1:
            yield f"{label}: {value!r} is there {count} times"


def _table_faults(cls: type[Calib]) -> Iterator[str]:
    spec = cls.SPEC
    if not spec.tables and not spec.beside:
        yield "tables is empty: a type has a table, or a data file beside its text ('beside')"
    for name in _repeated(table.name for table in spec.tables):
        yield f"tables: the name {name!r} is there more than once"
    for i, table in enumerate(spec.tables):
        members = [declared for declared in cls.FIELDS if declared.table == i and not declared.keyword]
        if table.rows == "key" and not table.key_column and any(declared.column for declared in members):
            yield f"tables: {table.name!r} has a row for each key, but no key_column"
        columns = [name for declared in members for name in declared.columns or (declared.column,) if name]
        for name in _repeated([*filter(None, [table.key_column]), *columns]):
            yield f"tables: {table.name!r} has the column {name!r} more than once (FITS ignores case)"


def _repeated(names: Iterable[str]) -> list[str]:
    counts = Counter(name.upper() for name in names)
    return sorted(name for name, count in counts.items() if count > 1)


def _field_faults(cls: type[Calib]) -> Iterator[str]:
    spec = cls.SPEC
    for declared in cls.FIELDS:
        name = declared.name
        if not declared.doc.strip().endswith((".", ")")):
            yield f"{name}: doc {declared.doc!r} is no sentence with a full stop"
        yield from (f"{name}: {fault}" for fault in _unit_faults(declared))
        if spec.tables and not 0 <= declared.table < len(spec.tables):
            yield f"{name}: table {declared.table} does not exist; there are {len(spec.tables)}, from 0"
        for column in declared.columns or ((declared.column,) if declared.column else ()):
            if len(column) > _LONGEST_COLUMN or not (column.isascii() and column.isprintable()):
                yield f"{name}: column {column!r} is no name of a FITS column: at most {_LONGEST_COLUMN} ASCII characters"
        if declared.keyword and list(normalise({declared.keyword: 0}, {})[0]) != [declared.keyword]:
            yield f"{name}: keyword {declared.keyword!r} is not in canonical spelling, or is reserved"
        least = declared.minimum if isinstance(declared.minimum, (int, float)) else declared.above
        if least is not None and declared.maximum is not None and least > declared.maximum:
            yield f"{name}: no value is allowed: at least {least}, at most {declared.maximum}"
        for size in declared.shape:
            if isinstance(size, str) and size != "*" and size not in spec.sizes:
                yield f"{name}: the size {size!r} of its shape is not in sizes"


def _unit_faults(declared: Field) -> Iterator[str]:
    import astropy.units as u

    if declared.unit:
        try:
            u.Unit(fits_unit(declared.unit))
        except (ValueError, TypeError):
            yield f"unit {declared.unit!r} is not known; astropy.units lists those that are"
    elif declared.needs_unit:
        yield "it needs a unit, and declares none"


def _reference_faults(cls: type[Calib]) -> Iterator[str]:
    """Yield names of fields, types and measures that refer to nothing, or to several things."""
    spec, names = cls.SPEC, {declared.name for declared in cls.FIELDS}
    if spec.plot is not None:
        for label in ("x", "y", "group", "used"):
            name = getattr(spec.plot, label)
            if name and not hasattr(cls, name) and name not in names:
                yield f"plot: {label} is {name!r}, which is no field and no attribute"
    for group in spec.alternatives:
        yield from (f"alternatives: {name!r} is no field" for name in group if name not in names)
    for name in _repeated(measure.name for measure in spec.measures):
        yield f"measures: the name {name.lower()!r} is there more than once"
    for factor in spec.factors:
        yield from (f"factors: {name!r} is no type" for name in factor if name not in all_types())


def _schema_faults(cls: type[Calib]) -> list[str]:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(type_schema(cls))
    except SchemaError as error:
        return [f"its JSON Schema is none: {error.message[:300]}"]
    return []


def example_faults(cls: type[Calib], path: Path) -> list[str]:
    """Return what is wrong with a calibration of a type on its way through all text forms and FITS.

    Parameters
    ----------
    path : `pathlib.Path`
        A text of the type, whose values should be those of a real calibration.

    Raises
    ------
    CuratedError
        If the file cannot be read at all.
    """
    try:
        calib = cls.readText(path)
    except CalibrationError as error:
        return [f"{path.name}: {problem.code} {problem.detail}" for problem in error.problems]
    faults = []
    with tempfile.TemporaryDirectory(prefix="curated-") as directory:
        for form in cls.SPEC.forms:
            try:
                copy = cls.readText(calib.writeText(f"{directory}/{path.stem}.{form}", form))
            except (CalibrationError, CuratedError) as error:
                faults.append(f"{path.name}: as {form} it cannot be read again: {error}")
                continue
            if copy != calib:
                faults.append(f"{path.name}: as {form} it is another calibration")
        try:
            if cls.readFits(calib.writeFits(f"{directory}/{path.stem}.fits")) != calib:
                faults.append(f"{path.name}: as FITS it is another calibration")
        except (CalibrationError, CuratedError) as error:
            faults.append(f"{path.name}: as FITS it cannot be read again: {error}")
    return faults
