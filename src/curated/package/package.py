"""A package of calibrations: its files and its settings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from curated.core.diagnostic import CuratedError
from curated.git.repository import find_work_tree
from curated.package.config import CONFIG_FILE, Config, parse_config
from curated.package.files import Files, WorkTree
from curated.package.layout import Layout, discover, find_empty_directories
from curated.package.lookalikes import find_strays
from curated.package.strays import (
    explain_absence,
    find_empty_submodules,
    find_outside,
    has_misspelled_shape,
)
from curated.registry import find_type


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
        layout.problems += find_empty_directories(layout, self.top)
        layout.problems += find_strays(layout.outside, self.files.read)
        if isinstance(self.files, WorkTree):
            layout.problems += find_empty_submodules(self.root, self.top)
            if self.top:
                layout.problems += find_outside(self.root, self.top)
        return layout


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
        config_file = root / CONFIG_FILE
        if config_file.is_file():
            try:
                config = parse_config(config_file.read_text("utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                raise CuratedError(f"{config_file} cannot be read: {error}") from error
            if not (root / config.top).is_dir():
                raise CuratedError(
                    f"{root} has no directory {config.calibs!r}", "set 'calibs:' in curated.yaml"
                )
            return Package(root, WorkTree(root, config.top), config, bare=False)
    top = find_work_tree(start)
    for root in (start, *start.parents):
        if has_package_shape(root):
            return Package(root, WorkTree(root), Config(calibs=""), bare=True)
        if root == top:
            break
    if has_misspelled_shape(start):
        return Package(start, WorkTree(start), Config(calibs=""), bare=True)
    raise explain_absence(start, has_package_shape)


def has_package_shape(root: Path) -> bool:
    """Return whether a directory has the shape of an ``obs_*_data`` package: ``<instrument>/<type>/``."""
    try:
        instruments = [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return any(
            sub.is_dir() and find_type(sub.name) is not None for path in instruments for sub in path.iterdir()
        )
    except OSError:
        return False
