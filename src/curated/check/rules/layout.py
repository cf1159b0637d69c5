"""Rules on which files a package has: files at a wrong place, companions left over, calibrations that are missing."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from curated.check.rules.context import Context
from curated.core.diagnostic import Pointer, Problem
from curated.package.config import CONFIG_FILE, NEW
from curated.package.instrument import Expected, Instrument
from curated.registry import get_type, plugin_faults

_MAX_NAMED = 8
"""Most missing calibrations that a message names."""


def misplaced_files(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield files whose path is not that of a calibration, though they look like one."""
    yield from context.layout.problems


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
