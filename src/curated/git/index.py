"""The index: what git is told about the files of a work tree, and which rules hide a file or give it another form."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from curated.git.command import GitError, run_git, start_git
from curated.git.irregular import refuse_irregular_rules
from curated.git.repository import Repository

if TYPE_CHECKING:
    from subprocess import Popen

_SKIPPED, _UNMERGED = "Ss", "Mm"
_SECONDS = 30


class IndexEntry(NamedTuple):
    """A file in the index.

    Parameters
    ----------
    tag : `str`
        Letter of ``git ls-files -v``.
    mode, blob : `str`
        As in a tree, see `~curated.git.tree.TreeEntry`.
    path : `str`
        Path in the repository.
    """

    tag: str
    mode: str
    blob: str
    path: str

    @property
    def is_skipped(self) -> bool:
        """Whether the file need not be in the work tree: sparse checkout, or skip-worktree."""
        return self.tag in _SKIPPED

    @property
    def is_unwatched(self) -> bool:
        """Whether git does not look at the file: assume-unchanged, or skip-worktree."""
        return self.tag in _SKIPPED or self.tag.islower()

    @property
    def is_unmerged(self) -> bool:
        """Whether a merge has left a conflict in the file."""
        return self.tag in _UNMERGED


def start_index(repository: Repository, paths: Iterable[str]) -> Popen[bytes]:
    """Start to list the files of the index at or below some paths in the repository; see `read_index`."""
    return start_git(repository.top, "ls-files", "-s", "-v", "-z", "--", *paths, keep_stderr=True)


def read_index(process: Popen[bytes]) -> Iterator[IndexEntry]:
    """Yield the files that `start_index` lists.

    Raises
    ------
    GitError
        If git cannot read its index.
    """
    with process:
        output, stderr = process.communicate()
    if process.returncode != 0:
        raise GitError("ls-files", stderr.decode("utf-8", errors="replace").strip())
    for field in output.decode("utf-8", errors="surrogateescape").split("\0"):
        header, _, path = field.partition("\t")
        if path:
            tag, mode, blob, _ = header.split(" ")
            yield IndexEntry(tag, mode, blob, path)


def hidden_files(repository: Repository, root: Path, paths: Iterable[str]) -> list[str]:
    """Return files that git passes over and that are not in the work tree, as paths in the package.

    Parameters
    ----------
    root : `~pathlib.Path`
        Root of the package.
    paths : iterable [`str`]
        Paths of the package at or below which they are looked for.

    Raises
    ------
    GitError
        If git cannot read its index.
    """
    entries = read_index(start_index(repository, [repository.pathspec(path) for path in paths]))
    hidden = [entry.path.removeprefix(repository.prefix) for entry in entries if entry.is_unwatched]
    return [path for path in hidden if not os.path.lexists(f"{root}/{path}")]


def is_sparse(repository: Repository) -> bool:
    """Say whether the checkout of a work tree is sparse."""
    try:
        setting = run_git(repository.top, "config", "--bool", "--get", "core.sparseCheckout")
    except GitError:
        return False
    return setting.strip() == "true"


def ignoring_rules(repository: Repository, paths: Sequence[str]) -> dict[str, str]:
    """Return the rules that hide files from git, as ``.gitignore:3``, by path in the repository.

    Parameters
    ----------
    paths : sequence [`str`]
        Paths in the repository of files that are not in the index.

    Raises
    ------
    CuratedError
        If git would wait for a pipe.
    """
    if not paths:
        return {}
    refuse_irregular_rules(repository.top, paths)
    from subprocess import TimeoutExpired

    names = "".join(f"{path}\0" for path in paths).encode("utf-8", errors="surrogateescape")
    # This command refuses to take paths literally; it does so anyway.
    command = ("--no-literal-pathspecs", "check-ignore", "-z", "--stdin", "--verbose", "--no-index")
    process = start_git(repository.top, *command, has_input=True)
    with process:
        try:
            output = process.communicate(names, _SECONDS)[0]
        except TimeoutExpired:
            # A file of rules may be a pipe; without rules the files are only not explained.
            process.kill()
            output = b""
    fields = output.decode("utf-8", errors="surrogateescape").split("\0")[:-1]
    return {
        path: f"{source}:{line}"
        for source, line, pattern, path in zip(*(fields[i::4] for i in range(4)), strict=False)
        if not pattern.startswith("!")
    }


def attributes(
    repository: Repository, names: Sequence[str], paths: Iterable[str]
) -> Mapping[str, Mapping[str, str]]:
    """Return the values of some attributes (``.gitattributes``) of files, by path in the repository and name.

    Attributes that are not given, or without a value, are left out.

    Raises
    ------
    CuratedError
        If git would wait for a pipe.
    """
    paths = list(paths)
    refuse_irregular_rules(repository.top, paths)
    stdin = "".join(f"{path}\0" for path in paths).encode("utf-8", errors="surrogateescape")
    values: dict[str, dict[str, str]] = {}
    process = start_git(repository.top, "check-attr", "-z", "--stdin", *names, has_input=True)
    with process:
        output = process.communicate(stdin)[0]
    fields = output.decode("utf-8", errors="surrogateescape").split("\0")[:-1]
    for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        if value not in ("unspecified", "set", "unset"):
            values.setdefault(path, {})[name] = value
    return values
