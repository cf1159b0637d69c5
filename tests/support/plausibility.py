"""Calibrations of the demonstration package and curves, and the values in them that are beyond bounds."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.check.rules.context import FileContext
from curated.check.rules.plausibility import implausible_values, without_milder
from curated.core.diagnostic import Problem
from curated.core.keys import CalibFile, CalibKey
from curated.core.metadata import Metadata
from curated.declare import InstrumentBound
from curated.package.instrument import Instrument
from curated.registry import get_type

DEMO = Path(__file__).parents[2] / "calibs" / "demo"


def demo(name: str) -> Calib:
    """Return a calibration of the demonstration package."""
    path = min(path for form in ("ecsv", "yaml", "json") for path in (DEMO / name).rglob(f"2*.{form}"))
    return get_type(name).readText(path)


def problems_of(calib: Calib, form: str = "yaml", bounds: tuple[InstrumentBound, ...] = ()) -> list[Problem]:
    """Return the values of a calibration beyond its bounds."""
    file = CalibFile("cam/x.yaml", CalibKey("cam", calib.SPEC.name), datetime(2024, 1, 1), form)
    instrument = Instrument("cam", "cam", bounds=bounds)
    context = FileContext(file, calib.SPEC, calib.metadata, instrument, calib)
    return without_milder(calib.SPEC, list(implausible_values(context)))


def with_first(mapping: Any, value: Any) -> Any:
    """Return a mapping, or an array, with another first value; of a number the value."""
    if isinstance(mapping, dict):
        return {**mapping, next(iter(mapping)): value}
    if not isinstance(mapping, np.ndarray):
        return value
    changed = mapping.copy()
    changed.flat[0] = value
    return changed


def curve(
    name: str, wavelengths: Any, fractions: Any, unit: str = "nm", amplifiers: list[str] | None = None
) -> Any:
    """Return a curve of a type."""
    cls: Any = get_type(name)
    values = (
        {"efficiencies": np.array(fractions, float)}
        if name == "qe_curve"
        else {"throughput": np.array(fractions, float)}
    )
    more = {} if amplifiers is None else {"amp_name": np.array(amplifiers)}
    units = {"wavelength": unit, **({"efficiencies": "%"} if name == "qe_curve" else {})}
    return cls(metadata=Metadata({}), wavelength=np.array(wavelengths, float), units=units, **values, **more)
