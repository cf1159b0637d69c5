"""Curves against wavelength: samples for the detector, or for each amplifier."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.core.diagnostic import Problem
from curated.core.units import length_factor
from curated.declare import Array, column

_SHORTEST, _LONGEST = 100.0, 30_000.0
"""Range of wavelengths (nm) of astronomical cameras, from the far ultraviolet to the thermal infrared."""

_LOWEST_PEAK = 0.01
"""Fraction that every real curve exceeds somewhere."""

_NOISE = 0.01
"""Scatter of measured fractions beyond 0 and 1 that is no sign of a wrong unit."""


@calibration
class SpectralCurve(Calib):
    """Fraction of light against wavelength, for the detector or for each amplifier."""

    amp_name: Array | None = column("str", column="amp_name", required=False, doc="Amplifier of the sample.")
    wavelength: Array = column(
        "f",
        column="wavelength",
        unit="nm",
        needs_unit=True,
        keeps_unit=True,
        above=0,
        doc="Wavelength of the sample, in vacuum or air as SOURCE says.",
    )

    @cached_property
    def amplifiers(self) -> list[str]:
        """Amplifiers in the order of the file; empty for a curve of the detector."""
        return [] if self.amp_name is None else list(dict.fromkeys(self.amp_name.tolist()))

    @cached_property
    def _amplifier_index(self) -> Array:
        """Index in `amplifiers` of each sample's amplifier; numbers compare faster than names."""
        if self.amp_name is None:
            return np.zeros(len(self.wavelength), int)
        indices = {name: i for i, name in enumerate(self.amplifiers)}
        return np.array([indices[name] for name in self.amp_name.tolist()], int)

    @cached_property
    def _grid(self) -> Array | None:
        """Indices of each amplifier's samples, (amplifiers, samples); `None` if there is no such grid."""
        count, samples = len(self.amplifiers), len(self.wavelength)
        if not count or samples % count:
            return None
        if (np.bincount(self._amplifier_index, minlength=count) != samples // count).any():
            return None
        return np.argsort(self._amplifier_index, kind="stable").reshape(count, -1)

    @cached_property
    def extremes(self) -> tuple[float, float, float, float]:
        """Least and largest fraction, shortest and longest wavelength as the file has it; NaN where a sample is NaN."""
        # Rows of several amplifiers may stand in any order.
        values = self.samples_of_file
        ends = values.min(), values.max()
        if self.is_percent:
            factor = values.dtype.type(0.01)
            ends = ends[0] * factor, ends[1] * factor
        return float(ends[0]), float(ends[1]), float(self.wavelength.min()), float(self.wavelength.max())

    @cached_property
    def ordered(self) -> tuple[Array, Array, Array | None]:
        """Rows in the order of amplifiers and wavelengths, their wavelengths (nm), and the amplifiers' indices.

        Instead of the indices there is `None` where there are no amplifiers.
        """
        unit = self.units.get("wavelength", "") or "nm"
        wavelengths = self.wavelength.astype("f8") * (length_factor(unit) / 10.0)
        if self.amp_name is None or len(self.amp_name) != len(wavelengths):
            rows = np.arange(len(wavelengths))
            if (wavelengths[1:] < wavelengths[:-1]).any():
                rows = np.argsort(wavelengths, kind="stable")
            return rows, wavelengths[rows], None
        rows = np.lexsort((wavelengths, self._amplifier_index))
        return rows, wavelengths[rows], self._amplifier_index[rows]

    @property
    @abstractmethod
    def _fraction_field(self) -> str:
        """Name of the field with the fractions; each type has its own."""

    @property
    def _fraction_column(self) -> str:
        """Column of that field."""
        return next(declared.column for declared in self.FIELDS if declared.name == self._fraction_field)

    @property
    def fractions(self) -> Array:
        """Fraction of light of each sample, in the precision of the file."""
        values: Array = getattr(self, self._fraction_field)
        return values * values.dtype.type(0.01) if self.is_percent else values

    def content_values(self) -> dict[str, Any]:
        """Return what counts where calibrations are compared: wavelengths with their unit, fractions, amplifiers."""
        unit = self.units.get("wavelength", "") or "nm"
        wavelengths = self.wavelength
        if unit != "nm":
            wavelengths = wavelengths / wavelengths.dtype.type(10.0 / length_factor(unit))
        return {
            **super().content_values(),
            "wavelength": wavelengths,
            "unit of wavelength": "Angstrom",  # for all, so that hashes stay what they were
            self._fraction_field: self.fractions,
        }

    @property
    def samples_of_file(self) -> Array:
        """The fractions as the file has them, in percent or not."""
        values: Array = getattr(self, self._fraction_field)
        return values

    @property
    def is_percent(self) -> bool:
        """Whether the file has the fractions in percent."""
        return self.units.get(self._fraction_field, "") == "%"

    @cached_property
    def _rows(self) -> tuple[Array, Array]:
        """Wavelengths in nm and fractions of all rows of the file, (N,) each."""
        unit = self.units.get("wavelength", "") or "nm"
        wavelengths = self.wavelength.astype("f8") * (1.0 if unit == "nm" else length_factor(unit) / 10.0)
        # In double precision, so that the same numbers in another precision are the same fractions.
        return wavelengths, self.samples_of_file.astype("f8") * (0.01 if self.is_percent else 1.0)

    def samples_of(self, amplifier: str) -> tuple[Array, Array]:
        """Return the wavelengths in nm, (N,), and the fractions, (N,), of the samples of one amplifier."""
        is_own = self._amplifier_index == self.amplifiers.index(amplifier)
        wavelengths, fractions = self._rows
        return wavelengths[is_own], fractions[is_own]

    def samples(self) -> tuple[Array, Array]:
        """Return the wavelengths of the samples in nm, (N,), and the mean fraction over the amplifiers there, (N,)."""
        return self.precise_samples()

    def precise_samples(self) -> tuple[Array, Array]:
        """Return the same in double precision, also where the stack has single precision."""
        wavelengths, fractions = self._rows
        if len(self.amplifiers) < 2:
            return wavelengths, fractions
        grid = np.unique(wavelengths)
        rows = [self._amplifier_index == index for index in range(len(self.amplifiers))]
        curves = [np.interp(grid, wavelengths[row], fractions[row], left=0.0, right=0.0) for row in rows]
        return grid, np.mean(curves, axis=0)

    def fraction_at(self, wavelengths: Array) -> Array:
        """Return the fraction of light at wavelengths in nm, (N,); linear between samples and zero beyond them."""
        grid, fractions = self.samples()
        return np.interp(wavelengths, grid, fractions, left=0.0, right=0.0)

    def of_amplifier(self, name: str) -> Self:
        """Return the curve of one amplifier as a curve of the detector."""
        is_own = self._amplifier_index == self.amplifiers.index(name)
        values = {
            declared.name: value[is_own]
            for declared in self.FIELDS
            if isinstance(value := getattr(self, declared.name), np.ndarray)
        }
        return replace(self, **{**values, "amp_name": None})

    def problems(self) -> Iterator[Problem]:
        """Yield samples that cannot be interpolated, and impossible fractions."""
        name, values = self._fraction_column, getattr(self, self._fraction_field)
        lengths = {len(self.wavelength), len(values)}
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
        if self.amp_name is not None:
            for row in np.flatnonzero(self.amp_name == "").tolist():
                yield Problem("CAL224", ("amp_name", row), f"row {row + 1} amp_name: the name is empty")
        yield from self._order_problems()
        yield from self._missing_samples(name)
        fractions = self.fractions
        least, largest, _, _ = self.extremes
        yield from self._unit_problems(name, float(largest))
        if least >= -_NOISE and largest <= 1 + _NOISE:
            return
        outside = np.flatnonzero(np.isfinite(fractions) & ((fractions < -_NOISE) | (fractions > 1 + _NOISE)))
        if outside.size:
            worst = outside[np.abs(fractions[outside] - 0.5).argmax()]
            value = f"{values[worst]:g} {self.units.get(self._fraction_field, '')}".rstrip()
            detail = f"row {worst + 1} {name}: {value}, the worst of {outside.size} outside of 0 to "
            detail += "100 %" if self.is_percent else "1"
            yield Problem("CAL304", (name, int(worst)), detail)

    def _unit_problems(self, name: str, largest: float) -> Iterator[Problem]:
        """Yield values that seem to be in another unit than the file gives; ``largest`` is the largest fraction."""
        unit = self.units.get("wavelength", "") or "nm"
        _, _, least, most = self.extremes
        factor = length_factor(unit) / 10  # to nm
        if least * factor < _SHORTEST or most * factor > _LONGEST:
            yield Problem("CAL334", ("wavelength", 0), f"wavelengths from {least:g} to {most:g} {unit}")
        if 0 < largest <= _LOWEST_PEAK and self.is_percent:
            row = int(np.argmax(self.fractions))
            yield Problem("CAL335", (name, row), f"{name}: {100 * largest:g} % is the largest value")

    def claims(self) -> Claims | None:
        """Return its amplifiers; those that could not be measured may be left out."""
        return Claims("amp_name", self.amplifiers) if self.amplifiers else None

    def _missing_samples(self, name: str) -> Iterator[Problem]:  # noqa: ARG002 (types that allow them need it)
        """Yield samples without a number, in types that allow NaN."""
        return iter(())

    def _order_problems(self) -> Iterator[Problem]:
        """Yield wavelengths that do not increase, and amplifiers that have other wavelengths than the first."""
        # Rows of several amplifiers may be mixed; each amplifier's own wavelengths have to increase.
        rows = np.argsort(self._amplifier_index, kind="stable")
        amplifiers, wavelengths = self._amplifier_index[rows], self.wavelength[rows]
        is_wrong = ~(wavelengths[1:] > wavelengths[:-1]) & (amplifiers[1:] == amplifiers[:-1])
        pairs = zip(rows[1:][is_wrong].tolist(), rows[:-1][is_wrong].tolist(), strict=True)
        for row, row_before in sorted(pairs):
            after, before = self.wavelength[row], self.wavelength[row_before]
            yield Problem(
                "CAL303", ("wavelength", row), f"row {row + 1} wavelength: {after:g} after {before:g}"
            )
        if self._grid is not None and (self.wavelength[self._grid] == self.wavelength[self._grid[0]]).all():
            return
        first = self.wavelength[self._amplifier_index == 0]
        for index, amplifier in enumerate(self.amplifiers[1:], start=1):
            is_own = self._amplifier_index == index
            if not np.array_equal(self.wavelength[is_own], first):
                detail = f"amplifier {amplifier} has other wavelengths than {self.amplifiers[0]}"
                yield Problem("CAL311", ("amp_name", int(is_own.argmax())), detail)
