"""Camera geometry: detectors in the focal plane, amplifiers on the detectors, filters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims, Content
from curated.core.diagnostic import Problem
from curated.core.geometry import Amplifier, Box, DetectorGeometry, choose
from curated.core.tables import TableData, TextColumn
from curated.core.units import is_same_unit
from curated.declare import FITS_TABLES, Array, Field, PlotSpec, Spec, Table, column
from curated.declare.deferred import DeferredStatistics
from curated.types._camera_math import BOUNDS, COMPARISONS, MEASURES

_DETECTORS, _AMPLIFIERS, _FILTERS = 0, 1, 2


def _pixel(text: str, doc: str, **kwargs: Any) -> Any:
    """Declare a place or size in pixels of each amplifier."""
    kwargs = {"minimum": 0, **kwargs}
    return column("i8", table=_AMPLIFIERS, text=text, column=text.upper(), unit="pix", doc=doc, **kwargs)


@calibration
class CameraGeometry(Calib):
    """Where detectors and amplifiers are, with gain, read noise and saturation of each amplifier.

    In the focal plane x is to the right and y up when detectors of rotation 0 are displayed with their first
    pixel at the lower left. Boxes are zero-based, as in defects: ``x0, y0, width, height`` in the assembled
    detector; ``raw``, ``serial_overscan`` and ``parallel_overscan`` in the amplifier's own raw image, before
    any flip.
    """

    SPEC: ClassVar = Spec(
        name="camera",
        title="Geometry and electronics of the detectors",
        obstype="camera",
        dimensions=("instrument",),
        storage_class=FITS_TABLES,
        former_storage_classes=("IsrCalib",),
        dataset_type="camera_geometry",
        calibcls="curated.types.camera.CameraGeometry",
        forms=("yaml",),
        tables=(
            Table(name="detectors", rows="records", detector="detector_name"),
            Table(name="amplifiers", rows="records", detector="amplifier_detector"),
            Table(name="filters", rows="records", optional=True),
        ),
        absent="omit",
        plot=PlotSpec(kind="layout"),
        measures=MEASURES,
        statistics=DeferredStatistics("curated.types._statistics_by_type", "CAMERA"),
        bounds=BOUNDS,
        comparisons=COMPARISONS,
    )

    detector_id: Array = column("i8", text="id", column="ID", minimum=0, doc="Number of the detector.")
    detector_name: Array = column("str", text="name", column="NAME", doc="Name of the detector.")
    detector_raft: Array = column(
        "str", text="raft", column="RAFT", required=False, default="", doc="Raft that holds it."
    )
    detector_slot: Array = column(
        "str", text="slot", column="SLOT", required=False, default="", doc="Its place in the raft."
    )
    detector_serial: Array = column(
        "str", text="serial", column="SERIAL", required=False, default="", doc="Serial number."
    )
    detector_type: Array = column(
        "str",
        text="type",
        column="TYPE",
        required=False,
        default="SCIENCE",
        choices=("SCIENCE", "GUIDER", "FOCUS", "WAVEFRONT"),
        doc="What it is for.",
    )
    detector_width: Array = column("i8", text="width", column="WIDTH", unit="pix", above=0, doc="Columns.")
    detector_height: Array = column("i8", text="height", column="HEIGHT", unit="pix", above=0, doc="Rows.")
    detector_x: Array = column("f8", text="x", column="X", unit="mm", doc="Centre in the focal plane.")
    detector_y: Array = column("f8", text="y", column="Y", unit="mm", doc="Centre in the focal plane.")
    detector_rotation: Array = column(
        "f8",
        text="rotation",
        column="ROTATION",
        unit="deg",
        required=False,
        default=0.0,
        doc="Angle from the focal plane's x to its rows, counter-clockwise.",
    )
    pixel_size: Array = column("f8", column="PIXEL_SIZE", unit="mm", above=0, doc="Side of a pixel.")

    amplifier_detector: Array = column(
        "str", table=_AMPLIFIERS, text="detector", column="DETECTOR", doc="Name of its detector."
    )
    amplifier_name: Array = column(
        "str", table=_AMPLIFIERS, text="name", column="NAME", doc="Name of the amplifier."
    )
    amplifier_x0: Array = _pixel("x0", "First column in the assembled detector.")
    amplifier_y0: Array = _pixel("y0", "First row in the assembled detector.")
    amplifier_width: Array = _pixel("width", "Columns that see light.", above=0)
    amplifier_height: Array = _pixel("height", "Rows that see light.", above=0)
    raw_x0: Array = _pixel("raw_x0", "First column that sees light, in the raw image.")
    raw_y0: Array = _pixel("raw_y0", "First row that sees light, in the raw image.")
    serial_overscan_x0: Array = _pixel("serial_overscan_x0", "First column of the serial overscan.")
    serial_overscan_y0: Array = _pixel("serial_overscan_y0", "First row of the serial overscan.")
    serial_overscan_width: Array = _pixel("serial_overscan_width", "Columns of the serial overscan.")
    serial_overscan_height: Array = _pixel("serial_overscan_height", "Rows of the serial overscan.")
    parallel_overscan_x0: Array = _pixel(
        "parallel_overscan_x0", "First column of the parallel overscan.", required=False, default=0
    )
    parallel_overscan_y0: Array = _pixel(
        "parallel_overscan_y0", "First row of the parallel overscan.", required=False, default=0
    )
    parallel_overscan_width: Array = _pixel(
        "parallel_overscan_width", "Columns of the parallel overscan; 0 for none.", required=False, default=0
    )
    parallel_overscan_height: Array = _pixel(
        "parallel_overscan_height", "Rows of the parallel overscan; 0 for none.", required=False, default=0
    )
    flip_x: Array = column(
        "bool", table=_AMPLIFIERS, column="FLIP_X", doc="Whether its columns are reversed in the detector."
    )
    flip_y: Array = column(
        "bool", table=_AMPLIFIERS, column="FLIP_Y", doc="Whether its rows are reversed in the detector."
    )
    readout_corner: Array = column(
        "str",
        table=_AMPLIFIERS,
        column="READOUT_CORNER",
        choices=("LL", "LR", "UL", "UR"),
        doc="Corner of its box in the detector whose pixel is read first.",
    )
    amplifier_gain: Array = column(
        "f8", table=_AMPLIFIERS, text="gain", column="GAIN", unit="electron/adu", above=0, doc="Gain."
    )
    amplifier_read_noise: Array = column(
        "f8",
        table=_AMPLIFIERS,
        text="read_noise",
        column="READ_NOISE",
        unit="electron",
        minimum=0,
        doc="Read noise.",
    )
    amplifier_saturation: Array = column(
        "f8",
        table=_AMPLIFIERS,
        text="saturation",
        column="SATURATION",
        unit="adu",
        above=0,
        doc="Saturation level.",
    )

    filter_name: Array = column(
        "str", table=_FILTERS, text="name", column="NAME", doc="Name of the physical filter."
    )
    filter_band: Array = column("str", table=_FILTERS, text="band", column="BAND", doc="Its band.")
    filter_wavelength: Array = column(
        "f8",
        table=_FILTERS,
        text="wavelength",
        column="WAVELENGTH",
        unit="nm",
        required=False,
        default=np.nan,
        finite=False,
        above=0,
        doc="Its central wavelength; NaN where it has none.",
    )

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Drop units that are the declared ones: FITS states them, text need not."""
        for declared in cls.FIELDS:
            if is_same_unit(content.units.get(declared.name, ""), declared.unit):
                content.units.pop(declared.name, None)
        return []

    # -- rules ----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield repeated names, detectors without amplifiers, and amplifiers that do not tile their detector."""
        for name in ("detector_id", "detector_name", "filter_name"):
            yield from self._repeated(name, getattr(self, name).tolist())
        pairs = list(zip(self.amplifier_detector.tolist(), self.amplifier_name.tolist(), strict=True))
        yield from self._repeated("amplifier_name", pairs)
        names = self.detector_name.tolist()
        for row, name in enumerate(self.amplifier_detector.tolist()):
            if name not in names:
                detail = f"detector {name!r} is not one of {', '.join(names)}"
                yield Problem("CAL308", ("amplifiers", row, "detector"), detail)
        for row, name in enumerate(names):
            rows = np.flatnonzero(self.amplifier_detector == name)
            if not rows.size:
                yield Problem("CAL308", ("detectors", row), f"detector {name} has no amplifier")
            yield from self._outside(rows, row)
            yield from self._overlapping(rows)

    def _repeated(self, name: str, values: list[Any]) -> Iterator[Problem]:
        """Yield the values of a field that repeat an earlier one."""
        declared: Field = next(f for f in self.FIELDS if f.name == name)
        table = self.SPEC.tables[declared.table].name
        first_rows: dict[Any, int] = {}
        for row, value in enumerate(values):
            if first_rows.setdefault(value, row) != row:
                text = " ".join(value) if isinstance(value, tuple) else value
                detail = (
                    f"{table} {row + 1}: {declared.key} {text} is that of {table} {first_rows[value] + 1}"
                )
                yield Problem("CAL306", (table, row, declared.key), detail)

    def _amplifier_edges(self) -> tuple[Array, Array, Array, Array]:
        """Return left, right, bottom and top edges of the amplifiers, the ends exclusive."""
        left, bottom = self.amplifier_x0, self.amplifier_y0
        return left, left + self.amplifier_width, bottom, bottom + self.amplifier_height

    def _outside(self, rows: Array, detector: int) -> Iterator[Problem]:
        """Yield the amplifiers of a detector that reach beyond it."""
        _, right, _, top = self._amplifier_edges()
        width, height = self.detector_width[detector], self.detector_height[detector]
        for row in rows[(right[rows] > width) | (top[rows] > height)].tolist():
            reach = f"reaches to {right[row]}, {top[row]} on {width} x {height} pixels"
            yield Problem("CAL307", ("amplifiers", row), f"amplifier {self._amplifier_label(row)} {reach}")

    def _overlapping(self, rows: Array) -> Iterator[Problem]:
        """Yield the amplifiers of a detector that overlap an earlier one."""
        left, right, bottom, top = self._amplifier_edges()
        for i, row in enumerate(rows.tolist()):
            earlier = rows[:i]
            overlaps = (left[earlier] < right[row]) & (left[row] < right[earlier])
            overlaps &= (bottom[earlier] < top[row]) & (bottom[row] < top[earlier])
            if overlaps.any():
                other = self._amplifier_label(int(earlier[overlaps][0]))
                detail = f"amplifier {self._amplifier_label(row)} overlaps {other}"
                yield Problem("CAL308", ("amplifiers", row), detail)

    def _amplifier_label(self, row: int) -> str:
        return f"{self.amplifier_detector[row]} {self.amplifier_name[row]}"

    def claims(self) -> Claims:
        """Return its detectors, each with the gains and boxes of its amplifiers."""
        gains: dict[str, dict[str, float]] = {name: {} for name in self.detector_name.tolist()}
        columns = (self.amplifier_detector, self.amplifier_name, self.amplifier_gain)
        for detector, amplifier, gain in zip(*(values.tolist() for values in columns), strict=True):
            gains.get(detector, {})[amplifier] = gain
        boxes: dict[str, dict[str, list[int]]] = {name: {} for name in gains}
        box_columns = (self.amplifier_x0, self.amplifier_y0, self.amplifier_width, self.amplifier_height)
        box_rows = np.stack(box_columns, axis=1).tolist()
        for detector, amplifier, box in zip(
            *(values.tolist() for values in columns[:2]), box_rows, strict=True
        ):
            boxes.get(detector, {})[amplifier] = box
        detector_fields = [f for f in self.FIELDS if f.table == _DETECTORS]
        rows = zip(*(getattr(self, f.name).tolist() for f in detector_fields), strict=True)
        entries = [dict(zip([f.key for f in detector_fields], row, strict=True)) for row in rows]
        return Claims(
            detectors=[
                {**entry, "gains": gains[entry["name"]], "boxes": boxes[entry["name"]]} for entry in entries
            ]
        )

    # -- detectors ------------------------------------------------------------------------------------

    def detector(self, name: str | int) -> DetectorGeometry:
        """Return a detector with its amplifiers.

        Parameters
        ----------
        name : `str` or `int`
            Name, ignoring case, or number of the detector.

        Raises
        ------
        CuratedError
            If there is no such detector.
        """
        row = choose(name, self.detector_name.tolist(), self.detector_id.tolist())
        amplifier_rows = np.flatnonzero(self.amplifier_detector == self.detector_name[row])
        return DetectorGeometry(
            name=str(self.detector_name[row]),
            id=int(self.detector_id[row]),
            width=int(self.detector_width[row]),
            height=int(self.detector_height[row]),
            amplifiers=tuple(map(self._amplifier, amplifier_rows.tolist())),
            instrument=self.metadata.text("INSTRUME"),
            raft=str(self.detector_raft[row]),
            slot=str(self.detector_slot[row]),
            serial=str(self.detector_serial[row]),
        )

    def _amplifier(self, row: int) -> Amplifier:
        box = (self.amplifier_x0, self.amplifier_y0, self.amplifier_width, self.amplifier_height)
        numbers = (self.amplifier_gain, self.amplifier_read_noise, self.amplifier_saturation)
        return Amplifier(
            str(self.amplifier_name[row]),
            Box(*(int(values[row]) for values in box)),
            str(self.readout_corner[row]),
            *(float(values[row]) for values in numbers),
        )

    # -- FITS -----------------------------------------------------------------------------------------

    def fits_tables(self) -> list[TableData]:
        """Return its tables, each with an EXTNAME: readers find them by name."""
        tables = self.tables()
        for declared, table in zip(self.SPEC.tables, tables, strict=False):
            table.keywords["EXTNAME"] = declared.name.upper()
        return tables

    @classmethod
    def from_fits_tables(
        cls, metadata: Mapping[str, Any], tables: Mapping[str, Mapping[str, TextColumn]]
    ) -> tuple[Self | None, list[Problem]]:
        """Read the tables by their names."""
        by_name = {str(name).upper(): table for name, table in tables.items()}
        declared = {table.name.upper(): table for table in cls.SPEC.tables}
        missing = [name for name, table in declared.items() if name not in by_name and not table.optional]
        if missing:
            return None, [Problem("CAL213", (), f"no table {name}") for name in missing]
        return cls.from_columns(metadata, [by_name[name] for name in declared if name in by_name], "fits")
