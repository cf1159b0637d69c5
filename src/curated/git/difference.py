"""What differs between the work tree and the commit that a change started from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from curated.core.diagnostic import CuratedError
from curated.git.command import split_nul, start_git
from curated.git.repository import GitError, Repository

_DIFF = (
    *("diff", "--raw", "-z", "--find-renames", "--no-abbrev"),
    *("--no-ext-diff", "--no-relative", "--ignore-submodules"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """What git says of the difference; paths are relative to the package's root.

    Parameters
    ----------
    base : `str`
        SHA1 of the merge base, which the work tree is compared with.
    date : `datetime.datetime`
        Its committer date, UTC, naive.
    paths : `frozenset` [`str`]
        Files that git knows and that differ, are new or are gone; both names of one that was renamed.
    renames : `dict` [`str`, `str`]
        Old path by new path, of files that were renamed, and perhaps edited.
    """

    base: str
    date: datetime
    paths: frozenset[str]
    renames: dict[str, str]


def difference(root: Path, revision: str) -> Difference:
    """Compare the work tree with the merge base of a revision and HEAD, as a pull request does.

    Parameters
    ----------
    root : `~pathlib.Path`
        The package's root.
    revision : `str`
        A commit, a branch or a tag.

    Raises
    ------
    CuratedError
        If there is no repository or no such commit, or if history does not tell the merge base.
    """
    repository = Repository(root)
    base = _merge_base(repository, root, revision)
    date = datetime.fromtimestamp(
        int(_ask(root, "show", "-s", "--no-show-signature", "--format=%ct", base)), UTC
    )
    paths: set[str] = set()
    renames: dict[str, str] = {}
    with start_git(root, *_DIFF, base, "--", ".") as process:
        tokens = split_nul(process.stdout)
        for token in tokens:
            names = [next(tokens, "").removeprefix(repository.prefix)]
            if token.rpartition(" ")[2][:1] in ("R", "C"):
                names.append(next(tokens, "").removeprefix(repository.prefix))
                renames[names[1]] = names[0]
            paths.update(names)
    if process.returncode != 0:
        raise GitError("diff", f"the work tree cannot be compared with {base[:12]}")
    return Difference(base, date.replace(tzinfo=None), frozenset(paths), renames)


def _merge_base(repository: Repository, root: Path, revision: str) -> str:
    head = repository.commit()
    shallow = repository.is_shallow
    fetch = "fetch it with 'git fetch --unshallow' (in a workflow, fetch-depth: 0)" if shallow else ""
    try:
        sha1 = repository.commit(revision)
    except CuratedError as error:
        raise CuratedError(
            error.message, fetch or error.hint or "see 'git branch --all' and 'git tag'"
        ) from error
    base = _ask(root, "merge-base", sha1, head)
    # Where history is cut off, what looks like the best common commit may be an older one, unless it is REV itself.
    if shallow and base != sha1:
        raise CuratedError(f"history is cut off: where HEAD left {revision!r} is not known", fetch)
    if not base:
        raise CuratedError(
            f"{revision!r} and HEAD have no common commit", "name a commit that HEAD was made of"
        )
    return base


def _ask(root: Path, *arguments: str) -> str:
    """Return what git answers in one line; empty where it has none."""
    with start_git(root, *arguments) as process:
        return process.communicate()[0].decode("ascii", errors="replace").strip()
