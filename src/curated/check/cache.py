"""What a check found in a file, remembered by the file's content and by this program's own."""

from __future__ import annotations

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
from curated.check.file import FileReport
from curated.core.codes import Severity
from curated.core.diagnostic import Diagnostic
from curated.core.version import __version__
from curated.core.wholefile import write_whole
from curated.datasets.deprecation import Deprecation

_MAX_ENTRIES = 250_000
"""Most files of a package that are remembered."""

_MAX_PACKAGES = 32
"""Most packages that are remembered: those that were checked last."""

_ABANDONED = 3600
"""Seconds after which a file that was not renamed into place belongs to a run that was killed."""


def program_fingerprint() -> str:
    """Return a hash that changes with this program's version and files."""
    digest = hashlib.sha256(__version__.encode())
    for path in sorted(Path(str(curated.__file__)).parent.rglob("*.py")):
        stat = path.stat()
        digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def type_state(cls: type[Calib]) -> str:
    """Return what changes with the file of a type that is not a part of this program; empty for those that are."""
    if cls.__module__.partition(".")[0] == __name__.partition(".")[0]:
        return ""
    try:
        stat = os.stat(str(sys.modules[cls.__module__].__file__))
    except (OSError, KeyError, AttributeError):
        return f"-{cls.__qualname__}"
    return f"-{cls.__qualname__}-{stat.st_size}-{stat.st_mtime_ns}"


def cache_directory() -> Path:
    """Return the user's cache directory (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "curated"


class Cache:
    """Reports of files, by path, content and instrument.

    A cache that cannot be read, or is damaged, is as good as an empty one; one that cannot be written is
    left alone. It is written beside and renamed, so that parallel runs see a whole one.

    Parameters
    ----------
    root : `~pathlib.Path`
        The package's root; each package has its own file.
    """

    def __init__(self, root: Path) -> None:
        name = hashlib.sha256(str(root).encode(errors="surrogateescape")).hexdigest()[:16]
        self.path = cache_directory() / f"check-{name}.json"
        self.program = program_fingerprint()
        self.known: dict[str, Any] = self._load()
        self.used: dict[str, Any] = {}
        self.changed = False

    def _load(self) -> dict[str, Any]:
        try:
            head, _, body = self.path.read_bytes().partition(b"\n")
            program, digest = head.decode("ascii").split()
            if program != self.program or hashlib.sha256(body).hexdigest() != digest:
                return {}
            loaded = orjson.loads(body)
        except (OSError, ValueError):
            return {}
        return loaded if isinstance(loaded, dict) else {}

    def get(self, path: str, content: str) -> FileReport | None:
        """Return what was found in this content at this path; `None` if it is not known."""
        entry = self.known.get(path)
        if entry is None or entry["content"] != content:
            return None
        self.used[path] = entry
        return _report(path, entry)

    def put(self, content: str, report: FileReport) -> None:
        """Remember a report; one that JSON does not hold to the bit is found again each time."""
        places = (part for found in report.diagnostics for part in found.pointer)
        if not all(map(_is_kept, (*report.keywords.values(), *places))):
            return
        self.used[report.path] = {
            "content": content,
            "detector": report.detector,
            "filter": report.filter,
            "keywords": report.keywords,
            "end": report.end,
            "beside": [report.beside, report.state],
            "claims": asdict(report.claims) if report.claims else None,
            "deprecation": asdict(report.deprecation) if report.deprecation else None,
            "found": [asdict(d) for d in report.diagnostics],
        }
        self.changed = True

    def save(self, complete: bool) -> None:
        """Write what was used; ``complete`` tells that files not seen are gone."""
        if not self.changed and not (complete and len(self.used) != len(self.known)):
            # Its time tells that this package is still in use.
            with suppress(OSError):
                os.utime(self.path)
            return
        entries = self.used if complete else {**self.known, **self.used}
        if len(entries) > _MAX_ENTRIES:
            return
        try:
            body = orjson.dumps(entries)
        except TypeError:  # a text that is no UTF-8, or a number beyond 64 bits
            return
        head = f"{self.program} {hashlib.sha256(body).hexdigest()}\n".encode()
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, [head, body], durable=False)
        _forget(self.path.parent)


def _is_kept(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _forget(directory: Path) -> None:
    """Remove what is remembered of packages that were not checked for long, and what killed runs have left."""
    try:
        with os.scandir(directory) as entries:
            known = [
                (e.stat().st_mtime, e.path)
                for e in entries
                if e.name.startswith(("check-", ".check-")) and e.is_file()
            ]
        whole = sorted((age, path) for age, path in known if path.endswith(".json"))
        left = [path for age, path in known if not path.endswith(".json") and age < time.time() - _ABANDONED]
        for path in [*left, *(path for _, path in whole[:-_MAX_PACKAGES])]:
            os.unlink(path)
    except OSError:
        return  # somebody else is at it


def _report(path: str, entry: dict[str, Any]) -> FileReport:
    found = [
        Diagnostic(**{**d, "severity": Severity(d["severity"]), "pointer": tuple(d["pointer"])})
        for d in entry["found"]
    ]
    identity = (entry["detector"], entry["filter"], entry["keywords"], entry["end"])
    beside, state = entry["beside"]
    claims = Claims(**entry["claims"]) if entry["claims"] else None
    deprecation = Deprecation(**entry["deprecation"]) if entry["deprecation"] else None
    return FileReport(path, *identity, found, beside, state, claims, deprecation)
