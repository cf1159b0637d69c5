"""Compare the files of a bundle with its manifest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from curated.bundle.checks.consistency import declared_spec
from curated.bundle.checks.documents import document_problems
from curated.bundle.checks.file_headers import HeaderComparison
from curated.bundle.contents import Companion, Contents, Entry
from curated.core.diagnostic import CuratedError, Problem
from curated.core.regular_files import FileTree, UnsafeFileError, blocks, is_sparse
from curated.core.wholefile import size_and_hash
from curated.fits.digest import ContentDigest

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


def verify(contents: Contents, progress: Progress | None = None) -> dict[str, Problem]:
    """Compare all files and documents of a bundle with its manifest; each file is read once.

    Parameters
    ----------
    contents : `Contents`
        The bundle, with a manifest that has been checked, under its own label.
    progress : `Progress`, optional
        Called with ``verify`` and the numbers of files.

    Returns
    -------
    problems : `dict` [`str`, `Problem`]
        By path.
    """
    files: list[Entry | Companion] = [entry for entry in contents.entries if not entry.is_reference]
    files += contents.companions
    directories = {target.instrument: target.directory for target in contents.targets}
    with FileTree(contents.root) as tree:
        problems = document_problems(tree, contents)
        check = partial(_file_problem, tree, contents.sha1, directories)
        results = spread(files, lambda file: file.size >= LARGE, check)
        results = tracked("verify", len(files), progress, results)
        problems |= {file.path: problem for file, problem in results if problem is not None}
    return problems


def open_sized(tree: FileTree, file: Entry | Companion) -> int:
    """Open a file of a bundle, of which nothing but its path and size has been compared.

    Raises
    ------
    UnsafeFileError
        If it is no regular file, a link leads to it, or it is a large file that is almost only a hole.
    OSError
        If it cannot be opened.
    """
    handle = tree.open(file.path)
    if is_sparse(handle):
        os.close(handle)
        raise UnsafeFileError("has holes instead of content", file.path)
    return handle


def _file_problem(
    tree: FileTree, sha1: str, directories: Mapping[str, str], file: Entry | Companion
) -> Problem | None:
    try:
        handle = open_sized(tree, file)
    except FileNotFoundError:
        return Problem("CAL613", (), "the file is missing")
    except UnsafeFileError as error:
        return Problem("CAL632", (), f"the file {error.strerror}")
    except OSError as error:
        return Problem("CAL613", (), f"the file cannot be read: {error.strerror}")
    try:
        size = os.fstat(handle).st_size
        if size != file.size:
            return Problem("CAL614", (), f"{size} bytes; the manifest says {file.size}")
        if isinstance(file, Companion):
            return _hash_problem(file, size_and_hash(blocks(handle, size))[1])
        headers = HeaderComparison(file, sha1, directories.get(file.instrument, ""))
        content = ContentDigest(headers)
        digest = size_and_hash(_passed_on(blocks(handle, size), content))[1]
        return (
            _hash_problem(file, digest)
            or _content_problem(file, headers, content)
            or _camera_problem(file, handle)
        )
    except OSError as error:
        return Problem("CAL613", (), f"the file cannot be read: {error.strerror}")
    finally:
        os.close(handle)


def _passed_on(parts: Iterable[bytes], content: ContentDigest) -> Iterator[bytes]:
    for part in parts:
        content.update(part)
        yield part


def _hash_problem(file: Entry | Companion, digest: str) -> Problem | None:
    if digest != file.sha256:
        return Problem("CAL614", (), "its SHA-256 is not the one in the manifest")
    return None


def _content_problem(entry: Entry, headers: HeaderComparison, content: ContentDigest) -> Problem | None:
    if headers.damage or not content.is_whole:
        return Problem("CAL635", (), headers.damage or "it does not end with the data of its last HDU")
    if headers.problems:
        return Problem("CAL619", (), "; ".join(headers.problems))
    if content.hexdigest() != entry.content:
        return Problem("CAL634", (), f"its content is {content.hexdigest()}, not {entry.content}")
    return None


def _camera_problem(entry: Entry, handle: int) -> Problem | None:
    """Return why the stack could not read a file that no stamp of curated ties to its entry."""
    spec = declared_spec(entry.dataset_type)
    if spec is None or not spec.verbatim:
        return None
    from curated.fits.camera_archive import LARGEST_CAMERA, parse_camera

    try:
        os.lseek(handle, 0, os.SEEK_SET)
        parse_camera(b"".join(blocks(handle, min(entry.size, LARGEST_CAMERA) + 1)))
    except CuratedError as error:
        return Problem("CAL635", (), f"it is no camera file of the stack: {error.message}")
    return None


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
