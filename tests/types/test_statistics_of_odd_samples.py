"""Statistics of samples that have nothing, too little or nonsense: a number or a reason, and never another error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare.statistic import Estimate, Frame, NotRunError, Sample, Statistic
from curated.registry import own_types
from support.demo import WITHOUT_EXAMPLE, demo_calib
from support.samples import AMPLIFIER, DETECTOR, pixels

IMAGES: dict[str, Any] = {
    "one pixel": np.ones((1, 1), "f4"),
    "one row": np.arange(9.0).reshape(1, 9),
    "zeros": np.zeros((62, 53)),
    "NaN": np.full((62, 53), np.nan),
    "infinite": np.full((62, 53), np.inf),
    "half NaN": np.where(np.arange(3286).reshape(62, 53) % 2, np.nan, 5.0),
    "whole numbers": np.arange(3286, dtype="u2").reshape(62, 53),
    "huge": np.full((62, 53), 1e38, "f4"),
    "negative": pixels(1, shape=(62, 53)) - 500,
    "empty": np.zeros((0, 60)),
}


def samples(product: Any) -> Iterator[tuple[str, Sample]]:
    bare = Amplifier("C00", Box(0, 0, 0, 0))
    nowhere = Amplifier("C00", Box(10**6, 10**6, 5, 5), "UR", math.nan, math.nan, math.nan)
    for name, image in IMAGES.items():
        masked = np.zeros(image.shape, bool)
        frames = [
            Frame(image, exposure="a", time=t, overscan=image, parallel_overscan=image)
            for t in (0, 1.0, 2, 3)
        ]
        frames += [Frame(image, masked, "electron"), Frame(image, unit="furlong"), Frame(image)]
        for label, some in (
            ("all", frames[:4]),
            ("masked", frames[4:5] * 2),
            ("odd unit", frames[5:6]),
            ("bare", frames[6:]),
        ):
            whole = Sample(product, DETECTOR, AMPLIFIER, some, some)
            if label in ("odd unit", "bare") and name != "zeros":
                continue
            yield f"{name}, {label}", whole
            parts = {"C00": whole, "C01": replace(whole, amplifier=replace(AMPLIFIER, name="C01"))}
            yield f"{name}, {label}, detector", replace(whole, amplifier=None, parts=parts)
    for amplifier in (bare, nowhere, replace(AMPLIFIER, name="none such")):
        yield f"amplifier {amplifier}", Sample(product, DETECTOR, amplifier, [Frame(IMAGES["zeros"])], [])
    yield "no detector", Sample(product)
    yield "empty detector", Sample(product, DetectorGeometry("d00", 0), AMPLIFIER)


def statistics() -> dict[str, tuple[str, Statistic]]:
    return {
        s.name: (name, s)
        for name, cls in own_types().items()
        if name not in WITHOUT_EXAMPLE
        for s in cls.SPEC.statistics
    }


calibration = cache(demo_calib)
STATISTICS = statistics()


@pytest.mark.parametrize("name", STATISTICS)
def test_a_number_or_a_reason(name: str) -> None:
    type_name, statistic = STATISTICS[name]
    product = calibration(type_name)
    for label, sample in samples(product):
        estimate = outcome(statistic, sample)
        if isinstance(estimate, str):
            assert estimate, label
        else:
            assert isinstance(estimate, Estimate), label
            assert isinstance(float(estimate.value), float), label
            assert not estimate.error < 0, label


def outcome(statistic: Statistic, sample: Sample) -> Estimate | str:
    """Return the estimate of a sample, or why there is none."""
    try:
        return statistic.compute(sample)
    except NotRunError as error:
        return str(error)
