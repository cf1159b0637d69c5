"""Calibrations that a package passes over: outside of its directories, in other packages, in empty submodules."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from curated.core.diagnostic import CuratedError, Problem
from curated.core.storage.limits import raise_exhausted
from curated.git.repository import find_work_tree
from curated.package.config import CONFIG_FILE
from curated.package.files import WorkTree, walk
from curated.package.lookalikes import is_dated_text
from curated.registry import module_names, similar_type

_MAX_SEARCHED = 1000
"""Most directories that are searched for packages and instruments at unusual places."""

_MAX_SUGGESTED = 3
_LEVELS = 3
"""Levels below a directory that are searched."""

_SUBMODULE = re.compile(r"^\s*path\s*=\s*\"?(.*?)\"?\s*$", re.MULTILINE)


# -- beside the calibration directory ---------------------------------------------------------------------


def find_outside(root: Path, top: str) -> Iterator[tuple[str, Problem]]:
    """Yield a problem (CAL134) for each directory ``<instrument>/<type>`` beside the calibration directory.

    Parameters
    ----------
    root : `~pathlib.Path`
        Root of the package, in a work tree.
    top : `str`
        The calibration directory, which is not the root.
    """
    calibs = root / top
    level, searched = [root], 0
    for _ in range(_LEVELS):
        following: list[Path] = []
        for directory in (child for parent in level for child in _directories(parent)):
            searched += 1
            if directory == calibs or searched > _MAX_SEARCHED or os.path.lexists(directory / CONFIG_FILE):
                continue
            following.append(directory)
            if directory.parent == root or directory.name.lower() not in module_names():
                continue
            name = directory.relative_to(root).as_posix()
            path = next(filter(is_dated_text, walk(str(root), name)), None)
            if path is not None:
                detail = f"{name} is outside of the calibration directory {top!r}, and is not read"
                hint = f"move {directory.parent.name} into {top}, or set 'calibs:' in curated.yaml"
                yield path, Problem("CAL134", (), detail, hint)
        level = following


def _directories(directory: Path) -> list[Path]:
    """Return the visible directories in a directory, without links to some."""
    try:
        with os.scandir(directory) as entries:
            names = [e.name for e in entries if e.name[0] != "." and e.is_dir(follow_symlinks=False)]
    except OSError as error:
        raise_exhausted(error)
        return []
    return [directory / name for name in sorted(names)]


# -- submodules -------------------------------------------------------------------------------------------


def find_empty_submodules(root: Path, top: str) -> Iterator[tuple[str, Problem]]:
    """Yield a problem (CAL023) for each submodule in the calibration directory that was not fetched.

    Parameters
    ----------
    root : `~pathlib.Path`
        Root of the package, in a work tree.
    top : `str`
        The calibration directory; empty if it is the root.
    """
    repository = find_work_tree(root)
    if repository is None:
        return
    try:
        text = WorkTree(repository).read(".gitmodules").decode("utf-8", errors="replace")
    except OSError as error:
        raise_exhausted(error)
        return
    calibs = os.path.join(root, top).rstrip("/")
    for path in sorted(set(_SUBMODULE.findall(text))):
        submodule = os.path.normpath(repository / path)
        if submodule != calibs and not submodule.startswith(f"{calibs}/"):
            continue
        if not os.path.isdir(submodule) or not os.listdir(submodule):
            yield os.path.relpath(submodule, root), Problem("CAL023", (), f"the submodule {path} is empty")


# -- where there is no package ----------------------------------------------------------------------------


def has_misspelled_shape(root: Path) -> bool:
    """Return whether a directory has ``<instrument>/<type>/`` directories, all of whose types are misspelled."""
    directories = (d for instrument in _directories(root) for d in _directories(instrument))
    return any(
        similar_type(directory.name)
        and any(map(is_dated_text, walk(str(root), directory.relative_to(root).as_posix())))
        for directory in islice(directories, _MAX_SEARCHED)
    )


def explain_absence(start: Path, has_shape: Callable[[Path], bool]) -> CuratedError:
    """Return the error that a directory is no package, with the packages below it that may be meant.

    Parameters
    ----------
    has_shape : `~collections.abc.Callable`
        Function that says whether a directory has the shape of a bare package.
    """
    message = f"{start} is not a package: there is no curated.yaml, and no <instrument>/<type> directories"
    for name in sorted(os.listdir(start)) if os.access(start, os.R_OK) else ():
        if name != CONFIG_FILE and name.lower().lstrip(".") in _CONFIG_NAMES:
            return CuratedError(f"{message}; there is a {name}", f"rename {name} to {CONFIG_FILE}")
    for path, problem in find_empty_submodules(start, ""):
        return CuratedError(f"{message}; {problem.detail}", f"fetch {path}: git submodule update --init")
    nested = [str(path) for path in _packages_below(start, has_shape)]
    if nested:
        return CuratedError(
            message, f"there are packages below it: run it with {' or '.join(f'-C {n}' for n in nested)}"
        )
    if any(directory.name.lower() in module_names() for directory in _directories(start)):
        hint = "it looks like the directory of one instrument: name the directory that holds it with -C"
        return CuratedError(message, hint)
    return CuratedError(message, "run it in a package, or name one with -C")


def explain_missing(root: Path, has_shape: Callable[[Path], bool]) -> str:
    """Return a hint for a package without its calibration directory: the directory that may be meant.

    Parameters
    ----------
    has_shape : `~collections.abc.Callable`
        Function that says whether a directory has the shape of a bare package.
    """
    if has_shape(root):
        return "the instruments stand at the root: set 'calibs: .' in curated.yaml"
    directories = [path.relative_to(root).as_posix() for path in _packages_below(root, has_shape)]
    if directories:
        return f"set 'calibs: {directories[0]}' in curated.yaml"
    return "set 'calibs:' in curated.yaml"


_CONFIG_NAMES = frozenset({"curated.yaml", "curated.yml", "curated.json", "curate.yaml", "curated.toml"})


def _packages_below(start: Path, has_shape: Callable[[Path], bool]) -> list[Path]:
    """Return the first packages below a directory, the nearest ones first."""
    packages: list[Path] = []
    level, searched = _directories(start), 0
    for _ in range(_LEVELS):
        following: list[Path] = []
        for directory in level:
            searched += 1
            if len(packages) == _MAX_SUGGESTED or searched > _MAX_SEARCHED:
                return packages
            if (directory / CONFIG_FILE).is_file() or has_shape(directory):
                packages.append(directory)
            else:
                following += _directories(directory)
        level = following
    return packages
