"""Tables of exposures of tests, and what is read of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from curated.core.times import tai_nanoseconds
from curated.exposures.batch import NO_NIGHT, NO_TIME, Exposures, TableOptions
from curated.exposures.columns import parse_choices
from curated.exposures.moments import night_date
from curated.exposures.table import read_exposures

MakeTable = Callable[..., Path]


def read(path: Path, *choices: str, scale: str = "") -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return (line, time or night, instrument, detector, filter, id) of each exposure, and line and code of findings."""
    rows, findings = [], []
    for exposures, problems in read_exposures(path, TableOptions(parse_choices(choices), scale)):
        for i in range(len(exposures)):
            time, night = int(exposures.times[i]), int(exposures.nights[i])
            when: Any = night_date(night) if time == NO_TIME else time
            names = (exposures.instruments[i], exposures.detectors[i], exposures.filters[i], exposures.ids[i])
            rows.append((int(exposures.rows[i]), when, *names))
        findings += [(problem.line, problem.code) for problem in problems]
    return rows, findings


def tai(text: str) -> int:
    time = datetime.fromisoformat(text)
    return tai_nanoseconds([time])[time]


TIME = "2024-04-01T03:30:00"
NS = tai(TIME)
MJD = 60401.14583333333


def made_exposures(rows: Sequence[tuple[datetime, str, str, str]]) -> Exposures:
    """Return exposures of rows with time, detector, filter and name."""
    tai_by_time = tai_nanoseconds([row[0] for row in rows])
    times, detectors, filters, names = ([row[i] for row in rows] for i in range(4))
    return Exposures(
        np.arange(1, len(rows) + 1),
        np.array([tai_by_time[time] for time in times], dtype=np.int64),
        np.full(len(rows), NO_NIGHT, dtype=np.int32),
        [""] * len(rows),
        detectors,
        filters,
        names,
    )
