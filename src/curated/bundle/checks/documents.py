"""The documents of a bundle: its export file and its list of hashes, compared with the manifest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import zip_longest

from curated.bundle.contents import Contents
from curated.bundle.export_file import export_parts
from curated.core.diagnostic import Problem, brief
from curated.core.regular_files import FileTree, UnsafeFileError, blocks
from curated.core.wholefile import size_and_hash

EXPORT_FILE, HASHES_FILE, SEED_FILE, README_FILE = (
    "export.yaml",
    "SHA256SUMS",
    "butler-seed.yaml",
    "README.md",
)
ATTESTATION_FILE = "attestation.json"
MANIFEST_FILE = "manifest.json"

_LARGEST = {MANIFEST_FILE: 1 << 30, EXPORT_FILE: 1 << 30, ATTESTATION_FILE: 1 << 29}
_LARGEST_OTHER = 1 << 24

_MOST_LINES = 5


def hash_line(digest: str, name: str) -> str:
    """Return a line for ``sha256sum -c``; a backslash at its start says that there are escapes in the name."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n"


def document_problems(tree: FileTree, contents: Contents) -> dict[str, Problem]:
    """Return how the documents of a bundle contradict its manifest, by name.

    The export file is not read as YAML, so that nothing in it can do harm: it is compared with what `curated bundle`
    writes for the manifest.

    Parameters
    ----------
    contents : `Contents`
        The bundle, with a manifest that has been checked.
    """
    problems: dict[str, Problem] = {}
    hashes: dict[str, str] = {}
    if contents.manifest_sha256:
        hashes[MANIFEST_FILE] = contents.manifest_sha256
    for name, problem in (
        *_export_problems(tree, contents, hashes),
        *_text_problems(tree, hashes),
        *_hash_problems(tree, contents, hashes),
    ):
        problems.setdefault(name, problem)
    return problems


def _export_problems(
    tree: FileTree, contents: Contents, hashes: dict[str, str]
) -> Iterator[tuple[str, Problem]]:
    """Yield how the export file differs from the manifest; if it does not, add its hash."""
    if contents.base:
        if _exists(tree, EXPORT_FILE):
            yield EXPORT_FILE, Problem("CAL633", (), "a bundle that builds on another one has no export file")
        return
    types = [(kind.name, kind.dimensions, kind.storage_class) for kind in contents.kinds]

    def parts() -> Iterator[bytes]:
        datasets = list(contents.exported())
        return (part.encode() for part in export_parts(contents.records, contents.doc, types, datasets))

    size, digest = size_and_hash(parts())
    try:
        handle = tree.open(EXPORT_FILE)
    except OSError as error:
        yield EXPORT_FILE, _unreadable(error)
        return
    with os.fdopen(handle, "rb") as stream:
        if os.fstat(handle).st_size == size and size_and_hash(blocks(handle, size)) == (size, digest):
            hashes[EXPORT_FILE] = digest
            return
        stream.seek(0)
        lines = (line for part in parts() for line in part.splitlines(keepends=True))
        # Lines of the export file are short; one that never ends is read in parts.
        actual_lines = iter(lambda: stream.readline(1 << 16), b"")
        for number, (expected, actual) in enumerate(zip_longest(lines, actual_lines), start=1):
            if expected != actual:
                detail = f"line {number} is {_line(actual)}; for the manifest it is {_line(expected)}"
                yield EXPORT_FILE, Problem("CAL633", (), detail, line=number, column=1)
                return


def _line(line: bytes | None) -> str:
    return "missing" if line is None else brief(line.decode("utf-8", "replace").rstrip("\n"))


def _text_problems(tree: FileTree, hashes: dict[str, str]) -> Iterator[tuple[str, Problem]]:
    """Yield documents that cannot be read, and add the hashes of the others.

    Those that were read already are not read again: what counts is what was read.
    """
    for name in (MANIFEST_FILE, EXPORT_FILE, SEED_FILE, README_FILE, ATTESTATION_FILE):
        if name in hashes:
            continue
        try:
            handle = tree.open(name)
        except FileNotFoundError:
            continue
        except OSError as error:
            yield name, _unreadable(error)
            continue
        try:
            size = os.fstat(handle).st_size
            if size > _LARGEST.get(name, _LARGEST_OTHER):
                yield name, Problem("CAL633", (), f"it has {size} bytes, too many for what it is")
            else:
                hashes[name] = size_and_hash(blocks(handle, size))[1]
        finally:
            os.close(handle)


def _hash_problems(
    tree: FileTree, contents: Contents, hashes: dict[str, str]
) -> Iterator[tuple[str, Problem]]:
    files = [(entry.path, entry.sha256) for entry in contents.entries if not entry.is_reference]
    files += [(companion.path, companion.sha256) for companion in contents.companions]
    expected = {hash_line(digest, name) for name, digest in (*files, *hashes.items())}
    largest = sum(map(len, expected)) * 4 + (1 << 16)
    try:
        lines = tree.read(HASHES_FILE, largest).decode().splitlines(keepends=True)
    except UnicodeDecodeError:
        yield HASHES_FILE, Problem("CAL633", (), "it is not UTF-8")
        return
    except OSError as error:
        yield HASHES_FILE, _unreadable(error)
        return
    details = [
        *_listed("lacks the line", sorted(expected - {*lines})),
        *_listed("has the line", sorted({*lines} - expected)),
    ]
    if not details and len(lines) != len(expected):
        details = ["has a line twice"]
    if details:
        yield HASHES_FILE, Problem("CAL633", (), f"it {', and '.join(details)}, other than the manifest")


def _listed(text: str, lines: list[str]) -> Iterator[str]:
    if lines:
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        yield f"{text} {brief(lines[0].rstrip())}{more}"


def _unreadable(error: OSError) -> Problem:
    if isinstance(error, UnsafeFileError):
        return Problem("CAL632", (), f"it {error.strerror}")
    if isinstance(error, FileNotFoundError):
        return Problem("CAL633", (), "it is missing")
    return Problem("CAL633", (), f"it cannot be read: {error.strerror}")


def _exists(tree: FileTree, name: str) -> bool:
    try:
        os.close(tree.open(name))
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
