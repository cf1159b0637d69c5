"""A small package for calibrations of foreign files, and the request to add one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from curated.core.geometry import DetectorGeometry
from curated.exchange.addition import Addition, AddRequest, plan_addition
from curated.exchange.foreign import Conventions, Target
from curated.exchange.placement import Names
from curated.package.package import Package, open_package
from curated.types.defects import Defects

WIDTH, HEIGHT = 40, 30

INSTRUMENT = f"""\
name: Tiny
detectors:
- {{id: 0, name: d0, width: {WIDTH}, height: {HEIGHT}}}
- {{id: 1, name: d1, width: {WIDTH}, height: {HEIGHT}}}
filters:
- {{name: r, band: r}}
"""


def make_package(root: Path) -> Package:
    """Make a package of an instrument with two detectors, and without calibrations."""
    (root / "calibs" / "tiny" / "defects").mkdir(parents=True)
    (root / "curated.yaml").write_text("calibs: calibs\n")
    (root / "calibs" / "tiny" / "instrument.yaml").write_text(INSTRUMENT)
    return open_package(root)


def add(package: Package, file: Path, type_name: str = "defects", **options: Any) -> Addition:
    """Plan an addition for detector d0; unknown options are conventions."""
    own_options = {name: options.pop(name) for name in ("form", "reader", "end") if name in options}
    names = {name: options.pop(name) for name in ("instrument", "detector", "filter") if name in options}
    request = AddRequest(
        file=str(file),
        type=type_name,
        start=datetime(2024, 6, 1),
        names=Names(**{"detector": "d0", **names}),
        **own_options,
        conventions=Conventions(**options),
    )
    return plan_addition(package, request)


def make_target(width: int = WIDTH, height: int = HEIGHT, **conventions: Any) -> Target:
    """Return a target of defects on a detector."""
    detector = DetectorGeometry("d0", 0, width, height)
    return Target(cls=Defects, detector=detector, conventions=Conventions(**conventions))
