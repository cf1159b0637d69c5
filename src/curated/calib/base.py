"""The base of all calibration types: the interface of DMTN-148, section 4.2, derived from the declaration.

The method names are the LSST stack's, so that its formatters and its users find them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, dataclass_transform

from curated.calib.content import Claims, Companion
from curated.calib.error import CalibrationError, or_raise
from curated.calib.mismatch import identity_mismatches
from curated.calib.values import Values
from curated.core.diagnostic import CuratedError, Problem
from curated.core.wholefile import write_whole
from curated.declare import column, fields_of
from curated.image.pixels import Image

if TYPE_CHECKING:
    from curated.core.geometry import DetectorGeometry

__all__ = ["Calib", "CalibrationError", "calibration"]

T = TypeVar("T", bound="type[Calib]")


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=False, field_specifiers=(column,))
def calibration(cls: T) -> T:
    """Make a class with a ``SPEC`` and columns a calibration type."""
    dataclass(frozen=True, kw_only=True, eq=False, repr=False)(cls)
    cls.FIELDS = fields_of(cls)
    return cls


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Calib(Values):
    """A calibration: values as its type declares them, and the keywords that identify it.

    How they are made of data and taken apart again is in `Values`.
    """

    # -- using it -------------------------------------------------------------------------------------

    def fits_on(self, width: int, height: int) -> Iterator[Problem]:
        """Yield what lies outside of a detector of that many columns and rows."""
        return iter(())

    def claims(self) -> Claims | None:
        """Return what it says about its detector, for the rules over all files; `None` where it says nothing."""
        return None

    def validate(self, other: Calib | DetectorGeometry | None = None) -> bool:
        """Say that it can be used, on the detector or together with the calibration that is given.

        Parameters
        ----------
        other : `Calib` or `DetectorGeometry`, optional
            What it is to be used with; only itself is looked at where there is none.

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
        """Yield why it cannot be used with a detector or another calibration; types with more rules extend it."""
        return identity_mismatches(self.metadata, other)

    def apply(self, target: Image, **options: Any) -> Image:
        """Apply it to an image; the types that can override it.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The image, [row, column]; it stays as it is.
        **options
            What the type needs; see its own method.

        Returns
        -------
        image : the kind of ``target``
            The corrected image.

        Raises
        ------
        CuratedError
            If the type has nothing that can be applied to an image.
        """
        raise CuratedError(f"{self.SPEC.name} is nothing that can be applied to an image")

    @classmethod
    def text_schema(cls, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of its text, made of that of its declaration; types with a text of another form override it."""
        return schema

    # -- files ----------------------------------------------------------------------------------------

    def companion(self) -> Companion | None:
        """Return the file beside its text that the text names; types that have one override it."""
        return None

    def attach(self, filename: str | os.PathLike[str]) -> tuple[Self, list[Problem]]:
        """Return it with what is not read at once: its `companion`, or large parts of its own FITS file."""
        return self, []

    def described(self, filename: str | os.PathLike[str], name: str = "") -> Self:
        """Return it with the name and hash of a file that holds its pixels; types that have a `companion` override it."""
        return self

    @classmethod
    def readText(cls, filename: str | os.PathLike[str]) -> Self:
        """Read an ECSV, YAML or JSON file, and the ``<validstart>.inputs.yaml`` beside it where there is one.

        Raises
        ------
        CalibrationError
            If the file is not a calibration of this type; it names all that is wrong.
        """
        from curated.text import read
        from curated.text.side import read_beside

        path = Path(filename)
        source, problems = read(path.read_bytes(), path.suffix[1:].lower())
        if source is None:
            raise CalibrationError(problems, str(path))
        made, more = cls.from_source(source)
        made = or_raise(made, problems + more, str(path))
        named = made.companion()
        if named is not None:
            made, more = made.attach(path.parent / named.file)
        made, beside = read_beside(path, or_raise(made, more if named else [], str(path)))
        return or_raise(made, beside, str(path))

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

        metadata, tables = read_fits(filename, cls.SPEC.table_keywords)
        made, problems = cls.from_fits_tables(metadata, tables)
        made, more = or_raise(made, problems, str(filename)).attach(filename)
        return or_raise(made, more, str(filename))

    def writeText(self, filename: str | os.PathLike[str], form: str | None = None) -> str:
        """Write a text file in canonical form: whole or not at all, over one that is there.

        The provenance of a calibration that is written as ECSV goes into ``<validstart>.inputs.yaml`` beside it.

        Parameters
        ----------
        filename : path-like
            Where.
        form : `str`, optional
            ``ecsv``, ``yaml`` or ``json``; what the name ends in where it is not given.

        Returns
        -------
        filename : `str`
            The file's name.

        Raises
        ------
        CuratedError
            If the type has no such form, has more tables than an ECSV file holds, or has something that
            would not come back from the text.
        CalibrationError
            If the text would be wrong; it names all that is.
        """
        from curated.text.writer import text_files

        chosen = form if form is not None else Path(filename).suffix[1:].lower()
        for name, data in text_files(self, str(filename), chosen).items():
            write_whole(name, [data])
        return str(filename)

    def writeFits(self, filename: str | os.PathLike[str]) -> str:
        """Write a FITS file in the stack's form, without a stamp of origin, whole or not at all; return its name."""
        from curated.fits.writer import fits_blocks

        return write_whole(filename, fits_blocks(self))
