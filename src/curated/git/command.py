"""The git command, so that nobody's configuration changes what it says."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

POINTING = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}


_SETTINGS = (
    "core.quotepath=off",
    "i18n.logOutputEncoding=UTF-8",
    "log.follow=false",
    "log.showRoot=true",
    # A release candidate is below its release.
    "versionsort.suffix=-",
)


GIT = ("git", "--literal-pathspecs", "--no-optional-locks", *(word for s in _SETTINGS for word in ("-c", s)))
"""The command, so that nobody's configuration changes what it says."""


def start_git(directory: Path, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start a git command without GitPython, whose import takes longer than a short question.

    Raises
    ------
    OSError
        If git cannot be run.
    """
    environment = {name: value for name, value in os.environ.items() if name not in POINTING}
    return subprocess.Popen(  # noqa: S603 (the command is git, with arguments of this package)
        [*GIT, *arguments],
        cwd=directory,
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def split_nul(stream: Any) -> Iterator[str]:
    """Yield the fields of a stream that are separated by NUL."""
    rest = b""
    while block := stream.read(1 << 16):
        *whole, rest = (rest + block).split(b"\0")
        for field in whole:
            yield field.decode("utf-8", errors="surrogateescape")
    if rest:
        yield rest.decode("utf-8", errors="surrogateescape")
