"""Keywords of raw images of any telescope, which may be damaged, hostile, packed or in several HDUs."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from curated.core.diagnostic import CuratedError, brief
from curated.core.storage.limits import raise_exhausted
from curated.fits.header import BLOCK, DamagedError, data_length, keyword_values, read_keywords, size_keywords

_MAX_BLOCKS = 4096
"""Longest header, in blocks: about 147,000 cards."""

_END = b"END".ljust(80)
_PRINTABLE = bytes(byte if 32 <= byte < 127 else 63 for byte in range(256))
"""Translation of bytes that a header may not have to question marks."""

_PACKED = {b"BZh": "bzip2", b"\xfd7z": "xz", b"PK\x03": "zip", b"\x1f\x9d": "compress"}
_GZIP = b"\x1f\x8b"


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class RawHeader(NamedTuple):
    """Keywords of a raw image.

    Parameters
    ----------
    values : `dict` [`str`, `object`]
        Values of the keywords that were asked for, in upper case, as far as it has them.
    conflicts : `dict` [`str`, `list`]
        All values of the keywords that have several.
    everything : `dict` [`str`, `object`]
        The first value of every keyword.
    """

    values: Mapping[str, Any]
    conflicts: Mapping[str, list[Any]]
    everything: Mapping[str, Any]


def read_raw_header(path: Path, keywords: Collection[str]) -> RawHeader:
    """Read keywords of the primary HDU and, where that has no image, of the next one.

    Files may be packed by gzip (``.gz``) or have compressed images (``.fz``).

    Parameters
    ----------
    keywords : collection [`str`]
        The keywords, in upper case.

    Raises
    ------
    CuratedError
        If it is no FITS file, or damaged before the end of its headers.
    """
    try:
        headers = _read_headers(path)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _unreadable(path, f"it is not what gzip writes: {error}") from error
    except OSError as error:
        raise_exhausted(error)
        raise _unreadable(path, (error.strerror or str(error)).lower()) from error
    except DamagedError as error:
        raise _unreadable(path, str(error)) from error
    values: dict[str, Any] = {}
    conflicts: dict[str, list[Any]] = {}
    everything: dict[str, Any] = {}
    for header in headers:
        for keyword, cards in keyword_values(header, keywords).items():
            texts = [value for value in cards if value is not None and value != ""]
            if not texts or keyword in values or keyword in conflicts:
                continue  # the first HDU that has a keyword counts
            if any(value != texts[0] for value in texts):
                conflicts[keyword] = texts
            else:
                values[keyword] = texts[0]
        everything = {**read_keywords(header), **everything}
    return RawHeader(values, conflicts, everything)


def _unreadable(path: Path, reason: str) -> CuratedError:
    return CuratedError(f"the header of {path} cannot be read: {reason}", "name a FITS file")


def _read_headers(path: Path) -> list[bytes]:
    # O_NONBLOCK, since opening a named pipe would wait for ever.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise DamagedError("it is no regular file")
        start = stream.read(3)
        stream.seek(0)
        if start.startswith(_GZIP):
            with gzip.open(stream) as unpacked:
                return _read_hdus(unpacked)
        for magic, program in _PACKED.items():
            if start.startswith(magic):
                raise DamagedError(f"it is packed by {program}; unpack it first")
        return _read_hdus(stream)


def _read_hdus(stream: _Stream) -> list[bytes]:
    primary = _read_header(stream)
    if primary is None or not primary.startswith(b"SIMPLE  ="):
        raise DamagedError("it does not begin with SIMPLE, as FITS files do")
    if data_length({"BITPIX": 8, "NAXIS": 0, **size_keywords(primary)}):
        return [primary]
    extension = _read_header(stream)
    return [primary] if extension is None else [primary, extension]


def _read_header(stream: _Stream) -> bytes | None:
    """Return the next header, with question marks for what is no printable ASCII; `None` at the end of the file."""
    blocks: list[bytes] = []
    while True:
        block = stream.read(BLOCK)
        if not block and not blocks:
            return None
        if len(block) < BLOCK:
            raise DamagedError("the file ends within a header")
        blocks.append(block.translate(_PRINTABLE))
        if any(block[start : start + 80] == _END for start in range(0, BLOCK, 80)):
            return b"".join(blocks)
        if len(blocks) >= _MAX_BLOCKS:
            raise DamagedError(f"a header has no end in {_MAX_BLOCKS * BLOCK} bytes")


def value_text(value: Any) -> str:
    """Return a value of a header for messages; a card of a wrong form as it is."""
    return brief(value.decode("ascii").rstrip() if isinstance(value, bytes) else value)
