"""Run git so that neither a user's configuration nor a hook's variables change its answers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from curated.core.diagnostic import CuratedError

if TYPE_CHECKING:
    from subprocess import Popen

HOOK_VARIABLES = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"})
"""Variables that git sets for a hook, and that lead every git command to the hook's repository."""

_SETTINGS = (
    "core.quotepath=off",
    "i18n.logOutputEncoding=UTF-8",
    "log.follow=false",
    "log.showRoot=true",
    # A release candidate sorts below its release.
    "versionsort.suffix=-",
)

_COMMAND = (
    *("git", "--literal-pathspecs", "--no-optional-locks"),
    *(word for setting in _SETTINGS for word in ("-c", setting)),
)

_BLOCK = 1 << 16


class GitError(CuratedError):
    """A git command that failed; ``stderr`` is what it printed about it."""

    def __init__(self, command: str, stderr: str) -> None:
        super().__init__(f"git {command} failed: {stderr}")
        self.stderr = stderr


def start_git(
    directory: Path,
    *arguments: str,
    has_input: bool = False,
    keep_stderr: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Popen[bytes]:
    """Start a git command; its output is a pipe.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Where it runs.
    *arguments : `str`
        The sub-command and its arguments.
    has_input : `bool`, optional
        Whether its standard input is a pipe too; it is empty otherwise.
    keep_stderr : `bool`, optional
        Whether its error messages are a pipe; they are thrown away otherwise. A caller that reads only the output
        would wait for ever once this pipe is full.
    environment : `dict` [`str`, `str`], optional
        Variables to set.

    Raises
    ------
    CuratedError
        If git cannot be run.
    """
    import subprocess  # a check outside of a repository starts without it

    variables = {name: value for name, value in os.environ.items() if name not in HOOK_VARIABLES}
    try:
        return subprocess.Popen(  # noqa: S603 (the command is git, with arguments of this package)
            [*_COMMAND, *arguments],
            cwd=directory,
            env={**variables, "LANGUAGE": "C", **(environment or {})},
            stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if keep_stderr else subprocess.DEVNULL,
        )
    except OSError as error:
        raise CuratedError("git cannot be run", "install git, and see that it is on the PATH") from error


def run_git(
    directory: Path,
    *arguments: str,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> str:
    """Return the output of a git command; bytes that are not UTF-8 become surrogate escapes.

    Raises
    ------
    GitError
        If the command fails.
    CuratedError
        If git cannot be run.
    """
    with start_git(
        directory, *arguments, has_input=bool(stdin), keep_stderr=True, environment=environment
    ) as process:
        output, stderr = process.communicate(stdin or None)
    if process.returncode != 0:
        raise GitError(arguments[0], stderr.decode("utf-8", errors="replace").strip())
    return output.decode("utf-8", errors="surrogateescape")


def split_nul(stream: IO[bytes] | None) -> Iterator[str]:
    """Yield the fields of a stream that are separated by NUL, as they arrive."""
    rest = b""
    while stream is not None and (block := stream.read(_BLOCK)):
        *fields, rest = (rest + block).split(b"\0")
        for field in fields:
            yield field.decode("utf-8", errors="surrogateescape")
    if rest:
        yield rest.decode("utf-8", errors="surrogateescape")
