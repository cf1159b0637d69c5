"""Images of astropy: calibrations made of a CCDData, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.image.ccddata import ccddata_of, planes_of_ccddata
from curated.image.foreign_header import kept_keywords
from curated.types._image_units import spelled_unit

_TIME_KEYWORDS = ("DARKTIME", "EXPTIME", "EXPOSURE")


class CcdImage:
    """The methods of an `ImageCalib` that know the images of astropy."""

    @classmethod
    def from_ccddata(cls, ccd: Any, *, metadata: Mapping[str, Any] | None = None, **values: Any) -> Self:
        """Make a calibration of an image of astropy or ccdproc, with its statistics.

        Masked pixels are BAD, an uncertainty of any kind becomes a variance, and the keywords of the header are kept
        but for those that describe its layout.

        Parameters
        ----------
        ccd : `astropy.nddata.CCDData`
            The image; its unit must be one of the type, or convert into one of them.
        metadata : `dict`, optional
            More keywords, which go before those of the header.
        **values
            Other fields of the type, such as ``normalisation``. A time that the type needs comes from DARKTIME or
            EXPTIME of the header if it is not among them.

        Raises
        ------
        CuratedError
            If the unit is none of the type, or a value is missing.
        """
        image_type: Any = cls
        calib: Self = image_type.from_pixels(**values_of_ccddata(cls, ccd, metadata or {}, values))
        return calib

    def to_ccddata(self) -> Any:
        """Return it as an `astropy.nddata.CCDData` with mask, variance and keywords.

        Raises
        ------
        CuratedError
            If only the side file was read.
        """
        calib: Any = self
        return ccddata_of(calib.image, calib.mask, calib.variance, calib.unit or "", calib.metadata)


def values_of_ccddata(
    cls: Any, ccd: Any, metadata: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of `ImageCalib.from_pixels`; parameters are those of `ImageCalib.from_ccddata`."""
    planes = planes_of_ccddata(ccd)
    choices = next(field.choices for field in cls.FIELDS if field.name == "unit")
    unit, factor = _unit_of(planes.unit, values.get("unit"), choices, cls.SPEC.name)
    keywords = kept_keywords(planes.header, [field.keyword for field in cls.FIELDS if field.keyword])
    image = planes.image if factor == 1 else planes.image * factor
    variance = None if planes.variance is None else planes.variance * factor**2
    time: dict[str, float] = {}
    if cls.TIME and not unit.endswith("/s"):
        seconds = (planes.header.get(keyword) for keyword in _TIME_KEYWORDS)
        usable = (
            s for s in seconds if isinstance(s, (int, float)) and not isinstance(s, bool) and 0 < s < np.inf
        )
        first = next(usable, None)
        time = {} if first is None else {cls.TIME: float(first)}
    arguments = {
        "image": image,
        "mask": planes.mask,
        "variance": variance,
        "metadata": {**keywords, **metadata},
    }
    return {**arguments, **time, **values, "unit": unit}


def _unit_of(stated: str, option: Any, choices: tuple[str, ...], name: str) -> tuple[str, float]:
    """Return the unit among those of a type, and the factor that converts into it."""
    from astropy.units import Unit, UnitConversionError

    if option is not None and (not stated or spelled_unit(str(option)) == spelled_unit(stated)):
        return spelled_unit(str(option)), 1.0
    unit = spelled_unit(stated)
    if unit in choices and option is None:
        return unit, 1.0
    for choice in choices if option is None else (spelled_unit(str(option)),):
        try:
            return choice, float(Unit(stated).to(Unit(choice)))
        except UnitConversionError:
            continue
    units = ", ".join(choice or "no unit" for choice in choices)
    raise CuratedError(f"{name} is in {units}, not in {stated or 'no unit'}", f"convert it to one of {units}")
