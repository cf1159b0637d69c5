"""Rules on which files a package has: files at a wrong place, companions left over, calibrations that are missing."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from curated.check.rules.context import Context
from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.keys import CalibFile
from curated.core.metadata import LISTS
from curated.package.config import CONFIG_FILE, NEW
from curated.package.instrument import Expected, Instrument
from curated.package.layout import directory_name
from curated.package.sharing import is_shared_directory
from curated.registry import distribution_of, find_type, get_type, plugin_faults

_MAX_NAMED = 8
"""Most missing calibrations that a message names."""


def misplaced_files(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield files whose path is not that of a calibration, though they look like one."""
    yield from context.layout.problems


def lists_outside_of_shared_files(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield lists of detectors or filters of files in the directory of a single one; a bare package has no lists."""
    if not context.config.top:
        return
    for file in context.files:
        keywords = context.reports[file.path].keywords
        for keyword, single in ((LISTS[0], file.key.detector), (LISTS[1], file.key.filter)):
            names = keywords.get(keyword)
            is_list = isinstance(names, str) and names.strip()
            if is_list and not single:
                detail = f"{keyword} is {brief(names)}, but {file.key.type} has no such level"
                yield file.path, Problem("CAL234", ("metadata", keyword), detail, "remove the list")
            elif is_list and not is_shared_directory(_level(file, keyword)):
                detail = f"{keyword} is {brief(names)}, but the directory is {single!r}"
                yield file.path, Problem("CAL234", ("metadata", keyword), detail)


def _level(file: CalibFile, keyword: str) -> str:
    """Return the name of a file's directory on the level of detectors or of filters."""
    levels = file.source.split("/")[:-1]
    return directory_name(levels[-2] if keyword == LISTS[0] and file.key.filter else levels[-1])


def unusable_plugins(_: Context) -> Iterator[tuple[str, Problem]]:
    """Yield the types of other packages that cannot be loaded, where a directory may be named after one."""
    for fault in plugin_faults():
        yield CONFIG_FILE, Problem("CAL006", (), str(fault))


def new_packages(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield that a package which declares itself new has no calibration yet, or has some."""
    if context.config.stage != NEW:
        return
    if context.files:
        detail = f"'stage: {NEW}' says that there is no calibration, and there are {len(context.files)}"
        yield CONFIG_FILE, Problem("CAL704", ("stage",), detail)
    else:
        yield (
            CONFIG_FILE,
            Problem("CAL703", ("stage",), f"there is no calibration yet, as 'stage: {NEW}' says"),
        )


def types_of_other_packages(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield types of ``types:`` in ``curated.yaml`` that are not installed as it says, and those that it lacks."""
    for name, requirement in context.config.types.items():
        detail = _unmet(name, requirement)
        if detail:
            yield CONFIG_FILE, Problem("CAL007", ("types", name), detail)
    if not context.config.top:  # a bare package has no settings
        return
    for name in sorted({file.key.type for file in context.files} - set(context.config.types)):
        distribution = distribution_of(name)
        if distribution is not None:
            detail = f"{name} is a type of {distribution}; the line is '  {name}: {distribution.name}'"
            yield CONFIG_FILE, Problem("CAL008", (), detail)


def _unmet(name: str, requirement: str) -> str:
    """Return why a type is not declared by the distribution that a requirement names; empty if it is."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    try:
        required = Requirement(requirement)
    except InvalidRequirement:
        return f"{name}: {requirement!r} is no requirement such as 'wavefronts>=1.2'"
    cls = find_type(name)
    if cls is None:
        faulty = [str(fault) for fault in plugin_faults() if fault.name == name]
        if faulty:
            return f"{name} cannot be loaded: {faulty[0]}"
        return f"{name} is declared by nothing that is installed here; run: pip install '{required}'"
    distribution = distribution_of(cls.SPEC.name)
    if distribution is None:
        return f"{name} is a type of curated itself: leave it out"
    if canonicalize_name(distribution.name) != canonicalize_name(required.name):
        return f"{name} is declared by {distribution}, not by {required.name}"
    if not required.specifier.contains(distribution.version, prereleases=True):
        return f"{name} is declared by {distribution}; run: pip install '{required}'"
    return ""


def unnamed_companions(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield companions, such as images, that no text names."""
    if not context.layout.beside:
        return
    companions = {report.companion for report in context.reports.values()}
    # A text that cannot be read may well name the companion of its own stem.
    unread_stems = {os.path.splitext(path)[0] for path, r in context.reports.items() if not r.companion}
    for path in context.layout.beside:
        stem = os.path.join(os.path.dirname(path), os.path.basename(path).partition(".fit")[0])
        if path not in companions and stem not in unread_stems:
            side = f"{os.path.basename(stem)}.yaml"
            yield path, Problem("CAL410", (), f"no side file names it; {side} would be its own")


def missing_calibrations(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield the types that ``expected:`` of an instrument lists and the package lacks for some detector or filter."""
    if not any(instrument.expected for instrument in context.instruments.values()):
        return
    present: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for key in (file.key for file in context.files):
        present.setdefault((key.instrument, key.type), set()).add((key.detector, key.filter))
    for directory, instrument in context.instruments.items():
        pointer: Pointer = ()
        path = context.layout.instruments[directory]
        if "expected" in context.config.instruments.get(directory, {}):
            path, pointer = CONFIG_FILE, ("instruments", directory)
        for i, expected in enumerate(instrument.expected):
            levels = present.get((directory, expected.type), set())
            for problem in _missing(expected, instrument, levels, (*pointer, "expected", i)):
                yield path, problem


def _missing(
    expected: Expected, instrument: Instrument, levels: Collection[tuple[str, str]], pointer: Pointer
) -> Iterator[Problem]:
    """Yield what is missing of one type, given the detectors and filters that have it."""
    spec = get_type(expected.type).SPEC
    if not levels:
        yield Problem("CAL430", pointer, f"{instrument.directory} has no {spec.name}")
        return
    detectors = (expected.detectors or tuple(instrument.detectors)) if spec.has_detector else ("",)
    filters = (expected.filters or tuple(instrument.filters)) if spec.has_filter else ("",)
    missing = [pair for detector in detectors for f in filters if (pair := (detector, f)) not in levels]
    if missing:
        names = ", ".join("/".join(filter(None, pair)) for pair in missing[:_MAX_NAMED])
        more = f" and {len(missing) - _MAX_NAMED} more" if len(missing) > _MAX_NAMED else ""
        yield Problem("CAL431", pointer, f"{spec.name} is missing for {names}{more}")
