"""The hooks of calibration types: what a type may override, and the defaults for types that need nothing special."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self

from curated.calib.content import Claims, Companion, Content
from curated.core.diagnostic import CuratedError, Problem
from curated.core.tables import ImageData
from curated.declare import Array, Field, Spec
from curated.image.pixels import Image

if TYPE_CHECKING:
    from curated.core.geometry import DetectorGeometry


class Hooks:
    """Methods of `Calib` whose defaults are made to be overridden.

    A type with another table layout overrides `Calib.tables`, `Calib.fits_tables` or the ``from_`` methods as well.
    """

    SPEC: ClassVar[Spec]
    FIELDS: ClassVar[tuple[Field, ...]] = ()

    # -- rules --------------------------------------------------------------------------------------------

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Bring a legacy form to the current one, in place."""
        return []

    def problems(self) -> Iterator[Problem]:
        """Yield the problems that the declaration cannot express."""
        return iter(())

    def fits_on(self, width: int, height: int) -> Iterator[Problem]:
        """Yield the parts that lie outside a detector of that many columns and rows."""
        return iter(())

    def claims(self) -> Claims | None:
        """Return what it says about its detector, for the rules over all files; `None` for nothing."""
        return None

    @classmethod
    def complete(cls, content: Content) -> None:
        """Fill in what follows from the values of a calibration that is not made of a file of its own type, in place.

        Such as the number of amplifiers where a matrix is given; what is there stays.
        """

    @classmethod
    def text_schema(cls, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of its text, given the schema of its declaration."""
        return schema

    def content_values(self) -> dict[str, Any]:
        """Return what counts where calibrations are compared, by name; see `curated.calib.fingerprint`.

        Two files with equal values hold the same calibration, whatever else they have in their headers.
        """
        return {declared.name: getattr(self, declared.name) for declared in self.FIELDS}

    def exact_values(self) -> tuple[str, dict[str, Any]]:
        """Return the form in which the file declares its values, and these, by name, none of them rounded.

        Two files of one form are compared by them. The form is empty where the file may hold no more than a mean.
        """
        return "fields", self.content_values()

    def mean_curve(self) -> Array | None:
        """Return numbers that may be means over amplifiers, which no two processes of the stack round alike."""
        return None

    # -- use ----------------------------------------------------------------------------------------------

    @classmethod
    def neutral(cls, detector: DetectorGeometry) -> dict[str, Any]:
        """Return the values, by attribute name, of a calibration that changes nothing; see `Calib.fromDetector`.

        Raises
        ------
        CuratedError
            If a detector alone does not imply one.
        """
        if cls.SPEC.nominal is not None:
            return cls.SPEC.nominal(detector)
        raise CuratedError(
            f"{cls.SPEC.name}: a detector alone does not imply a calibration",
            "read one, or make it with fromDict",
        )

    @classmethod
    def draft(cls, detector: DetectorGeometry | None) -> dict[str, Any]:
        """Return the values, by attribute name, that a draft starts from; see `curated.drafts`.

        Fields without a value get the first one that their declaration allows. By default it is the calibration
        that changes nothing, where there is one.

        Parameters
        ----------
        detector : `DetectorGeometry` or `None`
            The detector, with what is known of its amplifiers; `None` for a type without detectors.

        Raises
        ------
        CuratedError
            If it needs amplifiers, and none are known.
        """
        if cls.SPEC.start is not None:
            return cls.SPEC.start(detector)
        has_neutral = cls.SPEC.nominal is not None or cls.neutral.__func__ is not Hooks.neutral.__func__  # type: ignore[attr-defined]
        return cls.neutral(detector) if has_neutral and detector is not None else {}

    def apply(self, target: Image, **options: Any) -> Image:
        """Correct an image.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            Image, [row, column]; it is not modified.
        **options
            Options of the type; see its own method.

        Returns
        -------
        image : the kind of ``target``
            The corrected image.

        Raises
        ------
        CuratedError
            If calibrations of the type are not applied to images.
        """
        raise CuratedError(f"{self.SPEC.name} is nothing that can be applied to an image")

    # -- pixels and other files ---------------------------------------------------------------------------

    def companion(self) -> Companion | None:
        """Return the file beside its text that the text names, such as the pixels of an image."""
        return None

    def attach(self, filename: str | os.PathLike[str]) -> tuple[Self, list[Problem]]:
        """Return it with the contents of its `companion`, or with large parts of its own FITS file."""
        return self, []

    def pixel_problems(self, *, is_sole: bool = False) -> Iterator[Problem]:
        """Yield what the contents of its `companion` contradict; all of them are read.

        Parameters
        ----------
        is_sole : `bool`, optional
            Whether its detector is the only one of the instrument.
        """
        return iter(())

    def described(self, filename: str | os.PathLike[str], name: str = "") -> Self:
        """Return it with the name and hash of the file that holds its pixels."""
        return self

    def fits_images(self) -> list[ImageData]:
        """Return the images of its FITS file, which follow the tables."""
        return []
