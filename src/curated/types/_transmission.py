"""What all transmission curves share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Self

import numpy as np

from curated.calib import calibration
from curated.core.diagnostic import Problem
from curated.core.tables import ColumnData, TableData, TextColumn
from curated.core.units import length_factor
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.types._spectral import SpectralCurve

_ARCHIVE_CLASS = "SpatiallyConstantTransmissionCurve"


def transmission_spec(name: str, cls: str, title: str, dimensions: tuple[str, ...]) -> Spec:
    """Return the declaration of a transmission type; they differ in name and dimensions only."""
    return Spec(
        name=name,
        title=title,
        obstype=name,
        version=1.0,
        dimensions=dimensions,
        storage_class="TransmissionCurve",
        calibcls=f"lsst.ip.isr.transmissionCurve.Intermediate{cls}TransmissionCurve",
        tables=(Table(name="CURVE", rows="free"),),
        absent="omit",
        alternatives=(("efficiency", "throughput"),),
        plot=PlotSpec(
            kind="curve",
            x="wavelength",
            y="fractions",
            group="amp_name",
            labels=("", "Throughput (fraction)"),
        ),
    )


@calibration
class TransmissionCurve(SpectralCurve):
    """Throughput against wavelength, for the detector or for each amplifier."""

    efficiency: Array | None = column(
        "f",
        column="efficiency",
        unit="%",
        required=False,
        finite=False,
        doc="Fraction of the light that passes.",
    )
    throughput: Array | None = column(
        "f",
        column="throughput",
        unit="",
        required=False,
        finite=False,
        doc="Fraction of the light that passes; older name.",
    )

    @property
    def _named(self) -> str:
        """Which of the two names the file uses."""
        return "efficiency" if self.efficiency is not None else "throughput"

    def _missing(self, name: str) -> Iterator[Problem]:
        """Yield amplifiers without an efficiency, which take the detector's mean with them."""
        values = getattr(self, name)
        if np.isfinite(values).all():
            return
        for row in np.flatnonzero(np.isinf(values)).tolist():
            yield Problem("CAL302", (name, row), f"row {row + 1} {name}: {values[row]} is not finite")
        missing = np.isnan(values)
        for place, amplifier in enumerate(self.amplifiers or [""]):
            mine = self._amplifier == place
            rows = np.flatnonzero(mine & missing)
            if rows.size:
                who = f"amplifier {amplifier}: " if amplifier else ""
                detail = f"{who}{rows.size} of {np.count_nonzero(mine)} samples are NaN, so the detector's curve is NaN there"
                yield Problem("CAL313", (name, int(rows[0])), detail)

    def curve(self) -> tuple[Array, Array]:
        """Return the detector's curve as the stack makes it (FORMATS.md of the design, section 6.7).

        Returns
        -------
        wavelengths : `numpy.ndarray`, (N,), float64
            Wavelengths in Angstrom.
        throughputs : `numpy.ndarray`, (N,), float64
            Fraction of the light that passes, the mean over the amplifiers in the order of the file.
        """
        wavelength, name = self.wavelength, self._named
        values: Array = getattr(self, name)
        if self.amplifiers:
            if self._grid is None:
                raise ValueError("the amplifiers differ in their number of samples")
            wavelength, values = wavelength[self._grid[0]], values[self._grid].mean(axis=0)
        factor = wavelength.dtype.type(length_factor(self.units.get("wavelength", "") or "nm"))
        if self.units.get(name, "") == "%":
            values = values * values.dtype.type(0.01)
        return (wavelength * factor).astype("f8"), values.astype("f8")

    def throughput_at(self, wavelengths: Any) -> Array:
        """Return the detector's throughput at some wavelengths, interpolated between the samples.

        Linear, and zero outside of the range of the samples, as the stack's curves are (FORMATS.md of the
        design, section 6.7); at a sample it is the sample.

        Parameters
        ----------
        wavelengths : array-like or `astropy.units.Quantity`
            Wavelengths, of any shape; in nm where they have no unit.

        Returns
        -------
        throughputs : `numpy.ndarray`, float64
            Fraction of the light that passes, the mean over the amplifiers; of the same shape.

        Raises
        ------
        astropy.units.UnitConversionError
            If the unit is no length.
        """
        wanted = wavelengths.to_value("nm") if hasattr(wavelengths, "to_value") else wavelengths
        samples, values = self.samples()
        found: Array = np.interp(np.asarray(wanted, "f8"), samples, values, left=0.0, right=0.0)
        return found

    def samples(self) -> tuple[Array, Array]:
        """Return the wavelengths of the samples in nm, (N,), and the detector's throughput there, (N,), as fractions."""
        wavelength = self.wavelength if self._grid is None else self.wavelength[self._grid[0]]
        unit = self.units.get("wavelength", "") or "nm"
        factor = 1.0 if unit == "nm" else length_factor(unit) / 10.0
        return wavelength.astype("f8") * factor, self.curve()[1]

    def fits_tables(self) -> list[TableData]:
        """Return the stack's table archive of the curve, then the text's own table."""
        wavelengths, throughputs = self.curve()
        curve = self.tables()[0]
        curve.keywords["EXTNAME"] = "CURVE"
        return [_archive_index(), _archive_data(wavelengths, throughputs), curve]

    @classmethod
    def from_fits_tables(
        cls, metadata: Mapping[str, Any], tables: Mapping[str, Mapping[str, TextColumn]]
    ) -> tuple[Self | None, list[Problem]]:
        """Read the plain table, or, in files of the stack, the archive's curve."""
        plain = next((t for t in tables.values() if "wavelength" in t), None)
        if plain is None:
            data = next((t for t in tables.values() if "wavelengths" in t), None)
            if data is None:
                return None, [Problem("CAL213", (), "no table of wavelengths")]
            plain = {
                "wavelength": TextColumn(np.asarray(data["wavelengths"].values[0]), "float64", "Angstrom"),
                "throughput": TextColumn(np.asarray(data["throughput"].values[0]), "float64", ""),
            }
        return super().from_fits_tables(metadata, {"CURVE": plain})


@cache
def _archive_index() -> TableData:
    """Row of `lsst.afw.table.io`'s archive index: one object, made by lsst.afw.image."""
    integers = {"id": 1, "cat.archive": 1, "cat.persistable": 0, "row0": 0, "nrows": 1}
    columns = {name: ColumnData(np.array([value], "i4")) for name, value in integers.items()}
    for name, text in (("name", _ARCHIVE_CLASS), ("module", "lsst.afw.image")):
        columns[name] = ColumnData(np.array([text], "U64"))
    keywords = {
        "TCCLS": ["Scalar"] * 5 + ["String"] * 2,
        "AFW_TABLE_VERSION": 3,
        "EXTTYPE": "ARCHIVE_INDEX",
        "EXTNAME": "ARCHIVE_INDEX",
        "AR_CATN": 0,
        "AR_NCAT": 2,
    }
    return TableData(columns, keywords=keywords, column_keywords=("TCCLS",), constant="archive index")


def _archive_data(wavelengths: Array, throughputs: Array) -> TableData:
    """Row of the archive: throughput outside of the range is zero, as the stack's text reader sets it."""
    columns = {
        "throughputAtMin": ColumnData(np.zeros(1)),
        "throughputAtMax": ColumnData(np.zeros(1)),
        "throughput": ColumnData([throughputs], variable="1Q"),
        "wavelengths": ColumnData([wavelengths], unit="angstrom", variable="1Q"),
    }
    keywords = {
        "TCCLS": ["Scalar", "Scalar", "Array", "Array"],
        "AFW_TABLE_VERSION": 3,
        "EXTTYPE": "ARCHIVE_DATA",
        "AR_CATN": 1,
        "AR_NAME": _ARCHIVE_CLASS,
        "EXTNAME": _ARCHIVE_CLASS,
    }
    return TableData(columns, keywords=keywords, column_keywords=("TCCLS",))
