"""The instruments, detectors and filters of a package, by the names that tables of exposures have for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from curated.check.file import read_and_check
from curated.check.instruments import complete_instruments, read_instruments
from curated.core.diagnostic import CuratedError, brief
from curated.core.keys import CalibFile
from curated.core.similar import similar_name
from curated.declare import BANDS
from curated.package.instrument import Instrument
from curated.package.layout import directory_name
from curated.package.package import Package

_MOST_NAMES = 12


class FilterName(NamedTuple):
    """A filter: its directory, and its band, empty where that is not known."""

    directory: str
    band: str


class UnknownNameError(ValueError):
    """A name that a package does not have; the message suggests another."""


@dataclass(frozen=True, eq=False)
class Names:
    """The names of a package before and after a change.

    Parameters
    ----------
    packages : sequence [`Package`]
        The packages, the newer one first.
    bands : sequence [`str`]
        Names of the bands of measures.
    selected : sequence [`str`]
        Names of the instruments whose exposures count; all if it is empty.
    """

    packages: Sequence[Package]
    bands: Sequence[str] = tuple(band.name for band in BANDS)
    selected: Sequence[str] = ()
    _inferred: dict[str, Instrument] = field(default_factory=dict)

    @cached_property
    def _declared(self) -> dict[str, Instrument]:
        """Declared instruments by folded directory."""
        declared: dict[str, Instrument] = {}
        for package in self.packages:
            for directory, instrument in read_instruments(package)[0].items():
                declared.setdefault(directory.lower(), instrument)
        return declared

    @cached_property
    def directories(self) -> dict[str, str]:
        """Directories of the instruments, as they are spelled, by the folded ones."""
        return {
            directory.lower(): directory
            for package in reversed(self.packages)
            for directory in package.layout.instruments
        }

    @cached_property
    def selection(self) -> list[str]:
        """Folded directories of the instruments whose exposures count.

        Raises
        ------
        CuratedError
            If an instrument that is selected does not exist.
        """
        try:
            return [self._find(text) for text in self.selected] or list(self.directories)
        except UnknownNameError as error:
            raise CuratedError(str(error), "name an instrument of the package: --instrument") from error

    def instrument(self, text: str) -> str | None:
        """Return the folded directory of an instrument; `None` for one that is not selected.

        Parameters
        ----------
        text : `str`
            Name of the directory or of the instrument; if it is empty, the only one that is selected.

        Raises
        ------
        UnknownNameError
            If there is none, or if none is named and there are several.
        """
        if not text and len(self.selection) == 1:
            return self.selection[0]
        if not text:
            raise UnknownNameError(f"no instrument; there are {_names_text(self.directories.values())}")
        try:
            folded = self._find(text)
        except UnknownNameError:
            if self.selected:
                return None
            raise
        return folded if folded in self.selection else None

    def describe_all(self) -> list[Instrument]:
        """Return the instruments that are selected; see `describe`."""
        return [self.describe(folded) for folded in self.selection]

    def _find(self, text: str) -> str:
        name = text.lower()
        if name in self.directories:
            return name
        known_names = list(self.directories.values())
        for folded in self.directories:
            instrument = self.describe(folded)
            if name in map(str.lower, (instrument.name, *instrument.aliases)):
                return folded
            known_names += [instrument.name] if instrument.name.lower() != folded else []
        raise UnknownNameError(_unknown("instrument", text, dict.fromkeys(known_names)))

    def describe(self, folded: str) -> Instrument:
        """Return an instrument as it is declared, or as a file of each detector and filter describes it."""
        declared = self._declared.get(folded)
        if declared is not None:
            return declared
        if folded not in self._inferred:
            self._inferred[folded] = self._infer(folded)
        return self._inferred[folded]

    def utc_offset(self, folded: str) -> float:
        """Return the hours by which the observatory's time is ahead of UTC."""
        if folded in self._declared:
            return self._declared[folded].utc_offset
        for package in self.packages:
            for directory, overrides in package.config.instruments.items():
                if directory.lower() == folded and "utc_offset" in overrides:
                    return self.describe(folded).utc_offset
        return 0.0

    def detector(self, folded: str, text: str) -> str:
        """Return the directory of a detector by its name or number.

        Raises
        ------
        UnknownNameError
            If the instrument has no such detector.
        """
        directories = self._directories(folded)[0]
        name = directory_name(text)
        if name in directories:
            return name
        # Columns of numbers that lack some become floats in many programs.
        number = text.removesuffix(".0")
        if number.isdecimal() and number.isascii():
            numbers = {str(d.id): directory for directory, d in self.describe(folded).detectors.items()}
            if (directory := numbers.get(str(int(number[:20])))) is not None:
                return directory
        if not directories:
            return name  # nothing of this instrument depends on the detector
        raise UnknownNameError(_unknown("detector", text, directories, f" of {self.directories[folded]}"))

    def filter(self, folded: str, text: str) -> FilterName:
        """Return a filter by its name, or by a band that it alone has.

        Where no ``instrument.yaml`` says the band of a filter, it is what stands before ``_`` in its name, if that is
        the name of a band.

        Raises
        ------
        UnknownNameError
            If the instrument has no such filter, or several of that band.
        """
        filters = self._filters(folded)
        name = directory_name(text)
        if name in filters:
            return FilterName(name, filters[name])
        if not filters:
            return FilterName(name, self._band(name) or text)
        in_band = sorted(directory for directory, band in filters.items() if band == text)
        if len(in_band) == 1:
            return FilterName(in_band[0], text)
        if in_band:
            raise UnknownNameError(
                f"band {brief(text)} has the filters {_names_text(in_band)}: name the filter instead"
            )
        raise UnknownNameError(_unknown("filter", text, filters, f" of {self.directories[folded]}"))

    def _directories(self, folded: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return the directories of detectors and of filters, declared or with a calibration."""
        return self._all_directories[folded]

    @cached_property
    def _all_directories(self) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
        detectors: dict[str, set[str]] = {folded: set() for folded in self.directories}
        filters: dict[str, set[str]] = {folded: set() for folded in self.directories}
        for file in self._files:
            detectors[file.key.instrument.lower()].add(file.key.detector)
            filters[file.key.instrument.lower()].add(file.key.filter)
        for folded, instrument in self._declared.items():
            detectors[folded] |= instrument.detectors.keys()
            filters[folded] |= instrument.filters.keys()
        return {
            folded: (frozenset(detectors[folded] - {""}), frozenset(filters[folded] - {""}))
            for folded in self.directories
        }

    @property
    def _files(self) -> Iterable[CalibFile]:
        return (file for package in self.packages for file in package.layout.files)

    def _filters(self, folded: str) -> Mapping[str, str]:
        """Return the bands of filters, by directory; an empty one where it is not known."""
        declared = self._declared[folded].filters if folded in self._declared else {}
        return {
            name: declared[name].band if name in declared else self._band(name)
            for name in self._directories(folded)[1]
        }

    def _band(self, name: str) -> str:
        start = name.partition("_")[0]
        return next((band for band in self.bands if band.lower() == start), "")

    def _infer(self, folded: str) -> Instrument:
        """Return an instrument that is not declared, from a file of each detector and of each filter."""
        for package in self.packages:
            directory = next((name for name in package.layout.instruments if name.lower() == folded), "")
            if not directory:
                continue
            samples: dict[tuple[str, str], CalibFile] = {}
            for file in package.layout.files:
                if file.key.instrument.lower() == folded:
                    samples.setdefault(("detector", file.key.detector), file)
                    samples.setdefault(("filter", file.key.filter), file)
            files = list({file.path: file for file in samples.values()}.values())
            part = replace(package)
            part.layout = replace(package.layout, files=files, instruments={directory: ""})
            reports = {
                file.path: read_and_check(package.files, file, {}, companion=False).report for file in files
            }
            return complete_instruments(part, reports, {})[directory]
        return Instrument(folded, folded)


def _unknown(level: str, text: str, names: Iterable[str], place: str = "") -> str:
    names = sorted(names)
    similar = similar_name(text, names)
    question = f"; did you mean {brief(similar)}?" if similar else f"; there are {_names_text(names)}"
    return f"unknown {level} {brief(text)}{place}{question}"


def _names_text(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _MOST_NAMES} more" if len(ordered) > _MOST_NAMES else ""
    return f"{', '.join(ordered[:_MOST_NAMES]) or 'none'}{more}"
