"""Changes of the large-scale gradients of flat fields."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.declare import Conditions, Measure, Reading
from curated.types._keyed_changes import difference, number_measure, percentage


def _is_spline(calib: Any) -> bool:
    return len(calib.radialSplineNodes) == len(calib.radialSplineValues) > 0


def _radial(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    if not _is_spline(old) or not _is_spline(new):
        return
    nodes = np.union1d(old.radialSplineNodes, new.radialSplineNodes)
    before, after = (np.interp(nodes, c.radialSplineNodes, c.radialSplineValues).tolist() for c in (old, new))
    changes = [percentage(a, b) for a, b in zip(before, after, strict=True)]
    place = max(range(len(nodes)), key=lambda i: abs(changes[i]))
    yield Reading(changes[place], before[place], after[place], {"radius": float(nodes[place])})


def _planes(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    steps = difference(old.gradientX, new.gradientX), difference(old.gradientY, new.gradientY)
    nodes = np.concatenate([old.radialSplineNodes, new.radialSplineNodes])
    radius = float(nodes[np.isfinite(nodes)].max(initial=0.0))
    yield Reading(100 * math.hypot(*steps) * radius, of={"radius": radius})


def _centres(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    for name, offset in (("plane", ""), ("spline", "Delta")):
        points = [
            [
                getattr(c, f"centroid{axis}") + (getattr(c, f"centroid{offset}{axis}") if offset else 0.0)
                for axis in "XY"
            ]
            for c in (old, new)
        ]
        steps = [difference(a, b) for a, b in zip(*points, strict=True)]
        yield Reading(math.hypot(*steps), of={"centre": name})


MEASURES = (
    Measure(
        name="radial_change",
        unit="%",
        doc="Relative change of the radial throughput at the node where it is largest, with straight lines between nodes.",
        compute=_radial,
        notable=0.5,
    ),
    Measure(
        name="plane_change",
        unit="%",
        doc="Length of the change of the planar gradient times the largest radius of the spline.",
        compute=_planes,
        notable=0.5,
    ),
    Measure(
        name="centre_shift",
        unit="mm",
        doc="Distance by which the centre of the plane and that of the radial spline moved.",
        compute=_centres,
        notable=1,
    ),
    number_measure(
        "itl_ratio_change",
        "%",
        "Relative change of the ratio of the throughputs of the detectors of both makers.",
        lambda calib: calib.itlRatio,
        notable=0.5,
    ),
    number_measure(
        "normalization_change",
        "%",
        "Relative change of the factor by which the flat was divided.",
        lambda calib: calib.normalizationFactor,
        notable=0.5,
    ),
)
