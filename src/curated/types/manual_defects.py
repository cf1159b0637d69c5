"""Defects that a person found by eye."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from curated.calib import calibration
from curated.types.defects import Defects


@calibration
class ManualDefects(Defects):
    """Rectangles of unusable pixels that a person found by eye; merged with those found by programs."""

    SPEC: ClassVar = replace(
        Defects.SPEC,
        name="manual_defects",
        title="Rectangles of unusable pixels, found by eye",
        forms=("ecsv",),
    )
