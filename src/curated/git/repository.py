"""A git repository: the commit, its blobs, last changes, work-tree state, files of any commit."""

from __future__ import annotations

import os
import posixpath
import subprocess
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curated.core.diagnostic import CuratedError
from curated.git.command import GIT, POINTING, split_nul

if TYPE_CHECKING:
    from git import Repo

_LINK = "120000"
_MAX_LINKS = 40


class GitError(CuratedError):
    """A git command that failed; ``said`` is what it said."""

    def __init__(self, command: str, said: str) -> None:
        super().__init__(f"git {command} failed: {said}")
        self.said = said


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
        The package's root, somewhere in the repository's work tree; or a repository without a work tree, whose
        commits alone can be read.

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
        work_tree = self.repo.working_tree_dir
        if work_tree is None and Path(self.repo.git_dir).resolve() != root.resolve():
            raise CuratedError(f"{root} is in a git repository without a work tree")
        self._processes: list[Any] = []
        weakref.finalize(self, _end, self.repo, self._processes)
        if POINTING & os.environ.keys():
            # A hook's variables would have git look at the hook's repository, wherever it is run.
            self.repo.git.update_environment(
                GIT_DIR=str(self.repo.git_dir),
                **({"GIT_WORK_TREE": str(work_tree)} if work_tree is not None else {}),
                GIT_INDEX_FILE=os.path.join(self.repo.git_dir, "index"),
            )
        relative = root.resolve().relative_to(Path(work_tree or root).resolve())
        self.prefix = "" if relative == Path() else f"{relative.as_posix()}/"

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a git command whose output is read while it runs."""
        process: Any = self.repo.git.execute([*GIT, *arguments], as_process=True)
        self._processes.append(process)
        started: subprocess.Popen[bytes] = process.proc
        return started

    def _run(self, *arguments: str) -> str:
        import git

        try:
            return str(self.repo.git.execute([*GIT, *arguments], strip_newline_in_stdout=False))
        except git.GitCommandError as error:
            said = str(error.stderr).strip().removeprefix("stderr:").strip(" '\n")
            raise GitError(arguments[0], said) from error

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
            return self._run(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            ).strip()
        except GitError as error:
            if error.said:
                raise
            if revision == "HEAD":
                raise CuratedError(
                    "the git repository has no commit yet", "commit the calibrations first"
                ) from error
            raise CuratedError(f"{revision!r} is not a commit of this repository") from error

    def tag(self, sha1: str) -> str:
        """Return the tag at a commit, empty for none; of several the highest version, releases before candidates."""
        command = [
            "for-each-ref",
            "--points-at",
            sha1,
            "--sort=-version:refname",
            "--format=%(refname:strip=2)",
        ]
        tags = self._run(*command, "refs/tags").split()
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
        command = ["status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--", *specs]
        process = self._start(*command)

        def answer() -> list[str]:
            output, said = process.communicate()
            if process.returncode != 0:
                raise GitError("status", said.decode("utf-8", errors="replace").strip())
            entries = output.decode("utf-8", errors="surrogateescape").split("\0")
            return [entry[3:].removeprefix(self.prefix) for entry in entries if entry]

        return answer

    def blobs(self, sha1: str, top: str = "") -> dict[str, str]:
        """Return the blob of each file of a commit, by path in the package.

        A link to another file of the package stands for that file, as it does in the work tree; other links
        are left out.
        """
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", sha1, "--", f"{self.prefix}{top}" or ".")
        blobs: dict[str, str] = {}
        links: dict[str, str] = {}
        for entry in listed.split("\0"):
            described, _, path = entry.partition("\t")
            mode, kind, blob = [*described.split(), "", "", ""][:3]
            if kind == "blob" and path.startswith(self.prefix):
                (links if mode == _LINK else blobs)[path.removeprefix(self.prefix)] = blob
        if not links:
            return blobs
        everything = self.blobs(sha1) if top else dict(blobs)
        targets = {path: self._target(path, blob) for path, blob in links.items()}
        for path in links:
            target = path
            for _ in range(_MAX_LINKS):
                target = targets.get(target, target)
            if target in everything:
                blobs[path] = everything[target]
        return blobs

    def _target(self, path: str, blob: str) -> str:
        """Return where a link of a commit leads, as a path in the package."""
        text = self.read(blob).decode("utf-8", errors="surrogateescape")
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), text))

    def read(self, blob: str) -> bytes:
        """Return the content of a blob."""
        return bytes(self.repo.odb.stream(bytes.fromhex(blob)).read())

    def last_changes(self, sha1: str, blobs: Mapping[str, str], top: str = "") -> dict[str, Change]:
        """Return the last commit that changed each file: what ``git log -1`` says of it.

        One walk through history serves all files. Each file goes from a commit to the first parent that has
        the same content, until there is none: so the losing side of a merge never counts, nor does a change
        that was taken back on the way.

        Parameters
        ----------
        sha1 : `str`
            The commit.
        blobs : `dict` [`str`, `str`]
            Blob of each file of interest, by path in the package.
        top : `str`, optional
            Directory that all of them are below.

        Raises
        ------
        CuratedError
            If history does not tell.
        """
        waiting = {sha1: {f"{self.prefix}{path}" for path in blobs}}
        found: dict[str, Change] = {}
        for change, parents, changed in self._history(sha1, f"{self.prefix}{top}" or ".") if blobs else ():
            here = waiting.pop(change.sha1, None)
            if here is None:
                continue
            for path in here & changed:
                parent = self._same_parent(path, change.sha1, parents[1:])
                if parent:
                    waiting.setdefault(parent, set()).add(path)
                else:
                    found[path.removeprefix(self.prefix)] = change
            here -= changed
            if here and parents:
                waiting.setdefault(parents[0], here).update(here)
            if not waiting:
                break
        if len(found) < len(blobs):
            missing = min(blobs.keys() - found.keys())
            raise CuratedError(f"git history does not tell who changed {missing}", "see what 'git fsck' says")
        return found

    def changing(self, paths: Sequence[str], most: int) -> list[str]:
        """Return the last commits that changed some of the package's paths, each with its parents, newest first."""
        specs = [f"{self.prefix}{path}" or "." for path in paths]
        command = ["rev-list", "--full-history", f"--max-count={most}", "HEAD", "--", *specs]
        # Parents as they are, not as the paths would have them.
        families = [self._run("rev-list", "--parents", "-1", one) for one in self._run(*command).split()]
        return list(dict.fromkeys(sha1 for family in families for sha1 in family.split()))

    def _same_parent(self, path: str, sha1: str, parents: Sequence[str]) -> str:
        """Return the first of a merge's further parents that has the same content of a file."""
        for parent in parents:
            try:
                known = self.repo.git.get_object_header(f"{parent}:{path}")[0]
            except ValueError:
                continue
            if known == self.repo.git.get_object_header(f"{sha1}:{path}")[0]:
                return parent
        return ""

    def _history(self, sha1: str, below: str) -> Iterator[tuple[Change, list[str], set[str]]]:
        """Yield each commit, its parents, and the files in which it differs from the first; newest first."""
        command = ["log", "-z", "--raw", "--diff-merges=first-parent", "--no-renames", "--topo-order"]
        # Every commit, whether it changes something there or not, so that parents can be followed.
        command += ["--full-history", "--sparse", "--no-show-signature", "--no-color"]
        command += ["--format=%x01%H%x00%P%x00%ct%x00%an", sha1, "--", below]
        process = self._start(*command)
        tokens = split_nul(process.stdout)
        change, parents, changed = None, [""], set[str]()
        try:
            for token in tokens:
                if not token.startswith("\x01"):
                    if token.lstrip("\n").startswith(":"):
                        changed.add(next(tokens))
                    continue
                if change is not None:
                    yield change, parents, changed
                parents, changed = next(tokens).split(), set()
                date = datetime.fromtimestamp(int(next(tokens)), UTC)
                change = Change(token[1:], date.strftime("%Y-%m-%dT%H:%M:%S"), next(tokens))
            if change is not None:
                yield change, parents, changed
        finally:
            process.kill()
            process.communicate()


def _end(repo: Repo, processes: list[Any]) -> None:
    """End what still runs, and what GitPython keeps running to look objects up."""
    for process in (*processes, repo.git.cat_file_header, repo.git.cat_file_all):
        if process is not None and process.proc is not None:
            process.proc.kill()
            process.proc.communicate()
