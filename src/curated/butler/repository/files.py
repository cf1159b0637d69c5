"""Files of a repository's datasets: their names, their contents, and whether an object in a store is a given file."""

from __future__ import annotations

import base64
import errno
import os
import re
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import quote
from zipfile import BadZipFile, ZipFile

from lsst.daf.butler import DatasetRef
from lsst.daf.butler.datastore.file_templates import FileTemplates
from lsst.resources import ResourcePath

from curated.bundle.contents import Entry
from curated.core.diagnostic import CuratedError
from curated.core.regular_files import blocks, is_sparse
from curated.core.wholefile import size_and_hash
from curated.datasets.record import Key
from curated.fits.digest import content_digest

LARGEST = 1 << 34
"""Size in bytes of the largest file that is read: 16 GB, which no calibration comes near."""

_CHUNK = 1 << 20

# How Butler marks a file that `butler ingest-zip` has stored, in the fragment of its URI.
_IN_ZIP = "zip-path="

_ROOT = ResourcePath("file:///")

# Stands for the RUN in a name; no collection is called so.
_RUN = "curated-placeholder/run"

# A width of a field in a template that would make a name take all memory.
_WIDE = re.compile(r":[^{}]*[0-9]{4}")

# Names that are the same as the path of a URI, and have no extension yet.
_PLAIN = re.compile(r"[\w/-]+\Z")


class FileNames:
    """Names of files relative to the root of a datastore.

    They follow the repository's file templates, and are worked out once for each dataset type and data ID: names in
    other RUNs differ in the RUN alone. Butler's own prediction needs the formatter, and works each name out anew.

    Parameters
    ----------
    templates : `lsst.daf.butler.datastore.file_templates.FileTemplates`
        Templates of one datastore; the children of a chain have each their own.
    """

    def __init__(self, templates: FileTemplates) -> None:
        self._templates = templates
        self._patterns: dict[tuple[Key, str], str] = {}

    def name(self, entry: Entry, ref: DatasetRef) -> str:
        """Return the name of a dataset's file, with the extension that it has in the bundle."""
        extension = _extension(os.path.basename(entry.path))
        key = entry.key, extension
        if key not in self._patterns:
            template = self._templates.getTemplate(ref)
            if _WIDE.search(template.template):
                raise CuratedError(
                    f"the repository's file template {template.template[:200]!r} asks for names of thousands of characters",
                    "correct 'datastore: templates:' in the repository's configuration",
                )
            if "{id" in template.template:
                # Each dataset has a name of its own.
                return _with_extension(template.format(ref), extension)
            stand_in = DatasetRef(ref.datasetType, ref.dataId, run=_RUN, id=ref.id)
            self._patterns[key] = _with_extension(template.format(stand_in), extension)
        # Templates have the RUN as directories, and in names with another separator.
        name = self._patterns[key].replace(_RUN, entry.run)
        return name.replace(_RUN.replace("/", "_"), entry.run.replace("/", "_"))


def require_inside(root: str, name: str) -> None:
    """Raise an error if a file would not be below the root of a datastore, once links are resolved.

    Parameters
    ----------
    root : `str`
        Local directory.
    name : `str`
        Name of the file or directory relative to it; it need not exist.

    Raises
    ------
    CuratedError
        If the name leads out of the root, or a link in the repository does.
    """
    real_root = os.path.realpath(root)
    directory = os.path.realpath(os.path.join(root, os.path.dirname(name)))
    if is_plain_path(name) and (directory == real_root or directory.startswith(real_root.rstrip("/") + "/")):
        return
    raise CuratedError(
        f"{name!r} would be outside of the datastore {root}: nothing is written there",
        "see to the file templates in the repository's configuration, and to links in its directory",
    )


def is_plain_path(name: str) -> bool:
    """Return whether a relative path has no part that leads elsewhere, and no control character."""
    parts = name.split("/")
    return name.isprintable() and not {"", ".", ".."}.intersection(parts)


def local_uri(path: str) -> ResourcePath:
    """Return the URI of a local file at an absolute path, in a third of the time that parsing the path takes."""
    return _ROOT.replace(path=quote(path), forceDirectory=False)


def content_of(uri: ResourcePath) -> str:
    """Return the hash of a file's content without its provenance and validity; see `curated.fits.digest`.

    Raises
    ------
    OSError
        If it is gone or cannot be read.
    """
    return content_digest(_blocks(uri))


def object_state(
    uri: ResourcePath, size: int, source: Path | None
) -> Literal["same", "alike", "differs", "missing"]:
    """Compare an object in a store with a file, without reading the object.

    Parameters
    ----------
    size : `int`
        Size of the file in bytes.
    source : `pathlib.Path`, optional
        The file; only sizes are compared if not given.

    Returns
    -------
    state : `str`
        ``same``, ``differs`` or ``missing``; ``alike`` where the sizes agree and the store has no checksum.
    """
    try:
        object_size, checksums = _size_and_checksums(uri)
    except FileNotFoundError:
        return "missing"
    if object_size != size:
        return "differs"
    # Of an object that was uploaded in parts, the store may have a checksum of checksums, with their number.
    checksum = checksums.get("crc32", "-")
    if "-" in checksum or source is None:
        return "alike"
    try:
        return "same" if checksum == _crc32(source) else "differs"
    except FileNotFoundError:
        return "alike"


def _with_extension(name: str, extension: str) -> str:
    if _PLAIN.match(name):
        return name + extension
    path = ResourcePath(name, forceAbsolute=False, forceDirectory=False)
    return str(path.updatedExtension(extension))


@lru_cache(maxsize=4096)
def _extension(file: str) -> str:
    return str(ResourcePath(file, forceAbsolute=False).getExtension())


def name_in_zip(uri: ResourcePath) -> str:
    """Return the name of a file in the zip file that Butler keeps it in; empty if it is a file of its own."""
    fragment = uri.unquoted_fragment
    return fragment.removeprefix(_IN_ZIP) if fragment.startswith(_IN_ZIP) else ""


def read_stored(uri: ResourcePath) -> bytes:
    """Return the content of a file of a datastore.

    Raises
    ------
    OSError
        If it cannot be read; see `open_stored`.
    """
    return b"".join(_blocks(uri))


@dataclass(frozen=True, slots=True)
class StoredLocation:
    """The location of a file of a datastore, which may be in a zip file."""

    uri: ResourcePath

    @contextmanager
    def as_local(self) -> Iterator[ResourcePath]:
        """Return the file on this machine, for as long as it is used."""
        name = name_in_zip(self.uri)
        if not name:
            with self.uri.as_local() as local:
                yield local
            return
        with tempfile.TemporaryDirectory(prefix="curated-") as directory:
            path = os.path.join(directory, f"file{_extension(name)}")
            with open(path, "wb") as stream:
                stream.writelines(_blocks(self.uri))
            yield local_uri(path)


def _zipped_blocks(uri: ResourcePath, name: str) -> Iterator[bytes]:
    size = 0
    try:
        with uri.open("rb") as stream, ZipFile(stream) as archive, archive.open(name) as member:
            while block := member.read(_CHUNK):
                size += len(block)
                if size > LARGEST:
                    raise OSError(errno.EFBIG, "is larger than any calibration", name)
                yield block
    except (BadZipFile, KeyError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise OSError(errno.EIO, f"cannot be read from its zip file: {error}", str(uri)) from error


def _blocks(uri: ResourcePath) -> Iterator[bytes]:
    name = name_in_zip(uri)
    if name:
        yield from _zipped_blocks(uri, name)
        return
    if not uri.isLocal:
        with uri.open("rb") as stream:
            while block := stream.read(_CHUNK):
                yield block
        return
    handle = open_stored(uri.ospath)
    try:
        yield from blocks(handle, LARGEST + 1)
    finally:
        os.close(handle)


def open_stored(path: str) -> int:
    """Open a file of a datastore for reading; it may be a link, such as an import with ``--transfer symlink`` makes.

    Returns
    -------
    handle : `int`
        File descriptor, to be closed by the caller.

    Raises
    ------
    OSError
        If it is no regular file, or larger than any calibration.
    """
    # Without waiting for somebody to write into a FIFO.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _require_readable(handle, path)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _require_readable(handle: int, path: str) -> None:
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is no regular file", path)
    if status.st_size > LARGEST or is_sparse(handle):
        raise OSError(errno.EFBIG, "is larger than any calibration", path)


def size_and_hash_of(uri: ResourcePath) -> tuple[int, str]:
    """Return the size of a file of a datastore in bytes, and its SHA-256.

    Raises
    ------
    OSError
        If it cannot be read; see `open_stored`.
    """
    return size_and_hash(_blocks(uri))


def _size_and_checksums(uri: ResourcePath) -> tuple[int, dict[str, str]]:
    try:
        info = uri.get_info()
    except (AttributeError, NotImplementedError):
        # Older versions, and other kinds of stores.
        return uri.size(), {}
    return info.size, info.checksums


def _crc32(path: Path) -> str:
    value = 0
    handle = open_stored(os.fspath(path))
    try:
        for block in blocks(handle, LARGEST + 1):
            value = zlib.crc32(block, value)
    finally:
        os.close(handle)
    return base64.b64encode(value.to_bytes(4, "big")).decode("ascii")
