"""Amplifiers out of use: which, when, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.geometry import DetectorGeometry, within
from curated.core.times import DISTANT_FUTURE, DISTANT_PAST, as_utc, explain_time, parse_time
from curated.declare import FITS_TABLES, Array, Spec, Table, column
from curated.image.pixels import Image, no_options, pixels_of, with_pixels
from curated.types._bad_amps_math import MEASURES

_PERIOD = ("from", "to")


@calibration
class BadAmps(Calib):
    """Amplifiers of an instrument that are out of use, from when to when, and why.

    Their pixels become boxes in the ``defects`` that go to a repository, and each file goes there itself as well.
    """

    SPEC: ClassVar = Spec(
        name="bad_amps",
        title="Amplifiers out of use",
        obstype="bad_amps",
        dimensions=("instrument",),
        storage_class=FITS_TABLES,
        calibcls="curated.types.bad_amps.BadAmps",
        forms=("yaml", "json"),
        tables=(Table(name="amplifiers", rows="records", detector="detector"),),
        absent="omit",
        aliases=("bad_amplifiers", "badAmps"),
        measures=MEASURES,
        start=lambda _: {name: [] for name in ("detector", "amplifier", "begin", "end", "reason", "name")},
    )

    detector: Array = column("str", column="DETECTOR", doc="Name of the detector.")
    amplifier: Array = column("str", column="AMPLIFIER", doc="Name of the amplifier.")
    begin: Array = column(
        "str",
        text="from",
        column="FROM",
        required=False,
        default="",
        doc="First moment out of use, UTC, ISO 8601 in quotes; empty for the start of the file's validity.",
    )
    end: Array = column(
        "str",
        text="to",
        column="TO",
        required=False,
        default="",
        doc="First moment in use again, UTC; empty for the end of the file's validity.",
    )
    reason: Array = column("str", column="REASON", doc="Why it is out of use.")
    name: Array = column(
        "str",
        column="NAME",
        required=False,
        default="",
        doc="Name under which the fault is known, or that of the person who reported it.",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield periods that are none, reasons that are empty, and amplifiers that are out of use twice at once."""
        periods: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
        for row in range(len(self.amplifier)):
            label = f"{self.detector[row]} {self.amplifier[row]}"
            for key in ("detector", "amplifier", "reason"):
                if not str(getattr(self, key)[row]).strip():
                    yield Problem("CAL383", ("amplifiers", row, key), f"row {row + 1} has no {key}")
            times: list[datetime] = []
            for key, text, default in zip(
                _PERIOD, (self.begin[row], self.end[row]), (DISTANT_PAST, DISTANT_FUTURE), strict=True
            ):
                time = _time(str(text), default)
                if time is None:
                    detail = f"{label}: {key} {brief(str(text))} is {explain_time(str(text))}"
                    yield Problem("CAL383", ("amplifiers", row, key), detail)
                else:
                    times.append(time)
            if len(times) < 2:
                continue
            if times[1] <= times[0]:
                detail = f"{label}: it is in use again at {self.end[row]}, before it is out of use"
                yield Problem("CAL383", ("amplifiers", row, "to"), detail)
                continue
            key_periods = periods.setdefault((str(self.detector[row]), str(self.amplifier[row])), [])
            if any(begin < times[1] and times[0] < end for begin, end in key_periods):
                yield Problem("CAL306", ("amplifiers", row), f"{label} is listed twice for the same time")
            key_periods.append((times[0], times[1]))

    def claims(self) -> Claims:
        """Return what is out of use, and when."""
        rows = zip(
            *(getattr(self, key).tolist() for key in ("detector", "amplifier", "begin", "end")), strict=True
        )
        return Claims(out_of_use=[list(map(str, row)) for row in rows])

    def amplifiers_at(self, detector: str, time: Any = None) -> list[str]:
        """Return the amplifiers of a detector that are out of use at a time.

        Parameters
        ----------
        detector : `str`
            Name of the detector, ignoring case.
        time : `str`, `datetime.datetime` or `astropy.time.Time`, optional
            A moment, UTC; not needed where no row of the detector has a period.

        Raises
        ------
        CuratedError
            If there is no time, but a row has a period.
        """
        moment = None if time is None else parse_time(time) if isinstance(time, str) else as_utc(time)
        names = []
        for row in np.flatnonzero(np.char.lower(self.detector.astype(str)) == detector.lower()).tolist():
            begin = _time(str(self.begin[row]), DISTANT_PAST)
            end = _time(str(self.end[row]), DISTANT_FUTURE)
            if moment is None and (begin, end) != (DISTANT_PAST, DISTANT_FUTURE):
                raise CuratedError(
                    f"amplifier {self.amplifier[row]} is not always out of use",
                    "give time=, the start of the exposure in UTC",
                )
            if begin is None or end is None:
                continue
            if moment is None or begin <= moment < end:
                names.append(str(self.amplifier[row]))
        return sorted(set(names))

    def apply(
        self, target: Image, *, detector: DetectorGeometry | None = None, time: Any = None, **options: Any
    ) -> Image:
        """Mask the pixels of the amplifiers that are out of use.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image of the detector; it stays as it is.
        detector : `DetectorGeometry`
            Where the amplifiers are.
        time : `str`, `datetime.datetime` or `astropy.time.Time`, optional
            When the image was taken, UTC; not needed where no row of the detector has a period.

        Returns
        -------
        image : the kind of ``target``
            The pixels are added to the mask of a CCDData; in an array they become NaN.

        Raises
        ------
        CuratedError
            If the pixels of an amplifier are not known, or the time is needed.
        """
        no_options(self, options)
        data = pixels_of(target)
        geometry = within(detector, data.shape)
        boxes = {amplifier.name: amplifier.box for amplifier in geometry.amplifiers}
        is_bad = np.zeros(data.shape, bool)
        for name in self.amplifiers_at(geometry.name, time):
            if name not in boxes:
                raise CuratedError(
                    f"detector {geometry.name} has no amplifier {name}", f"it has {', '.join(boxes)}"
                )
            is_bad[boxes[name].slices] = True
        if isinstance(target, np.ndarray):
            data[is_bad] = np.nan
            return with_pixels(target, data)
        mask = getattr(target, "mask", None)
        return with_pixels(target, data, is_bad if mask is None else np.asarray(mask, bool) | is_bad)


def _time(text: str, default: datetime) -> datetime | None:
    """Return a moment, the default for an empty text, and `None` for one that is no date-time."""
    if not text:
        return default
    try:
        return parse_time(text)
    except ValueError:
        return None
