"""Images whose pixels say which pixels of a detector are bad: masks, flags and planes of data quality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from curated.core.diagnostic import Problem, brief
from curated.declare import Array
from curated.exchange.foreign import Foreign, ForeignError, ForeignFile, Target
from curated.exchange.hdus import (
    choose_hdu,
    dtype_kind,
    image_numbers,
    label_of,
    open_hdus,
    pixels_of,
    plane_bits,
)
from curated.exchange.pixels.raw_frames import fit_image
from curated.exchange.pixels.shapes import boxes_foreign
from curated.image.foreign_header import identity_claims
from curated.image.rectangles import rectangles_of

MASK_NAMES = (
    "MASK",
    "DQ",
    "BPM",
    "BADPIX",
    "BADPIXMASK",
    "BAD_PIXEL_MASK",
    "FLAGS",
    "FLAG",
    "BPMASK",
    "DQMASK",
)
"""Names of extensions that hold masks: of CCDData and the stack, of HST and Gemini, of PypeIt and others."""


def recognises(file: ForeignFile) -> bool:
    """Say whether a file is a FITS file; whether it has a mask, `read` finds out."""
    return file.is_fits


def read(file: ForeignFile, target: Target) -> Foreign:
    """Read the bad pixels of an image as maximal rectangles."""
    conventions = target.conventions
    with open_hdus(file) as hdus:
        images = image_numbers(hdus)
        whole = [number for number in images if dtype_kind(hdus[number]) == "i"]
        # A mask that was saved as numbers with a fraction has to be alone in its file.
        candidates = images if conventions.hdu or not whole else whole
        number = choose_hdu(hdus, candidates, MASK_NAMES, conventions.hdu, "mask")
        values = pixels_of(hdus, number)
        header = dict(hdus[number].header)
        primary = {**dict(hdus[0].header), **header}
        label = label_of(hdus, number)
    is_bad, problems = bad_pixels(values, plane_bits(header), target, label)
    is_bad, size_problems = fit_image(is_bad, primary, target)
    boxes = rectangles_of(is_bad) if not size_problems else np.zeros((0, 4), "i8")
    if is_bad.size and is_bad.mean() > 0.5 and conventions.inverted is None:
        detail = f"{label}: {is_bad.mean():.0%} of the pixels are bad if zero is good"
        hint = "--inverted takes zero for bad, --not-inverted takes it for good all the same"
        problems.append(Problem("CAL712", (), detail, hint))
    # The kind of the image that a mask belongs to says nothing about the mask.
    claims = {key: value for key, value in identity_claims(primary).items() if key != "OBSTYPE"}
    return replace(boxes_foreign(boxes, (), [*problems, *size_problems]), metadata=claims)


def bad_pixels(
    values: Array, planes: Mapping[str, int], target: Target, label: str
) -> tuple[Array, list[Problem]]:
    """Return which pixels of a mask are bad, and what is doubtful.

    Parameters
    ----------
    values : `numpy.ndarray`, (rows, columns)
        Whole numbers, flags, or numbers without a fraction.
    planes : `dict` [`str`, `int`]
        Bits by meaning, as far as the file says it.
    label : `str`
        What messages call the image.
    """
    whole = _whole(values, label)
    conventions = target.conventions
    problems: list[Problem] = []
    if conventions.bits:
        selection = _selection(conventions.bits, planes, whole.dtype.itemsize * 8, label)
        marked = (whole.view(f"u{whole.dtype.itemsize}") & selection) != 0
        is_bad = marked
    else:
        is_bad = whole != 0
        problems += _several_bits(whole, planes, label)
    return (~is_bad if conventions.inverted else is_bad), problems


def _whole(values: Array, label: str) -> Array:
    """Return a mask as whole numbers."""
    if values.dtype.kind == "b":
        return values.astype("u1")
    if values.dtype.kind in "iu":
        return values
    if (
        not np.isfinite(values).all()
        or (values != np.floor(values)).any()
        or np.abs(values).max(initial=0) >= 2**31
    ):
        hint = "a mask has whole numbers: 0 for a good pixel. --hdu chooses another HDU"
        raise ForeignError(Problem("CAL711", (), f"{label} has pixels that are no whole numbers", hint))
    return values.astype("i8")


def _selection(bits: tuple[str, ...], planes: Mapping[str, int], width: int, label: str) -> Any:
    """Return a number with the chosen bits set."""
    problems = []
    selection = 0
    for bit in bits:
        number = planes.get(bit.upper(), int(bit) if bit.isdecimal() and len(bit) < 3 else -1)
        if not 0 <= number < width:
            names = f"{', '.join(f'{name} ({n})' for name, n in planes.items())} or " if planes else ""
            problems.append(
                Problem(
                    "CAL715", (), f"{label} has no bit {brief(bit)}", f"choose of {names}0 to {width - 1}"
                )
            )
        else:
            selection |= 1 << number
    if problems:
        raise ForeignError(*problems)
    return np.array(selection, f"u{width // 8}")


def _several_bits(whole: Array, planes: Mapping[str, int], label: str) -> list[Problem]:
    """Return a problem if a mask has several meanings, all of which are taken for bad pixels."""
    if whole.size == 0 or (whole.min() >= 0 and whole.max() <= 1):
        return []
    every = int(np.bitwise_or.reduce(whole.ravel()))
    numbers = [n for n in range(whole.dtype.itemsize * 8) if every >> n & 1]
    if len(numbers) < 2:
        return []
    names = {number: name for name, number in planes.items()}
    bit_names = ", ".join(f"{n} ({names[n]})" if n in names else str(n) for n in numbers[:16])
    return [
        Problem(
            "CAL717",
            (),
            f"{label} has the bits {bit_names} set; pixels with any of them are taken for bad",
            "--bits chooses those that mark bad pixels",
        )
    ]
