"""The stamp of a FITS file: the commit and the source file that it was made from, and its validity."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any


def _keyword(name: str, default: Any = MISSING) -> Any:
    """Declare a field that is a header keyword; if it has a default and is empty, it is left out."""
    return field(default=default, metadata={"keyword": name})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Origin and validity of a FITS file, without a clock, so that the same commit gives the same bytes.

    Parameters
    ----------
    valid_start, valid_end : `str`
        Validity range, UTC, ISO 8601; an open end is empty.
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
        Version of curated.
    verdict : `str`
        What the record of its verification says: ``pass``, ``fail``, ``not run``, or ``void`` if it speaks of something
        else; left out where there is none.
    record : `str`
        SHA-256 of that record; left out where there is none.
    signer : `str`
        Who signed the commit or a tag of it, where ``curated.yaml`` requires that; left out if empty.
    """

    valid_start: str = _keyword("VALIDSTART")
    valid_end: str = _keyword("VALIDEND", default="")
    sha1: str = _keyword("REPOSHA1")
    url: str = _keyword("REPOURL")
    path: str = _keyword("REPOPATH")
    blob: str = _keyword("BLOBSHA1")
    file_sha1: str = _keyword("FILESHA1")
    file_date: str = _keyword("FILEDATE")
    editor: str = _keyword("EDITOR")
    dirty: bool = _keyword("REPODIRT")
    version: str = _keyword("CURATVER")
    verdict: str = _keyword("VERDICT", default="")
    record: str = _keyword("VERIFSHA", default="")
    signer: str = _keyword("REPOSIGN", default="")

    def keywords(self) -> dict[str, Any]:
        """Return the header keywords in order."""
        cards = {}
        for name, keyword, is_optional in _KEYWORDS:
            value = getattr(self, name)
            if value != "" or not is_optional:
                cards[keyword] = value
        return cards


_KEYWORDS = tuple((f.name, f.metadata["keyword"], f.default is not MISSING) for f in fields(Stamp))

STAMP_KEYWORDS = frozenset(keyword for _, keyword, _ in _KEYWORDS) | {"CHECKSUM", "DATASUM"}
"""Keywords of the stamp, and those of the checksums."""

ORIGIN_KEYWORDS = STAMP_KEYWORDS - {"VALIDSTART", "VALIDEND"}
"""Keywords of the origin of a FITS file, which are never written into text."""


COMPANION_KEYWORDS = ("IMGFILE", "IMGSHA", "IMGSIZE")
"""Keywords with name, hash and size of the image that a side file describes, whose pixels are in the FITS file."""
