"""Transmission curves: what all types of them share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np

from curated.calib import calibration
from curated.core.diagnostic import Problem
from curated.core.tables import ColumnData, TableData, TextColumn
from curated.core.units import length_factor
from curated.declare import Array, Bound, PlotSpec, Spec, Table, column
from curated.declare.deferred import DeferredStatistics
from curated.types import _nominal
from curated.types._spectral import SpectralCurve
from curated.types._spectral_bounds import is_plain
from curated.types._spectral_comparisons import COMPARISONS
from curated.types._spectral_math import MEASURES

_ARCHIVE_CLASS = "SpatiallyConstantTransmissionCurve"

_DOUBLE_STEPS, _SINGLE_STEPS = 2**30, 2**8
"""Steps of a fraction to which means over amplifiers are rounded. Their noise is 4e-16 or, in single precision, 3e-7;
the steps are so much larger that hardly any of the thousands of samples of a camera lies within the noise of a
boundary."""


def transmission_spec(
    name: str, cls: str, title: str, dimensions: tuple[str, ...], bounds: tuple[Bound, ...], **more: Any
) -> Spec:
    """Return the declaration of a transmission type; the types differ only in name, dimensions and bounds."""
    return Spec(
        name=name,
        title=title,
        obstype=name,
        version=1.0,
        dimensions=dimensions,
        start=_nominal.curve,
        storage_class="TransmissionCurve",
        is_read_by_stack=True,
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
        measures=MEASURES,
        statistics=DeferredStatistics("curated.types._statistics_by_type", "TRANSMISSION"),
        bounds=bounds,
        screen=is_plain,
        comparisons=COMPARISONS,
        **more,
    )


@calibration
class TransmissionCurve(SpectralCurve):
    """Throughput against wavelength, for the detector or for each amplifier."""

    IS_MEAN: ClassVar[bool] = False
    """Whether files of the type usually have a curve for each amplifier."""

    efficiency: Array | None = column(
        "f",
        column="efficiency",
        unit="%",
        keeps_unit=True,
        required=False,
        finite=False,
        doc="Fraction of the light that passes.",
    )
    throughput: Array | None = column(
        "f",
        column="throughput",
        keeps_unit=True,
        required=False,
        finite=False,
        doc="Fraction of the light that passes; older name.",
    )

    @property
    def _fraction_field(self) -> str:
        """Which of the two names the file uses."""
        return "efficiency" if self.efficiency is not None else "throughput"

    def _missing_samples(self, name: str) -> Iterator[Problem]:
        """Yield amplifiers with NaN, which make the detector's mean NaN as well."""
        values = getattr(self, name)
        if np.isfinite(values).all():
            return
        for row in np.flatnonzero(np.isinf(values)).tolist():
            yield Problem("CAL302", (name, row), f"row {row + 1} {name}: {values[row]} is not finite")
        is_nan = np.isnan(values)
        for index, amplifier in enumerate(self.amplifiers or [""]):
            is_own = self._amplifier_index == index
            rows = np.flatnonzero(is_own & is_nan)
            if rows.size:
                subject = f"amplifier {amplifier}: " if amplifier else ""
                detail = f"{rows.size} of {np.count_nonzero(is_own)} samples are NaN"
                detail = f"{subject}{detail}, so the detector's curve is NaN there"
                yield Problem("CAL313", (name, int(rows[0])), detail)

    def curve(self) -> tuple[Array, Array]:
        """Return the detector's curve as lsst.ip.isr.transmissionCurve makes it, to the bit.

        Returns
        -------
        wavelengths : `numpy.ndarray`, (N,), float64
            Wavelengths in Angstrom.
        throughputs : `numpy.ndarray`, (N,), float64
            Fraction of the light that passes, the mean over the amplifiers in the order of the file.
        """
        wavelength, name = self.wavelength, self._fraction_field
        values: Array = getattr(self, name)
        if self.amplifiers:
            if self._grid is None:
                raise ValueError("the amplifiers differ in their number of samples")
            wavelength, values = wavelength[self._grid[0]], values[self._grid].mean(axis=0)
        factor = wavelength.dtype.type(length_factor(self.units.get("wavelength", "") or "nm"))
        if self.is_percent:
            values = values * values.dtype.type(0.01)
        return (wavelength * factor).astype("f8"), values.astype("f8")

    def content_values(self) -> dict[str, Any]:
        """Return the curve, which is all that the stack's files have.

        Where a detector's curve is the mean over its amplifiers, the stack adds them in an order that changes from
        process to process: these curves are rounded, as far as single precision was used anywhere.
        """
        if not (self.IS_MEAN or self.amplifiers):
            return self._curve_values()
        wavelengths, throughputs = self.curve()
        with np.errstate(over="ignore"):
            is_single = np.array_equal(throughputs.astype("f4").astype("f8"), throughputs, equal_nan=True)
        steps = _SINGLE_STEPS if is_single else _DOUBLE_STEPS
        return {"wavelengths": wavelengths, "throughputs": np.rint(throughputs * steps), "steps": steps}

    def exact_values(self) -> tuple[str, dict[str, Any]]:
        """Return the curve of each amplifier, or that of the detector, in Angstrom and fractions.

        The stack's files have nothing but a curve, which in some types is rarely anything but a mean.
        """
        if not self.amplifiers:
            return ("", {}) if self.IS_MEAN else ("curve", self._curve_values())
        factor = self.wavelength.dtype.type(length_factor(self.units.get("wavelength", "") or "nm"))
        wavelengths = (self.wavelength * factor).astype("f8")
        by_amplifier = {
            name: np.stack([wavelengths[rows], self.fractions[rows].astype("f8")])
            for name, rows in (
                (name, self._amplifier_index == index) for index, name in enumerate(self.amplifiers)
            )
        }
        return "amplifiers", {f"amplifier {name}": values for name, values in by_amplifier.items()}

    def mean_curve(self) -> Array | None:
        """Return the curve of the detector, which the stack makes from those of amplifiers."""
        return self.curve()[1]

    def _curve_values(self) -> dict[str, Any]:
        wavelengths, throughputs = self.curve()
        return {"wavelengths": wavelengths, "throughputs": throughputs}

    def throughput_at(self, wavelengths: Any) -> Array:
        """Return the detector's throughput at any wavelengths, interpolated linearly between samples.

        It is zero outside the range of the samples, as for lsst.afw.image.TransmissionCurve.

        Parameters
        ----------
        wavelengths : array-like or `astropy.units.Quantity`, any shape
            Wavelengths, in nm if they have no unit.

        Returns
        -------
        throughputs : `numpy.ndarray`, shape of ``wavelengths``, float64
            Fraction of the light that passes, the mean over the amplifiers.

        Raises
        ------
        astropy.units.UnitConversionError
            If the unit is no length.
        """
        nanometres = wavelengths.to_value("nm") if hasattr(wavelengths, "to_value") else wavelengths
        samples, values = self.samples()
        throughputs: Array = np.interp(np.asarray(nanometres, "f8"), samples, values, left=0.0, right=0.0)
        return throughputs

    def samples(self) -> tuple[Array, Array]:
        """Return the wavelengths of the samples in nm, (N,), and the detector's throughput there, (N,), as fractions."""
        if self.amplifiers and self._grid is None:
            return super().samples()
        wavelength = self.wavelength if self._grid is None else self.wavelength[self._grid[0]]
        unit = self.units.get("wavelength", "") or "nm"
        factor = 1.0 if unit == "nm" else length_factor(unit) / 10.0
        return wavelength.astype("f8") * factor, self.curve()[1]

    def fits_tables(self) -> list[TableData]:
        """Return the stack's table archive of the curve, then the table of the text."""
        wavelengths, throughputs = self.curve()
        curve = self.tables()[0]
        curve.keywords["EXTNAME"] = "CURVE"
        return [_archive_index(), _archive_data(wavelengths, throughputs), curve]

    @classmethod
    def from_fits_tables(
        cls, metadata: Mapping[str, Any], tables: Mapping[str, Mapping[str, TextColumn]]
    ) -> tuple[Self | None, list[Problem]]:
        """Read the table of the text or, in files of the stack, the curve of the archive."""
        curve = next((t for t in tables.values() if "wavelength" in t), None)
        if curve is None:
            archive = next((t for t in tables.values() if "wavelengths" in t), None)
            if archive is None:
                return None, [Problem("CAL213", (), "no table of wavelengths")]
            curve = {
                "wavelength": TextColumn(np.asarray(archive["wavelengths"].values[0]), "float64", "Angstrom"),
                "throughput": TextColumn(np.asarray(archive["throughput"].values[0]), "float64", ""),
            }
        return super().from_fits_tables(metadata, {"CURVE": curve})


@cache
def _archive_index() -> TableData:
    """Return the index of a table archive of lsst.afw.table.io: one object, of lsst.afw.image."""
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
    """Return the table of the archived curve; throughput outside its range is zero, as in the stack's text reader."""
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
