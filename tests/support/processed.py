"""Processed images as instrument signature removal writes them: headers that say which calibrations were applied."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from astropy.io import fits

# Namespace of lsst.daf.butler's DatasetIdFactory.
_NAMESPACE = uuid.UUID("840b31d9-05cd-5161-b2c8-00d32b280d0f")


class Applied(NamedTuple):
    """A calibration that was applied: connection, dataset type, UUID and RUN."""

    connection: str
    dataset_type: str
    uuid: str
    run: str


def applied(
    connection: str, dataset_type: str, run: str, *, instrument: str = "Lab", detector: int = 0, **more: str
) -> Applied:
    """Return a dataset of a release, with the UUID that Butler's rule DATAID_TYPE_RUN gives it."""
    values = {"detector": detector, "instrument": instrument, **more}
    data_id = ",".join(f"{name}={values[name]}" for name in sorted(values))
    name = f"dataset_type={dataset_type},run={run},{data_id}"
    return Applied(connection, dataset_type, str(uuid.uuid5(_NAMESPACE, name)), run)


RAW: dict[str, Any] = {
    "INSTRUME": "Lab",
    "DETECTOR": 0,
    "DATE-BEG": "2021-06-01T00:00:37",
    "TIMESYS": "TAI",
    "FILTER": "r",
}
"""Keywords of a raw exposure of 2021-06-01T00:00:00 UTC."""


def isr_keywords(*calibrations: Applied) -> dict[str, Any]:
    """Return the keywords that ``IsrTaskLSST.runQuantum`` writes."""
    keywords: dict[str, Any] = {}
    for entry in sorted(calibrations):
        name = entry.connection.upper()
        keywords[f"LSST CALIB RUN {name}"] = entry.run
        keywords[f"LSST CALIB UUID {name}"] = entry.uuid
        keywords[f"LSST CALIB DATE {name}"] = "Unknown Unknown"
    return keywords


def write_image(path: Path, keywords: Mapping[str, Any], raw: Mapping[str, Any] = RAW) -> Path:
    """Write an image as lsst.afw does: an empty primary HDU with the keywords, and the planes after it."""
    primary = fits.PrimaryHDU()
    for key, value in {**raw, **keywords}.items():
        primary.header[key if len(key) <= 8 else f"HIERARCH {key}"] = value
    planes = [fits.ImageHDU(np.zeros((8, 8), "f4"), name=name) for name in ("IMAGE", "MASK", "VARIANCE")]
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList([primary, *planes]).writeto(path, overwrite=True)
    return path
