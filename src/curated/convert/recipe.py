"""What a FITS file is made of: two with the same recipe hold the same, so that one need not be made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from curated.check.cache_key import hash_of
from curated.core.keys import CalibFile
from curated.core.times import iso
from curated.core.version import __version__
from curated.git.objects import blob_sha1
from curated.package.instrument import Instrument
from curated.registry import get_type

_OWN = __name__.partition(".")[0]


def recipe(
    file: CalibFile,
    contents: Sequence[bytes],
    declared: Mapping[str, Instrument],
    following: datetime | None,
) -> str:
    """Return a hash of all that decides what a FITS file holds, but not of where it comes from.

    That is the text and what stands beside it, the declared instrument, what it is of, when it is valid,
    and this program's version. It is empty for types of other packages, whose version is not known.

    Parameters
    ----------
    file : `CalibFile`
        The calibration.
    contents : sequence [`bytes`]
        The text, and the file beside it that holds its provenance.
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    following : `datetime.datetime`, optional
        The next start, which may be its end.
    """
    if get_type(file.key.type).__module__.partition(".")[0] != _OWN:
        return ""
    key = file.key
    instrument = declared.get(key.instrument)
    parts = [
        __version__,
        *(key.instrument, key.type, key.detector, key.filter),
        iso(file.start),
        iso(following) if following else "",
        hash_of(instrument) if instrument else "",
        *map(blob_sha1, contents),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
