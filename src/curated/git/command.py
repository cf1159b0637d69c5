"""Run git so that neither settings nor variables change its answers, and no program of a repository is run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from curated.core.diagnostic import CuratedError
from curated.core.regular_files import find_program
from curated.core.storage.limits import EXHAUSTED
from curated.git import settings

if TYPE_CHECKING:
    from subprocess import Popen

_FILTERING_COMMANDS = frozenset({"status", "diff", "checkout-index", "add"})
"""Commands that read or write files of a work tree through the programs of filters."""

_BLOCK = 1 << 16
_SECONDS = 600
"""Longest time that a command may take whose whole output is waited for."""

_QUICK_SECONDS = {"config": 20, "rev-parse": 60}
"""Shorter ones."""

_OWNER = re.compile(r"(?:dubious ownership in repository at|unsafe repository \()\s*'([^']*)'")
_DAMAGE = re.compile(
    r"corrupt|mismatch|not a tree object|bad (?:object|tree|file|signature)|unable to (?:read|unpack|find)|"
    r"does not match index|missing (?:blob|tree|commit)|index file smaller|could not (?:parse|read) ",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")
_USAGE = 129
"""Exit status of a git that does not know an option."""


class GitError(CuratedError):
    """A git command that failed; ``stderr`` is what it printed about it."""

    def __init__(self, command: str, stderr: str) -> None:
        self.stderr = _CREDENTIALS.sub("", stderr)
        super().__init__(*_explain(command, self.stderr))


def _explain(command: str, stderr: str) -> tuple[str, str]:
    """Return the message and the hint of a failure."""
    owner = _OWNER.search(stderr)
    if owner:
        return (
            f"git does not read the repository {owner[1]}, which belongs to another user",
            f"if you trust it: git config --global --add safe.directory {owner[1]}",
        )
    if "lazy fetching disabled" in stderr or re.search(r"transport '[^']*' not allowed", stderr):
        return (
            f"git {command} failed: objects of this partial clone are not here",
            "fetch them with 'git fetch --refetch --no-filter'",
        )
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if _DAMAGE.search(stderr):
        # Git says the same of each object in several ways; the last one is why it ended.
        return (
            f"git {command} failed: {lines[-1]}",
            "see what 'git fsck' says, and clone the repository again",
        )
    return f"git {command} failed: {'; '.join(lines)}", ""


def start_git(
    directory: Path,
    *arguments: str,
    has_input: bool = False,
    keep_stderr: bool = False,
    environment: Mapping[str, str] | None = None,
    output: int | None = None,
) -> Popen[bytes]:
    """Start a git command; its output is a pipe, unless it goes elsewhere.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Where it runs: the top of a work tree, or a repository without one.
    *arguments : `str`
        The sub-command and its arguments.
    has_input : `bool`, optional
        Whether its standard input is a pipe too; it is empty otherwise.
    keep_stderr : `bool`, optional
        Whether its error messages are a pipe; they are thrown away otherwise. A caller that reads only the output
        would wait for ever once this pipe is full.
    environment : `dict` [`str`, `str`], optional
        Variables to set.
    output : `int`, optional
        Handle of an open file that the output goes into.

    Raises
    ------
    CuratedError
        If git cannot be run.
    """
    variables = settings.environment(directory) | dict(environment or {})
    if not _FILTERING_COMMANDS.isdisjoint(arguments):
        text = settings.own_settings(directory)
        if b"filter" in text or b"include" in text:
            names = run_git(directory, "config", "--list", "--name-only", "--null")
            variables |= settings.without_filters(names, variables)
    return start_process(
        directory,
        [*settings.options(), *arguments],
        variables,
        has_input=has_input,
        keep_stderr=keep_stderr,
        output=output,
    )


def start_process(
    directory: Path,
    arguments: list[str],
    variables: Mapping[str, str],
    *,
    has_input: bool = False,
    keep_stderr: bool = False,
    new_session: bool = False,
    output: int | None = None,
) -> Popen[bytes]:
    """Start git; the one place where this is done.

    Parameters
    ----------
    variables : `dict` [`str`, `str`]
        The whole environment; that of this process does not count.
    new_session : `bool`, optional
        Whether its programs are a group of their own, which can be ended together.
    output : `int`, optional
        Handle of an open file that the output goes into; a pipe if not given.

    Raises
    ------
    CuratedError
        If git cannot be run.
    OSError
        If open files, memory or processes have run out.
    """
    import subprocess  # a check outside of a repository starts without it

    try:
        return subprocess.Popen(  # noqa: S603 (the command is git, with arguments of this package)
            [find_program("git"), *arguments],
            cwd=directory,
            env=variables,
            stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE if output is None else output,
            stderr=subprocess.PIPE if keep_stderr else subprocess.DEVNULL,
            start_new_session=new_session,
        )
    except OSError as error:
        if error.errno in EXHAUSTED:
            # Not a CuratedError, without which a check goes on: what git knows must not be left out for that.
            raise OSError(error.errno, f"git cannot be started: {(error.strerror or '').lower()}") from error
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
        If git cannot be run, does not end, or is too old.
    """
    with start_git(
        directory, *arguments, has_input=bool(stdin), keep_stderr=True, environment=environment
    ) as process:
        seconds = _QUICK_SECONDS.get(arguments[0], _SECONDS)
        output, stderr = communicate(process, arguments[0], seconds, stdin)
    if process.returncode == _USAGE:
        raise CuratedError(
            f"this git does not know the options of 'git {arguments[0]}'", "install git 2.31 or newer"
        )
    if process.returncode != 0:
        raise GitError(arguments[0], stderr.decode("utf-8", errors="replace").strip())
    return output.decode("utf-8", errors="surrogateescape")


def communicate(
    process: Popen[bytes], command: str, seconds: float, stdin: bytes = b""
) -> tuple[bytes, bytes]:
    """Return what a git command prints to stdout and stderr; it is killed if it takes longer.

    Raises
    ------
    CuratedError
        If it does not end.
    """
    from subprocess import TimeoutExpired

    try:
        return process.communicate(stdin or None, seconds)
    except TimeoutExpired as error:
        process.kill()
        raise CuratedError(f"git {command} does not end", "see whether 'git status' works") from error
    except BaseException:
        process.kill()
        raise


def split_nul(stream: IO[bytes] | None) -> Iterator[str]:
    """Yield the fields of a stream that are separated by NUL, as they arrive."""
    rest = b""
    while stream is not None and (block := stream.read(_BLOCK)):
        *fields, rest = (rest + block).split(b"\0")
        for field in fields:
            yield field.decode("utf-8", errors="surrogateescape")
    if rest:
        yield rest.decode("utf-8", errors="surrogateescape")
