"""The camera file of the LSST stack, which its pipelines read: kept as it is, beside a text that describes it."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

from curated.calib import Calib, calibration
from curated.calib.content import Claims, Companion, Content
from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.metadata import Metadata
from curated.core.stamp import COMPANION_KEYWORDS
from curated.core.tables import TableData
from curated.declare import Spec, Table, column
from curated.fits.camera_archive import CameraArchive, read_camera
from curated.fits.writer import FitsContent
from curated.image import ANNEX, LFS
from curated.image.planes import digest
from curated.image.reader import is_plain_name
from curated.types._camera_math import STACK_BOUNDS, STACK_MEASURES

_FILE, _SHA, _SIZE = COMPANION_KEYWORDS
_PLACE = ("image", "file")
_HASH = re.compile(r"[0-9a-f]{64}\Z")


@calibration
class StackCamera(Calib):
    """The file of an ``lsst.afw.cameraGeom.Camera``: detectors, amplifiers and transformations, in the stack's own form.

    It is not converted: a repository gets it byte for byte, without a stamp, because only the stack can read what is
    in it and writes it with a program of its own. What curated reads of it, `archive`, is for comparisons. The
    geometry of a package's own making is the type ``camera``.
    """

    SPEC: ClassVar = Spec(
        name="stack_camera",
        title="The stack's camera file",
        obstype="stack_camera",
        dimensions=("instrument",),
        storage_class="Camera",
        dataset_type="camera",
        calibcls="lsst.afw.cameraGeom.Camera",
        forms=("yaml", "json"),
        tables=(Table(name="image", rows="record"),),
        absent="omit",
        beside=(".fits",),
        verbatim=True,
        measures=STACK_MEASURES,
        bounds=STACK_BOUNDS,
    )

    file: str = column("str", table=0, keyword=_FILE, doc="Name of the FITS file in the same directory.")
    sha256: str = column("str", table=0, keyword=_SHA, doc="SHA-256 of the FITS file, hexadecimal.")
    size: int = column("i8", table=0, keyword=_SIZE, minimum=0, doc="Size of the FITS file in bytes.")

    path: str = ""
    """Path of the FITS file; empty if only the text was read."""

    archive: CameraArchive | None = None
    """What is in the FITS file; `None` if only the text was read."""

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Accept the FITS file without its text."""
        if content.form == "fits":
            for name, default in (("file", ""), ("sha256", ""), ("size", 0)):
                content.values.setdefault(name, default)
        return []

    @classmethod
    def readFits(cls, filename: str | os.PathLike[str]) -> Self:
        """Read a camera file, of which nothing but its content is known.

        Raises
        ------
        CuratedError
            If it is no camera file of the stack.
        """
        try:
            archive = read_camera(filename)
        except CuratedError as error:
            name = os.path.basename(filename)
            raise CuratedError(f"{name} is no camera file of the stack: {error.message}") from error
        return cls(
            metadata=Metadata({}), file="", sha256="", size=0, path=os.fspath(filename), archive=archive
        )

    def described(self, filename: str | os.PathLike[str], name: str = "") -> Self:
        """Return it with the name, size and hash of a camera file, for its text.

        Parameters
        ----------
        name : `str`, optional
            Its name beside the text; the current one if empty.
        """
        path = Path(filename)
        values = {"file": name or path.name, "sha256": digest(str(path), ()), "size": path.stat().st_size}
        keywords = dict(zip(values, COMPANION_KEYWORDS, strict=True))
        metadata = Metadata({**self.metadata, **{keywords[key]: value for key, value in values.items()}})
        changes: dict[str, Any] = {**values, "metadata": metadata, "path": str(path)}
        return dataclasses.replace(self, **changes)

    # -- the file beside the text ----------------------------------------------------------------------

    def companion(self) -> Companion | None:
        """Return the file that the text names; `None` if it is not in the same directory."""
        if not is_plain_name(self.file):
            return None
        return Companion(self.file, self.sha256, self.size, ("image",))

    def attach(self, filename: str | os.PathLike[str]) -> tuple[Self, list[Problem]]:
        """Return it with the content of a camera file.

        Raises
        ------
        OSError
            If the file cannot be opened.
        """
        name = os.path.basename(filename)
        start = _start_of(filename)
        if start.startswith((LFS, ANNEX)):
            is_annex = start.startswith(ANNEX)
            tool, hint = ("git-annex", "run 'git annex get'") if is_annex else ("git-lfs", "")
            detail = f"{name} is a pointer of {tool}, not the camera file"
            return self, [Problem("CAL342", _PLACE, detail, hint)]
        try:
            archive = read_camera(filename)
        except CuratedError as error:
            return self, [Problem("CAL360", _PLACE, f"{name}: {error.message}")]
        return dataclasses.replace(self, path=os.fspath(filename), archive=archive), []

    def content_values(self) -> dict[str, Any]:
        """Return the hash of the file: nothing in it can be compared in part, and its name says nothing."""
        return {"sha256": self.sha256 or digest(self.path, ())}

    # -- rules -----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield a file in another directory, and a hash that is none."""
        if not is_plain_name(self.file):
            yield Problem(
                "CAL341", _PLACE, f"{brief(self.file)} is not the name of a file in the same directory"
            )
        if not _HASH.match(self.sha256):
            detail = f"sha256 is {brief(self.sha256)}, not 64 digits of 0 to 9 and a to f"
            yield Problem("CAL301", ("image", "sha256"), detail)

    def claims(self) -> Claims | None:
        """Return the gains of its amplifiers; all else that the file says is compared when it is read."""
        if self.archive is None:
            return None
        return Claims(
            gain_place="image",
            file_gains={
                detector.name: {amplifier.name: amplifier.gain for amplifier in detector.amplifiers}
                for detector in self.archive.detectors
            },
        )

    # -- FITS ------------------------------------------------------------------------------------------

    def tables(self) -> list[TableData]:
        """Return no tables: its values are keywords."""
        return []

    def fits_content(self) -> FitsContent:
        """Return its file, which is copied.

        Raises
        ------
        CuratedError
            If only the text was read.
        """
        if not self.path:
            raise CuratedError(f"{self!r} has no camera file", "read it with readText or readFits")
        return dataclasses.replace(super().fits_content(), copied=self.path)


def _start_of(filename: str | os.PathLike[str]) -> bytes:
    """Return the first bytes of a file; of a pipe, none."""
    handle = os.open(filename, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(handle, max(len(LFS), len(ANNEX)))
    finally:
        os.close(handle)
