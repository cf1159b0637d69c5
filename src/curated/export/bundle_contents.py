"""The contents of the datasets of a bundle, by the bytes of its files or by their values."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from curated.bundle.contents import Entry
from curated.core.diagnostic import CuratedError, Problem
from curated.core.parallel import Progress, run_all
from curated.core.regular_files import FileTree, blocks
from curated.export.holdings import LocalFile
from curated.export.values import values_of_file
from curated.fits.digest import content_digest


def bytes_of_entries(bundle: Path, entries: Sequence[Entry]) -> Iterator[str | Problem]:
    """Yield the content of each dataset as in the manifest, worked out anew, or why its file cannot be read."""
    with FileTree(bundle) as tree:
        for entry in entries:
            try:
                yield entry.content if entry.is_reference else _content(tree, entry)
            except OSError as error:
                yield _unreadable(error)


def values_of_entries(
    bundle: Path, entries: Sequence[Entry], jobs: int | None = None, progress: Progress | None = None
) -> Iterator[str | Problem]:
    """Yield the hash of the values of each dataset, or why its file cannot be read.

    Raises
    ------
    CuratedError
        If the bundle refers to files of its base, which it does not hold.
    """
    references = sum(entry.is_reference for entry in entries)
    if references:
        raise CuratedError(
            f"bundle {bundle} refers to {references} files of its base, whose values it does not hold",
            "name the package or the repository instead, or compare files with --bytes",
        )
    return run_all(_ValuesReader(str(bundle)), entries, jobs, progress)


@dataclass(frozen=True, slots=True)
class BundleFile:
    """The location of a file of a bundle, which is opened without following links that lead out of it."""

    root: str
    path: str

    @contextmanager
    def as_local(self) -> Iterator[LocalFile]:
        """Return the file, for as long as it is used.

        Raises
        ------
        OSError
            If it cannot be read, or is not in the bundle.
        """
        with FileTree(self.root) as tree:
            handle = tree.open(self.path)
            try:
                path = os.path.join(self.root, self.path)
                if not os.path.samestat(os.fstat(handle), os.stat(path)):
                    raise OSError(errno.ESTALE, "the file was replaced while it was read", path)
                yield LocalFile(path)
            finally:
                os.close(handle)


def _content(tree: FileTree, entry: Entry) -> str:
    handle = tree.open(entry.path)
    try:
        # One byte more than the manifest says is enough to notice that there are more.
        return content_digest(blocks(handle, entry.size + 1))
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class _ValuesReader:
    """Hashes the values of files of a bundle; a task for several processes."""

    root: str

    def __call__(self, chunk: Sequence[Entry]) -> list[str | Problem]:
        with FileTree(self.root) as tree, warnings.catch_warnings():
            # What astropy warns of in a damaged file does no harm here.
            warnings.simplefilter("ignore")
            return [self._values(tree, entry) for entry in chunk]

    def _values(self, tree: FileTree, entry: Entry) -> str | Problem:
        try:
            # Opened without following links that lead out of the bundle.
            handle = tree.open(entry.path)
            try:
                status = os.fstat(handle)
                path = os.path.join(self.root, entry.path)
                if not os.path.samestat(status, os.stat(path)):
                    return Problem("CAL613", (), "the file was replaced while it was read")
                return values_of_file(path, entry)
            finally:
                os.close(handle)
        except OSError as error:
            return _unreadable(error)


def _unreadable(error: OSError) -> Problem:
    return Problem("CAL613", (), f"the file cannot be read: {error.strerror}")
