"""Whether the files of a bundle are the ones that its manifest lists."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from curated.bundle.contents import Companion, Contents, Entry
from curated.core.diagnostic import Problem

Progress = Callable[[str, int, int], None]
T = TypeVar("T")
R = TypeVar("R")

THREADS = 8
_CHUNK = 1 << 20
LARGE = 1 << 18
"""Files of at least so many bytes are worth a thread of their own."""


def sha256_of(path: str | os.PathLike[str]) -> tuple[int, str]:
    """Return the size of a file and its SHA-256 in hexadecimal digits, in constant memory."""
    digest = hashlib.sha256()
    size = 0
    with open(path, "rb", buffering=0) as stream:
        while block := stream.read(_CHUNK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def _file_problem(root: str, entry: Entry | Companion) -> Problem | None:
    path = os.path.join(root, entry.path)
    try:
        size, digest = sha256_of(path)
    except FileNotFoundError:
        return Problem("CAL613", (), "the file is missing")
    except OSError as error:
        return Problem("CAL613", (), f"the file cannot be read: {error.strerror}")
    if size != entry.size:
        return Problem("CAL614", (), f"{size} bytes; the manifest says {entry.size}")
    if digest != entry.sha256:
        return Problem("CAL614", (), "its SHA-256 is not the one in the manifest")
    return None


def verify(contents: Contents, progress: Progress | None = None) -> dict[str, Problem]:
    """Compare all files of a bundle with its manifest.

    Parameters
    ----------
    contents : `Contents`
        The bundle.
    progress : callable, optional
        Told the stage, how many files are done, and how many there are.

    Returns
    -------
    problems : `dict` [`str`, `Problem`]
        What is wrong, by path.
    """
    root = contents.root.resolve()
    own = (entry for entry in contents.entries if not entry.is_reference)
    listed: list[Entry | Companion] = [*own, *contents.companions]
    outside = set(_outside(root, listed))
    inside = [entry for entry in listed if entry.path not in outside]
    problems = {path: Problem("CAL612", (), "the file is outside of the bundle") for path in outside}
    found = spread(inside, lambda entry: entry.size >= LARGE, partial(_file_problem, str(root)))
    results = tracked("verify", len(inside), progress, found)
    return problems | {entry.path: problem for entry, problem in results if problem is not None}


def _outside(root: Path, entries: Sequence[Entry | Companion]) -> Iterator[str]:
    # A directory or a file may be a link; each directory is looked at once.
    inside: dict[str, bool] = {}
    for entry in entries:
        path = os.path.join(root, entry.path)
        parent = os.path.dirname(path)
        if parent not in inside:
            inside[parent] = Path(parent).resolve().is_relative_to(root)
        if not inside[parent] or (os.path.islink(path) and not Path(path).resolve().is_relative_to(root)):
            yield entry.path


def spread(
    items: Iterable[T], slow: Callable[[T], bool], function: Callable[[T], R]
) -> Iterator[tuple[T, R]]:
    """Yield items with what a function returns for each; the slow ones come last, and run side by side.

    Reading and hashing release the interpreter's lock, but handing a small file over takes longer than hashing it.

    Parameters
    ----------
    items : iterable
        The items.
    slow : callable
        Whether an item is worth handing over.
    function : callable
        What to call.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        running = []
        for item in items:
            if slow(item):
                running.append((item, pool.submit(function, item)))
            else:
                yield item, function(item)
        for item, future in running:
            yield item, future.result()


def tracked(stage: str, total: int, progress: Progress | None, items: Iterable[T]) -> Iterator[T]:
    """Pass items on and tell ``progress`` the stage, how many are done, and how many there are."""
    for done, item in enumerate(items, start=1):
        yield item
        if progress is not None:
            progress(stage, done, total)
