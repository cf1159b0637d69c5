"""A package of calibrations: its files and its settings."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from curated.core.diagnostic import CuratedError
from curated.core.storage.limits import raise_exhausted
from curated.git.repository import find_work_tree, open_repository
from curated.package.config import CONFIG_FILE, Config, parse_config
from curated.package.files import Files, LeadsOutError, WorkTree, is_inside
from curated.package.layout import Layout, discover, find_empty_directories
from curated.package.lookalikes import find_strays
from curated.package.sharing import share
from curated.package.strays import (
    explain_absence,
    explain_missing,
    find_empty_submodules,
    find_outside,
    has_misspelled_shape,
)
from curated.registry import find_type

MAX_CONFIG_BYTES = 16 << 20
"""Most bytes of a ``curated.yaml``."""


@dataclass(eq=False, repr=False)
class Package:
    """A package of calibrations.

    Parameters
    ----------
    root : `~pathlib.Path`
        Directory that its paths are relative to.
    files : `Files`
        Access to the files, of a work tree or a commit.
    config : `Config`
        Settings in ``curated.yaml``; defaults for a bare package.
    bare : `bool`
        Whether there is no ``curated.yaml``.
    """

    root: Path
    files: Files
    config: Config
    bare: bool

    @property
    def top(self) -> str:
        """The calibration directory relative to the root; empty if the instruments are at the root."""
        return self.config.top

    @cached_property
    def layout(self) -> Layout:
        """The calibrations, and the files in wrong places."""
        layout = discover(self.files.paths(), self.top)
        if not self.bare:
            share(layout, self.files, self.config)
        layout.problems += find_empty_directories(layout, self.top)
        layout.problems += find_strays(layout.outside, self.files.read)
        if isinstance(self.files, WorkTree):
            layout.problems += find_empty_submodules(self.root, self.top)
            if self.top:
                layout.problems += find_outside(self.root, self.top)
        return layout

    @cached_property
    def _hidden(self) -> tuple[tuple[str, ...], str]:
        """Return hidden files, and why git cannot be asked for them."""
        if not isinstance(self.files, WorkTree) or find_work_tree(self.root) is None:
            return (), ""
        from curated.git.index import hidden_files  # a check outside of a repository starts without it

        try:
            files = hidden_files(open_repository(self.root), self.root, [self.top, CONFIG_FILE])
            return tuple(files), ""
        except CuratedError as error:
            return (), error.message

    @property
    def hidden(self) -> tuple[str, ...]:
        """Files of the commit that the work tree lacks by a sparse checkout or marks of the index, not by removal.

        They are paths in the package, in their order. Where git cannot be asked there are none; see `git_obstacle`.
        """
        return self._hidden[0]

    @property
    def git_obstacle(self) -> str:
        """Why git cannot be asked for hidden files, for people; empty if it can, and outside of a repository."""
        return self._hidden[1]

    def require_whole(self, paths: Iterable[str], what: str, way_out: str) -> None:
        """Raise an error if some paths are hidden files.

        Parameters
        ----------
        paths : iterable [`str`]
            Paths in the package.
        what : `str`
            What cannot be told without them, as the end of a sentence.
        way_out : `str`
            What to do instead of bringing them back.
        """
        lacking = sorted(set(paths).intersection(self.hidden))
        if lacking:
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            raise CuratedError(
                f"{lacking[0]}{more} of the commit {'are' if more else 'is'} not in the work tree "
                f"(sparse checkout, or marked skip-worktree), so that {what}",
                f"{way_out}, or run 'git sparse-checkout disable'",
            )


def open_package(directory: str | os.PathLike[str]) -> Package:
    """Open the package that a directory belongs to.

    Parameters
    ----------
    directory : path-like
        A directory of the package; ``curated.yaml`` is searched there and in its parents. If there is none, the
        nearest of these directories with the shape of a package is a bare package.

    Raises
    ------
    CuratedError
        If there is no package.
    """
    start = Path(directory).resolve()
    if not start.is_dir():
        raise CuratedError(f"{directory} is not a directory")
    for root in (start, *start.parents):
        if os.path.lexists(root / CONFIG_FILE):
            config = _read_config(root)
            if not (root / config.top).is_dir():
                _refuse_missing(root, config.top)
                raise CuratedError(
                    f"{root} has no directory {config.calibs!r}", explain_missing(root, has_package_shape)
                )
            if config.top and not is_inside(str(root), str(root / config.top)):
                raise CuratedError(
                    f"{root / config.top} is a link that leads out of the package, and is not read",
                    "commit the files themselves instead of a link",
                )
            return Package(root, WorkTree(root, config.top), config, bare=False)
    top = find_work_tree(start)
    for root in (start, *start.parents):
        if has_package_shape(root):
            return Package(root, WorkTree(root), Config(calibs=""), bare=True)
        if root == top:
            break
    _refuse_missing(start, CONFIG_FILE)
    if has_misspelled_shape(start):
        return Package(start, WorkTree(start), Config(calibs=""), bare=True)
    raise explain_absence(start, has_package_shape)


def _read_config(root: Path) -> Config:
    """Read ``curated.yaml``; like all files of a package it may be a link, but not one that leads out."""
    path = root / CONFIG_FILE
    try:
        data = WorkTree(root).read(CONFIG_FILE)
    except LeadsOutError as error:
        raise CuratedError(
            f"{path} {error.strerror}, which leads out of the package, and is not read",
            "commit the file itself instead of a link",
        ) from error
    except OSError as error:
        raise_exhausted(error)
        reason = error.strerror or str(error)
        raise CuratedError(f"{path} cannot be read: {reason[:1].lower()}{reason[1:]}") from error
    if len(data) > MAX_CONFIG_BYTES:
        raise CuratedError(f"{path} has more than {MAX_CONFIG_BYTES} bytes, and is not read")
    try:
        return parse_config(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise CuratedError(f"{path} cannot be read: {error}") from error


def _refuse_missing(directory: Path, path: str) -> None:
    """Raise an error if the commit has a file or directory that the work tree lacks, for instance a sparse one."""
    if find_work_tree(directory) is None:
        return
    from curated.git.repository import resolve_commit
    from curated.git.tree import read_tree

    try:
        repository = open_repository(directory)
        is_committed = bool(read_tree(repository, resolve_commit(repository), [repository.pathspec(path)]))
    except CuratedError:
        return
    if is_committed:
        raise CuratedError(
            f"{path} is in the commit, but not in the work tree {directory}",
            "run 'git sparse-checkout disable' if the checkout is sparse, else 'git restore' it "
            "('git ls-files -v' shows files that are marked skip-worktree)",
        )


def has_package_shape(root: Path) -> bool:
    """Return whether a directory has the shape of an ``obs_*_data`` package: ``<instrument>/<type>/``."""
    try:
        # Behind a link there may be anything.
        instruments = [path for path in root.iterdir() if _is_directory(path) and path.name[0] != "."]
        return any(
            _is_directory(sub) and find_type(sub.name) is not None
            for path in instruments
            for sub in path.iterdir()
        )
    except OSError as error:
        raise_exhausted(error)
        return False


def _is_directory(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)
