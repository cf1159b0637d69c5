"""Changes of cameras."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from support.demo import demo_calib
from support.differences import make_change

pytest.importorskip("matplotlib")

from curated.plots.changes import draw_change


def test_a_camera_has_an_arrow_for_each_move() -> None:
    old = demo_calib("camera")
    x = old.detector_x.copy()
    x[0] += 0.05
    new = dataclasses.replace(old, detector_x=x)
    axes = draw_change(make_change(old, new), old, new).axes[0]
    from matplotlib.quiver import Quiver

    (arrows,) = (item for item in axes.collections if isinstance(item, Quiver))
    assert arrows.N == 1
    assert axes.get_title(loc="left") == "longest arrow: 50 um"


def test_detectors_that_go_are_outlined() -> None:
    old = demo_calib("camera")
    is_kept = np.arange(len(old.detector_name)) > 0
    values = {f.name: getattr(old, f.name)[is_kept] for f in old.FIELDS if f.name.startswith("detector_")}
    is_own = old.amplifier_detector != old.detector_name[0]
    new = dataclasses.replace(old, **{**values, "pixel_size": old.pixel_size[is_kept]})
    assert is_own.any()
    axes = draw_change(make_change(old, new), old, new).axes[0]
    labels = {item.get_label(): len(item.get_paths()) for item in axes.collections}
    assert (labels["only before"], labels["both"]) == (1, int(is_kept.sum()))
