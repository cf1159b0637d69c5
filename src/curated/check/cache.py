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
from curated.calib.content import Claims, Trace
from curated.check.report import FileReport
from curated.core.codes import Severity
from curated.core.diagnostic import Diagnostic
from curated.core.keys import CalibFile
from curated.core.storage.disk import read_own
from curated.core.times import parse_time
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

_MAX_BYTES = 1 << 30
"""Size from which a file is no cache of this program."""


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
    key += _state_of_type(file.key.type) + ("-compared" if file.is_compared else "")
    key += "-recorded" if file.record else ""
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
    # A path that is not absolute would be one of the current directory: it is ignored, as the specification says.
    candidates = [os.environ.get("XDG_CACHE_HOME", ""), os.path.expanduser("~/.cache")]
    return Path(next(filter(os.path.isabs, candidates), os.devnull)) / "curated"


class Cache:
    """The file reports of the package at a root, in a file of the user's cache directory.

    A file that is damaged, that others may have written, or that cannot be read counts as empty, and so does an entry
    that is odd; where the file cannot be written, nothing is stored. It is replaced as a whole, so that parallel runs
    never see a part of it. Only `curated check` and commands that report use it: what goes into a release is read anew.
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
            head, _, body = read_own(self.path, _MAX_BYTES).partition(b"\n")
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
        if not isinstance(entry, dict) or entry.get("key") != key or not fits(entry, _ENTRY):
            return None
        try:
            report = _report(path, entry)
        except (ValueError, TypeError, KeyError):
            return None
        self.used_entries[path] = entry
        return report

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
            "traces": [asdict(trace) for trace in report.traces],
            "product": report.product,
            "certified": list(report.certified),
            "diagnostics": [asdict(d) for d in report.diagnostics],
        }
        self.is_changed = True

    def save(self, complete: bool) -> None:
        """Write the reports that were used, and the others too unless the whole package was checked (``complete``)."""
        if not self.is_changed and not (complete and len(self.used_entries) != len(self.entries)):
            # Its time of modification shows that this package is still in use.
            with suppress(OSError):
                os.utime(self.path, follow_symlinks=False)
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
            self.path.parent.mkdir(0o700, parents=True, exist_ok=True)
            write_whole(self.path, [head, body], durable=False, mode=0o600, follow=False)
        _remove_old(self.path.parent)


def _is_exact(value: Any) -> bool:
    """Say whether JSON holds a number exactly."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _remove_old(directory: Path) -> None:
    """Remove the caches of packages that were not checked for long, and temporary files of earlier versions."""
    ages: dict[str, float] = {}
    with suppress(OSError), os.scandir(directory) as entries:
        ages = {
            entry.path: entry.stat(follow_symlinks=False).st_mtime
            for entry in entries
            if entry.name.startswith(("check-", ".check-"))
        }
    caches = sorted((path for path in ages if path.endswith(".json")), key=lambda path: ages[path])
    oldest = time.time() - _ABANDONED
    abandoned = [path for path, age in ages.items() if not path.endswith(".json") and age < oldest]
    for path in [*abandoned, *caches[:-_MAX_PACKAGES]]:
        with suppress(OSError):  # another run removes it, or it is a directory
            os.unlink(path)


# -- entries ----------------------------------------------------------------------------------------------

_NUMBER = (int, float, type(None))
_TEXT = (str, type(None))
_GAINS = {str: _NUMBER}

_ENTRY: dict[Any, Any] = {
    "key": str,
    "detector": str,
    "filter": str,
    "keywords": {str: (str, int, float)},
    "end": str,
    "product": str,
    "certified": [str],
    "companion": [str],
    "claims": {
        "place": str,
        "amplifiers": [str],
        "complete": bool,
        "count": int,
        "gains": _GAINS,
        "gain_place": str,
        "reach": [int],
        "detectors": [
            {
                "id": _NUMBER,
                **dict.fromkeys(("name", "raft", "slot", "serial"), _TEXT),
                **dict.fromkeys(("width", "height"), _NUMBER),
                "gains": _GAINS,
                "boxes": {str: [int]},
            }
        ],
        "out_of_use": [[str]],
        "events": [[str]],
        "file_gains": {str: _GAINS},
    },
    "traces": [{"quantity": str, "keys": [str], "data": str}],
    "deprecation": {"reason": str, "by": str, "date": str, "cover": str},
    "diagnostics": [
        {
            **dict.fromkeys(("file", "code", "severity", "message", "hint"), str),
            **dict.fromkeys(("line", "column"), int),
            "pointer": [(str, int)],
        }
    ],
}
"""Shape of an entry: keys of mappings, and types of values."""

_OPTIONAL = frozenset({"claims", "deprecation"})


def fits(value: Any, shape: Any) -> bool:
    """Say whether a value that was read from JSON has a shape."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return False
        if str in shape:
            return all(fits(item, shape[str]) for item in value.values())
        return value.keys() == shape.keys() and all(
            fits(item, shape[key]) or (item is None and key in _OPTIONAL) for key, item in value.items()
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(item, shape[0]) for item in value)
    return isinstance(value, shape) and (shape is bool or not isinstance(value, bool))


def _report(path: str, entry: dict[str, Any]) -> FileReport:
    companion, companion_state = entry["companion"]
    if entry["end"]:
        parse_time(entry["end"])
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
        tuple(Trace(**trace) for trace in entry["traces"]),
        entry["product"],
        tuple(entry["certified"]),
    )
