"""What all transmission curves share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.diagnostic import Problem
from curated.model import ColumnData, TableData, TextColumn
from curated.spec import Array, Field, PlotSpec, Spec, Table, column
from curated.units import fits_unit, length_factor

_NOISE = 0.01
"""Throughput measured at nothing scatters about zero; so much of it says nothing about the unit."""

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
            y="throughputs",
            group="amp_name",
            labels=("", "Throughput (fraction)"),
        ),
    )


@calibration
class TransmissionCurve(Calib):
    """Throughput against wavelength, for the detector or for each amplifier."""

    amp_name: Array | None = column("str", column="amp_name", required=False, doc="Amplifier of the sample.")
    wavelength: Array = column(
        "f",
        column="wavelength",
        unit="nm",
        needs_unit=True,
        above=0,
        doc="Wavelength of the sample, in vacuum or air as SOURCE says.",
    )
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
    def throughputs(self) -> Array:
        """Throughput as fractions, one for each sample, in the precision of the file."""
        name = self._named
        values: Array = getattr(self, name)
        return values * values.dtype.type(0.01) if self.units.get(name, "") == "%" else values

    @cached_property
    def amplifiers(self) -> list[str]:
        """Amplifiers in the order of the file; empty where the curve is the detector's."""
        return [] if self.amp_name is None else list(dict.fromkeys(self.amp_name.tolist()))

    @cached_property
    def _amplifier(self) -> Array:
        """Place in `amplifiers` of each sample's amplifier: numbers compare quicker than names."""
        if self.amp_name is None:
            return np.zeros(len(self.wavelength), int)
        places = {name: i for i, name in enumerate(self.amplifiers)}
        return np.array([places[name] for name in self.amp_name.tolist()], int)

    @property
    def _named(self) -> str:
        """Which of the two names the file uses."""
        return "efficiency" if self.efficiency is not None else "throughput"

    def problems(self) -> Iterator[Problem]:
        """Yield samples that cannot be interpolated, and throughputs that are none."""
        name = self._named
        lengths = {len(self.wavelength), len(getattr(self, name))}
        if self.amp_name is not None:
            lengths.add(len(self.amp_name))
        if len(lengths) > 1:
            yield Problem("CAL215", (name,), f"the columns differ in length: {sorted(lengths)}")
            return
        if len(self.wavelength) < 2:
            yield Problem(
                "CAL215", ("wavelength",), f"samples: {len(self.wavelength)}; interpolation needs two"
            )
            return
        yield from self._order()
        yield from self._missing(name)
        throughputs = self.throughputs
        outside = np.flatnonzero(
            np.isfinite(throughputs) & ((throughputs < -_NOISE) | (throughputs > 1 + _NOISE))
        )
        if outside.size:
            worst = outside[np.abs(throughputs[outside] - 0.5).argmax()]
            unit = self.units.get(name, "")
            detail = (
                f"row {worst + 1} {name}: {getattr(self, name)[worst]:g} {unit}".rstrip()
                + f", the worst of {outside.size} outside of 0 to {'100 %' if unit == '%' else 1}"
            )
            yield Problem("CAL304", (name, int(worst)), detail)

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

    def _order(self) -> Iterator[Problem]:
        backward = ~(np.diff(self.wavelength) > 0)
        if self.amp_name is not None:
            backward &= np.diff(self._amplifier) == 0
        for row in np.flatnonzero(backward).tolist():
            before, after = self.wavelength[row], self.wavelength[row + 1]
            yield Problem(
                "CAL303", ("wavelength", row + 1), f"row {row + 2} wavelength: {after:g} after {before:g}"
            )
        first = self.wavelength[self._amplifier == 0]
        for place, other in enumerate(self.amplifiers[1:], start=1):
            mine = self._amplifier == place
            if not np.array_equal(self.wavelength[mine], first):
                detail = f"amplifier {other} has other wavelengths than {self.amplifiers[0]}"
                yield Problem("CAL311", ("amp_name", int(mine.argmax())), detail)

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
            masks = [self._amplifier == place for place in range(len(self.amplifiers))]
            wavelength = wavelength[masks[0]]
            values = np.stack([values[mask] for mask in masks]).mean(axis=0)
        factor = wavelength.dtype.type(length_factor(self.units.get("wavelength", "") or "nm"))
        if self.units.get(name, "") == "%":
            values = values * values.dtype.type(0.01)
        return (wavelength * factor).astype("f8"), values.astype("f8")

    def _unit(self, declared: Field) -> str:
        return fits_unit(self.units.get(declared.name, ""))

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
