"""Tables of exposures of tests, and what is read of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from curated.core.times import tai_nanoseconds
from curated.exposures.batch import NO_TIME, TableOptions
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
