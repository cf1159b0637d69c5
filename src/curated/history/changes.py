"""Which files changed since a commit, and which calibration goes on under another name."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from curated.check.file import read_file
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey
from curated.git.changes import WorkTreeChanges, work_tree_changes
from curated.git.objects import CommitTree, blob_sha1
from curated.git.repository import commit_date, find_work_tree, merge_base, open_repository
from curated.history.lookup import committed_package
from curated.package.config import CONFIG_FILE
from curated.package.files import WorkTree
from curated.package.layout import Layout
from curated.package.package import Package
from curated.package.validity import folded


@dataclass(frozen=True, slots=True)
class Changed:
    """A package before a change and now.

    Parameters
    ----------
    before, now : `Package`
        The package of the merge base, and that of the work tree.
    base : `str`
        SHA1 of the merge base.
    date : `datetime.datetime`
        Its committer date, UTC: what starts before it may have been used.
    paths : `frozenset` [`str`]
        Files that are new, gone, or have another content.
    renames : `dict` [`str`, `str`]
        Old path by new path, of files that git takes for the same.
    """

    before: Package
    now: Package
    base: str
    date: datetime
    paths: frozenset[str]
    renames: dict[str, str]

    @property
    def everything(self) -> bool:
        """Whether the change can affect all files."""
        return CONFIG_FILE in self.paths

    @property
    def instruments(self) -> set[str]:
        """Instruments whose declaration changed, in lower case."""
        declared = (*self.before.layout.instruments.items(), *self.now.layout.instruments.items())
        return {directory.lower() for directory, path in declared if path in self.paths}


def find_changes(package: Package, revision: str) -> Changed:
    """Compare a work tree with the merge base of a revision and HEAD.

    Parameters
    ----------
    package : `Package`
        The package.
    revision : `str`
        A commit, a branch or a tag.

    Raises
    ------
    CuratedError
        If the package is not in a git repository, or git knows no such commit; it says how to mend it.
    """
    if find_work_tree(package.root) is None:
        raise CuratedError(
            f"{package.root} is not in a git repository, so that nothing is known of changes",
            "leave --since out, or run 'git init' and commit the calibrations",
        )
    repository = open_repository(package.root)
    base = merge_base(repository, revision)
    date = commit_date(repository, base)
    said = work_tree_changes(repository, base)
    before, _ = committed_package(package.root, base)
    blobs = _blobs(before)
    now, then = set(_paths(package.layout)), set(_paths(before.layout))
    # A file that is absent and that git does not miss was left out of a sparse checkout.
    absent = then - now - said.paths
    before = with_files(before, lambda path: path not in absent)
    paths = {p for p in _candidates(package, said, now & blobs.keys()) if _differs(package, p, blobs[p])}
    paths |= (now - blobs.keys()) | (then - now - absent)
    if CONFIG_FILE in said.paths or before.bare is not package.bare:
        paths.add(CONFIG_FILE)
    return Changed(before, package, base, date, frozenset(paths), said.renames)


def _blobs(package: Package) -> dict[str, str]:
    """Return the blob of each file of a package that comes from a commit."""
    return package.files.blobs if isinstance(package.files, CommitTree) else {}


def _paths(layout: Layout) -> Iterator[str]:
    yield from (file.path for file in layout.files)
    yield from (*layout.sides, *layout.beside, *filter(None, layout.instruments.values()))
    yield from (path for path, _ in layout.problems)


def _candidates(package: Package, said: WorkTreeChanges, both: Iterable[str]) -> Iterator[str]:
    """Yield what may differ of the paths that there are before and now; of a link, git compares where it leads."""
    root = package.root if isinstance(package.files, WorkTree) else None
    for path in both:
        if path in said.paths or (root is not None and os.path.islink(f"{root}/{path}")):
            yield path


def _differs(package: Package, path: str, blob: str) -> bool:
    """Say whether the content differs; a file that git no longer lists may still be there, and be the same."""
    data = read_file(package.files, path)
    return not isinstance(data, bytes) or blob_sha1(data) != blob


def with_files(package: Package, wanted: Callable[[str], bool]) -> Package:
    """Return a package with those of its files whose path is wanted; what it says of itself stays."""
    whole = package.layout
    part = replace(package)
    part.layout = replace(
        whole,
        files=[file for file in whole.files if wanted(file.path)],
        sides=[path for path in whole.sides if wanted(path)],
        beside=[path for path in whole.beside if wanted(path)],
        problems=[(path, problem) for path, problem in whole.problems if wanted(path)],
    )
    return part


Same = Callable[[CalibFile, CalibFile], bool]
"""Says whether a calibration before and one now give the same results."""


def find_origins(changed: Changed, same: Same) -> dict[str, str]:
    """Return the path before of each calibration that was there before, by its path now.

    A calibration whose path is new goes on one that is gone: that of the same key and start, or else one with the
    same bytes, or else one of its key that gives the same results (its keywords follow the new start), or else
    the one that git takes for the same, of another key. What is edited and given another start is a new one.
    """
    before = {file.path: file for file in changed.before.layout.files}
    now = {file.path: file for file in changed.now.layout.files}
    pairs = _Pairs(
        {path: path for path in now if path in before},
        [file for path, file in before.items() if path not in now],
        [file for path, file in now.items() if path not in before],
    )
    blobs = dict(_blobs(changed.before))
    blobs |= {file.path: _blob(changed.now, file) for file in pairs.new if pairs.gone}
    pairs.match(lambda file: (folded(file.key), file.start))
    pairs.match(lambda file: (folded(file.key), blobs[file.path]))
    pairs.match(lambda file: blobs[file.path])
    pairs.match(lambda file: folded(file.key), same)
    # Within a key, files that are alike are epochs; git would take one for another.
    moves = changed.renames
    pairs.match(
        lambda file: moves.get(file.path, file.path), lambda old, new: folded(old.key) != folded(new.key)
    )
    return pairs.origins


@dataclass(slots=True)
class _Pairs:
    """Files that are gone and files that are new, until they are found to be the same."""

    origins: dict[str, str]
    gone: list[CalibFile]
    new: list[CalibFile]

    def match(self, name: Callable[[CalibFile], Hashable], same: Same | None = None) -> None:
        """Take those for the same that have the same name, and perhaps more in common."""
        named: dict[Hashable, list[CalibFile]] = {}
        for old in self.gone:
            named.setdefault(name(old), []).append(old)
        for file in self.new if self.gone else ():
            candidates = named.get(name(file), [])
            for old in candidates:
                if same is None or same(old, file):
                    self.origins[file.path] = old.path
                    candidates.remove(old)
                    break
        taken = set(self.origins.values())
        self.gone = [file for file in self.gone if file.path not in taken]
        self.new = [file for file in self.new if file.path not in self.origins]


def _blob(package: Package, file: CalibFile) -> str:
    data = read_file(package.files, file.path)
    return blob_sha1(data) if isinstance(data, bytes) else ""


def touched_keys(changed: Changed, origins: dict[str, str]) -> set[CalibKey]:
    """Return the keys whose calibrations changed, came or went."""
    files = (*changed.before.layout.files, *changed.now.layout.files)
    paths = changed.paths | {path for pair in origins.items() if pair[0] != pair[1] for path in pair}
    return {folded(file.key) for file in files if file.path in paths or file.side in paths}
