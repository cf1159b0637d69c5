"""A calibration's values: made of untrusted data, and taken apart into tables and plain data again.

Everything here walks the declaration; what a type does differently it says in the hooks (`prepare`, `problems`,
`fits_tables`, `from_fits_tables`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from curated.calib.arrays import is_equal, is_kind
from curated.calib.content import Content
from curated.calib.error import FATAL, or_raise
from curated.calib.field_reader import FieldReader
from curated.calib.keywords import declared_problems
from curated.calib.mismatch import identity_keywords
from curated.calib.reader import from_columns, from_tree
from curated.calib.writer import plain, plain_tree, table_data
from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.metadata import Metadata, has_value
from curated.core.stamp import STAMP_KEYWORDS
from curated.core.tables import ImageData, TableData, TextColumn
from curated.core.units import fits_unit, text_unit
from curated.declare import Field, Spec, required_sizes
from curated.provenance import Provenance

if TYPE_CHECKING:
    from astropy.table import Table as AstropyTable

    from curated.core.geometry import DetectorGeometry


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Values:
    """Values as a calibration type declares them, and the keywords that identify it.

    Parameters
    ----------
    metadata : `Metadata`
        Keywords, looked up without regard to case.
    units : `dict` [`str`, `str`]
        Units that the file gives, by attribute name; values that were converted have the declared unit.
    provenance : `Provenance`
        What it was made of, and who edited it since.
    """

    SPEC: ClassVar[Spec]
    FIELDS: ClassVar[tuple[Field, ...]] = ()

    metadata: Metadata = field(default_factory=Metadata)
    units: dict[str, str] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)

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
        reader = FieldReader(cls.SPEC, cls.FIELDS, content, sizes)
        values = {declared.name: reader.read(declared) for declared in cls.FIELDS}
        problems += wrong + reader.problems
        for declared in cls.FIELDS:
            if declared.keyword and values[declared.name] is not None:
                content.metadata[declared.keyword] = plain(values[declared.name])
        if any(p.code in FATAL for p in problems):
            return None, problems
        units = {name: unit for name, unit in content.units.items() if unit}
        made = cls(metadata=Metadata(content.metadata), units=units, provenance=content.provenance, **values)
        return made, problems + [reader.in_columns(problem) for problem in made.problems()]

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
        return or_raise(made, problems)

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
        return or_raise(made, problems)

    @classmethod
    def neutral(cls, detector: DetectorGeometry) -> dict[str, Any]:
        """Return the values, by attribute name, of a calibration that changes nothing; see `fromDetector`.

        The types for which a detector alone implies one override it.

        Raises
        ------
        CuratedError
            If a detector alone does not imply one.
        """
        raise CuratedError(
            f"{cls.SPEC.name}: a detector alone does not imply a calibration",
            "read one, or make it with fromDict",
        )

    @classmethod
    def fromDetector(cls, detector: DetectorGeometry) -> Self:
        """Make a calibration that changes nothing, of a detector's size and with its identity.

        It is a seed, for a person to fill in or where nothing was measured yet; a calibration that was supplied
        always overrides it (DMTN-148, section 2). It has no CALIBDATE: validity is set by a person.

        Parameters
        ----------
        detector : `DetectorGeometry`
            The detector; see `CameraGeometry.detector` and `Instrument.geometry`.

        Raises
        ------
        CuratedError
            If a detector alone does not imply a calibration of this type, or too little of it is known.
        """
        spec = cls.SPEC
        own = {f"{spec.obstype}_SCHEMA": spec.schema, f"{spec.obstype}_VERSION": spec.version}
        given = {"OBSTYPE": spec.obstype, **own, **identity_keywords(detector), "CALIBCLS": spec.calibcls}
        content = Content(Metadata({key: value for key, value in given.items() if value != ""}))
        content.values = cls.neutral(detector)
        return or_raise(*cls.build(content))

    # -- rules ----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield what the declaration cannot say is wrong; the types that have such rules override it."""
        return iter(())

    # -- taking it apart ------------------------------------------------------------------------------

    def tables(self) -> list[TableData]:
        """Return its tables as FITS holds them, the stack's columns in the stack's order."""
        return table_data(self.SPEC, self.FIELDS, self, self.column_unit)

    def fits_tables(self) -> list[TableData]:
        """Return the tables of its FITS file; types whose FITS is no table of the text override it."""
        return self.tables()

    def fits_images(self) -> list[ImageData]:
        """Return the images of its FITS file, which follow the tables; types that have images override it."""
        return []

    @classmethod
    def from_fits_tables(
        cls, metadata: Mapping[str, Any], tables: Mapping[str, Mapping[str, TextColumn]]
    ) -> tuple[Self | None, list[Problem]]:
        """Make a calibration of the tables of its FITS file, by EXTNAME or number; see `build`."""
        return cls.from_columns(metadata, list(tables.values()), "fits")

    def column_unit(self, declared: Field) -> str:
        """Return the unit that a field's column states in FITS and ECSV; empty for none."""
        states_unit = self.SPEC.tables[declared.table].fits_units and not declared.keeps_unit
        return fits_unit(declared.unit if states_unit else self.units.get(declared.name, ""))

    def toDict(self) -> dict[str, Any]:
        """Return plain lists, numbers and text, with the keywords under ``metadata``."""
        tree = {"metadata": dict(self.metadata), **plain_tree(self.SPEC, self.FIELDS, self)}
        tree |= self.provenance.plain()
        return {**tree, "units": dict(self.units)} if self.units else tree

    def toTable(self) -> list[AstropyTable]:
        """Return astropy tables, the keywords being the first one's ``meta``."""
        from astropy.table import Table

        tables: list[Table] = []
        for data in self.tables():
            made = Table({name: c.values for name, c in data.columns.items()})
            for name, c in data.columns.items():
                made[name].unit = text_unit(c.unit) or None
            if data.carries_metadata:
                made.meta.update(self.metadata)
            if not tables:
                made.meta.update(self.provenance.plain())
            tables.append(made)
        return tables

    def __repr__(self) -> str:
        """Name what it calibrates; its values are too many for one line."""
        said = (self.metadata.text(key) for key in ("INSTRUME", "DET_NAME", "FILTER", "CALIBDATE"))
        return f"<{type(self).__name__} {' '.join(part for part in said if part)}>"

    def __eq__(self, other: object) -> bool:
        """Compare all values, keywords and the provenance exactly, the stamp apart; NaN equals NaN.

        The stack's comparison is blind below 1e-8 (FORMATS.md of the design, section 5), where
        brighter-fatter kernels and quadratic crosstalk live.
        """
        if not isinstance(other, type(self)):
            return NotImplemented
        return (
            self.provenance == other.provenance
            and content_keywords(self) == content_keywords(other)
            and all(is_equal(getattr(self, f.name), getattr(other, f.name)) for f in self.FIELDS)
        )

    __hash__ = None  # type: ignore[assignment]


def content_keywords(calib: Values) -> dict[str, Any]:
    """Return the keywords that say something, without the stamp and what the class itself sets."""
    prefix = calib.SPEC.obstype.upper()
    own = {"CALIBCLS", "OBSTYPE", f"{prefix}_SCHEMA", f"{prefix}_VERSION"}
    return {k: v for k, v in calib.metadata.items() if has_value(v) and k not in own | STAMP_KEYWORDS}
