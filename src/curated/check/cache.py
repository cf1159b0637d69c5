"""The cache of file reports, by path, content, declared instrument and version of this program."""

from __future__ import annotations

import functools
import hashlib
import math
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

import curated
from curated.calib import Calib
from curated.calib.content import Claims
from curated.check.report import FileReport
from curated.core.codes import Severity
from curated.core.diagnostic import Diagnostic
from curated.core.keys import CalibFile
from curated.core.version import __version__
from curated.core.wholefile import write_whole
from curated.datasets.deprecation import Deprecation
from curated.git.objects import blob_sha1
from curated.package.instrument import Instrument
from curated.registry import get_type

_MAX_ENTRIES = 250_000
"""Most files of a package whose reports are stored."""

_MAX_PACKAGES = 32
"""Most packages that have a cache: those that were checked last."""

_ABANDONED = 3600
"""Seconds after which a temporary file belongs to a run that was killed."""


# -- keys -------------------------------------------------------------------------------------------------


def cache_key(file: CalibFile, text: bytes, side: bytes | None, instrument: Instrument | None) -> str:
    """Return what a report depends on, apart from the path and the companion.

    Parameters
    ----------
    side : `bytes` or `None`
        Content of its provenance file, where it has one.
    instrument : `Instrument` or `None`
        Its instrument, where one is declared.
    """
    key = blob_sha1(text) + (f"-{instrument_hash(instrument)}" if instrument else "")
    key += _state_of_type(file.key.type)
    return key if side is None else f"{key}-{blob_sha1(side)}"


@functools.cache
def _state_of_type(name: str) -> str:
    return type_state(get_type(name))


def type_state(cls: type[Calib]) -> str:
    """Return what changes with the source file of a type; empty for the types of this program."""
    if cls.__module__.partition(".")[0] == __name__.partition(".")[0]:
        return ""
    try:
        stat = os.stat(str(sys.modules[cls.__module__].__file__))
    except (OSError, KeyError, AttributeError):
        return f"-{cls.__qualname__}"
    return f"-{cls.__qualname__}-{stat.st_size}-{stat.st_mtime_ns}"


_INSTRUMENT_HASHES: dict[int, tuple[Instrument, str]] = {}
"""Hashes by identity; each instrument is kept beside its hash, so that no other can have its identity."""


def instrument_hash(instrument: Instrument) -> str:
    """Return a short hash of an instrument's declaration."""
    entry = _INSTRUMENT_HASHES.get(id(instrument))
    if entry is None:
        entry = instrument, blob_sha1(repr(instrument).encode())[:12]
        _INSTRUMENT_HASHES[id(instrument)] = entry
    return entry[1]


def program_fingerprint() -> str:
    """Return a hash that changes with this program's version and files."""
    digest = hashlib.sha256(__version__.encode())
    for path in sorted(Path(str(curated.__file__)).parent.rglob("*.py")):
        stat = path.stat()
        digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


# -- the file ---------------------------------------------------------------------------------------------


def cache_directory() -> Path:
    """Return the user's cache directory (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "curated"


class Cache:
    """The file reports of the package at a root, in a file of the user's cache directory.

    A file that is damaged or cannot be read counts as empty; where it cannot be written, nothing is stored. It is
    replaced as a whole, so that parallel runs never see a part of it.
    """

    def __init__(self, root: Path) -> None:
        name = hashlib.sha256(str(root).encode(errors="surrogateescape")).hexdigest()[:16]
        self.path = cache_directory() / f"check-{name}.json"
        self.program = program_fingerprint()
        self.entries: dict[str, Any] = self._load()
        self.used_entries: dict[str, Any] = {}
        self.is_changed = False

    def _load(self) -> dict[str, Any]:
        try:
            head, _, body = self.path.read_bytes().partition(b"\n")
            program, digest = head.decode("ascii").split()
            if program != self.program or hashlib.sha256(body).hexdigest() != digest:
                return {}
            entries = orjson.loads(body)
        except (OSError, ValueError):
            return {}
        return entries if isinstance(entries, dict) else {}

    def get(self, path: str, key: str) -> FileReport | None:
        """Return the report of the file at a path with a key; `None` where there is none."""
        entry = self.entries.get(path)
        if entry is None or entry["key"] != key:
            return None
        self.used_entries[path] = entry
        return _report(path, entry)

    def put(self, key: str, report: FileReport) -> None:
        """Store a report, unless it has a value that JSON does not hold exactly."""
        pointers = (part for diagnostic in report.diagnostics for part in diagnostic.pointer)
        if not all(map(_is_exact, (*report.keywords.values(), *pointers))):
            return
        self.used_entries[report.path] = {
            "key": key,
            "detector": report.detector,
            "filter": report.filter,
            "keywords": report.keywords,
            "end": report.end,
            "companion": [report.companion, report.companion_state],
            "claims": asdict(report.claims) if report.claims else None,
            "deprecation": asdict(report.deprecation) if report.deprecation else None,
            "diagnostics": [asdict(d) for d in report.diagnostics],
        }
        self.is_changed = True

    def save(self, complete: bool) -> None:
        """Write the reports that were used, and the others too unless the whole package was checked (``complete``)."""
        if not self.is_changed and not (complete and len(self.used_entries) != len(self.entries)):
            # Its time of modification shows that this package is still in use.
            with suppress(OSError):
                os.utime(self.path)
            return
        entries = self.used_entries if complete else {**self.entries, **self.used_entries}
        if len(entries) > _MAX_ENTRIES:
            return
        try:
            body = orjson.dumps(entries)
        except TypeError:  # text that is not UTF-8, or a number beyond 64 bits
            return
        head = f"{self.program} {hashlib.sha256(body).hexdigest()}\n".encode()
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, [head, body], durable=False)
        _remove_old(self.path.parent)


def _is_exact(value: Any) -> bool:
    """Say whether JSON holds a number exactly."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _remove_old(directory: Path) -> None:
    """Remove the caches of packages that were not checked for long, and temporary files of killed runs."""
    try:
        with os.scandir(directory) as entries:
            files = [
                (e.stat().st_mtime, e.path)
                for e in entries
                if e.name.startswith(("check-", ".check-")) and e.is_file()
            ]
        caches = sorted((age, path) for age, path in files if path.endswith(".json"))
        oldest = time.time() - _ABANDONED
        temporary = [path for age, path in files if not path.endswith(".json") and age < oldest]
        for path in [*temporary, *(path for _, path in caches[:-_MAX_PACKAGES])]:
            os.unlink(path)
    except OSError:
        return  # another run removes them


def _report(path: str, entry: dict[str, Any]) -> FileReport:
    companion, companion_state = entry["companion"]
    return FileReport(
        path,
        entry["detector"],
        entry["filter"],
        entry["keywords"],
        entry["end"],
        tuple(
            Diagnostic(**{**d, "severity": Severity(d["severity"]), "pointer": tuple(d["pointer"])})
            for d in entry["diagnostics"]
        ),
        companion,
        companion_state,
        Claims(**entry["claims"]) if entry["claims"] else None,
        Deprecation(**entry["deprecation"]) if entry["deprecation"] else None,
    )
