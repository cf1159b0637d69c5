"""The files of a repository's datasets, wherever they are."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from lsst.resources import ResourcePath

from curated.fits.digest import content_digest

_CHUNK = 1 << 20
_ROOT = ResourcePath("file:///")


def local_uri(path: str) -> ResourcePath:
    """Return the URI of a local file at an absolute path, at a third of what it costs to have the path analysed."""
    return _ROOT.replace(path=quote(path), forceDirectory=False)


def content_of(uri: ResourcePath) -> str:
    """Return the hash of what a file holds, without where it comes from and when it is valid.

    Parameters
    ----------
    uri : `lsst.resources.ResourcePath`
        Where it is.

    Raises
    ------
    OSError
        If it is gone or cannot be read.
    """
    return content_digest(_pieces(uri))


def _pieces(uri: ResourcePath) -> Iterator[bytes]:
    if not uri.isLocal:
        yield uri.read()
        return
    with open(uri.ospath, "rb", buffering=0) as stream:
        while piece := stream.read(_CHUNK):
            yield piece
