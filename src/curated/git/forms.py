"""The forms that a file of a commit can have in a work tree: line ends, ``$Id$``, encodings, pointers to other stores."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
from typing import BinaryIO, NamedTuple

from curated.git.tree import object_name

_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_SIZE = re.compile(rb"^size (\d{1,18})$", re.MULTILINE)
MAX_POINTER = 1024
"""Size in bytes of the longest text that stands for a file."""

_ANNEX_LINK = re.compile(r"(^|/)\.git/(modules/.*/)?annex/objects/|(^|/)annex/objects/")
_ANNEX_POINTER = re.compile(rb"/annex/objects/[A-Z0-9_]+-[^\n/]*\n?\Z")

_IDENT = re.compile(rb"\$Id(:[^$\n]*)?\$")
_CHUNK = 1 << 20


class Pointer(NamedTuple):
    """The text that stands for a file in git-lfs: SHA-256 and size in bytes of the content."""

    sha256: str
    size: int


def parse_pointer(content: bytes) -> Pointer | None:
    """Return the pointer of git-lfs that a content is; `None` where it is none."""
    if not content.startswith(_LFS) or len(content) > MAX_POINTER:
        return None
    oid, size = _OID.search(content), _SIZE.search(content)
    return Pointer(oid[1].decode(), int(size[1])) if oid and size else None


def is_annex_pointer(content: bytes) -> bool:
    """Say whether a content is a pointer of git-annex, or the target of one of its links."""
    if len(content) > MAX_POINTER:
        return False
    return _ANNEX_POINTER.match(content) is not None or is_annex_link(os.fsdecode(content))


def is_annex_link(target: str) -> bool:
    """Say whether a link leads into the store of git-annex."""
    return _ANNEX_LINK.search(target) is not None


def committed_content(data: bytes, blob: str) -> bytes | None:
    """Return the content of a blob from its form in a work tree; `None` if the form does not tell.

    Line ends (``core.autocrlf``, ``eol``) and ``$Id$`` (``ident``) are taken back as git does when it adds a file, and
    the result is accepted only if its hash is the name of the blob.

    Parameters
    ----------
    data : `bytes`
        Content of the file in the work tree.
    blob : `str`
        Name of the blob in the commit.
    """
    if object_name("blob", data, len(blob)) == blob:
        return data
    candidates = []
    if b"\r\n" in data:
        candidates.append(data.replace(b"\r\n", b"\n"))
    candidates += [_IDENT.sub(b"$Id$", content) for content in (data, *candidates) if b"$Id:" in content]
    return next((c for c in candidates if object_name("blob", c, len(blob)) == blob), None)


def is_form_of(data: bytes, content: bytes, encoding: str = "") -> bool:
    """Say whether a work tree's file differs from a blob by line ends, ``$Id$`` and encoding alone.

    Parameters
    ----------
    data, content : `bytes`
        Content of the file and of the blob.
    encoding : `str`, optional
        Its ``working-tree-encoding``; UTF-8 if not given.
    """
    if encoding:
        try:
            codec = codecs.lookup(encoding.upper().removesuffix("-BOM"))
            text = data.decode(codec.name)
            data = text.removeprefix("\ufeff").encode()
        except (LookupError, ValueError):
            return False
    return _plain(data) == _plain(content)


def _plain(content: bytes) -> bytes:
    return _IDENT.sub(b"$Id$", content.replace(b"\r\n", b"\n"))


def open_regular(path: str) -> BinaryIO:
    """Open a regular file without following a link, and without waiting.

    Raises
    ------
    OSError
        If there is none.
    """
    # Opening a named pipe would wait for ever.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError("not a regular file")
    return os.fdopen(handle, "rb")


def blob_of_file(path: str, digits: int) -> str:
    """Return the name that a file would have as a blob, in a repository whose names have so many digits.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size <= _CHUNK:
            return object_name("blob", stream.read(size + 1), digits)
        digest = hashlib.sha1(usedforsecurity=False) if digits == 40 else hashlib.sha256()
        digest.update(b"blob %d\0" % size)
        while block := stream.read(_CHUNK):
            digest.update(block)
        return digest.hexdigest()


def matches_pointer(path: str, pointer: Pointer) -> bool:
    """Say whether a file is the content that a pointer of git-lfs stands for.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file.
    """
    with open_regular(path) as stream:
        if os.fstat(stream.fileno()).st_size != pointer.size:
            return False
        digest = hashlib.sha256()
        while block := stream.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest() == pointer.sha256
