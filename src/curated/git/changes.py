"""What changed, as git tells it: in the work tree, since another commit, and in the course of history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from curated.core.diagnostic import CuratedError
from curated.git.command import run_git, split_nul, start_git
from curated.git.irregular import refuse_irregular_rules
from curated.git.objects import Objects, damaged
from curated.git.repository import Repository

if TYPE_CHECKING:
    from subprocess import Popen

_RAW = ("--raw", "-z", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--no-relative")
_LOG = (
    "log",
    *_RAW,
    "--no-renames",
    "--no-show-signature",
    "--no-color",
    "--format=%x01%H%x00%P%x00%ct%x00%an%x00%s",
)

MODIFIED = frozenset("MT")
"""Status letters of a file that is there before and after; ``T`` is one whose kind changes, such as a link."""


class FileChange(NamedTuple):
    """One file of a raw difference.

    Parameters
    ----------
    old_blob, new_blob : `str`
        Its content before and after; zeros where there is no file, or where the file of a work tree was not read.
    status : `str`
        ``A`` (added), ``D`` (deleted), ``M`` or ``T`` (modified), ``R`` (renamed) or ``C`` (copied).
    path : `str`
        Path in the repository, after a renaming.
    old_path : `str`
        Path before a renaming or copy; empty for any other change.
    """

    old_blob: str
    new_blob: str
    status: str
    path: str
    old_path: str = ""


class Commit(NamedTuple):
    """A commit, as the last one that changed a file.

    Parameters
    ----------
    sha1 : `str`
        Its name, of 40 hexadecimal digits.
    date : `str`
        Its committer date, UTC, ISO 8601; empty where no calendar has it.
    author : `str`
        Name of its author.
    """

    sha1: str
    date: str
    author: str


class LogEntry(NamedTuple):
    """A commit of a log, the SHA1 of its parents, how files differ from the first parent, and its message's first line."""

    commit: Commit
    parents: list[str]
    files: list[FileChange]
    subject: str


class FileHistory(NamedTuple):
    """The history of one file back to where it was added.

    Parameters
    ----------
    status : `str`
        How its last commit changed it; see `FileChange`.
    commit : `str`
        SHA1 of its last commit.
    blob : `str`
        Its content after that.
    added : `str`
        Its content when it was added; empty if history does not reach so far.
    """

    status: str
    commit: str
    blob: str
    added: str = ""


class Message(NamedTuple):
    """The message of a commit, and the paths in the repository that differ from its first parent."""

    sha1: str
    text: str
    paths: frozenset[str]


class WorkTreeChanges(NamedTuple):
    """How a work tree differs from a commit; paths are relative to the package's root.

    Parameters
    ----------
    paths : `frozenset` [`str`]
        Tracked files that differ, are new or are gone; both names of one that was renamed.
    renames : `dict` [`str`, `str`]
        Old path by new path, of files that were renamed, and perhaps edited.
    """

    paths: frozenset[str]
    renames: dict[str, str]


def _read_raw(header: str, fields: Iterator[str]) -> FileChange | None:
    """Return what a header of a raw difference and the paths after it say; `None` if it is no such header."""
    words = header.split(" ")
    if len(words) != 5 or ":" not in words[0]:
        return None
    _, _, old_blob, new_blob, status = words
    if status.startswith(("R", "C")):
        # Followed by the degree of similarity; the old path comes first.
        old_path = next(fields, "")
        return FileChange(old_blob, new_blob, status[0], next(fields, ""), old_path)
    return FileChange(old_blob, new_blob, status, next(fields, ""))


def read_differences(process: Popen[bytes]) -> Iterator[FileChange]:
    """Yield the raw differences that a command prints, and wait for its end."""
    with process:
        fields = split_nul(process.stdout)
        for field in fields:
            change = _read_raw(field, fields)
            if change is not None:
                yield change


def read_log(process: Popen[bytes]) -> Iterator[LogEntry]:
    """Yield the commits of a log, the newest first; the command is ended with the iteration.

    Raises
    ------
    CuratedError
        If the log ends before history does.
    """
    fields = split_nul(process.stdout)
    entry: LogEntry | None = None
    try:
        for field in fields:
            if field.startswith("\x01"):
                if entry is not None:
                    yield entry
                parents, seconds, author, subject = (next(fields, "") for _ in range(4))
                commit = Commit(field[1:], _date_text(seconds), _name_text(author))
                entry = LogEntry(commit, parents.split(), [], _name_text(subject))
            elif entry is not None and (change := _read_raw(field, fields)) is not None:
                entry.files.append(change)
        if process.wait() != 0:
            raise CuratedError(
                "git cannot read the history to its end",
                "see what 'git fsck' says; in a partial clone, run 'git fetch --refetch --no-filter'",
            )
        if entry is not None:
            yield entry
    finally:
        process.kill()
        process.communicate()


def _date_text(seconds: str) -> str:
    """Return a committer date in ISO 8601; empty where it is none of the years 1 to 9999."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return ""


def _name_text(name: str) -> str:
    """Return a name with U+FFFD for bytes that are no UTF-8."""
    return name.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


# -- the work tree ----------------------------------------------------------------------------------------


def start_difference(repository: Repository, top: str = "") -> Popen[bytes]:
    """Start to compare the files below one of the package's directories with HEAD; see `read_differences`.

    Raises
    ------
    CuratedError
        If git would wait for a pipe.
    """
    refuse_irregular_rules(repository.top, [repository.pathspec(top)])
    return start_git(
        *(repository.top, "diff", *_RAW, "--no-renames", "--ignore-submodules=all"),
        *("HEAD", "--", repository.pathspec(top)),
    )


def work_tree_changes(repository: Repository, base: str) -> WorkTreeChanges:
    """Compare the package's files in the work tree with those of a commit.

    Raises
    ------
    CuratedError
        If git cannot compare them.
    """
    refuse_irregular_rules(repository.top, [repository.pathspec()])
    options = (*_RAW, "--find-renames", "--ignore-submodules=all")
    process = start_git(repository.top, "diff", *options, base, "--", repository.pathspec())
    paths: set[str] = set()
    renames: dict[str, str] = {}
    for change in read_differences(process):
        path = change.path.removeprefix(repository.prefix)
        paths.add(path)
        if change.old_path:
            renames[path] = change.old_path.removeprefix(repository.prefix)
            paths.add(renames[path])
    if process.returncode != 0:
        raise damaged(repository, f"a part of commit {base[:12]}")
    return WorkTreeChanges(frozenset(paths), renames)


# -- history ----------------------------------------------------------------------------------------------


def count_commits(repository: Repository, top: str, most: int) -> int:
    """Return how many commits of the first parents changed files below a directory, but not more than ``most``."""
    options = ("--first-parent", f"--max-count={most}", "HEAD", "--", repository.pathspec(top))
    return run_git(repository.top, "rev-list", *options).count("\n")


def start_log(repository: Repository, top: str = "", revision: str = "HEAD") -> Popen[bytes]:
    """Start the log of the files below one of the package's directories; see `read_file_histories` and `read_log`.

    History is that of the first parents: what a branch did before it was merged is one change.
    """
    return start_git(repository.top, *_LOG, "-m", "--first-parent", revision, "--", repository.pathspec(top))


def read_file_histories(process: Popen[bytes], paths: Collection[str]) -> dict[str, FileHistory]:
    """Follow files back to the commits that added them, as far as `start_log` tells.

    Parameters
    ----------
    paths : collection [`str`]
        Paths of files in the repository.
    """
    histories: dict[str, FileHistory] = {}
    unfinished = set(paths)
    for entry in read_log(process):
        for change in entry.files:
            if change.path not in unfinished:
                continue
            latest = FileHistory(change.status, entry.commit.sha1, change.new_blob)
            history = histories.setdefault(change.path, latest)
            if change.status not in MODIFIED:
                histories[change.path] = history._replace(added=change.new_blob)
                unfinished.discard(change.path)
        if not unfinished:
            break
    return histories


def last_commits(
    repository: Repository, sha1: str, blobs: Mapping[str, str], top: str = ""
) -> dict[str, Commit]:
    """Return the last commit that changed each file: what ``git log -1`` says of it.

    One walk through history serves all files. Each file goes from a commit to the first parent that has the same
    content, until there is none: so the losing side of a merge never counts, nor does a change that was taken back
    on the way.

    Parameters
    ----------
    repository : `Repository`
        Where the package is.
    sha1 : `str`
        The commit from which to look back.
    blobs : `dict` [`str`, `str`]
        Blob of each file of interest, by path in the package.
    top : `str`, optional
        Directory of the package that all of them are below.

    Raises
    ------
    CuratedError
        If history does not tell.
    """
    objects = Objects(repository)
    waiting = {sha1: {f"{repository.prefix}{path}" for path in blobs}}
    commits: dict[str, Commit] = {}
    for commit, parents, files, _ in _walk(repository, sha1, top) if blobs else ():
        paths = waiting.pop(commit.sha1, None)
        if paths is None:
            continue
        changed = paths & {change.path for change in files}
        for path in changed:
            parent = _same_parent(objects, path, commit.sha1, parents[1:])
            if parent:
                waiting.setdefault(parent, set()).add(path)
            else:
                commits[path.removeprefix(repository.prefix)] = commit
        paths -= changed
        if paths and parents:
            waiting.setdefault(parents[0], paths).update(paths)
        if not waiting:
            break
    if len(commits) < len(blobs):
        unexplained = min(blobs.keys() - commits.keys())
        raise CuratedError(f"git history does not tell who changed {unexplained}", "see what 'git fsck' says")
    return commits


_RENAME_LIMIT = 200
"""Most files that were removed and added by one commit which git compares by their content, in each direction."""


def read_history(repository: Repository, sha1: str) -> Iterator[LogEntry]:
    """Yield the commits of the first parents back from one, the newest first, with files that were renamed as such."""
    options = ("-m", "--first-parent", "--find-renames", f"-l{_RENAME_LIMIT}")
    return read_log(start_git(repository.top, *_LOG, *options, sha1, "--"))


def _walk(repository: Repository, sha1: str, top: str) -> Iterator[LogEntry]:
    """Yield every commit back from one, whether it changes something below ``top`` or not, the newest first."""
    options = ("--diff-merges=first-parent", "--topo-order", "--full-history", "--sparse")
    return read_log(start_git(repository.top, *_LOG, *options, sha1, "--", repository.pathspec(top)))


def _same_parent(objects: Objects, path: str, sha1: str, parents: Sequence[str]) -> str:
    """Return the first of a merge's further parents that has the same content of a file; empty if none has."""
    for parent in parents:
        blob = objects.find_blob(f"{parent}:{path}")
        if blob and blob == objects.find_blob(f"{sha1}:{path}"):
            return parent
    return ""


def commits_changing(repository: Repository, paths: Iterable[str], most: int) -> list[str]:
    """Return the last commits that changed some of the package's paths, each with its parents, newest first."""
    specs = [repository.pathspec(path) for path in paths]
    options = ("--full-history", f"--max-count={most}", "HEAD", "--", *specs)
    commits = run_git(repository.top, "rev-list", *options).split()
    # Parents as they are, not as the paths would have them.
    families = [run_git(repository.top, "rev-list", "--parents", "-1", commit) for commit in commits]
    return list(dict.fromkeys(sha1 for family in families for sha1 in family.split()))


def read_messages(repository: Repository, before: str, after: str) -> Iterator[Message]:
    """Yield the messages of the commits that one commit has and another lacks, the newest first.

    Parameters
    ----------
    before, after : `str`
        SHA1 of the commit that lacks them, and of the one that has them.

    Raises
    ------
    CuratedError
        If git cannot read the history.
    """
    options = (*_RAW, "--no-renames", "--no-show-signature", "--no-color", "--format=%x01%H%x00%B%x00")
    names = (f"{before}..{after}", "--", repository.pathspec())
    process = start_git(
        repository.top, "log", *options, "--diff-merges=first-parent", "--full-history", *names
    )
    with process:
        fields = split_nul(process.stdout)
        sha1, text, paths = "", "", set[str]()
        for field in fields:
            # Between the message of a commit and the next commit there may be empty lines.
            if field.lstrip("\n").startswith("\x01"):
                if sha1:
                    yield Message(sha1, text, frozenset(paths))
                sha1, text, paths = field.lstrip("\n")[1:], next(fields, ""), set()
            elif (change := _read_raw(field.lstrip("\n"), fields)) is not None:
                paths.add(change.path)
        if sha1:
            yield Message(sha1, text, frozenset(paths))
    if process.returncode != 0:
        raise damaged(repository, f"the history from {before[:12]} to {after[:12]}")
