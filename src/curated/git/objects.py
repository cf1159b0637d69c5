"""Contents that git keeps: blobs by name, many at once or one at a time, and the files of a commit."""

from __future__ import annotations

import hashlib
import os
import posixpath
import weakref
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from curated.core.diagnostic import CuratedError
from curated.git.command import HOOK_VARIABLES, run_git, start_git
from curated.git.repository import Repository, git_directory

if TYPE_CHECKING:
    from git import Git

_LINK = "120000"
_MAX_LINKS = 40
_MAX_HEADER = 1 << 16


def blob_sha1(data: bytes) -> str:
    """Return the name that git gives to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def read_objects(repository: Repository, names: Sequence[str]) -> Iterator[bytes]:
    """Yield the content of each object; nothing where there is no such object.

    Parameters
    ----------
    names : sequence [`str`]
        Their names, such as ``HEAD:path``, without line ends.
    """
    if not names:
        return
    with start_git(repository.top, "cat-file", "--batch", has_input=True) as process:
        lines = "".join(f"{name}\n" for name in names)
        output = memoryview(process.communicate(lines.encode("utf-8", errors="surrogateescape"))[0])
    position = 0
    for _ in names:
        end = bytes(output[position : position + _MAX_HEADER]).find(b"\n") + position
        header = bytes(output[position:end]).rsplit(b" ", 1)
        position = end + 1
        if header[-1].isdigit():
            size = int(header[-1])
            yield bytes(output[position : position + size])
            position += size + 1
        else:
            yield b""


class Objects:
    """Objects of a repository that are looked up one at a time.

    GitPython asks a git process that keeps running; it is imported with the first question, since that takes longer
    than a whole check of a small package.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    @cached_property
    def _git(self) -> Git:
        try:
            import git
        except ImportError as error:
            raise CuratedError("git cannot be run", "install git, and see that it is on the PATH") from error
        command = git.Git(self._repository.top)
        if HOOK_VARIABLES & os.environ.keys():
            # GitPython hands a hook's variables on, which lead to the hook's repository.
            command.update_environment(GIT_DIR=git_directory(self._repository))
        weakref.finalize(self, _end_processes, command)
        return command

    def read(self, name: str) -> bytes:
        """Return the content of an object."""
        return bytes(self._git.get_object_data(name)[3])

    def find_blob(self, name: str) -> str:
        """Return the blob of a file of a commit, named as ``COMMIT:PATH``; empty if there is none."""
        try:
            return str(self._git.get_object_header(name)[0])
        except ValueError:
            return ""


def _end_processes(command: Git) -> None:
    for process in (command.cat_file_header, command.cat_file_all):
        if process is not None and process.proc is not None:
            process.proc.kill()
            process.proc.communicate()


def find_blobs(repository: Repository, sha1: str, top: str = "") -> dict[str, str]:
    """Return the blob of each file of a commit, by path in the package.

    A link to another file of the package stands for that file, as it does in the work tree; other links are left
    out.

    Parameters
    ----------
    top : `str`, optional
        Directory of the package that they are below; all files if not given.
    """
    options = ("-r", "-z", "--full-tree", sha1, "--", repository.pathspec(top))
    blobs: dict[str, str] = {}
    links: dict[str, str] = {}
    for entry in run_git(repository.top, "ls-tree", *options).split("\0"):
        header, _, path = entry.partition("\t")
        mode, kind, blob = [*header.split(), "", "", ""][:3]
        if kind == "blob" and path.startswith(repository.prefix):
            (links if mode == _LINK else blobs)[path.removeprefix(repository.prefix)] = blob
    if not links:
        return blobs
    all_blobs = find_blobs(repository, sha1) if top else dict(blobs)
    objects = Objects(repository)
    targets = {path: _link_target(path, objects.read(blob)) for path, blob in links.items()}
    for path in links:
        target = path
        for _ in range(_MAX_LINKS):
            target = targets.get(target, target)
        if target in all_blobs:
            blobs[path] = all_blobs[target]
    return blobs


def _link_target(path: str, content: bytes) -> str:
    """Return where a link of a commit leads, as a path in the package."""
    text = content.decode("utf-8", errors="surrogateescape")
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), text))


class CommitTree:
    """The files of one commit, read without a checkout.

    Parameters
    ----------
    top : `str`, optional
        Directory that `paths` is confined to.
    """

    def __init__(self, repository: Repository, sha1: str, top: str = "") -> None:
        self.repository, self.sha1, self.top = repository, sha1, top
        self._objects = Objects(repository)

    @cached_property
    def blobs(self) -> dict[str, str]:
        """Blob of each file, by path."""
        return find_blobs(self.repository, self.sha1)

    def paths(self) -> Iterator[str]:
        """Yield all paths below the calibration directory, but for hidden files."""
        prefix = f"{self.top}/" if self.top else ""
        paths = (path for path in sorted(self.blobs) if path.startswith(prefix))
        return (path for path in paths if not any(part.startswith(".") for part in PurePosixPath(path).parts))

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        FileNotFoundError
            If the commit has no such file.
        """
        if path not in self.blobs:
            raise FileNotFoundError(os.strerror(2), path)
        return self._objects.read(self.blobs[path])

    def locate(self, path: str) -> str | None:
        """Return `None`: the files of a commit are not on disk.

        Raises
        ------
        FileNotFoundError
            If the commit has no such file.
        """
        if path not in self.blobs:
            raise FileNotFoundError(os.strerror(2), path)
        return None

    def state(self, path: str) -> str:
        """Return the blob of a file; empty if there is none."""
        return self.blobs.get(path, "")
