"""Files that calibrations name beside them, such as images, as a state of a package has them."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from dataclasses import replace
from pathlib import Path

from curated.calib import Calib
from curated.check.file import read_and_check
from curated.core.diagnostic import CuratedError
from curated.core.storage.limits import raise_exhausted
from curated.git.forms import MAX_POINTER, parse_pointer
from curated.git.objects import CommitTree
from curated.git.repository import open_repository
from curated.git.settings import find_common_directory, find_git_directory
from curated.history.changes import Changes
from curated.package.package import Package

_CHUNK = 2**20


def with_companions(changes: Changes) -> Changes:
    """Return changes in which a calibration counts as changed where the file that it names is another one."""
    packages = changes.before, changes.now
    files = changes.paths.intersection(path for package in packages for path in package.layout.beside)
    directories = {posixpath.dirname(path) for path in files}
    paths = set(changes.paths)
    for package in packages if files else ():
        for file in package.layout.files:
            directory = posixpath.dirname(file.source)
            if file.path in paths or directory not in directories:
                continue
            calib = read_and_check(package.files, file, {}, companion=False).calib
            companion = calib.companion() if calib is not None else None
            if companion is not None and posixpath.join(directory, companion.file) in files:
                paths.add(file.path)
    return replace(changes, paths=frozenset(paths))


def attach_companion(package: Package, path: str, calib: Calib) -> Calib | None:
    """Return a calibration with the file that it names, such as its pixels; itself if it names none.

    The file of a commit is taken from git, that of a pointer of git-lfs from the store of git-lfs in the clone.

    Parameters
    ----------
    path : `str`
        Path of the calibration in the package.

    Returns
    -------
    calib : `Calib` or `None`
        `None` where the file is not there, or is damaged.
    """
    companion = calib.companion()
    if companion is None:
        return calib
    name = posixpath.join(posixpath.dirname(path), companion.file)
    try:
        if isinstance(package.files, CommitTree):
            return _from_commit(package, package.files, name, calib)
        place = package.files.locate(name)
        return None if place is None else _attached(calib, place)
    except (OSError, CuratedError) as error:
        if isinstance(error, OSError):
            raise_exhausted(error)
        return None


def _from_commit(package: Package, files: CommitTree, name: str, calib: Calib) -> Calib | None:
    copy = files.start_copy(name)
    try:
        place = copy.wait()
        if os.path.getsize(place) <= MAX_POINTER:
            pointer = parse_pointer(Path(place).read_bytes())
            if pointer is not None:
                stored = _stored(package.root, pointer.sha256, pointer.size)
                return None if stored is None else _attached(calib, stored)
        attached = _attached(calib, place)
        for plane in getattr(attached, "planes", {}).values():
            plane.path = ""  # what is mapped stays so after the file has gone
        return attached
    finally:
        copy.close()


def _stored(root: Path, sha256: str, size: int) -> str | None:
    """Return the file with a hash in the store of git-lfs; `None` if it was not fetched, or is another one."""
    directory = find_common_directory(find_git_directory(open_repository(root).top))
    path = os.path.join(directory, "lfs", "objects", sha256[:2], sha256[2:4], sha256)
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size != size:
            return None
        digest = hashlib.sha256()
        with open(path, "rb") as stream:
            while block := stream.read(_CHUNK):
                digest.update(block)
    except FileNotFoundError:
        return None
    return path if digest.hexdigest() == sha256 else None


def _attached(calib: Calib, place: str) -> Calib | None:
    attached, problems = calib.attach(place)
    return None if attached is calib and problems else attached
