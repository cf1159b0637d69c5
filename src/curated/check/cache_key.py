"""What a remembered report depends on; to hash is loaded only where reports are remembered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from curated.check.cache import type_state
from curated.check.reader import read_file
from curated.core.diagnostic import Problem
from curated.core.keys import CalibFile
from curated.git.objects import blob_sha1
from curated.package.files import Files
from curated.package.instrument import Instrument
from curated.registry import get_type


def current_key(files: Files, file: CalibFile, declared: Mapping[str, Instrument]) -> str:
    """Return what a report depends on, apart from the path: the contents and the declared instrument."""
    data = read_file(files, file.path)
    return "" if isinstance(data, Problem) else content_key(files, file, data, declared)


def content_key(files: Files, file: CalibFile, data: bytes, declared: Mapping[str, Instrument]) -> str:
    """Return the same of content that was read already; empty where what belongs to it cannot be read."""
    instrument = declared.get(file.key.instrument)
    key = blob_sha1(data) + (f"-{hash_of(instrument)}" if instrument else "")
    key += _type_state(file.key.type)
    if not file.side:
        return key
    beside = read_file(files, file.side)
    return "" if isinstance(beside, Problem) else f"{key}-{blob_sha1(beside)}"


@cache
def _type_state(name: str) -> str:
    return type_state(get_type(name))


_HASHES: dict[int, tuple[Instrument, str]] = {}
"""By identity; the instrument stands beside its hash, so that no other one takes its place in memory."""


def hash_of(instrument: Instrument) -> str:
    """Return a short hash of an instrument's declaration."""
    known = _HASHES.get(id(instrument))
    if known is None:
        known = instrument, blob_sha1(repr(instrument).encode())[:12]
        _HASHES[id(instrument)] = known
    return known[1]
