"""The JSON of a manifest, untrusted and possibly large, read in pieces: memory and time are bounded.

What JSON leaves open is refused: an object with the same key twice, of which readers take different ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from curated.core.diagnostic import brief

if TYPE_CHECKING:
    from hashlib import _Hash

LARGEST_MANIFEST = 1 << 30
"""Most bytes of a manifest."""

LARGEST_PIECE = 1 << 24
"""Most bytes that are read at once: all but the datasets; and all of a manifest that is laid out in another way."""

_DEEPEST = 16

# As `curated bundle` lays it out. A line end within a text is written `\n`, so that these are found nowhere else.
_OPENS = b'\n "datasets": [\n'
_CLOSES = b"\n ]"
_ENDS = b"\n  },\n"

_LEFT_OUT = "\0datasets"
_BLOCK = 1 << 20
# A key is followed by a quote and a colon. These marks may be something else.
_UNCLEAR = (b'\\":', b" :", b"\t:", b"\n:", b"\r:")


def read_pieces(stream: BinaryIO, digest: _Hash | None = None) -> tuple[Any, Iterator[Any] | None]:
    """Read a manifest.

    Parameters
    ----------
    stream : `io.BufferedIOBase`
        The file; one that is laid out in another way than `curated bundle` does is read whole.
    digest : `hashlib` object, optional
        Is given the bytes that are parsed, so that it is that of the manifest once the iterator has come to its end,
        whatever happens to the file in the meantime.

    Returns
    -------
    head
        All of it except its datasets.
    datasets : iterator or `None`
        Iterator over the datasets, which reads from the stream; `None` if there is no list of them.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not JSON, too large or nested too deeply, or has a key twice; the iterator raises it as well.
    """
    digest = hashlib.sha256() if digest is None else digest
    size = stream.seek(0, 2)
    if size > LARGEST_MANIFEST:
        raise ValueError(f"it has {size} bytes, more than {LARGEST_MANIFEST}")
    begin = _find(stream, _OPENS, 0)
    end = _find(stream, _CLOSES, begin + len(_OPENS)) if begin >= 0 else -1
    if end >= 0 and size - (end - begin) <= LARGEST_PIECE:
        top, bottom = _part(stream, 0, begin), _part(stream, end + len(_CLOSES), size)
        try:
            head = load_json(b'%b\n "datasets": %b%b' % (top, orjson.dumps(_LEFT_OUT), bottom))
        except ValueError:
            head = None  # the error of the whole file has the right line and column
        if isinstance(head, dict) and head.get("datasets") == _LEFT_OUT:
            digest.update(top + _OPENS)
            return head, _read_datasets(stream, begin + len(_OPENS), end, digest, _CLOSES + bottom)
    data = _whole(stream)
    digest.update(data)
    head = load_json(data)
    datasets = head.get("datasets") if isinstance(head, dict) else None
    return head, iter(datasets) if isinstance(datasets, list) else None


def load_json(data: bytes) -> Any:
    """Return JSON as plain data.

    Raises
    ------
    ValueError
        If it is not JSON, is nested too deeply, or has a key twice in one object.
    """
    value = orjson.loads(data)
    _require_unique_keys(data, value)
    return value


def _require_unique_keys(data: bytes, value: Any) -> None:
    """Raise an error if JSON has more keys than were read from it, which takes the last of equal ones."""
    if data.count(b'":') != _count_keys(value) or any(mark in data for mark in _UNCLEAR):
        json.loads(data, object_pairs_hook=_require_unique)


def _count_keys(value: Any) -> int:
    count = 0
    level = [value]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for container in level:
            if container.__class__ is dict:
                count += len(container)
                below += [item for item in container.values() if item.__class__ in (dict, list)]
            elif container.__class__ is list:
                below += [item for item in container if item.__class__ in (dict, list)]
        if not below:
            return count
        level = below
    raise ValueError(f"it is nested more than {_DEEPEST} levels deep")


def _require_unique(pairs: Iterable[tuple[str, Any]]) -> None:
    keys: set[str] = set()
    for key, _ in pairs:
        if key in keys:
            raise ValueError(f"it has the key {brief(key)} twice in one object")
        keys.add(key)


def _read_datasets(stream: BinaryIO, begin: int, end: int, digest: _Hash, bottom: bytes) -> Iterator[Any]:
    """Yield the datasets between two offsets; the digest gets what is read, and the bytes that follow."""
    before = digest.copy()
    first = begin
    count = 0
    buffer = b""
    while begin < end:
        stream.seek(begin)
        block = stream.read(min(_BLOCK, end - begin))
        digest.update(block)
        begin = begin + len(block) if block else end
        buffer += block
        last_end = buffer.rfind(_ENDS)
        if begin < end and last_end < 0:
            if len(buffer) > LARGEST_PIECE:
                raise ValueError(f"it has a dataset of more than {LARGEST_PIECE} bytes")
            continue
        cut = len(buffer) if begin >= end else last_end + len(_ENDS) - len(b",\n")
        data = b"[%b]" % buffer[:cut]
        try:
            piece = orjson.loads(data)
        except ValueError:
            whole = _whole(stream)
            before.update(whole[first:begin])
            if before.digest() != digest.digest():
                raise ValueError("it changes while it is read") from None
            digest.update(whole[begin:])
            yield from load_json(whole)["datasets"][count:]
            return
        _require_unique_keys(data, piece)
        yield from piece
        count += len(piece)
        buffer = buffer[cut + 1 :]
    digest.update(bottom)


def _whole(stream: BinaryIO) -> bytes:
    if stream.seek(0, 2) > LARGEST_PIECE:
        raise ValueError(
            f"it has more than {LARGEST_PIECE} bytes, and is not laid out as 'curated bundle' does"
        )
    return _part(stream, 0, LARGEST_PIECE)


def _find(stream: BinaryIO, pattern: bytes, begin: int) -> int:
    """Return the offset of the first occurrence of bytes at or after an offset; -1 if there is none."""
    stream.seek(begin)
    tail = b""
    while block := stream.read(_BLOCK):
        offset = (tail + block).find(pattern)
        if offset >= 0:
            return begin - len(tail) + offset
        begin += len(block)
        tail = (tail + block)[1 - len(pattern) :]
    return -1


def _part(stream: BinaryIO, begin: int, end: int) -> bytes:
    stream.seek(begin)
    return stream.read(end - begin)
