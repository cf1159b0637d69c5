"""Names of contents in git."""

from __future__ import annotations

import hashlib


def blob_sha1(data: bytes) -> str:
    """Return the name that git gives to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
