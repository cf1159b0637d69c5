"""Samples for statistics: synthetic frames of an amplifier with known gain, noise, signal and faults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare.statistic import Frame, Sample

GAIN, READ_NOISE = 1.6, 8.0
ROWS, COLUMNS = 260, 240
AMPLIFIER = Amplifier("C00", Box(0, 0, COLUMNS, ROWS), "LL", GAIN, READ_NOISE, 100_000.0)
DETECTOR = DetectorGeometry("d00", 0, COLUMNS, ROWS, (AMPLIFIER,))


def pixels(
    seed: int, signal: float = 0.0, noise: float = READ_NOISE, shape: tuple[int, int] = (ROWS, COLUMNS)
) -> Any:
    """Return pixels (adu) with a signal (electron), its photon noise, and read noise (electron)."""
    rng = np.random.default_rng(seed)
    charge = rng.poisson(signal, shape) if signal else np.zeros(shape)
    return ((charge + rng.normal(0, noise, shape)) / GAIN).astype("f4")


def overscan(
    seed: int, rows: int = ROWS, columns: int = 40, level: float = 1000.0, noise: float = READ_NOISE
) -> Any:
    """Return an overscan (adu) with its level (adu) and read noise (electron)."""
    return np.random.default_rng(seed).normal(level, noise / GAIN, (rows, columns)).astype("f4")


def residual(*images: Any, **more: Any) -> Sample:
    """Return a sample of residuals of an amplifier; the arguments are pixels, or frames."""
    frames = tuple(i if isinstance(i, Frame) else Frame(i, exposure=str(n)) for n, i in enumerate(images))
    return Sample(amplifier=AMPLIFIER, detector=DETECTOR, residual=frames, **more)


def before(*images: Any, **more: Any) -> Sample:
    """Return a sample of frames of an amplifier before a correction."""
    sample = residual(*images, **more)
    return replace(sample, residual=(), frames=sample.residual)


def of_product(product: Any, amplifier: Amplifier | None = AMPLIFIER, detector: Any = DETECTOR) -> Sample:
    """Return a sample of a calibration alone."""
    return Sample(product=product, amplifier=amplifier, detector=detector)


def with_parts(*images: Any) -> Sample:
    """Return a sample of a detector with an amplifier for each image."""
    parts = {
        f"C0{n}": Sample(amplifier=replace(AMPLIFIER, name=f"C0{n}"), residual=(Frame(image),))
        for n, image in enumerate(images)
    }
    return Sample(detector=DETECTOR, parts=parts)
