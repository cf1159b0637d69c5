"""Changes of calibrations of the demonstration package, and of types that no package has."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.check.file import read_and_check
from curated.core.keys import CalibKey
from curated.declare import Conditions
from curated.difference.change import Change
from curated.difference.measuring import Version, compare
from curated.package.package import open_package
from curated.package.validity import Range
from support.demo import DEMO, demo_path

RANGES = (Range(datetime(2020, 1, 1), datetime(2021, 1, 1)), Range(datetime(2022, 1, 1), None))


def read_demo(name: str) -> Any:
    """Return the first calibration of a type, with its pixels."""
    package = open_package(DEMO.parents[1])
    path = demo_path(name).relative_to(DEMO.parents[1]).as_posix()
    file = next(file for file in package.layout.files if file.path == path)
    return read_and_check(package.files, file, {}).calib


def changed_copy(calib: Any, seed: int = 1) -> Any:
    """Return a calibration with all its floating-point values some per cent larger or smaller."""
    rng = np.random.default_rng(seed)

    def vary(value: Any) -> Any:
        array = np.asarray(value)
        if array.dtype.kind != "f" or not array.size:
            return value
        varied = array * (1 + 0.02 * rng.standard_normal())
        return varied if isinstance(value, np.ndarray) else float(varied)

    values = {}
    for field in calib.FIELDS:
        value = getattr(calib, field.name)
        if field.keyword or field.name in ("wavelength", "pixel_size"):
            continue
        if isinstance(value, dict):
            values[field.name] = {key: vary(item) for key, item in value.items()}
        elif isinstance(value, np.ndarray):
            values[field.name] = vary(value)
    return dataclasses.replace(calib, **values)


def make_change(old: Calib | None, new: Calib | None, conditions: Conditions | None = None) -> Change:
    """Return the change from one calibration to another."""
    calib = new if new is not None else old
    assert calib is not None
    key = CalibKey("demo", calib.SPEC.name, "d00" if calib.SPEC.has_detector else "")
    stem = f"calibs/demo/{calib.SPEC.name}/d00"
    versions = (
        None if old is None else Version(f"{stem}/20200101T000000.ecsv", old),
        None if new is None else Version(f"{stem}/20210101T000000.ecsv", new),
    )
    return compare(key, *versions, RANGES, conditions or Conditions())
