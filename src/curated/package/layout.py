"""The layout of a package: which paths are calibrations, and of what."""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from curated.calib import Calib
from curated.core.diagnostic import Problem, brief
from curated.core.keys import CalibFile, CalibKey
from curated.core.times import parse_time
from curated.provenance.record import PROVENANCE_ENDING
from curated.registry import find_type

FORMS = {".ecsv": "ecsv", ".ECSV": "ecsv", ".yaml": "yaml", ".YAML": "yaml", ".json": "json", ".JSON": "json"}
"""Text forms by file ending; the stack accepts endings in lower or upper case only, not mixed."""

INSTRUMENT_FILE = "instrument.yaml"

_LOOKALIKE = re.compile(
    r"(?:\.(?:ya?ml|ecsv|json)(?:~|\.(?:orig|bak|rej|swp|gz|bz2|xz|zip|txt|old|tmp))?|\.yml)\Z", re.IGNORECASE
)
_DATED = re.compile(r"\d{4}-?\d\d-?\d\d[Tt ]?[\d:]*\Z")
_SIDE = re.compile(r"\.(?:fits|fits\.gz|fits\.fz|md|rst)\Z", re.IGNORECASE)


_MAX_DEPTH = 64
"""Most levels of directories that are searched; a calibration needs four below the calibration directory."""

_NOT_FOLLOWED, _LEADS_OUT, _UNREADABLE = "/", "//", "///"
"""Ends of the paths of directories that are not searched: links and deep ones, links out of the package, unreadable."""


@dataclass(slots=True, eq=False, repr=False)
class Layout:
    """The files of the calibration directory, sorted by what they are.

    Parameters
    ----------
    files : `list` [`CalibFile`]
        Calibrations, in the order of their paths.
    instruments : `dict` [`str`, `str`]
        Path of the ``instrument.yaml``, or an empty text, by instrument directory.
    sides : `list` [`str`]
        Provenance files, ``<validstart>.inputs.yaml``.
    problems : `list` [`tuple` [`str`, `Problem`]]
        Path and problem of each file in a wrong place.
    beside : `list` [`str`]
        Files that side files describe, such as images.
    """

    files: list[CalibFile] = field(default_factory=list)
    instruments: dict[str, str] = field(default_factory=dict)
    sides: list[str] = field(default_factory=list)
    problems: list[tuple[str, Problem]] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)


def walk(root: str, top: str) -> Iterator[str]:
    """Return the files below ``root/top`` as sorted paths relative to the root, without hidden files.

    Links are listed but never followed, so that no walk leaves the root or goes round in a loop. Directories that are
    not searched have slashes at their end: one (`_NOT_FOLLOWED`), two (`_LEADS_OUT`) or three (`_UNREADABLE`).
    """
    paths: list[str] = []
    _walk(os.path.join(root, top) if top else root, f"{top}/" if top else "", paths, root)
    return iter(paths)


def _walk(directory: str, prefix: str, paths: list[str], root: str) -> None:
    """Add the paths below a directory to a list."""
    try:
        with os.scandir(directory) as entries:
            visible = sorted([entry for entry in entries if entry.name[0] != "."], key=_name)
    except OSError:
        if not paths and not prefix:
            raise
        paths.append(prefix.rstrip("/") + _UNREADABLE)
        return
    for entry in visible:
        path = prefix + entry.name
        # scandir knows the kind of an entry; only links need a call of the system.
        if entry.is_dir(follow_symlinks=False):
            if path.count("/") < _MAX_DEPTH and entry.name != INSTRUMENT_FILE:
                _walk(entry.path, f"{path}/", paths, root)
            else:
                paths.append(path + _NOT_FOLLOWED)
        elif entry.is_symlink() and os.path.isdir(entry.path):
            paths.append(path + (_NOT_FOLLOWED if is_inside(root, entry.path) else _LEADS_OUT))
        else:
            paths.append(path)


def is_inside(root: str, path: str) -> bool:
    """Say whether a path is below a directory after all links are followed, and not in git's own files.

    A clone's ``.git/config`` may hold the password with which it was fetched.
    """
    parent = os.path.join(os.path.realpath(root), "")
    target = os.path.realpath(path)
    return target.startswith(parent) and ".git" not in target[len(parent) :].lower().split(os.sep)


_name = operator.attrgetter("name")


def discover(paths: Iterator[str] | list[str], top: str) -> Layout:
    """Sort paths into calibrations, other files of a package, and files in wrong places.

    Parameters
    ----------
    paths : iterable [`str`]
        Paths relative to the package's root, with forward slashes.
    top : `str`
        The calibration directory; empty if the instruments are at the root.
    """
    layout = Layout()
    depth = len(PurePosixPath(top).parts) if top else 0
    unknown_types: set[str] = set()
    split = [(path, path.split("/")[depth:]) for path in paths]
    if not top:
        # A bare package may have other directories beside its instruments.
        instruments = {parts[0] for _, parts in split if len(parts) > 2 and find_type(parts[1])}
        # What is behind a link that leads out may be an instrument.
        instruments |= {parts[0] for path, parts in split if path.endswith(_LEADS_OUT) and len(parts) == 3}
        split = [(path, parts) for path, parts in split if parts[0] in instruments]
    for path, parts in split:
        if parts[1:] == [INSTRUMENT_FILE]:
            layout.instruments[parts[0]] = path
        elif path.endswith(PROVENANCE_ENDING) and _is_text(path):
            layout.sides.append(path)
        elif _is_beside(parts):
            layout.beside.append(path)
        else:
            _sort_path(path, parts, layout, unknown_types)
    if layout.sides:
        _join_sides(layout)
    return layout


def _join_sides(layout: Layout) -> None:
    """Give each calibration its provenance file; one without a calibration is a problem."""
    indices = {os.path.splitext(file.path)[0]: i for i, file in reversed(list(enumerate(layout.files)))}
    for path in layout.sides:
        i = indices.get(path.removesuffix(PROVENANCE_ENDING))
        if i is None:
            stem = path.rpartition("/")[2].removesuffix(PROVENANCE_ENDING)
            detail = f"there is no {stem}.ecsv, .yaml or .json beside it"
            layout.problems.append((path, Problem("CAL126", (), detail)))
        else:
            layout.files[i] = replace(layout.files[i], side=path)


def _sort_path(path: str, parts: list[str], layout: Layout, unknown_types: set[str]) -> None:
    """Add one path below an instrument to the calibrations or to the problems of a layout.

    Parameters
    ----------
    path : `str`
        Path relative to the package's root.
    parts : `list` [`str`]
        Names below the calibration directory.
    layout : `Layout`
        Where the path is added.
    unknown_types : `set` [`str`]
        Directories of unknown types that have a problem already; this one is added.
    """
    if not _is_text(path):
        escaped = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
        layout.problems.append((escaped, Problem("CAL101", (), "the path is not UTF-8")))
        return
    if not parts[-1]:
        layout.problems.append((path.rstrip("/"), _not_followed(path)))
        return
    stem, ending = os.path.splitext(parts[-1])
    form = FORMS.get(ending)
    if form is None or _SIDE.search(parts[-1]):
        if not _SIDE.search(parts[-1]) and (_LOOKALIKE.search(parts[-1]) or _DATED.match(stem)):
            detail = f"files {f'that end in {ending!r}' if ending else 'without an ending'} are not read"
            layout.problems.append((path, Problem("CAL107", (), detail)))
        return
    cls = find_type(parts[1]) if len(parts) > 2 else None
    if cls is None:
        if len(parts) < 3:
            if len(parts) == 2 or _DATED.match(stem):
                parent = f"{parts[0]}/" if len(parts) == 2 else "<instrument>/"
                detail = f"expected a path such as {parent}<type>/{parts[-1]}"
                layout.problems.append((path, Problem("CAL102", (), detail)))
        elif "/".join(parts[:2]) not in unknown_types:
            unknown_types.add("/".join(parts[:2]))
            layout.problems.append((path, Problem("CAL103", (), f"{parts[1]!r} is not a calibration type")))
        return
    layout.instruments.setdefault(parts[0], "")
    file = _calibration(path, parts, cls, form)
    if isinstance(file, Problem):
        layout.problems.append((path, file))
    else:
        layout.files.append(file)


def _not_followed(path: str) -> Problem:
    """Return the problem of a directory that `walk` does not search."""
    if path.endswith(_UNREADABLE):
        return Problem("CAL201", (), "the directory cannot be read")
    if path.endswith(_LEADS_OUT):
        return Problem("CAL106", (), "links to a directory elsewhere")
    if path.endswith(f"/{INSTRUMENT_FILE}/"):
        return Problem("CAL201", (), "a directory in place of a file")
    is_deep = path.count("/") > _MAX_DEPTH
    deep = f"directories below {_MAX_DEPTH} levels are not looked into"
    return Problem("CAL107", (), deep if is_deep else "a link to a directory is not followed")


def _is_beside(parts: list[str]) -> bool:
    """Return whether a file has an ending of the files that side files of its type describe."""
    cls = find_type(parts[1]) if len(parts) > 2 else None
    if cls is None or not cls.SPEC.beside:
        return False
    return parts[-1].lower().endswith(cls.SPEC.beside) and _is_text("/".join(parts))


def _calibration(path: str, parts: list[str], cls: type[Calib], form: str) -> CalibFile | Problem:
    spec = cls.SPEC
    levels = parts[2:-1]
    dimensions = ["<detector>"] * spec.has_detector + ["<filter>"] * spec.has_filter
    if len(levels) != len(dimensions):
        expected = "/".join([parts[0], parts[1], *dimensions, parts[-1]])
        return Problem("CAL102", (), f"expected a path such as {expected}")
    if form not in spec.forms:
        return Problem("CAL220", (), f"{spec.name} is read from {' or '.join(spec.forms)}, not {form}")
    stem = os.path.splitext(parts[-1])[0]
    try:
        start = parse_time(stem)
    except ValueError:
        return Problem("CAL101", (), f"{brief(stem)} is not a date-time")
    names = iter(levels)
    key = CalibKey(
        parts[0],
        spec.name,
        directory_name(next(names)) if spec.has_detector else "",
        directory_name(next(names)) if spec.has_filter else "",
    )
    return CalibFile(path, key, start, form)


def _is_text(path: str) -> bool:
    """Return whether a path is UTF-8; Python decodes other bytes as lone surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def directory_name(name: str) -> str:
    """Return the directory name of a detector or filter: in lower case, with underscores for blanks."""
    return name.lower().replace(" ", "_")
