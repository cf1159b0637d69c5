"""Calibrations of the demonstration package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from curated.calib import Calib
from curated.registry import own_types

DEMO = Path(__file__).parents[2] / "calibs" / "demo"
FIRST = "20200101T000000"
"""Start of the validity of most of them."""

WITHOUT_EXAMPLE = frozenset({"stack_camera"})
"""Types of which there is no demonstration: a camera file that was made up here would be none that the stack reads."""


def shown_types() -> dict[str, type[Calib]]:
    """Return the types of which there is a demonstration, by name."""
    return {name: cls for name, cls in own_types().items() if name not in WITHOUT_EXAMPLE}


def demo_path(name: str, *levels: str) -> Path:
    """Return the first file of a type, below the directories of a detector or filter."""
    paths = sorted(DEMO.joinpath(name, *levels).rglob("*T*.*"))
    return next(path for path in paths if path.suffix in (".ecsv", ".yaml", ".json"))


def demo_calib(name: str, *levels: str) -> Any:
    """Return the first calibration of a type; see `demo_path`."""
    return own_types()[name].readText(demo_path(name, *levels))
