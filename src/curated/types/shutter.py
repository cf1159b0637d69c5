"""Shutter motion profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.tables import TableData
from curated.core.times import parse_time
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.types import _nominal
from curated.types._rules import order_problems
from curated.types._shutter_forms import ShutterText, nested_schema
from curated.types._shutter_math import BOUNDS, MEASURES

_ENCODER, _HALL, _FITS = 0, 1, 2
_JITTER = 0.005
"""Fraction of the travel by which an encoder may seem to go back."""


def _number(keyword: str, doc: str, **kwargs: Any) -> Any:
    """Declare a number that describes the motion as a whole."""
    return column("f8", keyword=keyword.upper(), text=keyword, doc=doc, **kwargs)


def _sample(dtype: str, table: int, key: str, name: str, doc: str, **kwargs: Any) -> Any:
    """Declare a quantity that each sample has."""
    return column(dtype, table=table, text=key, column=name, doc=doc, **kwargs)


@calibration
class ShutterMotionProfile(Calib):
    """Motion of a shutter blade: readings of its encoder and its Hall sensors, and models fitted to them.

    JSON and YAML have the observatory's own form, whose versions 1.0 and 2.0 differ in how they write times.
    Times are TAI.
    """

    SPEC: ClassVar = Spec(
        name="shutter",
        title="Motion profile of a shutter",
        obstype="shutterMotionProfile",
        version=1.0,
        versions=(1.0,),
        schema="ShutterMotionProfile",
        dimensions=("instrument",),
        start=_nominal.shutter,
        storage_class="IsrCalib",
        dataset_type="shutter_motion_profile",
        calibcls="lsst.ip.isr.shutterMotion.ShutterMotionProfile",
        forms=("json", "yaml"),
        tables=(
            Table(name="encodeSamples", rows="records", fits_units="none"),
            Table(name="hallTransitions", rows="records", fits_units="none"),
            Table(name="fits", rows="records", keywords=("FIT_MODEL",), fits_units="none"),
        ),
        keywords=(
            *("FILENAME", "FILETYPE", "OBSID", "VERSION", "startPosition", "targetPosition", "endPosition"),
            *("targetDuration", "actionDuration", "SIDE", "ISOPEN", "startTime_tai", "startTime_mjd"),
        ),
        aliases=("shutterMotionProfile",),
        measures=MEASURES,
        bounds=BOUNDS,
        plot=PlotSpec(
            kind="curve",
            x="seconds",
            y="position",
            labels=("Time since the first sample (s)", "Position (mm)"),
        ),
    )

    fileName: str = column(
        "str",
        keyword="FILENAME",
        text="fileName",
        required=False,
        default="",
        doc="Name of the observatory's file.",
    )
    fileType: str = column(
        "str",
        keyword="FILETYPE",
        text="fileType",
        choices=("shutterMotionProfile",),
        doc="Type of the file.",
    )
    obsId: str = column("str", keyword="OBSID", text="obsId", required=False, default="", doc="Exposure.")
    version: float = column(
        "f8", keyword="VERSION", text="version", doc="Version of the text's form: 1.0 or 2.0."
    )
    startPosition: float = _number("startPosition", "Position before the motion.", unit="mm")
    targetPosition: float = _number("targetPosition", "Commanded position.", unit="mm")
    endPosition: float = _number("endPosition", "Position after the motion.", unit="mm")
    targetDuration: float = _number("targetDuration", "Commanded duration.", unit="s", above=0)
    actionDuration: float = _number("actionDuration", "Actual duration.", unit="s", above=0)
    side: str = column(
        "str",
        keyword="SIDE",
        text="side",
        required=False,
        default="",
        doc="Blade that moved, such as PLUSX.",
    )
    isOpen: bool = column("bool", keyword="ISOPEN", text="isOpen", doc="Whether the blade opened.")
    startTime_tai: str = column(
        "str", keyword="STARTTIME_TAI", text="startTime_tai", doc="Start, TAI, ISO 8601."
    )
    startTime_mjd: float = _number("startTime_mjd", "Start, TAI, modified Julian date.", unit="d")

    tai: Array = _sample("str", _ENCODER, "tai", "TIME_TAI", "Time, TAI, ISO 8601.", width=32)
    mjd: Array = _sample("f8", _ENCODER, "mjd", "TIME_MJD", "Time, TAI, modified Julian date.", unit="d")
    position: Array = _sample("f8", _ENCODER, "position", "POSITION", "Encoder position.", unit="mm")

    hall_tai: Array = _sample("str", _HALL, "tai", "HALL_TIME_TAI", "Time, TAI, ISO 8601.", width=32)
    hall_mjd: Array = _sample(
        "f8", _HALL, "mjd", "HALL_TIME_MJD", "Time, TAI, modified Julian date.", unit="d"
    )
    hall_position: Array = _sample(
        "f8", _HALL, "position", "HALL_POSITION", "Position of the Hall sensor.", unit="mm"
    )
    hall_sensorId: Array = _sample(
        "i8", _HALL, "sensorId", "HALL_SENSORID", "Number of the Hall sensor.", minimum=0
    )
    hall_isOn: Array = _sample("bool", _HALL, "isOn", "HALL_ISON", "Whether the sensor switched on.")

    fit_name: Array = _sample("str", _FITS, "name", "FIT_NAME", "Data that were fitted.", width=32)
    fit_start: Array = _sample(
        "f8", _FITS, "ModelStartTime", "FIT_START_TIME", "Start of the motion in the model.", unit="s"
    )
    fit_pivot1: Array = _sample(
        "f8", _FITS, "PivotPoint1", "FIT_PIVOT1", "First change of the jerk.", unit="s"
    )
    fit_pivot2: Array = _sample(
        "f8", _FITS, "PivotPoint2", "FIT_PIVOT2", "Second change of the jerk.", unit="s"
    )
    fit_jerk0: Array = _sample(
        "f8", _FITS, "Jerk0", "FIT_JERK0", "Jerk before the first change.", unit="mm/s**3"
    )
    fit_jerk1: Array = _sample("f8", _FITS, "Jerk1", "FIT_JERK1", "Jerk between the changes.", unit="mm/s**3")
    fit_jerk2: Array = _sample(
        "f8", _FITS, "Jerk2", "FIT_JERK2", "Jerk after the second change.", unit="mm/s**3"
    )
    fitModel: str = column(
        "str",
        table=_FITS,
        keyword="FIT_MODEL",
        text="fitModel",
        required=False,
        default="",
        doc="Name of the model.",
    )

    @property
    def seconds(self) -> Array:
        """Times of the encoder samples since the first (s)."""
        seconds: Array = (self.mjd - self.mjd[:1].sum()) * 86400.0
        return seconds

    # -- text and FITS --------------------------------------------------------------------------------

    @classmethod
    def from_tree(
        cls, metadata: Mapping[str, Any], tree: Mapping[Any, Any], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Read the observatory's nested form."""
        text = ShutterText(tree, {f.key: f.keyword for f in cls.FIELDS if f.keyword})
        if text.is_unreadable:
            return None, text.problems
        calib, problems = super().from_tree(metadata, text.flat, form)
        return calib, text.problems + [replace(p, pointer=text.place(p.pointer)) for p in problems]

    @classmethod
    def text_schema(cls, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of the observatory's nested form."""
        return nested_schema(schema, {f.key: f.required for f in cls.FIELDS if f.keyword})

    def toDict(self) -> dict[str, Any]:
        """Return plain data in the observatory's nested form, of the version that was read."""
        flat = super().toDict()
        field_keywords = {declared.keyword for declared in self.FIELDS}
        metadata = {key: value for key, value in flat.pop("metadata").items() if key not in field_keywords}
        return {"metadata": metadata, **ShutterText.nest(flat)}

    def tables(self) -> list[TableData]:
        """Return the stack's three tables, with 32-bit sensor numbers."""
        tables = super().tables()
        numbers = tables[_HALL].columns["HALL_SENSORID"]
        if numbers.values.size and numbers.values.max() < 2**31:
            numbers.values = numbers.values.astype("i4")
        return tables

    # -- rules ----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield unknown versions, times that are no times or do not increase, and motions to and fro."""
        if self.version not in (1.0, 2.0):
            yield Problem("CAL310", ("version",), f"version is {self.version:g}, not one of 1.0, 2.0")
        yield from self._time_problems()
        for table, times, strict in (
            ("encodeSamples", self.mjd, True),
            ("hallTransitions", self.hall_mjd, False),
        ):
            for problem in order_problems("mjd", times, table, strict=strict):
                yield replace(problem, pointer=("motionProfile", *problem.pointer[:2]))
        yield from self._motion_problems()

    def _time_problems(self) -> Iterator[Problem]:
        """Yield texts that are no times."""
        texts: list[tuple[Pointer, str]] = [(("startTime",), self.startTime_tai)]
        for table, times in (("encodeSamples", self.tai), ("hallTransitions", self.hall_tai)):
            texts += [((table, i), text) for i, text in enumerate(times.tolist())]
        for place, text in texts:
            try:
                parse_time(text)
            except ValueError:
                label = " ".join(str(part + 1) if isinstance(part, int) else part for part in place)
                detail = f"{label}: {brief(text)} is not a date-time"
                yield Problem("CAL407", ("motionProfile", *place), detail)

    def _motion_problems(self) -> Iterator[Problem]:
        """Yield a motion that does not go from the start to the target."""
        travel = self.targetPosition - self.startPosition
        if travel == 0:
            detail = f"startPosition and targetPosition are both {self.startPosition:g}"
            yield Problem("CAL308", ("motionProfile", "targetPosition"), detail)
            return
        with np.errstate(over="ignore", invalid="ignore"):
            steps = np.diff(self.position) / travel
        for i in np.flatnonzero(steps < -_JITTER).tolist():
            before, after = self.position[i], self.position[i + 1]
            detail = f"encodeSamples {i + 2} position: {after:g} after {before:g}, on the way from "
            detail += f"{self.startPosition:g} to {self.targetPosition:g}"
            yield Problem("CAL333", ("motionProfile", "encodeSamples", i + 1, "position"), detail)
