"""The stamp of a FITS file: which file of which commit it was made of, and when it is valid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where a FITS file comes from; it has no clock, so the same commit gives the same bytes.

    Parameters
    ----------
    sha1 : `str`
        Commit that is converted, 40 hexadecimal digits.
    url : `str`
        The package's public address, from ``curated.yaml``.
    path : `str`
        Path of the source file in its repository.
    blob : `str`
        Git blob of the source file.
    file_sha1, file_date, editor : `str`
        Last commit that changed the file, its committer date (UTC) and its author's name.
    dirty : `bool`
        Whether the work tree had changes that are not committed.
    version : `str`
        Version of curated.
    valid_start, valid_end : `str`
        Validity range, UTC, ISO 8601; the end is empty when open.
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
        """Return the header keywords of the contract, in order."""
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
"""Keywords that say which file and commit a FITS file was made of; a text has none of them."""


COMPANION_KEYWORDS = ("IMGFILE", "IMGSHA", "IMGSIZE")
"""Keywords of name, hash and size of the file beside a text that a FITS file was made of; its pixels are in the FITS
file itself."""
