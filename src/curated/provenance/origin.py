"""The file that a calibration was read from, and the record of it in images that were corrected with it."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from curated.core.version import __version__

F = TypeVar("F", bound=Callable[..., Any])

RECORD_KEYWORDS = {
    "type": "CALTYP",
    "path": "CALPTH",
    "sha256": "CALHSH",
    "blob": "CALBLB",
    "commit": "CALCMT",
}
"""Roots of the keywords of a calibration that was applied; the number of the correction follows, from 1."""

_RECORDED = re.compile(rf"{RECORD_KEYWORDS['type']}([1-9][0-9]{{0,5}})\Z")
_VERSION = "CALVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The file that a calibration was read from; what is not known is empty.

    Parameters
    ----------
    path : `str`
        Its path, within the package if it is in one.
    sha256, blob : `str`
        SHA-256 of the file, and its blob in git.
    commit : `str`
        The commit that the package was read from.
    """

    path: str
    sha256: str = ""
    blob: str = ""
    commit: str = ""

    @classmethod
    def of_bytes(cls, path: str, data: bytes, commit: str = "") -> Origin:
        """Return the origin of a calibration in a file with this content.

        Git names a blob by the SHA-1 of its kind, its size and its content (Pro Git, "Git Objects").
        """
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
        return cls(path=path, sha256=hashlib.sha256(data).hexdigest(), blob=blob.hexdigest(), commit=commit)

    @classmethod
    def of_fits(cls, path: str, metadata: Mapping[str, Any]) -> Origin:
        """Return the origin of a calibration in a FITS file: the text that its stamp names, or else the file itself."""
        stamp = {key: str(metadata.get(key) or "") for key in ("REPOPATH", "BLOBSHA1", "REPOSHA1")}
        if stamp["REPOPATH"]:
            return cls(path=stamp["REPOPATH"], blob=stamp["BLOBSHA1"], commit=stamp["REPOSHA1"])
        digest = hashlib.sha256()
        with open(path, "rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        return cls(path=path, sha256=digest.hexdigest())


def recorded(apply: F) -> F:
    """Make a type's ``apply`` record the calibration in the ``meta`` of images that have one.

    The keywords are those of `RECORD_KEYWORDS`, with the number of the correction, and CALVER for the version of this
    package. There is no clock among them: the same correction gives the same keywords.
    """

    @functools.wraps(apply)
    def apply_and_record(self: Any, target: Any, *arguments: Any, **options: Any) -> Any:
        image = apply(self, target, *arguments, **options)
        meta, before = getattr(image, "meta", None), getattr(target, "meta", None)
        # A type's method may call that of its base, which has recorded it then.
        if meta is not None and _count(meta) == _count(before):
            _record(meta, self.SPEC.name, self.origin)
        return image

    return apply_and_record  # type: ignore[return-value]


def _count(meta: Any) -> int:
    """Return the number of the last correction that a header records."""
    matches = (_RECORDED.match(str(key)) for key in meta or ())
    return max((int(match[1]) for match in matches if match), default=0)


def _record(meta: Any, type_name: str, origin: Origin | None) -> None:
    number = _count(meta) + 1
    meta[f"{RECORD_KEYWORDS['type']}{number}"] = type_name
    for name in ("path", "sha256", "blob", "commit"):
        value = getattr(origin, name, "")
        if value:
            # A header holds printable ASCII.
            text = value.encode("ascii", "backslashreplace").decode("ascii")
            meta[f"{RECORD_KEYWORDS[name]}{number}"] = text
    meta[_VERSION] = __version__
