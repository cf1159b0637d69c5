"""Names as users write them: which directory of a package is meant, and which may be meant by one that does not exist."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from curated.check.file import read_and_check
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibKey
from curated.core.similar import in_another_form, similar_name
from curated.declare import Spec
from curated.package.instrument import Instrument
from curated.package.layout import directory_name
from curated.package.package import Package

_MAX_NAMES = 24
"""Names that a message lists."""

_MAX_DIGITS = 12
"""Digits of a detector's number."""

_LONGEST = 64
"""Characters of a name that are compared with others."""

_MAX_SIMILAR = 4
"""Names that a message suggests."""


def instrument_directories(package: Package, declared: Mapping[str, Instrument], name: str) -> list[str]:
    """Return the directories of an instrument: those that have its name, or declare it.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    name : `str`
        Name of the directory, or of the instrument in a repository; case does not matter.

    Raises
    ------
    CuratedError
        If there is none.
    """
    directories = []
    for directory in package.layout.instruments:
        names = [directory.lower()]
        if directory in declared:
            names.append(declared[directory].name.lower())
        if name.lower() in names:
            directories.append(directory)
    if not directories:
        names = [instrument.name for instrument in declared.values()]
        hint = known_names(name, package.layout.instruments, "instruments", names)
        raise CuratedError(f"unknown instrument {name!r}", hint)
    return directories


def leave_out_hint(spec: Spec, level: str, name: str) -> str:
    """Return how to ask for a type without a detector or filter that was given; it may be a name of the other level."""
    other = "filter" if level == "detector" else "detector"
    if spec.has_filter if other == "filter" else spec.has_detector:
        return f"leave the {level} out (--{level}); if {name!r} is a {other}, write --{other} {shlex.quote(name)}"
    return f"leave the {level} out (--{level})"


def detector_directory(
    package: Package, instrument: Instrument | None, instrument_directory: str, detector: str
) -> str:
    """Return the directory of a detector by its name or number; one that does not exist is taken as a name.

    Parameters
    ----------
    instrument : `Instrument` or `None`
        The instrument, where it is declared; else the files state the numbers of detectors.
    detector : `str`
        Name or number.
    """
    name = directory_name(detector)
    files = [file for file in package.layout.files if file.key.instrument == instrument_directory]
    directories = {file.key.detector for file in files}
    if name in directories or not detector.isdecimal() or len(detector) > _MAX_DIGITS:
        return name
    number = int(detector)
    if instrument is not None and instrument.declared:
        return next((d for d, declared in instrument.detectors.items() if declared.id == number), name)
    for file in files:
        # Every file of a detector states its number: read one of each.
        if file.key.detector in directories:
            directories.discard(file.key.detector)
            report = read_and_check(package.files, file, {}, companion=False).report
            if report.keywords.get("DETECTOR") == number:
                return file.key.detector
    return name


def require_names(package: Package, instrument: Instrument | None, key: CalibKey) -> None:
    """Raise an error if a detector, filter or type does not exist at all, which is no hole.

    Parameters
    ----------
    instrument : `Instrument` or `None`
        The instrument, where it is declared.
    key : `CalibKey`
        The names of directories; empty ones are not looked at.

    Raises
    ------
    CuratedError
        If the instrument has no such type, detector or filter; the hint names those that it has.
    """
    files = [file for file in package.layout.files if file.key.instrument.lower() == key.instrument.lower()]
    for level, name, names, declared_names in (
        ("type", key.type, {f.key.type for f in files}, None),
        ("detector", key.detector, {f.key.detector for f in files}, instrument and instrument.detectors),
        ("filter", key.filter, {f.key.filter for f in files}, instrument and instrument.filters),
    ):
        names |= set(declared_names or ())
        if name and name not in names:
            hint = known_names(name, names - {""}, f"{level}s")
            if level == "filter" and instrument is not None:
                hint = f"{_of_band(name, instrument)}{hint}"
            raise CuratedError(f"{key.instrument} has no {level} {name!r}", hint)


def _of_band(name: str, instrument: Instrument) -> str:
    """Return which filters have a band, as the beginning of a hint; empty where none has it."""
    names = [f.name for f in instrument.filters.values() if f.band.lower() == name]
    return f"{name} is the band of {', '.join(names[:_MAX_SIMILAR])}; " if names else ""


def known_names(name: str, names: Iterable[str], noun: str, aliases: Iterable[str] = ()) -> str:
    """Return a hint for a name that does not exist: the one that may be meant, and those that exist.

    Parameters
    ----------
    name : `str`
        The name that does not exist.
    names : iterable [`str`]
        The names that exist.
    noun : `str`
        What they are names of, in the plural.
    aliases : iterable [`str`], optional
        Other names of the same things, which may be meant as well.
    """
    ordered = sorted(set(names))
    similar = similar_name(name, [*ordered, *aliases])
    question = f"did you mean {similar!r}? " if similar else _nearest(name, ordered)
    other_form = in_another_form(name, [*ordered, *aliases])
    if other_form:
        question = f"{name!a} is in another normal form of Unicode than {other_form}; "
    more = f", and {len(ordered) - _MAX_NAMES} more" if len(ordered) > _MAX_NAMES else ""
    return f"{question}known {noun}: {(', '.join(ordered[:_MAX_NAMES]) or 'none') + more}"


def _nearest(name: str, names: Sequence[str]) -> str:
    """Return a question for a few names that a name is a part of, or that are near to it; empty where there are none.

    Near ones are named only where there are too many to list them all.
    """
    part = name.lower()
    nearest = [existing for existing in names if part and part in existing.lower()]
    if not 0 < len(nearest) <= _MAX_SIMILAR:
        nearest = get_close_matches(part[:_LONGEST], names, _MAX_SIMILAR) if len(names) > _MAX_NAMES else []
    return f"did you mean {' or '.join(map(repr, nearest))}? " if nearest else ""
