"""The calibrations that an instrument must have: what ``expected:`` lists and the package lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from curated.check.reader import read_file
from curated.core.diagnostic import Diagnostic, Pointer, Problem
from curated.package.config import CONFIG_FILE
from curated.package.instrument import Expected, Instrument
from curated.package.package import Package
from curated.registry import get_type
from curated.text.yaml.reader import yaml_locator

_MOST = 8
"""Most of the missing ones that a message names."""


def missing_calibrations(package: Package, instruments: Mapping[str, Instrument]) -> Iterator[Diagnostic]:
    """Yield the types that an instrument must have and has not, and the detectors and filters that one lacks.

    Parameters
    ----------
    package : `Package`
        The package.
    instruments : `dict` [`str`, `Instrument`]
        Its instruments, by directory.
    """
    if not any(instrument.expected for instrument in instruments.values()):
        return
    present: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for file in package.layout.files:
        key = file.key
        present.setdefault((key.instrument, key.type), set()).add((key.detector, key.filter))
    for directory, instrument in instruments.items():
        found = []
        for i, expected in enumerate(instrument.expected):
            has = present.get((directory, expected.type), set())
            found += list(_missing(expected, instrument, has, ("expected", i)))
        yield from _placed(package, directory, found)


def _missing(
    expected: Expected, instrument: Instrument, has: set[tuple[str, str]], at: Pointer
) -> Iterator[Problem]:
    spec = get_type(expected.type).SPEC
    if not has:
        yield Problem("CAL430", at, f"{instrument.directory} has no {spec.name}")
        return
    detectors = (expected.detectors or tuple(instrument.detectors)) if spec.has_detector else ("",)
    filters = (expected.filters or tuple(instrument.filters)) if spec.has_filter else ("",)
    lacking = [(d, f) for d in detectors for f in filters if (d, f) not in has]
    if lacking:
        named = ", ".join("/".join(filter(None, pair)) for pair in lacking[:_MOST])
        more = f" and {len(lacking) - _MOST} more" if len(lacking) > _MOST else ""
        yield Problem("CAL431", at, f"{spec.name} is missing for {named}{more}")


def _placed(package: Package, directory: str, problems: list[Problem]) -> Iterator[Diagnostic]:
    """Give findings the file and line that say what is expected."""
    if not problems:
        return
    overridden = "expected" in package.config.instruments.get(directory, {})
    path = CONFIG_FILE if overridden else package.layout.instruments[directory]
    above: Pointer = ("instruments", directory) if overridden else ()
    data = read_file(package.files, path)
    locate = yaml_locator(data.decode("utf-8", errors="replace") if isinstance(data, bytes) else "")
    for problem in problems:
        yield Diagnostic.from_problem(problem, path, *locate((*above, *problem.pointer)))
