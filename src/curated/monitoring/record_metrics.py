"""Metrics of records of verification."""

from __future__ import annotations

import math

from curated.core.keys import CalibFile
from curated.core.times import parse_time
from curated.monitoring.metric import Metric
from curated.monitoring.series import mjd_tai
from curated.verification.record import VerificationRecord


def metrics_of(record: VerificationRecord, file: CalibFile | None = None) -> list[Metric]:
    """Return the values of a record as metrics, named after the tests.

    A test that was not run has none, and neither has one whose time is not known: that of an exposure is its begin, and
    that of the calibration alone the start of its validity.

    Parameters
    ----------
    file : `CalibFile`, optional
        The calibration that was verified, if it is in the package.
    """
    times = {exposure.name: _mjd(exposure.begin) for exposure in record.exposures}
    hashes = {exposure.name: exposure.sha256 for exposure in record.exposures}
    times[""] = mjd_tai(file.start) if file is not None else math.nan
    hashes[""] = record.product
    return [
        Metric(
            statistic=result.test.id,
            mjd=times[result.exposure],
            detector=result.detector or (file.key.detector if file is not None else ""),
            amplifier=result.amplifier,
            filter=file.key.filter if file is not None else "",
            exposure=result.exposure,
            sha256=hashes[result.exposure],
            value=result.value,
            error=result.error,
            unit=result.test.unit,
        )
        for result in record.results
        if math.isfinite(result.value) and math.isfinite(times.get(result.exposure, math.nan))
    ]


def _mjd(text: str) -> float:
    """Return the MJD (TAI) of a time in UTC; NaN for none."""
    try:
        return mjd_tai(parse_time(text))
    except (ValueError, OverflowError):
        return math.nan
