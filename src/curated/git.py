"""Every use of git: the commit, its blobs, last changes, work-tree state, files of any commit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from curated.diagnostic import CuratedError

if TYPE_CHECKING:
    from git import Repo

_LINK = "120000"


@dataclass(frozen=True, slots=True)
class Change:
    """The last commit that changed a file.

    Parameters
    ----------
    sha1 : `str`
        The commit.
    date : `str`
        Its committer date, UTC, ISO 8601.
    author : `str`
        Its author's name.
    """

    sha1: str
    date: str
    author: str


class Repository:
    """The git repository that a package lives in.

    Parameters
    ----------
    root : `~pathlib.Path`
        The package's root, somewhere in the repository's work tree.

    Raises
    ------
    CuratedError
        If there is no repository, or git cannot be run.
    """

    def __init__(self, root: Path) -> None:
        try:
            import git
        except ImportError as error:
            raise CuratedError("git cannot be run", "install git, and see that it is on the PATH") from error
        try:
            self.repo: Repo = git.Repo(root, search_parent_directories=True)
        except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
            hint = "calibrations are stamped with their commit: run 'git init' and commit them"
            raise CuratedError(f"{root} is not in a git repository", hint) from error
        if self.repo.working_tree_dir is None:
            raise CuratedError(f"{root} is in a git repository without a work tree")
        top = Path(self.repo.working_tree_dir).resolve()
        relative = root.resolve().relative_to(top)
        self.prefix = "" if relative == Path() else f"{relative.as_posix()}/"

    def _run(self, *arguments: str) -> str:
        import git

        command = ["git", "-c", "core.quotepath=off", "-c", "log.showRoot=true", *arguments]
        try:
            return str(self.repo.git.execute(command, strip_newline_in_stdout=False))
        except git.GitCommandError as error:
            said = str(error.stderr).strip().removeprefix("stderr:").strip(" '\n")
            raise CuratedError(f"git {arguments[0]} failed: {said}") from error

    def commit(self, revision: str = "HEAD") -> str:
        """Return the SHA1 of a revision.

        Raises
        ------
        CuratedError
            If there is no such commit.
        """
        if revision.startswith("-"):
            raise CuratedError(f"{revision!r} is not a revision")
        try:
            return self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
        except CuratedError as error:
            if revision == "HEAD":
                raise CuratedError("the git repository has no commit yet", "commit the calibrations first") from error
            raise CuratedError(f"{revision!r} is not a commit of this repository") from error

    def tag(self, sha1: str) -> str:
        """Return the tag at a commit, empty for none; of several the highest version."""
        tags = self._run("tag", "--points-at", sha1, "--sort=-version:refname").split()
        return tags[0] if tags else ""

    @property
    def is_shallow(self) -> bool:
        """Whether history is cut off, so that last changes cannot be known."""
        return self._run("rev-parse", "--is-shallow-repository").strip() == "true"

    def dirty(self, paths: Iterable[str]) -> Callable[[], list[str]]:
        """Start to look for the files below some of the package's paths that differ from the commit.

        Git looks at every file, which takes a while; the function that is returned waits for the answer, which
        names untracked files too.
        """
        specs = [f"{self.prefix}{path}" or "." for path in paths]
        command = ["git", "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--", *specs]
        process: Any = self.repo.git.execute(command, as_process=True)

        def answer() -> list[str]:
            output = process.stdout.read().decode("utf-8", errors="surrogateescape")
            if process.proc.wait() != 0:
                said = process.stderr.read().decode("utf-8", errors="replace").strip()
                raise CuratedError(f"git status failed: {said}")
            return [entry[3:].removeprefix(self.prefix) for entry in output.split("\0") if entry]

        return answer

    def blobs(self, sha1: str, top: str = "") -> dict[str, str]:
        """Return the blob of each file of a commit, by path in the package; links are left out."""
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", sha1, "--", f"{self.prefix}{top}" or ".")
        blobs = {}
        for entry in listed.split("\0"):
            described, _, path = entry.partition("\t")
            mode, kind, blob = [*described.split(), "", "", ""][:3]
            if kind == "blob" and mode != _LINK and path.startswith(self.prefix):
                blobs[path.removeprefix(self.prefix)] = blob
        return blobs

    def read(self, blob: str) -> bytes:
        """Return the content of a blob."""
        return bytes(self.repo.odb.stream(bytes.fromhex(blob)).read())

    def last_changes(self, sha1: str, blobs: Mapping[str, str], top: str = "") -> dict[str, Change]:
        """Return the last commit that made each file what it is at a commit.

        One walk through history serves all files. A commit counts for a file only if it leaves the very
        blob that the file has now, so that the losing side of a merge never does.

        Parameters
        ----------
        sha1 : `str`
            The commit.
        blobs : `dict` [`str`, `str`]
            Blob of each file of interest, by path in the package.
        top : `str`, optional
            Directory that all of them are below.
        """
        wanted = {f"{self.prefix}{path}": blob for path, blob in blobs.items()}
        found: dict[str, Change] = {}
        for change, path, blob in self._history(sha1, f"{self.prefix}{top}" or "."):
            if wanted.get(path) == blob:
                del wanted[path]
                found[path.removeprefix(self.prefix)] = change
                if not wanted:
                    break
        return found

    def _history(self, sha1: str, below: str) -> Iterator[tuple[Change, str, str]]:
        """Yield each change of a file: its commit, its path and the blob that it leaves, newest first."""
        command = ["git", "-c", "log.showRoot=true", "log", "-z", "--raw", "-c", "--no-abbrev", "--no-renames"]
        command += ["--topo-order", "--format=%x01%H%x00%ct%x00%an", sha1, "--", below]
        process: Any = self.repo.git.execute(command, as_process=True)
        tokens = _split(process.stdout)
        change = Change("", "", "")
        for field in tokens:
            token = field.lstrip("\n")
            entry = token
            if token.startswith("\x01"):
                date = datetime.fromtimestamp(int(next(tokens)), UTC)
                author = next(tokens)
                # The raw entries follow the header after a newline, in the same field.
                author, _, entry = author.partition("\n")
                change = Change(token[1:], date.strftime("%Y-%m-%dT%H:%M:%S"), author)
            if entry.startswith(":"):
                parents = len(entry) - len(entry.lstrip(":"))
                blob = entry.split()[2 * parents + 1]
                yield change, next(tokens), blob
        process.proc.kill()


def _split(stream: Any) -> Iterator[str]:
    """Yield the fields of a stream that are separated by NUL."""
    rest = b""
    while block := stream.read(1 << 16):
        *whole, rest = (rest + block).split(b"\0")
        for field in whole:
            yield field.decode("utf-8", errors="replace")
    if rest:
        yield rest.decode("utf-8", errors="replace")


class CommitTree:
    """The files of one commit, read without a checkout.

    Parameters
    ----------
    repository : `Repository`
        The repository.
    sha1 : `str`
        The commit.
    top : `str`, optional
        Directory that `paths` is confined to.
    """

    def __init__(self, repository: Repository, sha1: str, top: str = "") -> None:
        self.repository, self.sha1, self.top = repository, sha1, top

    @cached_property
    def blobs(self) -> dict[str, str]:
        """Blob of each file, by path."""
        return self.repository.blobs(self.sha1)

    def paths(self) -> Iterator[str]:
        """Yield all paths below the calibration directory."""
        prefix = f"{self.top}/" if self.top else ""
        hidden = (p for p in sorted(self.blobs) if p.startswith(prefix))
        return (p for p in hidden if not any(part.startswith(".") for part in PurePosixPath(p).parts))

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        FileNotFoundError
            If the commit has no such file.
        """
        if path not in self.blobs:
            raise FileNotFoundError(os.strerror(2), path)
        return self.repository.read(self.blobs[path])

    def link(self, path: str) -> str | None:  # noqa: ARG002 - the work tree asks for it
        """Return `None`: links are not among a commit's files."""
        return None
