"""Gains: images in electrons, and what a change of gains, noise and saturation means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.core.geometry import DetectorGeometry
from curated.declare import Comparison
from curated.image.pixels import Image, pixels_of, scaled_uncertainty, with_pixels
from curated.types._detector_bounds import FULL_WELL, GAIN, LEVEL, NOISE, keyed_bound, of_field, products
from curated.types._keyed_changes import AMPLIFIER_SET, AMPLIFIER_SET_DOCS, keyed_measure, set_measures


def in_electrons(
    target: Image, gains: Mapping[str, float], detector: DetectorGeometry, reasons: Sequence[str] = ()
) -> Image:
    """Convert an image from adu to electron, with the gain of each amplifier.

    Parameters
    ----------
    target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
        The assembled image of the detector in adu; it stays as it is.
    gains : `dict` [`str`, `float`]
        Gain (electron/adu) by amplifier.
    reasons : sequence [`str`], optional
        What else is in the way, for the message.

    Returns
    -------
    image : the kind of ``target``
        The signal times the gain (Janesick 2001, Scientific Charge-Coupled Devices, section 2); a CCDData has the unit
        electron and a scaled uncertainty. Pixels of an amplifier without a gain are NaN.

    Raises
    ------
    CuratedError
        If an amplifier is outside of the image, or the image is in another unit.
    """
    unit = str(getattr(target, "unit", None) or "adu")
    if unit != "adu":
        raise CuratedError(f"the image is in {unit}, not in adu", "gains turn adu into electron")
    faults = list(reasons)
    pixels = pixels_of(target)
    factors = np.ones_like(pixels)
    for amplifier in detector.amplifiers:
        box = amplifier.box
        if box.x0 + box.width > pixels.shape[1] or box.y0 + box.height > pixels.shape[0]:
            faults.append(f"amplifier {amplifier.name} lies outside of the image")
        factors[box.slices] = gains.get(amplifier.name, np.nan)
    if faults:
        raise CuratedError("; ".join(faults), "give the assembled image and the geometry of its detector")
    image: Any = with_pixels(target, pixels * factors)
    if not isinstance(image, np.ndarray):
        image.unit = "electron"
        uncertainty = getattr(image, "uncertainty", None)
        if uncertainty is not None:
            scaled = scaled_uncertainty(uncertainty, factors)
            image.uncertainty = None if scaled is None else type(uncertainty)(scaled)
    return image  # type: ignore[no-any-return]


def _full_wells(calib: Any) -> dict[str, float]:
    """Return the saturation in electron; a gain that is not positive is a finding of its own."""
    return products(calib.gain, calib.saturation)


MEASURES = (
    keyed_measure(
        "gain_change", "%", "Relative change of the gain of an amplifier.", attrgetter("gain"), notable=0.5
    ),
    keyed_measure(
        "noise_change",
        "%",
        "Relative change of the read noise of an amplifier.",
        attrgetter("readNoise"),
        notable=5,
        worse="more",
    ),
    keyed_measure(
        "saturation_change",
        "%",
        "Relative change of the level at which an amplifier saturates.",
        attrgetter("saturation"),
        notable=5,
        worse="less",
    ),
    *set_measures(AMPLIFIER_SET, AMPLIFIER_SET_DOCS, attrgetter("gain")),
)

BOUNDS = (
    keyed_bound("gain", "Gain of an amplifier.", GAIN, of_field("gain")),
    keyed_bound("readNoise", "Read noise of an amplifier.", NOISE, of_field("readNoise")),
    keyed_bound("saturation", "Level at which an amplifier saturates.", LEVEL, of_field("saturation")),
    keyed_bound(
        "full_well", "The same times the gain.", FULL_WELL, _full_wells, place=lambda _: "SATURATION"
    ),
)

COMPARISONS = (
    Comparison(quantity="gain", values=attrgetter("gain"), doc="Gains."),
    Comparison(quantity="readNoise", values=attrgetter("readNoise"), doc="Read noises."),
)
