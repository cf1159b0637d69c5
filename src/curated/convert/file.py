"""The conversion of one file: read and checked, then written as FITS with its stamp."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from curated.calib import Calib
from curated.calib.fingerprint import values_hash
from curated.check.cache import instrument_hash
from curated.check.file import CheckedFile, check_copies
from curated.check.report import FileReport
from curated.check.rules.bad_amplifiers import Mask
from curated.convert.origin import Origin
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.times import iso
from curated.core.version import __version__
from curated.core.wholefile import link_staged, size_and_hash, write_staged
from curated.fits.digest import ContentDigest
from curated.fits.writer import fits_blocks
from curated.git.objects import blob_sha1
from curated.package.config import Silence
from curated.package.files import Files, read_file
from curated.package.instrument import Instrument
from curated.registry import get_type
from curated.text.provenance import provenance_path, provenance_text
from curated.types._added_boxes import without_count
from curated.types.defects import Defects
from curated.verification.binding import digest_of_tests, void_reasons
from curated.verification.record_file import read_record
from curated.verification.tables import TestTables

_PROJECT = __name__.partition(".")[0]


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file below the output directory, with its size in bytes.

    Parameters
    ----------
    path : `str`
        Path relative to that directory.
    sha256 : `str`
        SHA-256 of the content, 64 hexadecimal digits.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Converted:
    """A calibration and its FITS file.

    Parameters
    ----------
    fits : `OutputFile` or `None`
        The FITS file; `None` where it exists elsewhere.
    blob : `str`
        Git blob of the calibration's text.
    content : `str`
        Hash of the data and keywords apart from the stamp; empty unless a bundle is made.
    recipe : `str`
        Hash of all that decides the content, see `Conversion.recipe`; empty unless a bundle is made.
    provenance : `OutputFile`, optional
        The provenance file beside the FITS file; only in a bundle, where the calibration has provenance.
    """

    file: CalibFile
    fits: OutputFile | None
    blob: str
    content: str = ""
    recipe: str = ""
    provenance: OutputFile | None = None

    @property
    def path(self) -> str:
        """Path of the FITS file in the output directory; empty where it exists elsewhere."""
        return self.fits.path if self.fits else ""

    @property
    def size(self) -> int:
        """Size of the FITS file in bytes; 0 where it exists elsewhere."""
        return self.fits.size if self.fits else 0

    @property
    def sha256(self) -> str:
        """SHA-256 of the FITS file; empty where it exists elsewhere."""
        return self.fits.sha256 if self.fits else ""


def fits_path(path: str) -> str:
    """Return the path of the FITS file of a calibration file."""
    return f"{os.path.splitext(path)[0]}.fits"


Conversions = list[tuple[FileReport, Converted | None]]
"""Report of each calibration of a file, and its FITS file if there is one."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A function from calibration files to reports and FITS files, with the values that all of them need.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    origin : `Origin`
        The commit that is converted.
    natural_ends : `dict` [`str`, `datetime.datetime`]
        Ends of files without VALIDEND, by path; see `curated.package.validity.natural_ends`.
    output : `str`
        Directory to write to; nothing is written if it is empty.
    selected : `frozenset` [`str`]
        Paths of the files to convert; others are only checked.
    silence : `tuple` [`Silence`]
        Findings that keep no file from being converted.
    for_bundle : `bool`
        Whether content, recipe and provenance of each file are needed as well.
    recipes : `frozenset` [`str`]
        Recipes of existing FITS files; these calibrations are checked, but not converted again.
    for_values : `bool`
        Whether the content is the hash of the values alone, and no FITS file is made.
    masks : `dict` [`str`, `Mask`]
        Boxes of amplifiers out of use, by the path of the defects that they are added to.
    tests : `TestTables`
        Tests of verification.
    """

    files: Files
    declared: Mapping[str, Instrument]
    origin: Origin
    natural_ends: Mapping[str, datetime]
    output: str
    selected: frozenset[str]
    silence: tuple[Silence, ...]
    for_bundle: bool
    recipes: frozenset[str] = frozenset()
    for_values: bool = False
    masks: Mapping[str, Mask] = field(default_factory=dict)
    tests: TestTables = field(default_factory=TestTables)

    def __call__(self, chunk: Sequence[Sequence[CalibFile]]) -> list[Conversions]:
        """Return the reports of what each file stands for, and its FITS files unless it has errors or is not selected."""
        return [self._convert_copies(copies) for copies in chunk]

    def _convert_copies(self, copies: Sequence[CalibFile]) -> Conversions:
        """Convert one file for all calibrations that it stands for; those with the same stamp share their bytes."""
        results: Conversions = []
        by_end: dict[str, Converted] = {}
        checked_copies = check_copies(self.files, copies, self.declared)
        for file, checked in zip(copies, checked_copies, strict=True):
            end = self._end(file, checked.report)
            # The boxes of amplifiers that are out of use are those of one detector.
            is_masked = file.path in self.masks
            report, converted = self._convert(file, checked, None if is_masked else by_end.get(end))
            if converted is not None and (converted.fits is not None or self.for_values) and not is_masked:
                by_end.setdefault(end, converted)
            results.append((report, converted))
        return results

    def _end(self, file: CalibFile, report: FileReport) -> str:
        following = self.natural_ends.get(file.path)
        return report.end or (iso(following) if following else "")

    def _convert(
        self, file: CalibFile, checked: CheckedFile, twin: Converted | None
    ) -> tuple[FileReport, Converted | None]:
        """Convert one calibration; ``twin`` is one of the same file with the same stamp, if there is one."""
        if checked.calib is None or file.path not in self.selected or self.has_errors(checked.report):
            return checked.report, None
        if file.side and checked.side is None:
            return checked.report, None  # silenced, but its provenance would be lost
        end = self._end(file, checked.report)
        blob = self._blob(file, checked.text)
        record, verdict = self._verification(file, checked.report)
        recipe = self.recipe(file, checked.text, checked.side, record + verdict) if self.for_bundle else ""
        if recipe and recipe in self.recipes:
            return checked.report, Converted(file, None, blob, recipe=recipe)
        if twin is not None:
            return checked.report, self._link(file, twin, recipe)
        calib = self._masked(file, checked.calib)
        if self.for_values:
            values = values_hash(calib)
            self._require_same_companion(checked.report)
            return checked.report, Converted(file, None, blob, values)
        content = ContentDigest() if self.for_bundle else None
        stamp = self.origin.stamp(file, blob, end)
        if record:
            digest = hashlib.sha256(record.encode()).hexdigest()
            stamp = replace(stamp, verdict=verdict, record=digest)
        blocks = fits_blocks(calib.fits_content(), stamp, record)
        fits = self._write(fits_path(file.path), blocks, content)
        self._require_same_companion(checked.report)
        if content is None:
            return checked.report, Converted(file, fits, blob)
        provenance = None
        if checked.calib.provenance:
            text = provenance_text(checked.calib.provenance).encode()
            provenance = self._write(provenance_path(file.path), [text])
        return checked.report, Converted(file, fits, blob, content.hexdigest(), recipe, provenance)

    def _link(self, file: CalibFile, twin: Converted, recipe: str) -> Converted:
        """Return the files of another calibration under the name of this one, with the same bytes on disk."""
        fits, provenance = twin.fits, twin.provenance
        if fits is not None:
            fits = self._link_file(fits, fits_path(file.path))
        if provenance is not None:
            provenance = self._link_file(provenance, provenance_path(file.path))
        return replace(twin, file=file, fits=fits, recipe=recipe, provenance=provenance)

    def _link_file(self, output: OutputFile, path: str) -> OutputFile:
        if self.output:
            link_staged(os.path.join(self.output, output.path), os.path.join(self.output, path))
        return OutputFile(path, output.size, output.sha256)

    def _masked(self, file: CalibFile, calib: Calib) -> Calib:
        """Return a calibration with the boxes of amplifiers that are out of use while it is in force."""
        mask = self.masks.get(file.path)
        if not isinstance(calib, Defects):
            return calib
        if mask is None:
            own: Calib = without_count(calib)  # of a text, whose boxes are its author's
            return own
        return calib.with_boxes(mask.boxes, f"{self.origin.prefix}{mask.source}")

    def _require_same_companion(self, report: FileReport) -> None:
        """Raise an error if the file beside a text changed while it was read."""
        companion = report.companion
        if companion and self.files.state(companion) != report.companion_state:
            raise CuratedError(
                f"{companion} changed while it was read",
                "run it again when nothing else writes to the package",
            )

    def _verification(self, file: CalibFile, report: FileReport) -> tuple[str, str]:
        """Return the record of a calibration's verification and its verdict; empty where there is none that can be read."""
        data = read_file(self.files, file.record) if file.record else b""
        record = read_record(data).record if isinstance(data, bytes) and data else None
        if record is None or not isinstance(data, bytes):
            return "", ""
        tests = self.tests.in_force(file.key.instrument, file.key.type, file.start)[1]
        is_void = bool(void_reasons(record, report.product, digest_of_tests(tests)))
        return data.decode(), "void" if is_void else record.verdict

    def recipe(self, file: CalibFile, text: bytes, side: bytes | None, record: str = "") -> str:
        """Return a hash of all that decides the content of a FITS file, apart from its stamp.

        Two files with the same recipe have the same content, so that one need not be made. It is empty for types of
        other projects, whose version is not known.

        Parameters
        ----------
        text : `bytes`
            Content of the file.
        side : `bytes` or `None`
            Content of its provenance file, where it has one.
        record : `str`, optional
            Content of the record of its verification, and the verdict.
        """
        if get_type(file.key.type).__module__.partition(".")[0] != _PROJECT:
            return ""
        key = file.key
        following = self.natural_ends.get(file.path)
        instrument = self.declared.get(key.instrument)
        parts = [
            __version__,
            *(key.instrument, key.type, key.detector, key.filter),
            iso(file.start),
            iso(following) if following else "",
            instrument_hash(instrument) if instrument else "",
            blob_sha1(text),
            *([] if side is None else [blob_sha1(side)]),
            *([f"record {blob_sha1(record.encode())}"] if record else []),
            *([repr(self.masks[file.path])] if file.path in self.masks else []),
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def has_errors(self, report: FileReport) -> bool:
        """Say whether a file has errors that are not silenced."""
        return any(d.is_error and not any(s.covers(d) for s in self.silence) for d in report.diagnostics)

    def _blob(self, file: CalibFile, text: bytes) -> str:
        """Return the git blob of a file; in a clean work tree each file is verified when it is read."""
        return blob_sha1(text) if self.origin.dirty else self.origin.blobs[file.source]

    def _write(self, path: str, blocks: Iterable[bytes], content: ContentDigest | None = None) -> OutputFile:
        if content is not None:
            blocks = _digested(blocks, content)
        if self.output:
            return OutputFile(path, *write_staged(os.path.join(self.output, path), blocks))
        return OutputFile(path, *size_and_hash(blocks))


def _digested(blocks: Iterable[bytes], content: ContentDigest) -> Iterator[bytes]:
    """Yield blocks, and add each to a digest."""
    for block in blocks:
        content.update(block)
        yield block
