"""Compare the files of a bundle with its manifest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from curated.bundle.contents import Companion, Contents, Entry
from curated.core.diagnostic import Problem
from curated.core.wholefile import size_and_hash

Progress = Callable[[str, int, int], None]
"""Called with the stage, how many items are done and how many there are."""

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = 8
_BLOCK = 1 << 20
LARGE = 1 << 18
"""Size in bytes from which a file is hashed in a thread of its own."""


def sha256_of(path: str | os.PathLike[str]) -> tuple[int, str]:
    """Return the size of a file in bytes and its SHA-256 in hexadecimal digits; the file is read in blocks."""
    with open(path, "rb", buffering=0) as stream:
        return size_and_hash(iter(lambda: stream.read(_BLOCK), b""))


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
        The bundle, with a manifest that has been checked.
    progress : `Progress`, optional
        Called with ``verify`` and the numbers of files.

    Returns
    -------
    problems : `dict` [`str`, `Problem`]
        By path.
    """
    root = contents.root.resolve()
    files: list[Entry | Companion] = [entry for entry in contents.entries if not entry.is_reference]
    files += contents.companions
    outside = set(_outside(root, files))
    inside = [file for file in files if file.path not in outside]
    problems = {path: Problem("CAL612", (), "the file is outside of the bundle") for path in outside}
    results = spread(inside, lambda file: file.size >= LARGE, partial(_file_problem, str(root)))
    results = tracked("verify", len(inside), progress, results)
    return problems | {entry.path: problem for entry, problem in results if problem is not None}


def _outside(root: Path, entries: Sequence[Entry | Companion]) -> Iterator[str]:
    """Yield the paths of files that links lead out of the bundle; each directory is resolved once."""
    inside: dict[str, bool] = {}
    for entry in entries:
        path = os.path.join(root, entry.path)
        parent = os.path.dirname(path)
        if parent not in inside:
            inside[parent] = Path(parent).resolve().is_relative_to(root)
        if not inside[parent] or (os.path.islink(path) and not Path(path).resolve().is_relative_to(root)):
            yield entry.path


def spread(
    items: Iterable[Item], is_slow: Callable[[Item], bool], function: Callable[[Item], Result]
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with the result of a function; slow items come last, and run in several threads.

    Reading and hashing release the interpreter's lock, but handing a small file over takes longer than hashing it.

    Parameters
    ----------
    items : iterable
        Arguments of the function.
    is_slow : `~collections.abc.Callable`
        Whether an item is worth handing over to a thread.
    function : `~collections.abc.Callable`
        Takes an item; must be safe to call in several threads.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        running = []
        for item in items:
            if is_slow(item):
                running.append((item, pool.submit(function, item)))
            else:
                yield item, function(item)
        for item, future in running:
            yield item, future.result()


def tracked(stage: str, total: int, progress: Progress | None, items: Iterable[Item]) -> Iterator[Item]:
    """Pass items on, and call ``progress`` after each."""
    for done, item in enumerate(items, start=1):
        yield item
        if progress is not None:
            progress(stage, done, total)
