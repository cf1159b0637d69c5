"""The base of all calibration types: the interface of DMTN-148, section 4.2, derived from the declaration.

The method names are the LSST stack's, so that its formatters and its users find them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform

import numpy as np

from curated.arrays import is_kind
from curated.content import FieldReader, from_columns, from_tree
from curated.declared import declared_problems
from curated.diagnostic import CuratedError, Problem, brief
from curated.metadata import Metadata, has_value
from curated.model import STAMP_KEYWORDS, ColumnData, Content, TableData, TextColumn
from curated.spec import Field, Spec, column, fields_of, required_sizes

if TYPE_CHECKING:
    from astropy.table import Table as AstropyTable

T = TypeVar("T", bound="type[Calib]")
C = TypeVar("C", bound="Calib")


class CalibrationError(CuratedError):
    """A calibration that cannot be made from what was given.

    Parameters
    ----------
    problems : `list` [`Problem`]
        All that is wrong with it.
    where : `str`, optional
        File that was read.
    """

    def __init__(self, problems: list[Problem], where: str = "") -> None:
        self.problems = problems
        lines = [f"{p.code} {p.detail}" for p in problems]
        super().__init__((f"{where}: " if where else "") + "; ".join(lines))


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=False, field_specifiers=(column,))
def calibration(cls: T) -> T:
    """Make a class with a ``SPEC`` and columns a calibration type."""
    dataclass(frozen=True, kw_only=True, eq=False, repr=False)(cls)
    cls.FIELDS = fields_of(cls)
    return cls


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Calib:
    """A calibration: values as its type declares them, and the keywords that identify it.

    Parameters
    ----------
    metadata : `Metadata`
        Keywords, looked up without regard to case.
    units : `dict` [`str`, `str`]
        Unit of each value as the file declares it, by attribute name, where it has one.
    """

    SPEC: ClassVar[Spec]
    FIELDS: ClassVar[tuple[Field, ...]] = ()

    metadata: Metadata = field(default_factory=Metadata)
    units: dict[str, str] = field(default_factory=dict)

    # -- making one -----------------------------------------------------------------------------------

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Bring a legacy form to the current one, in place; the types that have such forms override it."""
        return []

    @classmethod
    def build(cls, content: Content, found: Iterable[Problem] = ()) -> tuple[Self | None, list[Problem]]:
        """Make a calibration of untrusted values.

        Parameters
        ----------
        content : `Content`
            Values by field name.
        found : iterable [`Problem`], optional
            What is known to be wrong with the content.

        Returns
        -------
        calib : `Calib` or `None`
            The calibration; `None` where a value cannot be used at all.
        problems : `list` [`Problem`]
            All that is wrong, including what the type's own rules find.
        """
        problems = [*found, *declared_problems(cls.SPEC, cls.FIELDS, content), *cls.prepare(content)]
        sizes, wrong = cls._sizes(content.metadata) if cls.SPEC.sizes else ({}, [])
        reader = FieldReader(cls.SPEC, content, sizes)
        values = {declared.name: reader.read(declared) for declared in cls.FIELDS}
        problems += wrong + reader.problems
        for declared in cls.FIELDS:
            if declared.keyword and values[declared.name] is not None:
                content.metadata[declared.keyword] = _plain(values[declared.name])
        if any(p.code in _FATAL for p in problems):
            return None, problems
        units = {name: unit for name, unit in content.units.items() if unit}
        made = cls(metadata=Metadata(content.metadata), units=units, **values)
        return made, problems + list(made.problems())

    @classmethod
    def _sizes(cls, metadata: Mapping[str, Any]) -> tuple[dict[str, int], list[Problem]]:
        sizes = {}
        problems = [
            Problem("CAL113", ("metadata",), f"{keyword} is missing: a size of its arrays")
            for keyword in required_sizes(cls.SPEC, cls.FIELDS)
            if not has_value(metadata.get(keyword))
        ]
        fields = {declared.keyword for declared in cls.FIELDS}
        for name, keyword in cls.SPEC.sizes.items():
            value = metadata.get(keyword)
            if isinstance(value, (int, float)) and is_kind(value, "i8") and value >= 0:
                sizes[name] = int(value)
            elif has_value(value) and keyword not in fields:
                detail = f"{keyword} is {brief(value)}, not a size"
                problems.append(Problem("CAL211", ("metadata", keyword), detail))
        return sizes, problems

    @classmethod
    def from_columns(
        cls, metadata: Mapping[str, Any], tables: list[Mapping[str, TextColumn]], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Make a calibration of the columns of an ECSV or FITS file; see `build`."""
        content, problems = from_columns(cls.SPEC, cls.FIELDS, metadata, tables[: len(cls.SPEC.tables)], form)
        return cls.build(content, problems)

    @classmethod
    def from_tree(
        cls, metadata: Mapping[str, Any], tree: Mapping[Any, Any], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Make a calibration of a YAML or JSON document; see `build`."""
        content, problems = from_tree(cls.SPEC, cls.FIELDS, metadata, tree, form)
        return cls.build(content, problems)

    @classmethod
    def fromDict(cls, dictionary: Mapping[str, Any]) -> Self:
        """Make a calibration of a mapping with the keywords under ``metadata``.

        Raises
        ------
        CalibrationError
            If a value is missing or wrong; it names all of them.
        """
        tree = dict(dictionary)
        made, problems = cls.from_tree(tree.pop("metadata", {}), tree, "yaml")
        return _or_raise(made, problems)

    @classmethod
    def fromTable(cls, tables: list[AstropyTable]) -> Self:
        """Make a calibration of astropy tables, the keywords being the first one's ``meta``.

        Raises
        ------
        CalibrationError
            If a value is missing or wrong; it names all of them.
        """
        columns = [
            {
                name: TextColumn(np.asarray(t[name]), str(t[name].dtype), str(t[name].unit or ""))
                for name in t.colnames
            }
            for t in tables
        ]
        made, problems = cls.from_columns(dict(tables[0].meta), list(columns), "fits")
        return _or_raise(made, problems)

    # -- rules ----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield what the declaration cannot say is wrong; the types that have such rules override it."""
        return iter(())

    def fits_on(self, width: int, height: int) -> Iterator[Problem]:
        """Yield what lies outside of a detector of that many columns and rows."""
        return iter(())

    # -- taking it apart ------------------------------------------------------------------------------

    def tables(self) -> list[TableData]:
        """Return its tables as FITS holds them, the stack's columns in the stack's order."""
        tables = []
        for index, table in enumerate(self.SPEC.tables):
            fields = [f for f in self.FIELDS if f.table == index and f.column]
            columns: dict[str, ColumnData] = {}
            values = {f.name: getattr(self, f.name) for f in fields}
            if table.rows == "key":
                keys = list(next((v for v in values.values() if v), {}))
                if table.optional and not keys:
                    continue
                columns[table.key_column] = ColumnData(np.array(keys, dtype=str) if keys else np.zeros(0))
                for f in fields:
                    rows = [values[f.name][key] for key in keys] if values[f.name] else []
                    columns[f.column] = _column_data(rows, f)
            else:
                for f in fields:
                    if values[f.name] is None:
                        continue
                    rows = values[f.name][np.newaxis] if table.rows == "one" else values[f.name]
                    columns[f.column] = ColumnData(_flat(rows), self._unit(f))
                if table.optional and not any(len(c.values) for c in columns.values()):
                    continue
            tables.append(TableData(columns, carries_metadata=index == 0 or self.SPEC.repeats_metadata))
        return tables

    def fits_tables(self) -> list[TableData]:
        """Return the tables of its FITS file; types whose FITS is no table of the text override it."""
        return self.tables()

    @classmethod
    def from_fits_tables(
        cls, metadata: Mapping[str, Any], tables: Mapping[str, Mapping[str, TextColumn]]
    ) -> tuple[Self | None, list[Problem]]:
        """Make a calibration of the tables of its FITS file, by EXTNAME or number; see `build`."""
        return cls.from_columns(metadata, list(tables.values()), "fits")

    def _unit(self, declared: Field) -> str:
        return self.units.get(declared.name, "")

    def toDict(self) -> dict[str, Any]:
        """Return plain lists, numbers and text, with the keywords under ``metadata``."""
        tree: dict[str, Any] = {"metadata": dict(self.metadata)}
        for declared in self.FIELDS:
            value = getattr(self, declared.name)
            table = self.SPEC.tables[declared.table]
            if value is None or (
                declared.keyword and declared.keyword in self.metadata and not declared.text
            ):
                continue
            if table.rows == "records" and not declared.keyword:
                if table.optional and not len(value):
                    continue
                records = tree.setdefault(table.name, [{} for _ in range(len(value))])
                for record, item in zip(records, value.tolist(), strict=True):
                    if declared.required or not _same(item, declared.default):
                        record[declared.key] = item
            elif isinstance(value, dict):
                tree[declared.key] = {key: _plain(item) for key, item in value.items()}
            else:
                tree[declared.key] = _plain(value)
        if self.units:
            tree["units"] = dict(self.units)
        return tree

    def toTable(self) -> list[AstropyTable]:
        """Return astropy tables, the keywords being the first one's ``meta``."""
        from astropy.table import Table

        tables = []
        for data in self.tables():
            made = Table({name: c.values for name, c in data.columns.items()})
            for name, c in data.columns.items():
                made[name].unit = c.unit or None
            if data.carries_metadata:
                made.meta.update(self.metadata)
            tables.append(made)
        return tables

    def __repr__(self) -> str:
        """Name what it calibrates; its values are too many for one line."""
        said = (self.metadata.text(key) for key in ("INSTRUME", "DET_NAME", "FILTER", "CALIBDATE"))
        return f"<{type(self).__name__} {' '.join(part for part in said if part)}>"

    def __eq__(self, other: object) -> bool:
        """Compare all values and keywords exactly, the stamp apart; NaN equals NaN.

        The stack's comparison is blind below 1e-8 (FORMATS.md of the design, section 5), where
        brighter-fatter kernels and quadratic crosstalk live.
        """
        if not isinstance(other, type(self)):
            return NotImplemented
        return _content_keywords(self) == _content_keywords(other) and all(
            _same(getattr(self, f.name), getattr(other, f.name)) for f in self.FIELDS
        )

    __hash__ = None  # type: ignore[assignment]

    # -- files ----------------------------------------------------------------------------------------

    @classmethod
    def readText(cls, filename: str | os.PathLike[str]) -> Self:
        """Read an ECSV, YAML or JSON file.

        Raises
        ------
        CalibrationError
            If the file is not a calibration of this type; it names all that is wrong.
        """
        from curated.text import read

        path = Path(filename)
        source, problems = read(path.read_bytes(), path.suffix[1:].lower())
        if source is None:
            raise CalibrationError(problems, str(path))
        made, more = cls.from_source(source)
        return _or_raise(made, problems + more, str(path))

    @classmethod
    def from_source(cls, source: Any) -> tuple[Self | None, list[Problem]]:
        """Make a calibration of a text file that was read; see `build`."""
        if source.form == "ecsv":
            return cls.from_columns(source.metadata, [source.columns], "ecsv")
        return cls.from_tree(source.metadata, source.tree, source.form)

    @classmethod
    def readFits(cls, filename: str | os.PathLike[str]) -> Self:
        """Read a FITS file in the stack's form, stamped or not.

        Raises
        ------
        CalibrationError
            If the file is not a calibration of this type; it names all that is wrong.
        """
        from curated.fits.reader import read_fits

        metadata, tables = read_fits(filename)
        made, problems = cls.from_fits_tables(metadata, tables)
        return _or_raise(made, problems, str(filename))

    def writeFits(self, filename: str | os.PathLike[str]) -> str:
        """Write a FITS file in the stack's form, without a stamp of origin; return its name."""
        from curated.fits.writer import fits_bytes

        Path(filename).write_bytes(fits_bytes(self))
        return str(filename)


_FATAL = frozenset({"CAL210", "CAL211", "CAL213", "CAL214", "CAL215", "CAL216", "CAL305", "CAL310"})
"""Codes after which the values cannot be put into the class."""


def _or_raise(made: C | None, problems: list[Problem], where: str = "") -> C:
    from curated.codes import Severity, code_info

    errors = [p for p in problems if code_info(p.code).severity is Severity.ERROR]
    if made is None or errors:
        raise CalibrationError(errors or problems, where)
    return made


def _content_keywords(calib: Calib) -> dict[str, Any]:
    """Return the keywords that say something, without the stamp and what the class itself sets."""
    prefix = calib.SPEC.obstype.upper()
    own = {"CALIBCLS", "OBSTYPE", f"{prefix}_SCHEMA", f"{prefix}_VERSION"}
    return {k: v for k, v in calib.metadata.items() if has_value(v) and k not in own | STAMP_KEYWORDS}


def _flat(rows: Any) -> Any:
    """Return the rows with each row's value flat, as the stack stores matrices."""
    return rows.reshape(len(rows), -1) if rows.ndim > 2 else rows


def _column_data(rows: list[Any], declared: Field) -> ColumnData:
    if not rows:
        return ColumnData(np.zeros(0))
    arrays = [np.asarray(row).reshape(-1) if np.ndim(row) else np.asarray(row) for row in rows]
    if declared.dtype == "bool" and not declared.shape:
        # A flag for each row is an integer in the stack's tables.
        return ColumnData(np.array(arrays).astype("i8"))
    if len({a.shape for a in arrays}) == 1:
        return ColumnData(np.stack(arrays))
    return ColumnData(arrays, variable="P")


def _plain(value: Any) -> Any:
    return value.reshape(-1).tolist() if isinstance(value, np.ndarray) else value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        floats = one.dtype.kind == "f"
        return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=floats))
    return type(one) is type(other) and bool(one == other or (_is_nan(one) and _is_nan(other)))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
