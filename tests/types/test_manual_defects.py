"""Defects found by eye: defects of another type, with a file of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from curated.registry import find_type
from curated.types.defects import Defects
from curated.types.manual_defects import ManualDefects
from support.demo import demo_calib


def test_they_are_defects_of_their_own_type(tmp_path: Path) -> None:
    calib = demo_calib("manual_defects")
    assert isinstance(calib, ManualDefects)
    assert isinstance(calib, Defects)
    assert find_type("manual_defects") is ManualDefects
    assert find_type("defects") is Defects
    again = ManualDefects.readFits(calib.writeFits(tmp_path / "manual.fits"))
    assert again == calib
    assert np.array_equal(again.mask((1024, 1024)), calib.mask((1024, 1024)))
