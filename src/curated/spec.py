"""What a calibration type is made of: fields, tables, and everything else that a declaration says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

Array = NDArray[Any]
"""A numpy array; shape and dtype are in the `Field` that declares it."""

Rows = Literal["free", "one", "key", "records", "record"]
"""How a table's rows come about.

``free``
    As many rows as each field has values: a list of boxes, a curve.
``one``
    One row, each cell a vector: a matrix with its errors.
``key``
    A row for each key of a mapping: amplifiers, source detectors.
``records``
    As ``free``; in YAML a list of mappings, one for each row.
``record``
    Single values that live in the header; in YAML a mapping of its name, or the top of the document where it
    has none. All of its fields have a keyword, and it is no table in FITS.
"""

Absent = Literal["omit", "blank", "undefined"]
"""What becomes of a keyword without a value in FITS: no card, ``''``, or an undefined value."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Table:
    """One table of a type: how its rows come about and what it is called.

    Parameters
    ----------
    name : `str`
        Name in documentation; the YAML key of a ``records`` or ``record`` table.
    rows : `str`
        See `Rows`.
    key_column : `str`
        FITS and ECSV name of the column that holds the keys of a ``key`` table.
    optional : `bool`
        Whether the table is left out when it has no rows.
    group : `str`
        YAML key under which the fields of a ``key`` table stand, by key and then by field; without one each
        field is a mapping of its own.
    keywords : `tuple` [`str`]
        Keywords that stand in its own FITS header instead of the calibration's.
    """

    name: str
    rows: Rows = "free"
    key_column: str = ""
    optional: bool = False
    group: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Field:
    """One quantity of a calibration type; readers, writers, schema and docs walk these.

    Parameters
    ----------
    dtype : `str`
        ``f8``, ``i8``, ``bool``, ``str``; ``f`` for the float type that the file has, ``n`` for numbers that
        are whole or not as in the file, ``any`` for such numbers or texts.
    doc : `str`
        One sentence.
    unit : `str`
        Unit in the FITS standard's spelling; empty for numbers without one.
    column : `str`
        FITS and ECSV column name.
    columns : `tuple` [`str`]
        FITS and ECSV names of the columns of its elements, where each has its own.
    prefix : `str`
        What the names of its columns start with, for a mapping whose every value has a column.
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
        Value where it is missing and not required; `None` leaves it out, what can be called makes it.
    fill : `object`
        Value of a key that lacks it, in a ``key`` table; `None` for none.
    common : `bool`
        Whether all rows of a ``key`` table have the same value, which text has once.
    padded : `bool`
        Whether FITS fills its vectors at the end with NaN, to the length of the longest.
    finite : `bool`
        Whether NaN and infinity are errors.
    minimum : `float` or `tuple` [`float`], optional
        Least value; of each element, where these differ.
    maximum, above : `float`, optional
        Other bounds; ``above`` is exclusive.
    choices : `tuple` [`str`]
        The texts allowed; empty for any.
    needs_unit : `bool`
        Whether a column without a unit is an error.
    width : `int`
        Characters that a column of texts has in FITS at least.
    since : `float`
        Class version that introduced it; FITS of the stack has had it since.
    name : `str`
        The attribute's name, filled in by `Spec.fields`.
    """

    dtype: str
    doc: str
    unit: str = ""
    column: str = ""
    columns: tuple[str, ...] = ()
    prefix: str = ""
    keyword: str = ""
    text: str = ""
    aliases: tuple[str, ...] = ()
    table: int = 0
    shape: tuple[str | int, ...] = ()
    required: bool = True
    default: Any = None
    fill: Any = None
    common: bool = False
    padded: bool = False
    finite: bool = True
    minimum: float | tuple[float, ...] | None = None
    maximum: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    needs_unit: bool = False
    width: int = 0
    since: float = 0.0
    name: str = ""

    @property
    def key(self) -> str:
        """The YAML and JSON key."""
        return self.text or self.name

    @property
    def where(self) -> str:
        """What people call its column or columns; empty where it has none."""
        return ", ".join(self.columns) or self.column or (f"{self.prefix}*" if self.prefix else "")

    @property
    def names(self) -> tuple[str, ...]:
        """All column names that are read, the canonical one first."""
        return self.columns or ((self.column, *self.aliases) if self.column else ())


def column(dtype: str, **kwargs: Any) -> Any:
    """Declare a field of a calibration type; see `Field` for the arguments."""
    declared = Field(dtype=dtype, **kwargs)
    if declared.required:
        return field(metadata={"field": declared})
    if callable(declared.default):
        return field(default_factory=declared.default, metadata={"field": declared})
    return field(default=declared.default, metadata={"field": declared})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PlotSpec:
    """The default plot of a type.

    Parameters
    ----------
    kind : `str`
        ``curve``, ``boxes``, ``matrix``, ``layout``, ``image``, ``keyed`` (curves of each key) or ``bars`` (a number of
        each key).
    x, y : `str`
        Attribute names; the x of bars may be empty where y is a mapping.
    group : `str`
        Attribute that splits a curve into several.
    labels : `tuple` [`str`]
        Labels of the x axis, the y axis and the colours; those of the fields where empty.
    log : `bool`
        Whether values span orders of magnitude.
    used : `str`
        Attribute with the flags of the points of each key that were used.
    centred : `bool`
        Whether a matrix is counted from its middle, as pixel lags are.
    """

    kind: Literal["curve", "boxes", "matrix", "layout", "image", "keyed", "bars"]
    x: str = ""
    y: str = ""
    group: str = ""
    labels: tuple[str, ...] = ()
    log: bool = False
    used: str = ""
    centred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
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
        YAML keys and columns that follow from others or are of old versions, with what they say; they may
        stand there and are not read.
    plot : `PlotSpec`, optional
        Its default plot.
    beside : `tuple` [`str`]
        Endings, in lower case, of files that a calibration of the type has beside its text and names there.
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
    beside: tuple[str, ...] = ()
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
    def table_keywords(self) -> tuple[str, ...]:
        """The keywords that stand in the header of one of its tables."""
        return tuple(keyword for table in self.tables for keyword in table.keywords)

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
    """Return the keywords of sizes without which the shape of a required field is not known.

    Those that are fields are not among them: they are looked for as fields.
    """
    needed = {size for field in fields if field.required for size in field.shape}
    own = {field.keyword for field in fields}
    return tuple(keyword for name, keyword in spec.sizes.items() if name in needed and keyword not in own)
