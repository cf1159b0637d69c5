"""The calibrations of a package as objects: the one in force at a time, from a work tree or any commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from curated.calib import Calib
from curated.check.file import read_and_check
from curated.check.instruments import read_instruments
from curated.check.report import FileReport, resolve_ranges
from curated.core.diagnostic import CuratedError
from curated.core.geometry import Camera, DetectorGeometry
from curated.core.keys import CalibFile
from curated.core.times import as_utc, iso
from curated.history.epoch import Epoch
from curated.history.lookup import Answer, find, instrument_directory
from curated.package.instrument import Instrument
from curated.package.layout import directory_name
from curated.package.package import Package
from curated.registry import get_type

_MOST_NAMED = 24
"""Names that a message lists."""


class Calibrations:
    """The calibrations of a package; made by `curated.open`.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree or of a commit.
    commit : `str`, optional
        SHA1 of the commit; empty for a work tree.
    close : callable, optional
        Removes what was fetched for it.

    Attributes
    ----------
    commit : `str`
        SHA1 of the commit; empty for a work tree.
    """

    def __init__(self, package: Package, commit: str = "", close: Any = None) -> None:
        self.package, self.commit, self._close = package, commit, close

    def __repr__(self) -> str:
        """Name the package and its commit."""
        return f"<Calibrations of {self.package.root} {self.commit or 'work tree'}>"

    def close(self) -> None:
        """Remove what was fetched; a package at a path has nothing that could be removed."""
        if self._close is not None:
            self._close()

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
    def _declared(self) -> dict[str, Instrument]:
        return read_instruments(self.package)[0]

    @property
    def instruments(self) -> list[str]:
        """Directories of the instruments."""
        return list(self.package.layout.instruments)

    def types(self, instrument: str = "") -> list[str]:
        """Return the types that there are, of one instrument or of all."""
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
            What they calibrate; all if not given. A detector may be given by number where it is declared.

        Raises
        ------
        CuratedError
            If there is no such type or instrument.
        """
        wanted = get_type(type_name).SPEC.name if type_name else ""
        files = [f for f in self._files(instrument) if wanted in ("", f.key.type)]
        if detector != "":
            files = [f for f in files if f.key.detector == self._directory(f.key.instrument, detector)]
        if filter:
            files = [f for f in files if f.key.filter == directory_name(filter)]
        reports = {f.path: self._read(f)[1] for f in files}
        ranges = resolve_ranges(files, reports)
        return [Epoch.of(f, ranges[f.path]) for f in files]

    def find(
        self,
        type_name: str,
        *,
        instrument: str,
        at: Any,
        detector: str | int = "",
        filter: str = "",
    ) -> Epoch | None:
        """Return which calibration is in force at a time; `None` where none is, as in a hole.

        Parameters are those of `get`.
        """
        found = self._answer(type_name, instrument, at, detector, filter).found
        return None if found is None else Epoch.of(found.file, found.range)

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
            When: UTC where it has no offset; a boundary belongs to the later calibration.
        detector : `str` or `int`, optional
            Name or number, for types that each detector has its own of.
        filter : `str`, optional
            Name of the filter, for types that each filter has its own of.
        seed : `bool`, optional
            Whether to make a neutral one of the detector (`Calib.fromDetector`) where none is in force; one that
            is in force always overrides it.

        Raises
        ------
        CuratedError
            If none is in force, if there is no such type, instrument, detector or filter, or if the file has
            errors; it says what there is.
        """
        answer = self._answer(type_name, instrument, at, detector, filter)
        if answer.found is None:
            if seed:
                geometry = self.detector(detector, instrument=instrument, at=at)
                return get_type(type_name).fromDetector(geometry)
            ranges = "; ".join(f"{c.file.path} {c.range.deprecation or c.range}" for c in answer.candidates)
            raise CuratedError(
                f"no {answer.key} is in force at {iso(answer.time)} UTC", f"there are: {ranges or 'none'}"
            )
        calib, report = self._read(answer.found.file)
        errors = [d for d in report.diagnostics if d.is_error]
        if calib is None or errors:
            said = "; ".join(f"{d.code} {d.message}" for d in errors)
            raise CuratedError(f"{report.path} cannot be used: {said}", "see 'curated check'")
        return calib

    def detector(self, detector: str | int, *, instrument: str, at: Any) -> DetectorGeometry:
        """Return what is known of a detector.

        A camera calibration that is in force says it; only where there is none, ``instrument.yaml``.

        Parameters
        ----------
        detector : `str` or `int`
            Name or number.
        instrument, at
            As for `get`.

        Raises
        ------
        CuratedError
            If there is no such detector, or neither of the two says anything about detectors.
        """
        for name in self.types(instrument):
            if (
                issubclass(get_type(name), Camera)
                and self.find(name, instrument=instrument, at=at) is not None
            ):
                camera: Any = self.get(name, instrument=instrument, at=at)
                return camera.detector(detector)  # type: ignore[no-any-return]
        directory = instrument_directory(self.package, self._declared, instrument)
        if directory not in self._declared:
            raise CuratedError(
                f"nothing says which detectors {directory} has",
                f"declare them in {directory}/instrument.yaml",
            )
        return self._declared[directory].geometry(detector)

    # -- what is behind it ----------------------------------------------------------------------------

    def _files(self, instrument: str) -> Iterator[CalibFile]:
        wanted = instrument_directory(self.package, self._declared, instrument) if instrument else ""
        return (f for f in self.package.layout.files if wanted in ("", f.key.instrument))

    def _read(self, file: CalibFile) -> tuple[Calib | None, FileReport]:
        checked = read_and_check(self.package.files, file, self._declared)
        return checked.calib, checked.report

    def _directory(self, instrument: str, detector: str | int) -> str:
        known = self._declared.get(instrument)
        numbers = {str(d.id): name for name, d in known.detectors.items()} if known else {}
        return numbers.get(str(detector), directory_name(str(detector)))

    def _answer(
        self, type_name: str, instrument: str, at: Any, detector: str | int, filter_name: str
    ) -> Answer:
        try:
            time = as_utc(at)
        except ValueError as error:
            raise CuratedError(
                f"{str(at)!r:.60} is not a date-time", "give it like '2024-06-01T00:00:00'"
            ) from error
        answer = find(
            self.package,
            self._declared,
            instrument,
            type_name,
            time,
            detector=str(detector),
            filter_name=filter_name,
        )
        self._must_know(answer)
        return answer

    def _must_know(self, answer: Answer) -> None:
        """Tell a hole from what does not exist at all."""
        if answer.candidates:
            return
        key = answer.key
        files = [f for f in self.package.layout.files if f.key.instrument == key.instrument]
        declared = self._declared.get(key.instrument)
        for what, wanted, found, listed in (
            ("detector", key.detector, {f.key.detector for f in files}, declared and declared.detectors),
            ("filter", key.filter, {f.key.filter for f in files}, declared and declared.filters),
            ("type", key.type, {f.key.type for f in files}, None),
        ):
            known = found | set(listed or ())
            if wanted and wanted not in known:
                raise CuratedError(
                    f"{key.instrument} has no {what} {wanted!r}", f"known {what}s: {_listed(known - {''})}"
                )


def _listed(names: Iterable[str]) -> str:
    known = sorted(names)
    more = f", and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    return (", ".join(known[:_MOST_NAMED]) or "none") + more
