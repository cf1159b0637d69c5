"""Paths to keys: which files are calibrations, and of what."""

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
"""File endings and their text forms; the stack takes all lower or all upper case only."""

INSTRUMENT_FILE = "instrument.yaml"

_LOOKALIKE = re.compile(
    r"(?:\.(?:ya?ml|ecsv|json)(?:~|\.(?:orig|bak|rej|swp|gz|bz2|xz|zip|txt|old|tmp))?|\.yml)\Z", re.IGNORECASE
)
_DATED = re.compile(r"\d{4}-?\d\d-?\d\d[Tt ]?[\d:]*\Z")
_SIDE = re.compile(r"\.(?:fits|fits\.gz|fits\.fz|md|rst)\Z", re.IGNORECASE)


_MAX_DEPTH = 64
"""Most levels of directories that are looked into; a calibration needs four and those above its package's top."""


@dataclass(slots=True, eq=False, repr=False)
class Layout:
    """What a walk through the calibration directory found.

    Parameters
    ----------
    files : `list` [`CalibFile`]
        Calibrations, in the order of their paths.
    instruments : `dict` [`str`, `str`]
        Path of the ``instrument.yaml``, empty where there is none, by instrument directory.
    sides : `list` [`str`]
        Provenance files, which stand beside calibrations.
    problems : `list` [`tuple` [`str`, `Problem`]]
        Path and problem of what is at a wrong place.
    beside : `list` [`str`]
        Files of types that have files beside their texts, such as images.
    """

    files: list[CalibFile] = field(default_factory=list)
    instruments: dict[str, str] = field(default_factory=dict)
    sides: list[str] = field(default_factory=list)
    problems: list[tuple[str, Problem]] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)


def walk(root: str, top: str) -> Iterator[str]:
    """Return the files below ``root/top`` as sorted paths relative to the root; hidden ones are left out.

    Links are named but never followed, so that no walk leaves the root or ends in a loop; a link to a
    directory ends in a slash, and so does a directory that is deeper than any calibration could be.
    """
    found: list[str] = []
    _walk(os.path.join(root, top) if top else root, f"{top}/" if top else "", found)
    return iter(found)


def _walk(directory: str, prefix: str, found: list[str]) -> None:
    """Add the paths below a directory."""
    with os.scandir(directory) as entries:
        listed = sorted([entry for entry in entries if entry.name[0] != "."], key=_name)
    for entry in listed:
        path = prefix + entry.name
        # What an entry is comes with its name; only links are looked at.
        if entry.is_dir(follow_symlinks=False):
            if path.count("/") < _MAX_DEPTH:
                _walk(entry.path, f"{path}/", found)
            else:
                found.append(f"{path}/")
        elif entry.is_symlink() and os.path.isdir(entry.path):
            found.append(f"{path}/")
        else:
            found.append(path)


_name = operator.attrgetter("name")


def discover(paths: Iterator[str] | list[str], top: str) -> Layout:
    """Sort paths into calibrations, instrument files and what is at a wrong place.

    Parameters
    ----------
    paths : iterable [`str`]
        Paths relative to the package's root, with forward slashes.
    top : `str`
        The calibration directory; empty where the instruments stand at the root.
    """
    found = Layout()
    depth = len(PurePosixPath(top).parts) if top else 0
    unknown: set[str] = set()
    split = [(path, path.split("/")[depth:]) for path in paths]
    if not top:
        # A bare package may hold other things beside its instruments.
        instruments = {parts[0] for _, parts in split if len(parts) > 2 and find_type(parts[1])}
        split = [(path, parts) for path, parts in split if parts[0] in instruments]
    for path, parts in split:
        instrument = parts[0]
        if parts[1:] == [INSTRUMENT_FILE]:
            found.instruments[instrument] = path
            continue
        if path.endswith(PROVENANCE_ENDING) and _is_text(path):
            found.sides.append(path)
        elif _is_beside(parts):
            found.beside.append(path)
        else:
            place(path, parts, found, unknown)
    if found.sides:
        _join_sides(found)
    return found


def _join_sides(found: Layout) -> None:
    """Give each calibration the provenance file beside it; one beside nothing is a problem."""
    products = {os.path.splitext(file.path)[0]: i for i, file in reversed(list(enumerate(found.files)))}
    for path in found.sides:
        i = products.get(path.removesuffix(PROVENANCE_ENDING))
        if i is None:
            detail = f"there is no {path.rpartition('/')[2].removesuffix(PROVENANCE_ENDING)}.ecsv, .yaml or .json beside it"
            found.problems.append((path, Problem("CAL126", (), detail)))
        else:
            found.files[i] = replace(found.files[i], side=path)


def place(path: str, parts: list[str], found: Layout, unknown: set[str]) -> None:
    """Put one path below an instrument where it belongs in ``found``."""
    if not _is_text(path):
        shown = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
        found.problems.append((shown, Problem("CAL101", (), "the path is not UTF-8")))
        return
    if not parts[-1]:
        found.problems.append((path.rstrip("/"), _not_followed(path)))
        return
    stem, ending = os.path.splitext(parts[-1])
    form = FORMS.get(ending)
    if form is None or _SIDE.search(parts[-1]):
        if not _SIDE.search(parts[-1]) and (_LOOKALIKE.search(parts[-1]) or _DATED.match(stem)):
            found.problems.append(
                (
                    path,
                    Problem(
                        "CAL107",
                        (),
                        f"files {f'that end in {ending!r}' if ending else 'without an ending'} are not read",
                    ),
                )
            )
        return
    cls = find_type(parts[1]) if len(parts) > 2 else None
    if cls is None:
        if len(parts) < 3:
            if len(parts) == 2 or _DATED.match(stem):
                above = f"{parts[0]}/" if len(parts) == 2 else "<instrument>/"
                detail = f"expected a path such as {above}<type>/{parts[-1]}"
                found.problems.append((path, Problem("CAL102", (), detail)))
        elif "/".join(parts[:2]) not in unknown:
            unknown.add("/".join(parts[:2]))
            found.problems.append((path, Problem("CAL103", (), f"{parts[1]!r} is not a calibration type")))
        return
    found.instruments.setdefault(parts[0], "")
    file = _calibration(path, parts, cls, form)
    if isinstance(file, Problem):
        found.problems.append((path, file))
    else:
        found.files.append(file)


def _not_followed(path: str) -> Problem:
    """Say why what a path ends with is not looked into."""
    is_deep = path.count("/") > _MAX_DEPTH
    deep = f"directories below {_MAX_DEPTH} levels are not looked into"
    return Problem("CAL107", (), deep if is_deep else "a link to a directory is not followed")


def _is_beside(parts: list[str]) -> bool:
    """Say whether a file is of the kind that its type has beside its texts."""
    cls = find_type(parts[1]) if len(parts) > 2 else None
    if cls is None or not cls.SPEC.beside:
        return False
    return parts[-1].lower().endswith(cls.SPEC.beside) and _is_text("/".join(parts))


def _calibration(path: str, parts: list[str], cls: type[Calib], form: str) -> CalibFile | Problem:
    spec = cls.SPEC
    levels = parts[2:-1]
    wanted = [name for name, has in (("<detector>", spec.has_detector), ("<filter>", spec.has_filter)) if has]
    if len(levels) != len(wanted):
        expected = "/".join([parts[0], parts[1], *wanted, parts[-1]])
        return Problem("CAL102", (), f"expected a path such as {expected}")
    if form not in spec.forms:
        return Problem("CAL220", (), f"{spec.name} is read from {' or '.join(spec.forms)}, not {form}")
    stem = os.path.splitext(parts[-1])[0]
    try:
        start = parse_time(stem)
    except ValueError:
        return Problem("CAL101", (), f"{brief(stem)} is not a date-time")
    named = iter(levels)
    key = CalibKey(
        parts[0],
        spec.name,
        directory_name(next(named)) if spec.has_detector else "",
        directory_name(next(named)) if spec.has_filter else "",
    )
    return CalibFile(path, key, start, form)


def _is_text(path: str) -> bool:
    """Say whether a path is UTF-8; bytes that are not come as halves of surrogate pairs."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def directory_name(name: str) -> str:
    """Return the directory of a detector or filter: lower case, blanks as underscores."""
    return name.lower().replace(" ", "_")
