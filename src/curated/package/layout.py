"""The layout of a package: which paths are calibrations, and of what."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from curated.calib import Calib
from curated.core.diagnostic import Problem, brief
from curated.core.keys import CalibFile, CalibKey
from curated.core.times import explain_time, parse_time
from curated.package.comparison import mark_compared
from curated.package.files import INSTRUMENT_FILE, LEADS_OUT, MAX_DEPTH, UNREADABLE
from curated.package.lookalikes import CONFIG_FILE, FORMS, examine_name, image_stem, is_dated, is_dated_text
from curated.provenance.record import PROVENANCE_ENDING, VERIFICATION_ENDING
from curated.registry import find_type, similar_type

VERIFICATION_DIRECTORY = "verification"
"""Directory of an instrument with tables of tests and waivers."""

_INSTRUMENT_FILES = frozenset({"instrument", "instruments"})
"""Stems in lower case of files that were meant to be an ``instrument.yaml``."""

_UnknownTypes = dict[str, list[tuple[str, list[str]]]]
"""Path and its parts of the calibrations in directories of unknown types, by directory."""


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
    records : `list` [`str`]
        Records of verification, ``<validstart>.verify.yaml``.
    problems : `list` [`tuple` [`str`, `Problem`]]
        Path and problem of each file in a wrong place.
    verification : `list` [`str`]
        Tables of tests and waivers, in ``<instrument>/verification``.
    beside : `list` [`str`]
        Files that side files describe, such as images.
    others : `list` [`str`]
        Files below the instruments that look like no calibration.
    outside : `list` [`str`]
        Files of a bare package that are below no instrument.
    """

    files: list[CalibFile] = field(default_factory=list)
    instruments: dict[str, str] = field(default_factory=dict)
    sides: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    verification: list[str] = field(default_factory=list)
    problems: list[tuple[str, Problem]] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


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
    unknown_types: _UnknownTypes = {}
    split = [(path, path.split("/")[depth:]) for path in paths]
    if not top:
        # A bare package may have other directories beside its instruments.
        instruments = _bare_instruments(split)
        # What is behind a link that leads out may be an instrument.
        instruments |= {parts[0] for path, parts in split if path.endswith(LEADS_OUT) and len(parts) == 3}
        layout.outside += [path for path, parts in split if parts[0] not in instruments]
        split = [(path, parts) for path, parts in split if parts[0] in instruments]
    for path, parts in split:
        if parts[1:] == [INSTRUMENT_FILE]:
            layout.instruments[parts[0]] = path
        elif path.endswith(PROVENANCE_ENDING) and _is_text(path):
            layout.sides.append(path)
        elif path.endswith(VERIFICATION_ENDING) and _is_text(path):
            layout.records.append(path)
        elif len(parts) > 2 and parts[1] == VERIFICATION_DIRECTORY and parts[-1] and _is_text(path):
            layout.verification.append(path)
        elif _is_beside(parts):
            layout.beside.append(path)
        else:
            _sort_path(path, parts, layout, unknown_types)
    instruments = {file.path.split("/")[depth] for file in layout.files}
    layout.problems += [
        (members[0][0], _unknown_type(members, instruments)) for members in unknown_types.values()
    ]
    if layout.sides or layout.records:
        _join_sides(layout)
    _leave_copies(layout)
    layout.problems += _examine_directories(layout.files, depth)
    layout.files = mark_compared(layout.files)
    return layout


def _bare_instruments(split: Iterable[tuple[str, list[str]]]) -> set[str]:
    """Return the directories of a bare package that hold a directory of a type, even if that is misspelled."""
    return {
        parts[0]
        for path, parts in split
        if len(parts) > 2 and (find_type(parts[1]) or (_may_be_calibration(path) and similar_type(parts[1])))
    }


def _may_be_calibration(path: str) -> bool:
    """Say whether a file of a directory of an unknown type makes it worth asking which type was meant."""
    if is_dated_text(path) or path.lower().endswith(".ecsv"):
        return True
    lookalike = examine_name(path.rpartition("/")[2])
    return lookalike is not None and lookalike.is_dated


def find_empty_directories(layout: Layout, top: str) -> Iterator[tuple[str, Problem]]:
    """Yield a problem (CAL138) for each instrument, and each directory of a type, that has no calibration.

    Parameters
    ----------
    top : `str`
        The calibration directory; empty if the instruments are at the root.
    """
    depth = len(PurePosixPath(top).parts) if top else 0
    problem_paths = (path for path, _ in layout.problems)
    paths = (
        *(file.path for file in layout.files),
        *layout.sides,
        *layout.records,
        *layout.beside,
        *problem_paths,
    )
    occupied = {
        str(parent)
        for path in set(map(os.path.dirname, paths))
        for parent in (path, *PurePosixPath(path).parents)
    }
    for path in filter(None, layout.instruments.values()):
        if os.path.dirname(path) not in occupied:
            yield path, Problem("CAL138", (), "the instrument is declared, and has no calibration")
    for path in layout.others:
        parts = path.split("/")
        levels = range(depth + 2, len(parts))
        directory = next((d for n in levels if (d := "/".join(parts[:n])) not in occupied), "")
        if directory and find_type(parts[depth + 1]):
            occupied.add(directory)
            yield path, Problem("CAL138", (), f"there is no calibration in {directory}")


def _leave_copies(layout: Layout) -> None:
    """Take FITS files that stand beside a text of the same name for copies of it, which may be there."""
    stems = {os.path.splitext(file.path)[0] for file in layout.files}
    copies = {
        path for path, problem in layout.problems if problem.code == "CAL107" and image_stem(path) in stems
    }
    layout.problems = [(path, problem) for path, problem in layout.problems if path not in copies]
    layout.others += copies


def _join_sides(layout: Layout) -> None:
    """Give each calibration its provenance file and its record; one without a calibration is a problem."""
    indices = {os.path.splitext(file.path)[0]: i for i, file in reversed(list(enumerate(layout.files)))}
    kinds = (
        (layout.sides, PROVENANCE_ENDING, "side", "CAL126"),
        (layout.records, VERIFICATION_ENDING, "record", "CAL841"),
    )
    for paths, ending, name, code in kinds:
        for path in paths:
            i = indices.get(path.removesuffix(ending))
            if i is None:
                stem = path.rpartition("/")[2].removesuffix(ending)
                detail = f"there is no {stem}.ecsv, .yaml or .json beside it"
                layout.problems.append((path, Problem(code, (), detail)))
            elif name == "side":
                layout.files[i] = replace(layout.files[i], side=path)
            else:
                layout.files[i] = replace(layout.files[i], record=path)


def _sort_path(path: str, parts: list[str], layout: Layout, unknown_types: _UnknownTypes) -> None:
    """Add one path below an instrument to the calibrations or to the problems of a layout.

    Parameters
    ----------
    path : `str`
        Path relative to the package's root.
    parts : `list` [`str`]
        Names below the calibration directory.
    layout : `Layout`
        Where the path is added.
    unknown_types : `dict` [`str`, `list`]
        Path and parts of the calibrations by directory of an unknown type; this one is added.
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
    cls = find_type(parts[1]) if len(parts) > 2 else None
    if form is None:
        _sort_other(path, parts, cls, layout, unknown_types)
    elif len(parts) < 3:
        problem = _above_types(parts, stem)
        layout.problems += [(path, problem)] if problem is not None else []
    elif cls is None:
        unknown_types.setdefault("/".join(parts[:2]), []).append((path, parts))
    else:
        layout.instruments.setdefault(parts[0], "")
        file = _calibration(path, parts, cls, form)
        if isinstance(file, Problem):
            layout.problems.append((path, file))
        else:
            layout.files.append(file)


def _sort_other(
    path: str, parts: list[str], cls: type[Calib] | None, layout: Layout, unknown_types: _UnknownTypes
) -> None:
    """Add the path of a file that is no text of a calibration; parameters are those of `_sort_path`."""
    lookalike = examine_name(parts[-1], cls)
    if lookalike is None:
        layout.others.append(path)
    elif lookalike.is_dated and cls is None and len(parts) > 2 and similar_type(parts[1]):
        unknown_types.setdefault("/".join(parts[:2]), []).append((path, parts))
    else:
        layout.problems.append((path, Problem("CAL107", (), lookalike.detail, lookalike.hint)))


def _above_types(parts: list[str], stem: str) -> Problem | None:
    """Return the problem of a text above the directories of types; `None` for one that may be anything."""
    if stem.lower() in _INSTRUMENT_FILES:
        directory = parts[0] if len(parts) == 2 else "<instrument>"
        detail = f"an instrument is declared by {directory}/{INSTRUMENT_FILE}"
        return Problem(
            "CAL102", (), detail, f"rename it to {INSTRUMENT_FILE}, in the directory of its instrument"
        )
    if len(parts) == 2 and parts[1] == CONFIG_FILE:
        detail = f"{CONFIG_FILE} is read at the root of a package only"
        return Problem(
            "CAL102", (), detail, "move it to the root; a package inside of another one is not checked"
        )
    if len(parts) == 2 or is_dated(stem):
        parent = f"{parts[0]}/" if len(parts) == 2 else "<instrument>/"
        return Problem("CAL102", (), f"expected a path such as {parent}<type>/{parts[-1]}")
    return None


def _unknown_type(members: list[tuple[str, list[str]]], instruments: Collection[str]) -> Problem:
    """Return the problem of a directory that is not one of a type, and what was meant."""
    path, parts = members[0]
    count = "1 file in it is" if len(members) == 1 else f"{len(members)} files in it are"
    detail = f"{parts[1]!r} is not a calibration type: {count} not read"
    similar = similar_type(parts[1])
    if similar:
        return Problem("CAL103", (), detail, f"did you mean {similar!r}? rename the directory")
    if find_type(parts[0]):
        hint = f"{parts[0]!r} is a type: the directory of its instrument is missing, or left to 'calibs:' in curated.yaml"
        return Problem("CAL103", (), detail, hint)
    if len(parts) > 3 and find_type(parts[2]):
        top = path.removesuffix("/".join(parts)) + parts[0]
        if parts[0] in instruments:
            hint = (
                f"move {top}/{parts[1]}/{parts[2]} to {top}/{parts[2]}, or out of the calibration directories"
            )
            return Problem("CAL103", (), detail, hint)
        hint = f"the instruments stand a level deeper: set 'calibs: {top}' in curated.yaml, or move them up"
        return Problem("CAL103", (), detail, hint)
    return Problem("CAL103", (), detail)


def _examine_directories(files: Iterable[CalibFile], depth: int) -> Iterator[tuple[str, Problem]]:
    """Yield a problem for each directory whose name is not what the stack or people take it for."""
    names: set[str] = set()
    for directory, file in {os.path.dirname(file.path): file for file in files}.items():
        parts = directory.split("/")[depth:]
        levels = filter(None, (file.key.detector, file.key.filter))
        expected = [parts[0].strip(), file.key.type, *levels]
        for i, (name, right) in enumerate(zip(parts, expected, strict=True)):
            prefix = "/".join(parts[: i + 1])
            if prefix in names:
                continue
            names.add(prefix)
            if name != right:
                detail = f"the directory {name!r} is read as {right!r} here, and not at all by the stack"
                yield file.path, Problem("CAL135", (), detail, f"rename the directory to {right!r}")
            if not name.isascii() and not unicodedata.is_normalized("NFC", name):
                detail = f"the directory {name!a} is not in normal form C of Unicode"
                composed = ascii(unicodedata.normalize("NFC", name))
                yield file.path, Problem("CAL136", (), detail, f"rename the directory to {composed}")


def _not_followed(path: str) -> Problem:
    """Return the problem of a directory that `walk` does not search."""
    if path.endswith(UNREADABLE):
        return Problem("CAL201", (), "the directory cannot be read")
    if path.endswith(LEADS_OUT):
        return Problem("CAL106", (), "links to a directory elsewhere")
    if path.endswith(f"/{INSTRUMENT_FILE}/"):
        return Problem("CAL201", (), "a directory in place of a file")
    is_deep = path.count("/") > MAX_DEPTH
    deep = f"directories below {MAX_DEPTH} levels are not looked into"
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
        return Problem("CAL101", (), f"{brief(stem)} is {explain_time(stem)}")
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
