"""Whether an object in a store is the file that it was made of, without reading it back."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path

from lsst.resources import ResourcePath

_CHUNK = 1 << 20


def object_state(uri: ResourcePath, size: int, source: Path | None) -> str:
    """Say ``same``, ``differs`` or ``missing``, or ``alike`` where the store knows nothing but the size.

    Parameters
    ----------
    uri : `lsst.resources.ResourcePath`
        The object.
    size : `int`
        The file's size.
    source : `pathlib.Path`, optional
        The file. Where there is none, the size decides.
    """
    try:
        found, checksums = _described(uri)
    except FileNotFoundError:
        return "missing"
    if found != size:
        return "differs"
    # Of an object that was uploaded in parts, the store may have a checksum of checksums, with their number.
    theirs = checksums.get("crc32", "-")
    if "-" in theirs or source is None:
        return "alike"
    try:
        return "same" if theirs == _crc32(source) else "differs"
    except FileNotFoundError:
        return "alike"


def _described(uri: ResourcePath) -> tuple[int, dict[str, str]]:
    try:
        info = uri.get_info()
    except (AttributeError, NotImplementedError):
        # Older versions, and other kinds of stores.
        return uri.size(), {}
    return info.size, info.checksums


def _crc32(path: Path) -> str:
    value = 0
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(_CHUNK):
            value = zlib.crc32(block, value)
    return base64.b64encode(value.to_bytes(4, "big")).decode("ascii")
