"""Findings where a work tree is not what git makes people believe: files left out, hidden, ignored or elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.core.storage.limits import raise_exhausted
from curated.git.forms import (
    blob_of_file,
    committed_content,
    matches_pointer,
    open_regular,
    parse_pointer,
)
from curated.git.index import IndexEntry, ignoring_rules, is_sparse, read_index, start_index
from curated.git.objects import Objects, find_blobs
from curated.git.repository import Repository, open_repository, resolve_commit
from curated.git.tree import LINK, SUBMODULE
from curated.history.edits import EditSearch
from curated.package.config import CONFIG_FILE
from curated.package.layout import Layout, discover
from curated.package.package import Package

_MAX_NAMED = 5
"""Most files that a message names."""

_MAX_POINTER, _MAX_FORM = 1024, 64 << 20
"""Largest pointer of git-lfs, and largest text in another form, in bytes."""


def find_hidden_differences(search: EditSearch) -> list[Diagnostic]:
    """Return findings about files that are not in the work tree, or that no commit will hold.

    These are files that a sparse checkout or a mark in the index leaves out (CAL020), edits that such a mark hides
    (CAL021), files that git ignores (CAL022), and calibrations in submodules and other repositories (CAL023, CAL024).
    Where the index cannot be read, a remark (CAL419) says so.

    Parameters
    ----------
    search : `EditSearch`
        The package, and its repository.
    """
    if search.repository is None:
        return []
    try:
        problems = list(_problems(search.package, search.repository))
    except CuratedError as error:
        detail = f"files that git hides or ignores were not looked for: {error.message}"
        problems = [(search.package.top or ".", Problem("CAL419", (), detail))]
    return [Diagnostic.from_problem(problem, path) for path, problem in problems]


def uncommitted_change(package: Package, path: str) -> str:
    """Return how a file of a work tree differs from HEAD, for people; empty if it does not, or without a commit.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    path : `str`
        Path of the file in the package.

    Raises
    ------
    CuratedError
        If an object of the commit is missing or damaged.
    """
    try:
        repository = open_repository(package.root)
        commit = resolve_commit(repository)
    except CuratedError:
        return ""
    return _change(package, path, find_blobs(repository, commit, path).get(path), Objects(repository))


def uncommitted_files(package: Package, paths: Sequence[str]) -> dict[str, str]:
    """Return how some files of a work tree differ from HEAD, by path; see `uncommitted_change`."""
    try:
        repository = open_repository(package.root)
        commit = resolve_commit(repository)
    except CuratedError:
        return {}
    blobs, objects = find_blobs(repository, commit, package.top), Objects(repository)
    return {path: text for path in paths if (text := _change(package, path, blobs.get(path), objects)) != ""}


def _change(package: Package, path: str, blob: str | None, objects: Objects) -> str:
    if blob is None:
        return "the file is not in the commit of the work tree"
    real_path = os.path.realpath(f"{package.root}/{path}")
    return "" if _is_same(real_path, blob, objects) else "the file has changes that are not committed"


def _problems(package: Package, repository: Repository) -> Iterator[tuple[str, Problem]]:
    prefix = repository.prefix
    paths = [repository.pathspec(path) for path in (package.top, CONFIG_FILE)]
    entries = {entry.path.removeprefix(prefix): entry for entry in read_index(start_index(repository, paths))}
    unwatched = {path: entry for path, entry in entries.items() if entry.is_unwatched}
    missing = [path for path in unwatched if not os.path.lexists(f"{package.root}/{path}")]
    if missing:
        yield from _left_out(package, repository, missing)
    present = {path: unwatched[path] for path in unwatched.keys() - set(missing)}
    if present:
        yield from _edited_under_marks(package, repository, present)
    submodules = [path for path, entry in entries.items() if entry.mode == SUBMODULE]
    reported = {path for path, problem in package.layout.problems if problem.code == "CAL023"}
    yield from _submodules(package, [path for path in submodules if path not in reported])
    yield from _not_tracked(package, repository, entries, tuple(f"{path}/" for path in submodules))


def _relevant(layout: Layout) -> list[str]:
    """Return the files that are calibrations or belong to them."""
    paths = [path for file in layout.files for path in file.texts]
    return [*dict.fromkeys(paths), *filter(None, layout.instruments.values()), *layout.beside]


def _left_out(
    package: Package, repository: Repository, missing: Iterable[str]
) -> Iterator[tuple[str, Problem]]:
    """Yield the instruments of which files are left out, and the settings if they are."""
    paths = sorted(missing)
    why = "since the checkout is sparse" if is_sparse(repository) else "since they are marked skip-worktree"
    if CONFIG_FILE in paths:
        yield CONFIG_FILE, Problem("CAL020", (), f"{CONFIG_FILE} is not in the work tree, {why}")
    by_directory: dict[str, list[str]] = {}
    depth = len(package.top) + 1 if package.top else 0
    for path in _relevant(discover([path for path in paths if path != CONFIG_FILE], package.top)):
        instrument = path[depth:].partition("/")[0]
        by_directory.setdefault(f"{path[:depth]}{instrument}", []).append(path)
    for directory, names in by_directory.items():
        text = ", ".join(names[:_MAX_NAMED])
        more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
        count = f"{len(names)} file{'s' if len(names) > 1 else ''} of the commit"
        yield directory, Problem("CAL020", (), f"{count} not in the work tree, {why}: {text}{more}")


def _edited_under_marks(
    package: Package, repository: Repository, entries: Mapping[str, IndexEntry]
) -> Iterator[tuple[str, Problem]]:
    """Yield files with another content than the index has, which git is told not to look at."""
    objects = Objects(repository)
    for path, entry in entries.items():
        if entry.mode == LINK or (path != CONFIG_FILE and not _relevant(discover([path], package.top))):
            continue
        if not _is_same(f"{package.root}/{path}", entry.blob, objects):
            detail = "differs from the commit, but is marked assume-unchanged or skip-worktree"
            yield path, Problem("CAL021", (), detail)


def _is_same(path: str, blob: str, objects: Objects) -> bool:
    """Say whether a file is a blob, a text in another form of it, or what its pointer of git-lfs names."""
    try:
        if blob_of_file(path, len(blob)) == blob:
            return True
        size = objects.size(blob)
        if size is not None and size <= _MAX_POINTER:
            pointer = parse_pointer(objects.read(blob))
            if pointer is not None:
                return matches_pointer(path, pointer)
        with open_regular(path) as stream:
            if os.fstat(stream.fileno()).st_size > _MAX_FORM:
                return False
            return committed_content(stream.read(), blob) is not None
    except OSError as error:
        raise_exhausted(error)
        return False


def _submodules(package: Package, submodules: Sequence[str]) -> Iterator[tuple[str, Problem]]:
    for path in submodules:
        try:
            is_empty = not os.listdir(f"{package.root}/{path}")
        except OSError as error:
            raise_exhausted(error)
            is_empty = True
        if is_empty:
            yield path, Problem("CAL023", (), "the directory of the submodule is empty")
        else:
            yield (
                path,
                Problem("CAL024", (), "a submodule, whose files are not in the commit of this package"),
            )


def _not_tracked(
    package: Package,
    repository: Repository,
    entries: Mapping[str, IndexEntry],
    submodules: tuple[str, ...],
) -> Iterator[tuple[str, Problem]]:
    """Yield calibrations that git ignores, and repositories inside of this one."""
    paths = _relevant(package.layout) + ([] if package.bare else [CONFIG_FILE])
    new = [path for path in paths if path not in entries and not path.startswith(submodules or ("/",))]
    if not new:
        return
    nested = {directory for path in new if (directory := _nested_repository(package, path))}
    for directory in sorted(nested):
        yield directory, Problem("CAL024", (), "a git repository inside of the package's repository")
    new = [
        path for path in new if not path.startswith(tuple(f"{directory}/" for directory in nested) or ("/",))
    ]
    rules = ignoring_rules(repository, [f"{repository.prefix}{path}" for path in new])
    for path in new:
        rule = rules.get(f"{repository.prefix}{path}")
        if rule:
            yield path, Problem("CAL022", (), f"git ignores it because of {rule}")


def _nested_repository(package: Package, path: str) -> str:
    """Return the directory of the package that holds a file and is a repository; empty if there is none."""
    parts = path.split("/")
    for i in range(1, len(parts)):
        directory = "/".join(parts[:i])
        if os.path.lexists(f"{package.root}/{directory}/.git"):
            return directory
    return ""
