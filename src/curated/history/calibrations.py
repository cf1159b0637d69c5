"""The calibrations of a package as objects: the one in force at a time, from a work tree or any commit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import astuple, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from curated.calib import Calib
from curated.check.file import read_and_check
from curated.check.instruments import read_instruments
from curated.core.diagnostic import CuratedError, Diagnostic
from curated.core.geometry import Camera, DetectorGeometry
from curated.core.keys import CalibFile, CalibKey
from curated.core.times import as_utc, explain_time, iso, night_bounds, parse_night
from curated.git.address import is_address
from curated.git.clone import clone
from curated.git.repository import find_work_tree, open_repository
from curated.git.settings import is_bare
from curated.history.epochs import Epoch
from curated.history.exposure.raw import instrument_settings, require_sound_settings
from curated.history.lookup import Answer, lookup, package_at
from curated.history.names import detector_directory, instrument_directories, require_names
from curated.history.products import Product, find_products, read_ranges, select
from curated.package.instrument import Instrument
from curated.package.layout import directory_name
from curated.package.package import Package, open_package
from curated.provenance.origin import Origin
from curated.registry import get_type

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory


def open_calibrations(path: str | os.PathLike[str], rev: str | None = None) -> Calibrations:
    """Open a package; see `curated.open`."""
    name = os.fsdecode(path)
    if is_address(name) and not os.path.lexists(name.partition("\0")[0]):
        copy = clone(name)
        try:
            return Calibrations(*package_at(Path(copy.name), "HEAD" if rev is None else rev), copy)
        except BaseException:
            copy.cleanup()
            raise
    if "\0" in name:
        raise CuratedError(f"{name!r:.200} is not a path")
    place = Path(name)
    if is_bare(place) and find_work_tree(place.resolve()) is None:
        # Not the package that a directory above it may be.
        return Calibrations(*package_at(place, "HEAD" if rev is None else rev))
    try:
        package = open_package(path)
    except CuratedError as error:
        # A repository without a work tree, or one whose work tree has no package, may have it in a commit.
        if not _has_commits(place, rev):
            raise error from None
        return Calibrations(*package_at(place, "HEAD" if rev is None else rev))
    return Calibrations(package) if rev is None else Calibrations(*package_at(package.root, rev))


def _has_commits(path: Path, rev: str | None) -> bool:
    try:
        repository = open_repository(path)
    except CuratedError:
        return False
    return rev is not None or repository.is_bare


class Calibrations:
    """The calibrations of a package; made by `curated.open`.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree or of a commit.
    commit : `str`, optional
        SHA1 of the commit; empty for a work tree.
    copy : `tempfile.TemporaryDirectory`, optional
        The copy of a repository elsewhere, which `close` removes.

    Attributes
    ----------
    commit : `str`
        SHA1 of the commit; empty for a work tree.
    """

    def __init__(
        self, package: Package, commit: str = "", copy: TemporaryDirectory[str] | None = None
    ) -> None:
        self.package, self.commit, self._copy = package, commit, copy

    def __repr__(self) -> str:
        """Name the package and its commit."""
        return f"<Calibrations of {self.package.root} {self.commit or 'work tree'}>"

    def close(self) -> None:
        """Remove the copy of a repository elsewhere; a package at a path stays."""
        if self._copy is not None:
            self._copy.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @cached_property
    def _settings(self) -> tuple[dict[str, Instrument], list[Diagnostic]]:
        return read_instruments(self.package)

    @property
    def declared(self) -> dict[str, Instrument]:
        """The declared instruments, by directory."""
        return self._settings[0]

    @property
    def instruments(self) -> list[str]:
        """Directories of the instruments."""
        return list(self.package.layout.instruments)

    def types(self, instrument: str = "") -> list[str]:
        """Return the types of the calibrations, of one instrument or of all."""
        return sorted({file.key.type for file in self._files(instrument)})

    def epochs(
        self,
        type_name: str = "",
        *,
        instrument: str = "",
        detector: str | int = "",
        filter: str = "",
    ) -> list[Epoch]:
        """Return when calibrations are in force, in the order of their paths.

        Parameters
        ----------
        type_name : `str`, optional
            Name or alias of a type; all if not given.
        instrument, detector, filter : `str`, optional
            Only calibrations of these; all if not given. A detector may be given by its number.

        Raises
        ------
        CuratedError
            If there is no such type or instrument, or if the instrument that is given has no such detector or filter.
        """
        type_name = get_type(type_name).SPEC.name if type_name else ""
        key = CalibKey("", type_name, str(detector), directory_name(filter))
        keys = [self._named(replace(key, instrument=name)) for name in self._directories(instrument)]
        files = [file for file in self._files(instrument) if any(_is_of(file.key, k) for k in keys)]
        if not files and instrument:
            require_names(self.package, self.declared.get(keys[0].instrument), keys[0])
        ranges = read_ranges(self.package.files, files)
        return [Epoch.of(file, ranges[file.path]) for file in files]

    def find(
        self,
        type_name: str,
        *,
        instrument: str,
        at: Any,
        detector: str | int = "",
        filter: str = "",
    ) -> Epoch | None:
        """Return which calibration is in force at a time; `None` if there is none, as in a hole.

        Parameters are those of `get`.
        """
        candidate = self._lookup(type_name, instrument, at, detector, filter).in_force
        return None if candidate is None else Epoch.of(candidate.file, candidate.range)

    def get(
        self,
        type_name: str,
        *,
        instrument: str,
        at: Any,
        detector: str | int = "",
        filter: str = "",
        seed: bool = False,
    ) -> Calib:
        """Return the calibration in force at a time.

        Parameters
        ----------
        type_name : `str`
            Name of the type, or an alias of it.
        instrument : `str`
            The instrument's directory, or its name in a repository.
        at : `str`, `datetime.datetime` or `astropy.time.Time`
            When: UTC if it has no offset; a boundary belongs to the later calibration.
        detector : `str` or `int`, optional
            Name or number, for types that differ between detectors.
        filter : `str`, optional
            The filter, for types that differ between filters.
        seed : `bool`, optional
            Whether to make a neutral one of the detector (`Calib.fromDetector`) if none is in force; one that
            is in force always overrides it.

        Raises
        ------
        CuratedError
            If none is in force, if there is no such type, instrument, detector or filter, or if the file has
            errors; the hint names those that exist.
        """
        answer = self._lookup(type_name, instrument, at, detector, filter)
        if answer.in_force is None:
            if seed:
                geometry = self.detector(detector, instrument=instrument, at=at)
                return get_type(type_name).fromDetector(geometry)
            ranges = "; ".join(f"{c.file.path} {c.range.deprecation or c.range}" for c in answer.candidates)
            raise CuratedError(
                f"no {answer.key} is in force at {iso(answer.time)} UTC", f"there are: {ranges or 'none'}"
            )
        return self._read(answer.in_force.file)

    def _read(self, file: CalibFile) -> Calib:
        path = file.path
        checked = read_and_check(self.package.files, file, self.declared)
        errors = [diagnostic for diagnostic in checked.report.diagnostics if diagnostic.is_error]
        if checked.calib is None or errors:
            messages = "; ".join(f"{d.code} {d.message}" for d in errors)
            raise CuratedError(f"{path} cannot be used: {messages}", "see 'curated check'")
        return replace(checked.calib, origin=Origin.of_bytes(path, checked.text, self.commit))

    def all(
        self,
        instrument: str,
        *,
        at: Any,
        type_name: str = "",
        detector: str | int = "",
        filter: str = "",
    ) -> list[Epoch]:
        """Return all calibrations in force at a time, in the order of types, detectors and filters; see `read`.

        Parameters
        ----------
        instrument : `str`
            The instrument's directory, or its name in a repository.
        at : `str`, `datetime.datetime` or `astropy.time.Time`
            When: UTC if it has no offset; a boundary belongs to the later calibration.
        type_name, detector, filter : `str`, optional
            Only calibrations of these, and those of types that have no detector or filter.

        Raises
        ------
        CuratedError
            If there is no such type, instrument, detector or filter.
        """
        names = (instrument, type_name, str(detector), filter)
        selection = select(self.package, self.declared, *names)
        return _epochs(find_products(self.package, selection, _as_utc(at)))

    def night(
        self,
        instrument: str,
        night: str | date,
        *,
        type_name: str = "",
        detector: str | int = "",
        filter: str = "",
    ) -> list[Epoch]:
        """Return all calibrations in force during a night, from noon to noon of ``utc_offset`` in ``instrument.yaml``.

        Parameters are those of `all`; of a product that changes during the night there are several, in order.

        Parameters
        ----------
        night : `str` or `datetime.date`
            The date on which it begins, such as ``2024-04-01``.

        Raises
        ------
        CuratedError
            As `all`, or if it is no date.
        """
        names = (instrument, type_name, str(detector), filter)
        selection = select(self.package, self.declared, *names)
        require_sound_settings(self._settings[1], "when a night begins")
        offset = instrument_settings(self.package, self.declared, selection.instrument).utc_offset
        try:
            begin, end = night_bounds(parse_night(str(night)), offset)
        except ValueError as error:
            raise CuratedError(f"{str(night)!r:.60} is {error}", "give it like '2024-04-01'") from error
        return _epochs(find_products(self.package, selection, begin, end))

    def read(self, epoch: Epoch) -> Calib:
        """Return the calibration of an epoch of this package; see `read_path`."""
        return self.read_path(epoch.path)

    def read_path(self, path: str) -> Calib:
        """Return the calibration at a path in the package.

        Raises
        ------
        CuratedError
            If the package has no such file, or if it has errors.
        """
        file = next((file for file in self.package.layout.files if file.path == path), None)
        if file is None:
            raise CuratedError(f"there is no calibration {path}", "give an epoch of this package")
        return self._read(file)

    def detector(self, detector: str | int, *, instrument: str, at: Any) -> DetectorGeometry:
        """Return the geometry of a detector.

        It is that of the camera calibration in force; only if there is none, that of ``instrument.yaml``.

        Parameters
        ----------
        detector : `str` or `int`
            The detector, by its name or its number.
        instrument, at
            As for `get`.

        Raises
        ------
        CuratedError
            If there is no such detector, or neither of the two describes detectors.
        """
        for name in self.types(instrument):
            is_camera = issubclass(get_type(name), Camera)
            if is_camera and self.find(name, instrument=instrument, at=at) is not None:
                camera: Any = self.get(name, instrument=instrument, at=at)
                return camera.detector(detector)  # type: ignore[no-any-return]
        directory = self._instrument(instrument)
        instrument_file = self.declared.get(directory)
        if instrument_file is None or not instrument_file.declared:
            raise CuratedError(
                f"nothing says which detectors {directory} has",
                f"declare them in {directory}/instrument.yaml",
            )
        return instrument_file.geometry(detector)

    # -- names of directories -----------------------------------------------------------------------------

    def _instrument(self, name: str) -> str:
        """Return the directory of an instrument."""
        return instrument_directories(self.package, self.declared, name)[0]

    def _directories(self, instrument: str) -> list[str]:
        return [self._instrument(instrument)] if instrument else self.instruments

    def _named(self, key: CalibKey) -> CalibKey:
        """Return a key with the directory of its detector, which may be a number."""
        declared = self.declared.get(key.instrument)
        if not key.detector:
            return key
        return replace(key, detector=detector_directory(self.package, declared, key.instrument, key.detector))

    def _files(self, instrument: str) -> list[CalibFile]:
        """Return the files of an instrument; all files if the name is empty."""
        directory = self._instrument(instrument) if instrument else ""
        return [file for file in self.package.layout.files if directory in ("", file.key.instrument)]

    # -- lookups ------------------------------------------------------------------------------------------

    def _lookup(
        self, type_name: str, instrument: str, at: Any, detector: str | int, filter_name: str
    ) -> Answer:
        return lookup(
            self.package,
            instrument,
            type_name,
            _as_utc(at),
            detector=str(detector),
            filter_name=filter_name,
            declared=self.declared,
        )


def _as_utc(at: Any) -> datetime:
    try:
        return as_utc(at)
    except ValueError as error:
        raise CuratedError(
            f"{str(at)!r:.60} is {explain_time(at) if isinstance(at, str) else 'not a date-time'}",
            "give it like '2024-06-01T00:00:00'",
        ) from error


def _epochs(products: Iterable[Product]) -> list[Epoch]:
    return [Epoch.of(file, valid) for product in products for file, valid in product.epochs]


def _is_of(key: CalibKey, names: CalibKey) -> bool:
    """Return whether a key has the names of another one, as far as that has any."""
    pairs = zip(astuple(key), astuple(names), strict=True)
    return all(not name or value == name for value, name in pairs)
