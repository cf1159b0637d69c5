"""One calibration after the other, checked and made into a FITS file."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from curated.check.file import FileReport
from curated.check.reader import check_one
from curated.convert.files import Converted, Written, fits_path, weigh, write_new
from curated.convert.origin import Origin
from curated.convert.recipe import recipe
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.times import iso
from curated.fits.digest import ContentDigest
from curated.fits.writer import fits_blocks
from curated.git.objects import blob_sha1
from curated.package.config import Silence
from curated.package.files import Files
from curated.package.instrument import Instrument
from curated.text.provenance import provenance_path, provenance_text


@dataclass(frozen=True, slots=True)
class Task:
    """The work on one file after the other, with what all of them need.

    Parameters
    ----------
    files : `Files`
        The package's files.
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    origin : `Origin`
        The commit.
    natural_ends : `dict` [`str`, `datetime.datetime`]
        When each file ends that has no VALIDEND, by path; see `curated.package.validity.natural_ends`.
    output : `str`
        The directory to write to; nothing is written if it is empty.
    selected : `frozenset` [`str`]
        Paths of the files to convert; others are only checked.
    silence : `tuple` [`Silence`]
        Findings that do not count.
    records : `bool`
        Whether a bundle is to know of each file what it holds, what it is made of, and its provenance.
    """

    files: Files
    declared: Mapping[str, Instrument]
    origin: Origin
    natural_ends: Mapping[str, datetime]
    output: str
    selected: frozenset[str]
    silence: tuple[Silence, ...]
    records: bool

    def __call__(self, chunk: Sequence[CalibFile]) -> list[tuple[FileReport, Converted | None]]:
        """Return what the check found in each file, and the FITS file, where one was made."""
        return [self._one(file) for file in chunk]

    def _one(self, file: CalibFile) -> tuple[FileReport, Converted | None]:
        calib, data, report = check_one(self.files, file, self.declared)
        if calib is None or file.path not in self.selected or self.is_wrong(report):
            return report, None
        following = self.natural_ends.get(file.path)
        end = report.end or (iso(following) if following else "")
        blob = self._committed(file.path, data)
        beside = self.files.read(file.side) if file.side else None
        if beside is not None:
            self._committed(file.side, beside)
        content = ContentDigest() if self.records else None
        blocks = fits_blocks(calib.fits_content(), self.origin.stamp(file, blob, end))
        written = self._write(fits_path(file.path), blocks, content)
        if content is None:
            return report, Converted(file, written, blob)
        provenance = None
        if calib.provenance:
            provenance = self._write(provenance_path(file.path), [provenance_text(calib.provenance).encode()])
        return report, Converted(
            file,
            written,
            blob,
            content=content.hexdigest(),
            recipe=self.recipe(file, data, beside),
            provenance=provenance,
        )

    def known(self, file: CalibFile, recipes: Container[str]) -> Converted | None:
        """Return a file that need not be made, since one of its recipe exists; nothing if there is none."""
        try:
            data = self.files.read(file.path)
            beside = self.files.read(file.side) if file.side else None
        except OSError:
            return None  # the check says so
        found = self.recipe(file, data, beside)
        if file.path not in self.selected or found not in recipes:
            return None
        if beside is not None:
            self._committed(file.side, beside)
        return Converted(file, None, self._committed(file.path, data), recipe=found)

    def recipe(self, file: CalibFile, data: bytes, beside: bytes | None) -> str:
        """Return a hash of all that decides what a file holds; see `curated.convert.recipe`."""
        contents = [data] if beside is None else [data, beside]
        return recipe(file, contents, self.declared, self.natural_ends.get(file.path))

    def _committed(self, path: str, data: bytes) -> str:
        """Return the blob of a file, which is the commit's where the work tree is clean."""
        blob = blob_sha1(data)
        if self.origin.dirty or blob == self.origin.blobs[path]:
            return blob
        # A clean work tree can still differ from its blobs by line ends; the commit is what is stamped.
        blob = blob_sha1(data.replace(b"\r\n", b"\n"))
        if blob != self.origin.blobs[path]:
            raise CuratedError(
                f"{path} is not what git takes it for",
                "see 'git ls-files -v' for files that git is told not to look at, and run it again",
            )
        return blob

    def _write(self, path: str, blocks: Iterable[bytes], content: ContentDigest | None = None) -> Written:
        if content is not None:
            blocks = _passed(blocks, content)
        size, digest = write_new(os.path.join(self.output, path), blocks) if self.output else weigh(blocks)
        return Written(path, size, digest)

    def is_wrong(self, report: FileReport) -> bool:
        """Say whether a file has errors that are not silenced."""
        return any(d.is_error and not any(s.covers(d) for s in self.silence) for d in report.diagnostics)


def _passed(blocks: Iterable[bytes], content: ContentDigest) -> Iterator[bytes]:
    for block in blocks:
        content.update(block)
        yield block
