"""The stamp of a FITS file: the commit and the source file that it was made from, and its validity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Stamp:
    """Origin and validity of a FITS file, without a clock, so that the same commit gives the same bytes.

    Parameters
    ----------
    sha1 : `str`
        Commit that is converted, 40 hexadecimal digits.
    url : `str`
        The package's public address, from ``curated.yaml``.
    path : `str`
        Path of the source file in its git repository.
    blob : `str`
        Git blob of the source file, 40 hexadecimal digits.
    file_sha1, file_date, editor : `str`
        Last commit that changed the file, its committer date (UTC) and its author's name.
    dirty : `bool`
        Whether the work tree has changes that are not committed.
    version : `str`
        Version of curated, for CURATVER.
    valid_start, valid_end : `str`
        Validity range, UTC, ISO 8601; an open end is empty.
    """

    sha1: str
    url: str
    path: str
    blob: str
    file_sha1: str
    file_date: str
    editor: str
    dirty: bool
    version: str
    valid_start: str
    valid_end: str = ""

    def keywords(self) -> dict[str, Any]:
        """Return the header keywords in order."""
        cards: dict[str, Any] = {"VALIDSTART": self.valid_start}
        if self.valid_end:
            cards["VALIDEND"] = self.valid_end
        cards |= {
            "REPOSHA1": self.sha1,
            "REPOURL": self.url,
            "REPOPATH": self.path,
            "BLOBSHA1": self.blob,
            "FILESHA1": self.file_sha1,
            "FILEDATE": self.file_date,
            "EDITOR": self.editor,
            "REPODIRT": self.dirty,
            "CURATVER": self.version,
        }
        return cards


STAMP_KEYWORDS = frozenset(
    "VALIDSTART VALIDEND REPOSHA1 REPOURL REPOPATH BLOBSHA1 FILESHA1 FILEDATE EDITOR REPODIRT CURATVER "
    "CHECKSUM DATASUM".split()
)


ORIGIN_KEYWORDS = STAMP_KEYWORDS - {"VALIDSTART", "VALIDEND"}
"""Keywords of the origin of a FITS file, which are never written into text."""


COMPANION_KEYWORDS = ("IMGFILE", "IMGSHA", "IMGSIZE")
"""Keywords with name, hash and size of the image that a side file describes, whose pixels are in the FITS file."""
