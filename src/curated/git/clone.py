"""Copies of repositories that are elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from curated.core.diagnostic import CuratedError
from curated.git.command import GIT, POINTING
from curated.git.repository import GitError

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SCHEMES = ("https", "file", "ssh")
"""How repositories are fetched; git knows ways that run programs, and such that nobody checks."""


def is_address(text: str) -> bool:
    """Say whether a text is the address of a repository, and no path."""
    return _ADDRESS.match(text) is not None


def clone(address: str) -> tempfile.TemporaryDirectory[str]:
    """Fetch a repository, without a work tree, into a temporary directory.

    Parameters
    ----------
    address : `str`
        Its address: ``https://``, ``ssh://`` or ``file://``.

    Returns
    -------
    directory : `tempfile.TemporaryDirectory`
        Where it is; it is removed with this object.

    Raises
    ------
    CuratedError
        If the address is of another kind, or the repository cannot be fetched.
    """
    scheme = _ADDRESS.match(address)
    if scheme is None or scheme[1].lower() not in _SCHEMES:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise CuratedError(
            f"{address!r} is not the address of a repository", f"give a path, or one with {known}"
        )
    directory = tempfile.TemporaryDirectory(prefix="curated-")
    # Nobody is there to be asked for a password; a hook's variables point to another repository.
    environment = {k: v for k, v in os.environ.items() if k not in POINTING}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
    command = [*GIT, "clone", "--bare", "--quiet", "--", address, directory.name]
    try:
        done = subprocess.run(
            command, cwd=Path(directory.name).parent, env=environment, capture_output=True, check=False
        )
    except OSError as error:
        directory.cleanup()
        raise CuratedError("git cannot be run", "install git, and see that it is on the PATH") from error
    if done.returncode != 0:
        directory.cleanup()
        raise GitError("clone", done.stderr.decode("utf-8", errors="replace").strip())
    return directory
