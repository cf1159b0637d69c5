"""What a calibration type declares besides its fields: names, tables, keywords, the default plot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from curated.declare.bound import Bound
from curated.declare.comparison import Comparison
from curated.declare.field import Field
from curated.declare.measure import Measure

if TYPE_CHECKING:
    from curated.declare.statistic import Statistic

Rows = Literal["free", "one", "key", "records", "record"]
"""How the rows of a table come about.

``free``
    A row for each value of its fields, such as a list of boxes or the samples of a curve.
``one``
    One row whose cells are vectors, such as a matrix and its errors.
``key``
    A row for each key of a mapping, such as amplifiers or source detectors.
``records``
    Rows as in ``free``, which YAML has as a list of mappings.
``record``
    No table in FITS but header keywords, one for each field; YAML has a mapping of the table's name, or the
    top of the document if the name is empty.
"""


FitsUnits = Literal["declared", "given", "none"]
"""Which units the columns of a FITS table have in TUNIT.

``declared``
    Those of the declaration.
``given``
    Those that the text gives, as the stack writes tables of text.
``none``
    None, as in most tables of the stack: its readers skip second tables whose units astropy does not know.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Table:
    """One table of a calibration type.

    Parameters
    ----------
    name : `str`
        Name on the type's page; key in YAML of ``records`` and ``record`` tables.
    rows : `str`
        How its rows come about; see `Rows`.
    key_column : `str`
        FITS and ECSV column with the keys of a ``key`` table.
    optional : `bool`
        Whether the table is left out when it has no rows.
    group : `str`
        YAML key of a ``key`` table whose fields stand below each key; without it each field is a mapping of
        its own.
    keywords : `tuple` [`str`]
        Keywords of this table's own FITS header.
    fits_units : `str`
        Which units FITS columns have in TUNIT; see `FitsUnits`.
    detector : `str`
        Field of the table that names the detector of each row, where rows belong to several detectors.
    """

    name: str
    rows: Rows = "free"
    key_column: str = ""
    optional: bool = False
    group: str = ""
    keywords: tuple[str, ...] = ()
    fits_units: FitsUnits = "declared"
    detector: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PlotSpec:
    """The default plot of a calibration type.

    Parameters
    ----------
    kind : `str`
        ``curve``, ``boxes``, ``matrix``, ``layout``, ``image``, ``keyed`` (a curve for each key) or ``bars`` (a
        number for each key).
    x, y : `str`
        Attribute names; bars of a mapping need no x.
    group : `str`
        Attribute that splits a curve into several.
    labels : `tuple` [`str`]
        Labels of x axis, y axis and colour bar; an empty one is made of the field's name and unit.
    log : `bool`
        Whether values span orders of magnitude.
    used : `str`
        Attribute that flags, by key, the points that went into the fit.
    centred : `bool`
        Whether the axes of a matrix count from its centre, as pixel lags do.
    """

    kind: Literal["curve", "boxes", "matrix", "layout", "image", "keyed", "bars"]
    x: str = ""
    y: str = ""
    group: str = ""
    labels: tuple[str, ...] = ()
    log: bool = False
    used: str = ""
    centred: bool = False


Absent = Literal["omit", "blank", "undefined"]
"""How FITS writes a keyword without a value: not at all, as ``''``, or as a card without a value."""


FITS_TABLES = "Catalog"
"""Butler's storage class of tables in FITS files, whoever wrote them; ``lsst.afw.table`` reads the first of a file."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Spec:
    """Everything about a calibration type except its fields.

    Parameters
    ----------
    name : `str`
        One word: directory in a package, name on the command line, and by default the dataset type.
    title : `str`
        One line for people.
    obstype : `str`
        OBSTYPE in the LSST stack's spelling, which also prefixes the SCHEMA and VERSION keywords.
    dimensions : `tuple` [`str`]
        Of ``instrument``, ``detector`` and ``physical_filter``.
    storage_class : `str`
        Storage class in a Butler repository; `FITS_TABLES` for a type that the stack does not have.
    calibcls : `str`
        Full name of the stack's class.
    tables : `tuple` [`Table`]
        Its tables in FITS order.
    version : `float`
        Version of the stack's class that is written.
    versions : `tuple` [`float`]
        Versions that are read; empty for any.
    schema : `str`
        Value of the SCHEMA keyword.
    dataset_type : `str`
        Dataset type in a Butler repository, if it is not ``name``.
    forms : `tuple` [`str`]
        Text forms: of ``ecsv``, ``yaml`` and ``json``, the preferred one first.
    sizes : `dict` [`str`, `str`]
        Header keyword for each size that `Field.shape` names.
    absent : `str`
        How FITS writes keywords without a value; see `Absent`.
    keeps_version : `bool`
        Whether FITS keeps OBSTYPE, SCHEMA and VERSION of the file as they are.
    keywords : `tuple` [`str`]
        Its own keywords in header order.
    aliases : `tuple` [`str`]
        Other names on the command line, such as those of DMTN-148's table.
    repeats_metadata : `bool`
        Whether every FITS table carries the keywords, not only the first.
    alternatives : `tuple` [`tuple` [`str`, ...]]
        Groups of field names, of which a file has exactly one each.
    ignored : `dict` [`str`, `str`]
        YAML keys and columns that are accepted but not read, with the reason.
    plot : `PlotSpec`, optional
        Default plot of `curated show --plot`; a type without one cannot be plotted.
    measures : `tuple` [`Measure`]
        What a change of it means physically.
    bounds : `tuple` [`Bound`]
        Which values are physically plausible.
    screen : callable, optional
        Says quickly that all values of a calibration are within these bounds; only where it does not, they are
        applied one by one.
    comparisons : `tuple` [`Comparison`]
        Values that are compared with those of the epoch before.
    statistics : sequence [`Statistic`]
        What tests of verification may compare with limits: a tuple, or `DeferredStatistics`.
    factors : `tuple` [`tuple` [`str`, ...]]
        Types whose product it is: for each factor the names of the types that can be it, the first one preferred.
    is_read_by_stack : `bool`
        Whether ``writeCuratedCalibrations`` of obs_base reads its texts from packages: one of the types in
        ``StandardCuratedCalibrationDatasetTypes``.
    beside : `tuple` [`str`]
        Endings, in lower case, of the data files that stand beside its texts.
    verbatim : `bool`
        Whether the data file is what a repository gets, byte for byte and without a stamp.
    former_storage_classes : `tuple` [`str`]
        Storage classes that earlier versions registered; repositories and bundles that have one keep it.
    nominal : callable, optional
        Returns the values, by attribute name, of a calibration that changes nothing or has the nominal values of a
        detector, given as `~curated.core.geometry.DetectorGeometry`; see `Calib.fromDetector`.
    start : callable, optional
        Returns values that a draft starts from, in the same way; ``nominal`` if not given. A type without detectors
        gets `None`, and fields without a value get the first one that their declaration allows.
    revision : `int`
        Number of changes to the JSON Schema of its text since ``version`` was released.
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
    measures: tuple[Measure, ...] = ()
    bounds: tuple[Bound, ...] = ()
    screen: Callable[[Any], bool] | None = None
    comparisons: tuple[Comparison, ...] = ()
    statistics: Sequence[Statistic] = ()
    factors: tuple[tuple[str, ...], ...] = ()
    is_read_by_stack: bool = False
    beside: tuple[str, ...] = ()
    verbatim: bool = False
    former_storage_classes: tuple[str, ...] = ()
    nominal: Callable[[Any], dict[str, Any]] | None = None
    start: Callable[[Any], dict[str, Any]] | None = None
    revision: int = 0

    @property
    def storage_classes(self) -> tuple[str, ...]:
        """Storage classes that its datasets may have in a repository."""
        return (self.storage_class, *self.former_storage_classes)

    @property
    def dataset(self) -> str:
        """Dataset type in a Butler repository."""
        return self.dataset_type or self.name

    @property
    def schema_version(self) -> str:
        """Version of its text's JSON Schema; a released schema never changes."""
        return f"{self.version}.{self.revision}" if self.revision else f"{self.version}"

    @property
    def table_keywords(self) -> tuple[str, ...]:
        """Keywords that stand in the header of a single table."""
        return tuple(keyword for table in self.tables for keyword in table.keywords)

    @property
    def required_keywords(self) -> tuple[str, ...]:
        """Keywords that every calibration of the type has."""
        identity = ("DETECTOR",) * self.has_detector + ("FILTER",) * self.has_filter
        return ("INSTRUME", "OBSTYPE", "CALIBDATE", *identity)

    @property
    def has_detector(self) -> bool:
        """Whether each detector has a calibration of its own."""
        return "detector" in self.dimensions

    @property
    def has_filter(self) -> bool:
        """Whether each physical filter has a calibration of its own."""
        return "physical_filter" in self.dimensions


def in_group(table: Table, declared: Field) -> bool:
    """Say whether YAML has a field below each key of its table's group."""
    return bool(table.group) and not declared.keyword and not declared.common


def is_nested(table: Table, declared: Field) -> bool:
    """Say whether YAML has a field below a key of its table, not at the top of the document."""
    if table.rows == "record":
        return bool(table.name)
    return (table.rows == "records" and not declared.keyword) or in_group(table, declared)


def required_sizes(spec: Spec, fields: tuple[Field, ...]) -> tuple[str, ...]:
    """Return the keywords of sizes that the shapes of required fields need.

    Sizes that are fields themselves are left out: a missing field is reported as such.
    """
    sizes = {size for declared in fields if declared.required for size in declared.shape}
    keywords = {declared.keyword for declared in fields}
    return tuple(keyword for name, keyword in spec.sizes.items() if name in sizes and keyword not in keywords)
