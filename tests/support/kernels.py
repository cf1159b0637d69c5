"""Brighter-fatter kernels, and a star."""

from __future__ import annotations

import numpy as np

from curated.types.bfk import BrighterFatterKernel
from support.demo import demo_calib


def kernel_of(size: int = 17) -> np.ndarray:
    """Return the middle of a demonstration kernel, ``size`` pixels on a side."""
    kernel = next(iter(demo_calib("bfk", "d01").kernels.values()))
    cut = (kernel.shape[0] - size) // 2
    return kernel[cut : kernel.shape[0] - cut, cut : kernel.shape[1] - cut]


def star(width: float, total: float, size: int = 61, dx: float = 0.0) -> np.ndarray:
    """Return a round Gaussian star at the centre, ``dx`` columns off."""
    y, x = np.mgrid[:size, :size] - size // 2
    shape = np.exp(-((x - dx) ** 2 + y**2) / (2 * width**2))
    return total * shape / shape.sum()


def bfk(kernel: np.ndarray) -> BrighterFatterKernel:
    """Return a calibration with one kernel for the whole detector."""
    names = (
        "expIdMask",
        "rawMeans",
        "rawVariances",
        "rawXcorrs",
        "gain",
        "noise",
        "meanXcorrs",
        "ampKernels",
        "valid",
    )
    size = {
        "LEVEL": "DETECTOR",
        "KERNEL_DX": kernel.shape[1],
        "KERNEL_DY": kernel.shape[0],
        "BFK_VERSION": 1.1,
    }
    tree = {name: {} for name in names}
    return BrighterFatterKernel.fromDict({"metadata": size, **tree, "detKernels": {"d00": kernel.tolist()}})
