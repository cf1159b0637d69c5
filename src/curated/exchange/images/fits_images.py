"""FITS images: of astropy and ccdproc (CCDData with MASK and UNCERT), of the stack (IMAGE, MASK, VARIANCE), and plain ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.core.diagnostic import CuratedError, Problem, brief
from curated.declare import Array
from curated.exchange.foreign import Foreign, ForeignError, ForeignFile, Target
from curated.exchange.hdus import (
    choose_hdu,
    image_numbers,
    label_of,
    name_of,
    open_hdus,
    pixels_of,
    plane_bits,
)
from curated.exchange.images.pixel_units import settle_unit
from curated.exchange.pixels.mask_images import MASK_NAMES, bad_pixels
from curated.exchange.pixels.raw_frames import fit_image
from curated.image.ccddata import variance_of
from curated.image.foreign_header import identity_claims, kept_keywords
from curated.image.planes import Plane, planes_of

_IMAGE_NAMES = ("IMAGE", "SCI", "DATA", "PRIMARY")
_UNCERTAINTY_NAMES = {
    "UNCERT": "",
    "VARIANCE": "var",
    "VAR": "var",
    "IVAR": "ivar",
    "ERR": "std",
    "ERROR": "std",
}
_UNCERTAINTY_NAMES |= {"SIGMA": "std", "STDDEV": "std", "UNCERTAINTY": ""}
_OTHER_NAMES = frozenset((*MASK_NAMES, *_UNCERTAINTY_NAMES, "PSFIMAGE"))
_KINDS = {
    "stddevuncertainty": "std",
    "varianceuncertainty": "var",
    "inversevariance": "ivar",
    "std": "std",
    "var": "var",
    "ivar": "ivar",
}
"""Kinds of uncertainties by UTYPE, which `astropy.nddata.CCDData` writes."""

_TIME_KEYWORDS = ("DARKTIME", "EXPTIME", "EXPOSURE", "EXP_TIME")


def recognises(file: ForeignFile) -> bool:
    """Say whether a file is a FITS file; whether it has an image, `read` finds out."""
    return file.is_fits


def takes(cls: type[Calib]) -> bool:
    """Say whether a type has pixels."""
    return hasattr(cls, "from_pixels")


def read(file: ForeignFile, target: Target) -> Foreign:
    """Read an image with its mask and variance, in 32 bits, with the unit of the type."""
    conventions = target.conventions
    with open_hdus(file) as hdus:
        images = image_numbers(hdus)
        candidates = [n for n in images if conventions.hdu or name_of(hdus[n]) not in _OTHER_NAMES]
        number = choose_hdu(hdus, candidates, _IMAGE_NAMES, conventions.hdu, "image")
        pixels = pixels_of(hdus, number)
        header = {**dict(hdus[0].header), **dict(hdus[number].header)}
        kept = kept_keywords(
            [*hdus[0].header.items(), *(hdus[number].header.items() if number else ())],
            [field.keyword for field in target.cls.FIELDS if field.keyword],
        )
        others = [n for n in images if n != number]
        mask, mask_problems, bits = _mask(hdus, others, pixels.shape, target)
        variance, variance_problems = _variance(hdus, others, pixels.shape, header)
        left_out = _left_out(hdus, [number, *others])
    problems = [*mask_problems, *variance_problems, *left_out]
    unit, factor, unit_problems = settle_unit(target, header, pixels)
    problems += unit_problems
    time, time_problems = _time(target, unit, header)
    problems += time_problems
    arrays = {"IMAGE": pixels, "MASK": mask, "VARIANCE": variance}
    planes, plane_problems = _planes(arrays, bits, header, target, factor)
    tree = {"unit": unit, **time}
    return Foreign(
        planes=planes,
        tree=tree,
        metadata={**kept, **identity_claims(header)},
        problems=(*problems, *plane_problems),
    )


# -- planes ---------------------------------------------------------------------------------------------


def _planes(
    arrays: Mapping[str, Array | None],
    bits: Mapping[str, int],
    header: Mapping[str, Any],
    target: Target,
    factor: float,
) -> tuple[dict[str, Plane], list[Problem]]:
    """Return the planes with the size of the detector, in 32 bits."""
    fitted: dict[str, Array | None] = {}
    problems: list[Problem] = []
    for name, array in arrays.items():
        fitted[name] = None
        if array is not None:
            fitted[name], problems = fit_image(array, header, target)
    image, variance = fitted["IMAGE"], fitted["VARIANCE"]
    if problems or image is None:
        return {}, problems
    single, rounding = _single(image, factor)
    variances = None if variance is None else _single(variance, factor * factor)[0]
    try:
        return planes_of(single, fitted["MASK"], variances, bits), rounding
    except CuratedError as error:
        raise ForeignError(Problem("CAL711", (), error.message, error.hint)) from error


def _single(values: Array, factor: float) -> tuple[Array, list[Problem]]:
    """Return pixels in single precision, and a remark if they were rounded."""
    scaled = values if factor == 1 else values.astype("f8") * factor
    with np.errstate(over="ignore"):
        single = scaled.astype("f4")
    if scaled.dtype == np.float32 or values.dtype.itemsize <= 2:
        return single, []
    finite = np.isfinite(scaled)
    if not np.array_equal(np.isfinite(single), finite):
        raise ForeignError(Problem("CAL711", (), "some pixels are beyond the numbers of 32 bits"))
    if np.array_equal(single[finite].astype("f8"), scaled[finite].astype("f8")):
        return single, []
    detail = f"pixels of {scaled.dtype} were rounded to 32 bits, the form that the stack reads"
    return single, [Problem("CAL718", (), detail)]


def _mask(
    hdus: Any, others: list[int], shape: tuple[int, ...], target: Target
) -> tuple[Array | None, list[Problem], dict[str, int]]:
    """Return the mask beside an image, with the meaning of its bits; one without meanings has but bad pixels."""
    numbers = [n for n in others if name_of(hdus[n]) in MASK_NAMES]
    if not numbers:
        return None, [], {}
    number = choose_hdu(hdus, numbers, MASK_NAMES, "", "mask")
    values = pixels_of(hdus, number)
    label = label_of(hdus, number)
    if values.shape != shape:
        raise ForeignError(Problem("CAL713", (), f"{label} has another size than the image"))
    bits = plane_bits(hdus[number].header)
    if bits and not target.conventions.bits and values.dtype.kind in "iu" and not target.conventions.inverted:
        return values.astype("i4"), [], bits
    is_bad, problems = bad_pixels(values, bits, target, label)
    return is_bad.astype("i4"), problems, {}


def _variance(
    hdus: Any, others: list[int], shape: tuple[int, ...], header: Mapping[str, Any]
) -> tuple[Array | None, list[Problem]]:
    """Return the variance beside an image."""
    numbers = [n for n in others if name_of(hdus[n]) in _UNCERTAINTY_NAMES]
    if not numbers:
        return None, []
    number = choose_hdu(hdus, numbers, ("VARIANCE", "UNCERT"), "", "variance")
    label = label_of(hdus, number)
    values = pixels_of(hdus, number)
    if values.shape != shape:
        raise ForeignError(Problem("CAL713", (), f"{label} has another size than the image"))
    own_header = hdus[number].header
    kind = (
        _KINDS.get(str(own_header.get("UTYPE", "")).strip().lower(), "")
        or _UNCERTAINTY_NAMES[name_of(hdus[number])]
    )
    problems = []
    if "UTYPE" in own_header and str(own_header["UTYPE"]).strip().lower() not in _KINDS:
        detail = f"{label} is an uncertainty of the kind {brief(own_header['UTYPE'])}, which has no variance"
        return None, [Problem("CAL716", (), f"{detail}; it is left out")]
    if not kind:
        kind = "std"
        detail = f"{label} does not say of which kind it is (UTYPE); it is read as standard deviations"
        problems.append(
            Problem(
                "CAL717", (), detail, "add UTYPE: StdDevUncertainty, VarianceUncertainty or InverseVariance"
            )
        )
    if len(numbers) > 1:
        others_text = ", ".join(label_of(hdus, n) for n in numbers if n != number)
        problems.append(Problem("CAL716", (), f"other uncertainties are left out: {others_text}"))
    negative = int((values < 0).sum())
    if negative:
        detail = f"{label} is negative in {negative} pixels, which no uncertainty is"
        problems.append(Problem("CAL717", (), detail, "see what it is: UTYPE says the kind"))
    problems += _uncertainty_unit(own_header, header, kind, label)
    return variance_of(values, kind), problems


def _uncertainty_unit(
    own_header: Mapping[str, Any], header: Mapping[str, Any], kind: str, label: str
) -> list[Problem]:
    """Return a problem if an uncertainty has another unit than the image."""
    texts = [str(h.get("BUNIT", "")).strip() for h in (own_header, header)]
    if not all(texts):
        return []
    from astropy.units import Unit

    units = [Unit(text.replace("ADU", "adu"), parse_strict="silent") for text in texts]
    power = {"std": 1, "var": 2, "ivar": -2}[kind]
    try:
        is_same = units[0] == units[1] ** power
    except (TypeError, ValueError):
        is_same = True  # a unit that astropy does not know is that of the image
    detail = f"{label} is in {texts[0]}, the image in {texts[1]}"
    return [] if is_same else [Problem("CAL714", (), detail, "convert one of them, or remove its BUNIT")]


def _left_out(hdus: Any, used: list[int]) -> list[Problem]:
    """Return a problem for images that belong neither to the pixels nor to mask and variance."""
    names = [
        label_of(hdus, n)
        for n in used[1:]
        if name_of(hdus[n]) not in MASK_NAMES and name_of(hdus[n]) not in _UNCERTAINTY_NAMES
    ]
    return [Problem("CAL716", (), f"other images are left out: {', '.join(names)}")] if names else []


def _time(target: Target, unit: str, header: Mapping[str, Any]) -> tuple[dict[str, float], list[Problem]]:
    """Return the time that the pixels stand for, in types that scale with it."""
    name = getattr(target.cls, "TIME", "")
    if not name or unit.endswith("/s") or name in target.conventions.values:
        return {}, []
    for keyword in _TIME_KEYWORDS:
        value = header.get(keyword)
        if (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and np.isfinite(value)
            and value > 0
        ):
            detail = f"{name} is {value:g} s, from {keyword} of its header"
            return {name: float(value)}, [
                Problem("CAL718", (), detail, f"--set {name}=SECONDS says another one")
            ]
    detail = f"the pixels are in {unit or 'no unit'}, and nothing says in how many seconds they came about"
    hint = f"--set {name}=SECONDS; or --unit {unit or 'adu'}/s if they are those of one second"
    return {}, [Problem("CAL714", (), detail, hint)]
