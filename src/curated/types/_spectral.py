"""What all curves against wavelength share: samples of the detector, or of each amplifier."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.core.diagnostic import Problem
from curated.core.units import fits_unit, length_factor
from curated.declare import Array, Field, column

_SHORTEST, _LONGEST = 100.0, 30_000.0
"""Wavelengths (nm) between which astronomical cameras work, from the far ultraviolet to the thermal infrared."""

_PERCENT = 0.01
"""No curve that is worth a file stays below it."""

_NOISE = 0.01
"""A fraction measured at nothing scatters about zero; so much of it says nothing about the unit."""


@calibration
class SpectralCurve(Calib):
    """A fraction of light against wavelength, for the detector or for each amplifier."""

    amp_name: Array | None = column("str", column="amp_name", required=False, doc="Amplifier of the sample.")
    wavelength: Array = column(
        "f",
        column="wavelength",
        unit="nm",
        needs_unit=True,
        above=0,
        doc="Wavelength of the sample, in vacuum or air as SOURCE says.",
    )

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

    @cached_property
    def _grid(self) -> Array | None:
        """Places of each amplifier's samples, a row for each; `None` where they differ in number, or are none."""
        count, samples = len(self.amplifiers), len(self.wavelength)
        if not count or samples % count:
            return None
        if (np.bincount(self._amplifier, minlength=count) != samples // count).any():
            return None
        return np.argsort(self._amplifier, kind="stable").reshape(count, -1)

    @property
    @abstractmethod
    def _named(self) -> str:
        """Name of the field that holds the fractions; each type has its own."""

    @property
    def _said(self) -> str:
        """Name of that field in the file."""
        return next(declared.column for declared in self.FIELDS if declared.name == self._named)

    @property
    def fractions(self) -> Array:
        """The fractions, one for each sample, in the precision of the file."""
        values: Array = getattr(self, self._named)
        return values * values.dtype.type(0.01) if self.units.get(self._named, "") == "%" else values

    def problems(self) -> Iterator[Problem]:
        """Yield samples that cannot be interpolated, and fractions that are none."""
        name, values = self._said, getattr(self, self._named)
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
        yield from self._order()
        yield from self._missing(name)
        fractions = self.fractions
        # NaN makes no comparison true; infinity is reported as such.
        least, largest = fractions.min(), fractions.max()
        yield from self._units(name, float(largest))
        if least >= -_NOISE and largest <= 1 + _NOISE:
            return
        outside = np.flatnonzero(np.isfinite(fractions) & ((fractions < -_NOISE) | (fractions > 1 + _NOISE)))
        if outside.size:
            worst = outside[np.abs(fractions[outside] - 0.5).argmax()]
            unit = self.units.get(self._named, "")
            detail = (
                f"row {worst + 1} {name}: {values[worst]:g} {unit}".rstrip()
                + f", the worst of {outside.size} outside of 0 to {'100 %' if unit == '%' else 1}"
            )
            yield Problem("CAL304", (name, int(worst)), detail)

    def _units(self, name: str, largest: float) -> Iterator[Problem]:
        """Yield values that are of another unit than the file says; ``largest`` is the largest fraction."""
        unit = self.units.get("wavelength", "") or "nm"
        # Wavelengths increase, or else that is what is reported.
        least, most = float(self.wavelength[0]), float(self.wavelength[-1])
        factor = length_factor(unit) / 10  # to nm
        if least * factor < _SHORTEST or most * factor > _LONGEST:
            yield Problem("CAL334", ("wavelength", 0), f"wavelengths from {least:g} to {most:g} {unit}")
        if 0 < largest <= _PERCENT and self.units.get(self._named, "") == "%":
            row = int(np.argmax(self.fractions))
            yield Problem("CAL335", (name, row), f"{name}: {100 * largest:g} % is the largest value")

    def claims(self) -> Claims | None:
        """Return its amplifiers; one that could not be measured may be left out."""
        return Claims("amp_name", self.amplifiers) if self.amplifiers else None

    def _missing(self, name: str) -> Iterator[Problem]:  # noqa: ARG002 (types that allow them need it)
        """Yield samples that are no numbers, in types that allow them."""
        return iter(())

    def _order(self) -> Iterator[Problem]:
        backward = ~(self.wavelength[1:] > self.wavelength[:-1])
        if self.amp_name is not None:
            backward &= self._amplifier[1:] == self._amplifier[:-1]
        for row in np.flatnonzero(backward).tolist() if backward.any() else ():
            before, after = self.wavelength[row], self.wavelength[row + 1]
            yield Problem(
                "CAL303", ("wavelength", row + 1), f"row {row + 2} wavelength: {after:g} after {before:g}"
            )
        if self._grid is not None and (self.wavelength[self._grid] == self.wavelength[self._grid[0]]).all():
            return
        first = self.wavelength[self._amplifier == 0]
        for place, other in enumerate(self.amplifiers[1:], start=1):
            mine = self._amplifier == place
            if not np.array_equal(self.wavelength[mine], first):
                detail = f"amplifier {other} has other wavelengths than {self.amplifiers[0]}"
                yield Problem("CAL311", ("amp_name", int(mine.argmax())), detail)

    def _unit(self, declared: Field) -> str:
        return fits_unit(self.units.get(declared.name, ""))
