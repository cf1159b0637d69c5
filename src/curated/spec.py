"""What a calibration type is made of: fields, tables, and everything else that a declaration says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

Array = NDArray[Any]
"""A numpy array; shape and dtype are in the `Field` that declares it."""

Rows = Literal["free", "one", "key", "records"]
"""How a table's rows come about.

``free``
    As many rows as each field has values: a list of boxes, a curve.
``one``
    One row, each cell a vector: a matrix with its errors.
``key``
    A row for each key of a mapping: amplifiers, source detectors.
``records``
    As ``free``; in YAML a list of mappings, one for each row.
"""

Absent = Literal["omit", "blank", "undefined"]
"""What becomes of a keyword without a value in FITS: no card, ``''``, or an undefined value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a type: how its rows come about and what it is called.

    Parameters
    ----------
    name : `str`
        Name in documentation; the YAML key of a ``records`` table.
    rows : `str`
        See `Rows`.
    key_column : `str`
        FITS and ECSV name of the column that holds the keys of a ``key`` table.
    optional : `bool`
        Whether the table is left out when it has no rows.
    """

    name: str
    rows: Rows = "free"
    key_column: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One quantity of a calibration type; readers, writers, schema and docs walk these.

    Parameters
    ----------
    dtype : `str`
        ``f8``, ``i8``, ``bool``, ``str``, or ``f`` for the float type that the file has.
    doc : `str`
        One sentence.
    unit : `str`
        Unit in the FITS standard's spelling; empty for numbers without one.
    column : `str`
        FITS and ECSV column name.
    keyword : `str`
        Header keyword, for a value that lives in the header instead of a column.
    text : `str`
        YAML and JSON key; the attribute's name where empty.
    aliases : `tuple` [`str`]
        Other names that are read.
    table : `int`
        Index of its table in `Spec.tables`.
    shape : `tuple`
        Shape of one row's value; names are keys of `Spec.sizes`, ``*`` is any length.
    required : `bool`
        Whether a file without it is an error.
    default : `object`
        Value where it is missing and not required; `None` leaves it out.
    finite : `bool`
        Whether NaN and infinity are errors.
    minimum, maximum, above : `float`, optional
        Bounds; ``above`` is exclusive.
    choices : `tuple` [`str`]
        The texts allowed; empty for any.
    needs_unit : `bool`
        Whether a column without a unit is an error.
    since : `float`
        Class version that introduced it; FITS of the stack has had it since.
    name : `str`
        The attribute's name, filled in by `Spec.fields`.
    """

    dtype: str
    doc: str
    unit: str = ""
    column: str = ""
    keyword: str = ""
    text: str = ""
    aliases: tuple[str, ...] = ()
    table: int = 0
    shape: tuple[str | int, ...] = ()
    required: bool = True
    default: Any = None
    finite: bool = True
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    needs_unit: bool = False
    since: float = 0.0
    name: str = ""

    @property
    def key(self) -> str:
        """The YAML and JSON key."""
        return self.text or self.name

    @property
    def names(self) -> tuple[str, ...]:
        """All column names that are read, the canonical one first."""
        return (self.column, *self.aliases)


def column(dtype: str, **kwargs: Any) -> Any:
    """Declare a field of a calibration type; see `Field` for the arguments."""
    declared = Field(dtype=dtype, **kwargs)
    if declared.required:
        return field(metadata={"field": declared})
    return field(default=declared.default, metadata={"field": declared})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotSpec:
    """The default plot of a type.

    Parameters
    ----------
    kind : `str`
        ``curve``, ``boxes``, ``matrix`` or ``layout``.
    x, y : `str`
        Attribute names.
    group : `str`
        Attribute that splits a curve into several.
    labels : `tuple` [`str`]
        Labels of the x axis, the y axis and the colours; those of the fields where empty.
    log : `bool`
        Whether values span orders of magnitude.
    centred : `bool`
        Whether a matrix is counted from its middle, as pixel lags are.
    """

    kind: Literal["curve", "boxes", "matrix", "layout"]
    x: str = ""
    y: str = ""
    group: str = ""
    labels: tuple[str, ...] = ()
    log: bool = False
    centred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """Everything about a calibration type that is not a field.

    Parameters
    ----------
    name : `str`
        Directory, dataset type of the package and name on the command line: one word.
    title : `str`
        The one-line fact for people.
    obstype : `str`
        OBSTYPE as the LSST stack spells it; it prefixes the SCHEMA and VERSION keywords.
    version : `float`
        Version of the class whose form is written.
    versions : `tuple` [`float`]
        Versions that are read; empty for any.
    schema : `str`
        Value of the SCHEMA keyword.
    dimensions : `tuple` [`str`]
        Of ``instrument``, ``detector``, ``physical_filter``.
    storage_class : `str`
        Storage class in a Butler repository.
    dataset_type : `str`
        Dataset type in a Butler repository; ``name`` where empty.
    calibcls : `str`
        Full name of the stack's class.
    tables : `tuple` [`Table`]
        Its tables in FITS order.
    forms : `tuple` [`str`]
        Text forms, of ``ecsv``, ``yaml``, ``json``; the first is the one written.
    sizes : `dict` [`str`, `str`]
        Names used in `Field.shape` and the header keywords that give their values.
    absent : `str`
        See `Absent`.
    keeps_version : `bool`
        Whether OBSTYPE, SCHEMA and VERSION of the file are kept in FITS as they are.
    keywords : `tuple` [`str`]
        Keywords of its own, in header order, that are not fields.
    aliases : `tuple` [`str`]
        Other names for the command line, such as those of DMTN-148's table.
    repeats_metadata : `bool`
        Whether every table carries the keywords, not only the first.
    alternatives : `tuple` [`tuple` [`str`, ...]]
        Groups of fields, by name, of which a file has exactly one.
    ignored : `dict` [`str`, `str`]
        YAML keys that follow from others, with what they say; they may stand there and are not read.
    plot : `PlotSpec`, optional
        Its default plot.
    revision : `int`
        How often the schema of its text changed since ``version`` was released.
    """

    name: str
    title: str
    obstype: str
    dimensions: tuple[str, ...]
    storage_class: str
    calibcls: str
    tables: tuple[Table, ...]
    version: float = 1.0
    versions: tuple[float, ...] = ()
    schema: str = ""
    dataset_type: str = ""
    forms: tuple[str, ...] = ("ecsv", "yaml", "json")
    sizes: Mapping[str, str] = field(default_factory=dict)
    absent: Absent = "blank"
    keeps_version: bool = False
    keywords: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    repeats_metadata: bool = False
    alternatives: tuple[tuple[str, ...], ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)
    plot: PlotSpec | None = None
    revision: int = 0

    @property
    def dataset(self) -> str:
        """The dataset type in a Butler repository."""
        return self.dataset_type or self.name

    @property
    def schema_version(self) -> str:
        """The version of the schema of its text; a released one never changes."""
        return f"{self.version}.{self.revision}" if self.revision else f"{self.version}"

    @property
    def required_keywords(self) -> tuple[str, ...]:
        """The keywords that every calibration of the type has."""
        own = ("DETECTOR",) * self.has_detector + ("FILTER",) * self.has_filter
        return ("INSTRUME", "OBSTYPE", "CALIBDATE", *own)

    @property
    def has_detector(self) -> bool:
        """Whether each detector has its own."""
        return "detector" in self.dimensions

    @property
    def has_filter(self) -> bool:
        """Whether each physical filter has its own."""
        return "physical_filter" in self.dimensions


def fields_of(cls: type) -> tuple[Field, ...]:
    """Return the declared fields of a calibration class, named, in order."""
    return tuple(
        dataclasses.replace(f.metadata["field"], name=f.name)
        for f in dataclasses.fields(cls)
        if "field" in f.metadata
    )


def required_sizes(spec: Spec, fields: tuple[Field, ...]) -> tuple[str, ...]:
    """Return the keywords of sizes without which the shape of a required field is not known."""
    needed = {size for field in fields if field.required for size in field.shape}
    return tuple(keyword for name, keyword in spec.sizes.items() if name in needed)
