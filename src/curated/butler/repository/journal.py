"""Journals of imports: the files that one is about to put into a repository, written down before it does.

A killed import leaves files that nothing refers to. Only those that a journal names are removed later: a name in a
manifest, or a file that lies where a release has its files, says nothing about whose it is. Journals are kept in the
user's cache, where no bundle and no repository can write.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import orjson

from curated.core.wholefile import write_whole


class JournalEntry(NamedTuple):
    """A file or a directory that an import was about to make.

    Parameters
    ----------
    name : `str`
        Absolute path, or URI of an object.
    run : `str`
        RUN of the file's dataset; empty for the directory of an unfinished repository.
    device, inode : `int`
        Of a directory; 0 for a file, which did not exist yet.
    """

    name: str
    run: str = ""
    device: int = 0
    inode: int = 0


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal of the imports into one repository.

    Parameters
    ----------
    path : `pathlib.Path`
        File of the journal; there is none after an import that ended.
    """

    path: Path

    @classmethod
    def of(cls, repository: str) -> Journal:
        """Return the journal of a repository.

        Parameters
        ----------
        repository : `str`
            Absolute path or URI of the repository's root.
        """
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        name = hashlib.sha256(repository.rstrip("/").encode(errors="surrogateescape")).hexdigest()
        return cls(Path(base, "curated", "journals", f"{name[:32]}.jsonl"))

    @property
    def exists(self) -> bool:
        """Whether an import was killed since the last one that ended."""
        return self.path.exists()

    def add(self, entries: Iterable[JournalEntry]) -> None:
        """Write down what is about to be made. Without a cache, nothing is written down, or removed later."""
        data = b"".join(orjson.dumps(list(entry)) + b"\n" for entry in entries)
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as stream:
                stream.write(data)

    def read(self) -> tuple[JournalEntry, ...]:
        """Return the entries; a line that a kill has cut is left out."""
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            return ()
        entries: dict[JournalEntry, None] = {}
        for line in lines:
            with suppress(ValueError, TypeError):
                name, run, device, inode = orjson.loads(line)
                entries[JournalEntry(str(name), str(run), int(device), int(inode))] = None
        return tuple(entries)

    def replace(self, entries: Iterable[JournalEntry]) -> None:
        """Write down what is still there; without entries, remove the journal."""
        data = [orjson.dumps(list(entry)) + b"\n" for entry in entries]
        with suppress(OSError):
            if data:
                write_whole(self.path, data, durable=False)
            else:
                self.path.unlink(missing_ok=True)
