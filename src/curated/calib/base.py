"""The base class of all calibration types: the interface of DMTN-148, section 4.2, derived from the declaration.

The method names of that interface are the LSST stack's, so that its formatters and its users find them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, dataclass_transform

from curated.calib.arrays import is_equal
from curated.calib.constructor import Constructor
from curated.calib.content import Content
from curated.calib.error import CalibrationError, or_raise
from curated.calib.keywords import content_keywords
from curated.calib.mismatch import detector_keywords, identity_mismatches
from curated.calib.reader import from_columns, from_tree
from curated.calib.writer import plain_tree, table_data
from curated.core.diagnostic import CuratedError, Problem
from curated.core.metadata import Metadata
from curated.core.tables import TableData, TextColumn
from curated.core.wholefile import write_whole
from curated.declare import column, fields_of
from curated.provenance import Provenance, combine
from curated.provenance.origin import Origin, recorded

if TYPE_CHECKING:
    from astropy.table import Table as AstropyTable

    from curated.core.geometry import DetectorGeometry
    from curated.fits.writer import FitsContent
    from curated.text import Source

__all__ = ["Calib", "CalibrationError", "calibration"]

T = TypeVar("T", bound="type[Calib]")


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=False, field_specifiers=(column,))
def calibration(cls: T) -> T:
    """Make a class with a ``SPEC`` and columns a calibration type."""
    dataclass(frozen=True, kw_only=True, eq=False, repr=False)(cls)
    cls.FIELDS = fields_of(cls)
    if "apply" in vars(cls):
        cls.apply = recorded(cls.apply)  # type: ignore[method-assign]
    return cls


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Calib(Constructor):
    """A calibration: the values that its type declares, and the keywords that identify it.

    Values may be given as lists and ``metadata`` as a plain mapping; see `Constructor`.
    """

    # -- making one ---------------------------------------------------------------------------------------

    @classmethod
    def from_columns(
        cls, metadata: Mapping[str, Any], tables: list[Mapping[str, TextColumn]], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Make a calibration of the columns of an ECSV or FITS file; see `build`."""
        tables = tables[: len(cls.SPEC.tables)]
        return cls.build(*from_columns(cls.SPEC, cls.FIELDS, metadata, tables, form))

    @classmethod
    def from_tree(
        cls, metadata: Mapping[str, Any], tree: Mapping[Any, Any], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Make a calibration of a YAML or JSON document; see `build`."""
        return cls.build(*from_tree(cls.SPEC, cls.FIELDS, metadata, tree, form))

    @classmethod
    def from_source(cls, source: Source) -> tuple[Self | None, list[Problem]]:
        """Make a calibration of the data of a text file; see `build`."""
        if source.form == "ecsv":
            return cls.from_columns(source.metadata, [source.columns], "ecsv")
        return cls.from_tree(source.metadata, source.tree, source.form)

    @classmethod
    def fromDict(cls, dictionary: Mapping[str, Any]) -> Self:
        """Make a calibration of a mapping with the keywords under ``metadata``.

        Raises
        ------
        CalibrationError
            If a value is missing or wrong; it names all of them.
        """
        tree = dict(dictionary)
        return or_raise(*cls.from_tree(tree.pop("metadata", {}), tree, "yaml"))

    @classmethod
    def fromTable(cls, tables: list[AstropyTable]) -> Self:
        """Make a calibration of astropy tables, the keywords being the first one's ``meta``.

        Raises
        ------
        CalibrationError
            If a value is missing or wrong; it names all of them.
        """
        from curated.calib.astropy_tables import columns_of

        return or_raise(*cls.from_columns(dict(tables[0].meta), list(map(columns_of, tables)), "fits"))

    @classmethod
    def fromDetector(cls, detector: DetectorGeometry) -> Self:
        """Make a calibration that changes nothing, with the size and identity of a detector.

        It is a starting point for a person to fill in, or stands in where nothing was measured yet; a supplied
        calibration always overrides it (DMTN-148, section 2). It has no CALIBDATE: a person sets the validity.

        Parameters
        ----------
        detector : `DetectorGeometry`
            See `CameraGeometry.detector` and `Instrument.geometry`.

        Raises
        ------
        CuratedError
            If a detector alone does not imply a calibration of this type, or the detector says too little.
        """
        from curated.declare.starting_values import complete_values

        metadata = Metadata(detector_keywords(cls.SPEC, detector))
        names = [amplifier.name for amplifier in detector.amplifiers]
        values = complete_values(cls.SPEC, cls.FIELDS, cls.neutral(detector), names, metadata)
        return or_raise(*cls.build(Content(metadata, values)))

    @classmethod
    def from_fits_tables(
        cls, metadata: Mapping[str, Any], tables: Mapping[str, Mapping[str, TextColumn]]
    ) -> tuple[Self | None, list[Problem]]:
        """Make a calibration of the tables of its FITS file, by EXTNAME or number; see `build`."""
        return cls.from_columns(metadata, list(tables.values()), "fits")

    def with_provenance(self, beside: Provenance) -> tuple[Self, list[Problem]]:
        """Add the provenance that a file beside its text holds.

        Returns
        -------
        calib : `Calib`
            The calibration with both provenances.
        problems : `list` [`Problem`]
            Parts that both have, and contradictions to its keywords, at their places in the file beside.
        """
        metadata = Metadata(self.metadata)
        provenance, problems = combine(self.provenance, beside, metadata)
        return replace(self, metadata=metadata, provenance=provenance), problems

    # -- using it -----------------------------------------------------------------------------------------

    def validate(self, other: Calib | DetectorGeometry | None = None) -> bool:
        """Check that it can be used, by itself or with a detector or another calibration.

        Parameters
        ----------
        other : `Calib` or `DetectorGeometry`, optional
            What it is to be used with.

        Returns
        -------
        valid : `bool`
            Always `True`.

        Raises
        ------
        CalibrationError
            If it cannot be used; it names all reasons.
        """
        problems = list(self.problems())
        if other is not None:
            problems += self.mismatches(other)
        or_raise(self, problems)
        return True

    def mismatches(self, other: Calib | DetectorGeometry) -> Iterator[Problem]:
        """Yield the reasons why it cannot be used with a detector or another calibration; types may add some."""
        return identity_mismatches(self.metadata, other)

    def tables(self) -> list[TableData]:
        """Return its tables, the stack's columns in the stack's order."""
        return table_data(self.SPEC, self.FIELDS, self)

    def fits_tables(self) -> list[TableData]:
        """Return the tables of its FITS file, for types where they differ from those of the text."""
        return self.tables()

    def toDict(self) -> dict[str, Any]:
        """Return plain lists, numbers and text, with the keywords under ``metadata``."""
        tree = {"metadata": dict(self.metadata), **plain_tree(self.SPEC, self.FIELDS, self)}
        tree |= self.provenance.plain()
        return {**tree, "units": dict(self.units)} if self.units else tree

    def toTable(self) -> list[AstropyTable]:
        """Return astropy tables, the keywords being the first one's ``meta``."""
        from curated.calib.astropy_tables import astropy_tables

        return astropy_tables(self.tables(), self.metadata, self.provenance)

    # -- files --------------------------------------------------------------------------------------------

    @classmethod
    def readText(cls, filename: str | os.PathLike[str]) -> Self:
        """Read an ECSV, YAML or JSON file, and the ``<validstart>.inputs.yaml`` beside it if there is one.

        Raises
        ------
        CalibrationError
            If the file is not a calibration of this type; it names all problems.
        """
        from curated.text import read
        from curated.text.provenance import provenance_path, read_provenance_file

        path = Path(filename)
        data = path.read_bytes()
        source, problems = read(data, path.suffix[1:].lower())
        if source is None:
            raise CalibrationError(problems, str(path))
        calib, more = cls.from_source(source)
        calib = or_raise(calib, problems + more, str(path))
        companion = calib.companion()
        if companion is not None:
            calib = or_raise(*calib.attach(path.parent / companion.file), str(path))
        calib = replace(calib, origin=Origin.of_bytes(str(path), data))
        beside = Path(provenance_path(str(path)))
        if not beside.is_file():
            return calib
        record = read_provenance_file(beside.read_bytes())
        calib, more = calib.with_provenance(record.provenance)
        return or_raise(calib, record.problems + more, str(path))

    @classmethod
    def readFits(cls, filename: str | os.PathLike[str]) -> Self:
        """Read a FITS file in the stack's form, stamped or not.

        Raises
        ------
        CalibrationError
            If the file is not a calibration of this type; it names all problems.
        """
        from curated.fits.reader import read_fits

        metadata, tables = read_fits(filename, cls.SPEC.table_keywords)
        calib = or_raise(*cls.from_fits_tables(metadata, tables), str(filename))
        calib = replace(calib, origin=Origin.of_fits(str(filename), metadata))
        return or_raise(*calib.attach(filename), str(filename))

    def writeText(self, filename: str | os.PathLike[str], form: str | None = None) -> str:
        """Write a text file in canonical form: whole or not at all, over an existing one.

        The provenance of a calibration that is written as ECSV goes into ``<validstart>.inputs.yaml`` beside it.

        Parameters
        ----------
        filename : path-like
            Path of the file; its ending gives the form by default.
        form : `str`, optional
            ``ecsv``, ``yaml`` or ``json``.

        Returns
        -------
        filename : `str`
            The file name.

        Raises
        ------
        CuratedError, CalibrationError
            See `text_files`.
        """
        form = form if form is not None else Path(filename).suffix[1:].lower()
        for name, data in self.text_files(str(filename), form).items():
            write_whole(name, [data])
        return str(filename)

    def writeFits(self, filename: str | os.PathLike[str]) -> str:
        """Write a FITS file in the stack's form, without a stamp, whole or not at all; return its name."""
        from curated.fits.writer import fits_blocks

        return write_whole(filename, fits_blocks(self.fits_content()))

    def fits_content(self) -> FitsContent:
        """Return what its FITS file holds."""
        from curated.fits.writer import FitsContent

        return FitsContent(self.SPEC, self.metadata, self.provenance, self.fits_tables(), self.fits_images())

    def text_files(self, filename: str, form: str) -> dict[str, bytes]:
        """Return its text, and its provenance if that is a file of its own, by file name.

        Raises
        ------
        CuratedError, CalibrationError
            See `text_bytes`; and if there is a provenance file of something else.
        """
        from curated.text.writer import text_files

        return text_files(filename, form, self.text_bytes(form), self.provenance)

    def text_bytes(self, form: str) -> bytes:
        """Return it as text in canonical form; ECSV is without its provenance.

        Equal calibrations give the same bytes, and so does a text that is read and written again.

        Raises
        ------
        CuratedError
            If the type has no such form, has more tables than an ECSV file holds, or if something would be lost.
        CalibrationError
            If the text would be wrong; it names all problems.
        """
        from curated.text.writer import TextContent, text_bytes

        values = {f.key: getattr(self, f.name) for f in self.FIELDS}
        parts = (self.tables(), {}) if form == "ecsv" else ([], self.toDict())
        content = TextContent(repr(self), self.SPEC, self.FIELDS, self.metadata, self.units, values, *parts)
        data = text_bytes(content, form)
        self._prove(data, form)
        return data

    def _prove(self, data: bytes, form: str) -> None:
        """Read a text back: nothing is written that would not return."""
        from curated.text import read

        source, problems = read(data, form)
        again, more = (None, []) if source is None else self.from_source(source)
        if again is not None and form == "ecsv":
            again = replace(again, provenance=self.provenance)
        again = or_raise(again, problems + more, f"{self!r} as {form}")
        lost = [f.key for f in self.FIELDS if not is_equal(getattr(self, f.name), getattr(again, f.name))]
        lost += [f"unit of {name}" for name, unit in self.units.items() if again.units.get(name, "") != unit]
        # Types compare pixels as well, which a text does not hold.
        if lost or Calib.__eq__(again, self) is not True:
            raise CuratedError(
                f"{self!r} cannot be written as {form} without loss: {', '.join(lost) or 'metadata'}",
                "use another form, or correct the values",
            )

    def __repr__(self) -> str:
        """Name what it calibrates; its values are too many for one line."""
        identity = (self.metadata.text(key) for key in ("INSTRUME", "DET_NAME", "FILTER", "CALIBDATE"))
        return f"<{type(self).__name__} {' '.join(filter(None, identity))}>"

    def __eq__(self, other: object) -> bool:
        """Compare all values, keywords and the provenance exactly, the stamp apart; NaN equals NaN.

        The comparison of lsst.ip.isr.IsrCalib uses numpy.allclose with its absolute tolerance of 1e-8, which
        hides differences of brighter-fatter kernels and quadratic crosstalk.
        """
        if not isinstance(other, type(self)):
            return NotImplemented
        return (
            self.provenance == other.provenance
            and content_keywords(self.SPEC, self.metadata) == content_keywords(other.SPEC, other.metadata)
            and all(is_equal(getattr(self, f.name), getattr(other, f.name)) for f in self.FIELDS)
        )

    __hash__ = None  # type: ignore[assignment]
