"""Contents that git keeps: blobs by name, many at once or one at a time, and the files of a commit."""

from __future__ import annotations

import hashlib
import os
import posixpath
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from curated.core.diagnostic import CuratedError
from curated.core.storage.nameless import open_nameless, remove_nameless
from curated.git.command import GitError, run_git, split_nul, start_git
from curated.git.repository import Repository

if TYPE_CHECKING:
    from subprocess import Popen

_LINK = "120000"
_MAX_LINKS = 40
_MAX_HEADER = 1 << 16

MAX_FILES = 500_000
"""Most files of a commit that are listed."""


def blob_sha1(data: bytes) -> str:
    """Return the name that git gives to a file's content."""
    digest = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)  # images are large: they are not copied for a few bytes before them
    return digest.hexdigest()


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


def damaged(repository: Repository, what: str, present: bool = False) -> CuratedError:
    """Return the error of an object that cannot be used, with the way out.

    Parameters
    ----------
    what : `str`
        The object, as the subject of a sentence.
    present : `bool`, optional
        Whether there is something under its name.
    """
    if present:
        return CuratedError(
            f"{what} is not what its name says: it is damaged or replaced",
            "see what 'git fsck' and 'git replace --list' say, and clone the repository again",
        )
    if is_partial(repository):
        return CuratedError(
            f"{what} is not here: this is a partial clone, and nothing is fetched on the way",
            "run 'git fetch --refetch --no-filter', or clone it again without --filter",
        )
    return CuratedError(
        f"{what} is missing or damaged", "see what 'git fsck' says, and clone the repository again"
    )


def is_partial(repository: Repository) -> bool:
    """Say whether a repository is a partial clone, which leaves objects with its remote until they are needed."""
    try:
        pattern = r"^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$"
        return bool(run_git(repository.top, "config", "--get-regexp", pattern).strip())
    except GitError:
        return False


class Objects:
    """Objects of a repository that are looked up one at a time, by git processes that keep running.

    A process that was forked starts its own: answers that two of them read from one pipe would be torn apart.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._processes: dict[tuple[int, str], Popen[bytes]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return Objects, (self._repository,)  # for a process that was not forked

    @property
    def _headers(self) -> Popen[bytes]:
        return self._process("--batch-check")

    @property
    def _contents(self) -> Popen[bytes]:
        return self._process("--batch")

    def _process(self, option: str) -> Popen[bytes]:
        key = os.getpid(), option
        if key not in self._processes:
            process = start_git(self._repository.top, "cat-file", option, has_input=True)
            weakref.finalize(self, _end_process, process, key[0])
            self._processes[key] = process
        return self._processes[key]

    def read(self, name: str) -> bytes:
        """Return the content of an object.

        Raises
        ------
        CuratedError
            If there is no such object, or git cannot read it.
        """
        try:
            header = _ask(self._contents, name)
        except EOFError:
            header = None
        if header is None:
            raise damaged(self._repository, f"object {name[:80]}")
        stream = self._contents.stdout
        data = stream.read(header.size) if stream is not None else b""
        if len(data) != header.size or stream is None or stream.read(1) != b"\n":
            raise damaged(self._repository, f"object {name[:80]}")
        return data

    def size(self, name: str) -> int | None:
        """Return the size of an object in bytes; `None` if there is no such object, or git cannot read it."""
        try:
            header = _ask(self._headers, name)
        except EOFError:
            return None
        return None if header is None else header.size

    def find_blob(self, name: str) -> str:
        """Return the blob of a file of a commit, named as ``COMMIT:PATH``; empty if there is none.

        Raises
        ------
        CuratedError
            If git cannot read the commit.
        """
        try:
            header = _ask(self._headers, name)
        except EOFError as error:
            raise damaged(self._repository, f"object {name[:80]}") from error
        return "" if header is None else header.sha1


class Copy:
    """The content of a blob in a file without a name, which git writes while this process goes on.

    Its ``path`` is the one under which this process can open the file until it is closed.
    """

    def __init__(self, repository: Repository, blob: str) -> None:
        self.repository, self.blob = repository, blob
        handle, self.path = open_nameless()
        try:
            # Large blobs of a pack pass as a stream, as others do, and are not in git's memory as a whole.
            command = ("-c", f"core.bigFileThreshold={_STREAMED}", "cat-file", "blob", blob)
            self._process = start_git(repository.top, *command, output=handle)
        except BaseException:
            os.close(handle)
            raise
        self.close = weakref.finalize(self, _end_copy, self._process, handle, self.path, os.getpid())

    def wait(self) -> str:
        """Return the path of the file when it is complete.

        Raises
        ------
        CuratedError
            If there is no such blob, or git cannot read it.
        """
        if self._process.wait() != 0:
            raise damaged(self.repository, f"object {self.blob[:80]}")
        return self.path

    @classmethod
    def of(cls, repository: Repository, blob: str) -> Copy:
        """Return the copy that is offered of a blob, or a new one; see `offer_copies`."""
        copy = _offered.pop((repository.top, blob), None)
        return copy if copy is not None else cls(repository, blob)


_offered: dict[tuple[Path, str], Copy] = {}
"""Copies that were started before somebody asked for them."""


@contextmanager
def offer_copies(copies: Sequence[Copy]) -> Iterator[None]:
    """Let who asks for the copy of one of some blobs have it, each once; those that nobody asks for are closed."""
    offers = {(copy.repository.top, copy.blob): copy for copy in copies}
    _offered.update(offers)
    try:
        yield
    finally:
        for key, copy in offers.items():
            if _offered.pop(key, None) is copy:
                copy.close()


_STREAMED = 1 << 20
"""Size of a blob in bytes from which git unpacks it in pieces."""


def _end_copy(process: Popen[bytes], handle: int, path: str, owner: int) -> None:
    os.close(handle)
    if os.getpid() != owner:
        return  # a fork, whose parent goes on to use it
    remove_nameless(path)
    process.kill()
    process.wait()


class _Header(NamedTuple):
    """What git says of an object before its content."""

    sha1: str
    size: int


def _ask(process: Popen[bytes], name: str) -> _Header | None:
    """Ask a process for an object; `None` if there is none."""
    if "\n" in name or process.stdin is None or process.stdout is None:
        return None
    try:
        process.stdin.write(f"{name}\n".encode("utf-8", errors="surrogateescape"))
        process.stdin.flush()
    except BrokenPipeError:
        line = b""
    else:
        line = process.stdout.readline()
    if not line:
        raise EOFError  # git has ended, since it could not go on
    words = line.split()
    # An object is told as its name, type and size; one that there is not with the name that was asked for.
    return _Header(words[0].decode(), int(words[2])) if len(words) == 3 and words[2].isdigit() else None


def _end_process(process: Popen[bytes], owner: int) -> None:
    if os.getpid() == owner:  # not in a fork, whose parent goes on to use it
        process.kill()
        process.communicate()


def find_blobs(repository: Repository, sha1: str, top: str = "") -> dict[str, str]:
    """Return the blob of each file of a commit, by path in the package.

    A link to another file of the package stands for that file, as it does in the work tree; other links are left
    out.

    Parameters
    ----------
    top : `str`, optional
        Directory of the package that they are below; all files if not given.
    """
    blobs: dict[str, str] = {}
    links: dict[str, str] = {}
    for entry in _list_tree(repository, sha1, repository.pathspec(top)):
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


def _list_tree(repository: Repository, sha1: str, path: str) -> Iterator[str]:
    """Yield the lines of git about the files of a commit.

    Raises
    ------
    CuratedError
        If git cannot read them, or if there are too many: trees of a few bytes can name the same tree many times.
    """
    options = ("-r", "-z", "--full-tree", sha1, "--", path)
    with start_git(repository.top, "ls-tree", *options, keep_stderr=True) as process:
        for count, entry in enumerate(split_nul(process.stdout)):
            if count >= MAX_FILES:
                process.kill()
                raise CuratedError(
                    f"commit {sha1[:12]} has more than {MAX_FILES} files", "name a repository of calibrations"
                )
            yield entry
        stderr = process.stderr.read() if process.stderr is not None else b""
    if process.returncode != 0:
        raise GitError("ls-tree", stderr.decode("utf-8", errors="replace").strip())


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

    Attributes
    ----------
    sources : `dict` [`str`, `str`]
        Path of the file that stands for copies that are not there, by path of the copy.
    """

    def __init__(self, repository: Repository, sha1: str, top: str = "") -> None:
        self.repository, self.sha1, self.top = repository, sha1, top
        self.sources: dict[str, str] = {}
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
        path = self.sources.get(path, path)
        if path not in self.blobs:
            raise FileNotFoundError(os.strerror(2), path)
        return self._objects.read(self.blobs[path])

    def start_copy(self, path: str) -> Copy:
        """Let git write a file, which may be large, while this process goes on.

        Raises
        ------
        FileNotFoundError
            If the commit has no such file.
        """
        path = self.sources.get(path, path)
        if path not in self.blobs:
            raise FileNotFoundError(os.strerror(2), path)
        return Copy.of(self.repository, self.blobs[path])

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
