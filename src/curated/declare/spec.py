"""Everything about a type that is not a field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from curated.declare.field import Field
from curated.declare.plot import PlotSpec
from curated.declare.table import Table

Absent = Literal["omit", "blank", "undefined"]
"""What becomes of a keyword without a value in FITS: no card, ``''``, or an undefined value."""


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


def required_sizes(spec: Spec, fields: tuple[Field, ...]) -> tuple[str, ...]:
    """Return the keywords of sizes without which the shape of a required field is not known.

    Those that are fields are not among them: they are looked for as fields.
    """
    needed = {size for field in fields if field.required for size in field.shape}
    own = {field.keyword for field in fields}
    return tuple(keyword for name, keyword in spec.sizes.items() if name in needed and keyword not in own)
