"""A manifest in pieces: its datasets, which may be hundreds of thousands, are never in memory all at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

# As `curated bundle` lays it out. A line end within a text is written `\n`, so that these are found nowhere else.
_OPENS = b'\n "datasets": [\n'
_CLOSES = b"\n ]"
_ENDS = b"\n  },\n"

_LEFT_OUT = "\0datasets"
_BLOCK = 1 << 20


def read_pieces(path: Path) -> tuple[Any, Iterator[Any] | None]:
    """Read a manifest.

    Parameters
    ----------
    path : `pathlib.Path`
        The file; one that is laid out in another way is read whole.

    Returns
    -------
    frame
        All of it but its datasets.
    datasets : iterator, optional
        They, one after the other; nothing where there is no list of them.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not JSON; the datasets raise it as well.
    """
    with path.open("rb") as stream:
        begin = _find(stream, _OPENS, 0)
        end = _find(stream, _CLOSES, begin + len(_OPENS)) if begin >= 0 else -1
        if end >= 0:
            head, tail = _part(stream, 0, begin), _part(stream, end + len(_CLOSES), None)
            try:
                frame = orjson.loads(b'%b\n "datasets": %b%b' % (head, orjson.dumps(_LEFT_OUT), tail))
            except ValueError:
                frame = None  # said of the whole, where lines and columns are right
            if isinstance(frame, dict) and frame.get("datasets") == _LEFT_OUT:
                return frame, _datasets(path, begin + len(_OPENS), end)
    frame = orjson.loads(path.read_bytes())
    listed = frame.get("datasets") if isinstance(frame, dict) else None
    return frame, iter(listed) if isinstance(listed, list) else None


def _datasets(path: Path, begin: int, end: int) -> Iterator[Any]:
    count = 0
    rest = b""
    with path.open("rb") as stream:
        stream.seek(begin)
        while begin < end:
            block = stream.read(min(_BLOCK, end - begin))
            begin = begin + len(block) if block else end
            rest += block
            found = rest.rfind(_ENDS)
            if begin < end and found < 0:
                continue
            cut = len(rest) if begin >= end else found + len(_ENDS) - len(b",\n")
            try:
                piece = orjson.loads(b"[%b]" % rest[:cut])
            except ValueError:
                yield from orjson.loads(path.read_bytes())["datasets"][count:]
                return
            yield from piece
            count += len(piece)
            rest = rest[cut + 1 :]


def _find(stream: BinaryIO, wanted: bytes, begin: int) -> int:
    """Return where bytes stand first from a place on; -1 where they do not."""
    stream.seek(begin)
    before = b""
    while block := stream.read(_BLOCK):
        found = (before + block).find(wanted)
        if found >= 0:
            return begin - len(before) + found
        begin += len(block)
        before = (before + block)[1 - len(wanted) :]
    return -1


def _part(stream: BinaryIO, begin: int, end: int | None) -> bytes:
    stream.seek(begin)
    return stream.read() if end is None else stream.read(end - begin)
