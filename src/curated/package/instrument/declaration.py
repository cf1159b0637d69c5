"""An instrument: its detectors and filters, as ``instrument.yaml`` declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curated.core.diagnostic import Pointer, Problem, brief
from curated.declare.settings import check_setting
from curated.package.instrument.settings import INSTRUMENT
from curated.package.layout import directory_name
from curated.registry import find_type

if TYPE_CHECKING:
    from curated.core.geometry import DetectorGeometry


@dataclass(frozen=True, slots=True)
class Detector:
    """One detector.

    Parameters
    ----------
    id : `int`
        Its number, the key of a repository.
    name : `str`
        Its full name.
    raft, slot, serial, purpose : `str`
        Where it sits, its serial number, and what it is for; empty where not known.
    width, height : `int`
        Size in pixels; 0 where not known.
    amplifiers : `tuple` [`str`]
        Names of its amplifiers; empty where not known.
    """

    id: int
    name: str
    raft: str = ""
    slot: str = ""
    serial: str = ""
    purpose: str = ""
    width: int = 0
    height: int = 0
    amplifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """One physical filter and its band; the filter's name is its band where none is declared."""

    name: str
    band: str


@dataclass(frozen=True, slots=True)
class Expected:
    """A type that an instrument must have, for some of its detectors and filters; for all where none are listed."""

    type: str
    detectors: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument, as a repository knows it.

    Parameters
    ----------
    name : `str`
        Its name in a repository.
    directory : `str`
        Its directory in the package; INSTRUME is compared with it.
    detectors, filters : `dict`
        By directory name.
    declared : `bool`
        Whether it comes from an ``instrument.yaml``, so that other detectors and filters are errors.
    class_name : `str`
        The stack's class, where it has one.
    expected : `tuple` [`Expected`]
        The types that it must have.
    utc_offset : `float`
        Hours by which the observatory's time is ahead of UTC; a night goes from noon to noon of that time.
    """

    name: str
    directory: str
    detectors: Mapping[str, Detector] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    declared: bool = False
    class_name: str = ""
    visit_max: int | None = None
    exposure_max: int | None = None
    visit_system: int | None = None
    expected: tuple[Expected, ...] = ()
    utc_offset: float = 0.0

    def geometry(self, name: str | int) -> DetectorGeometry:
        """Return a detector: its size and the names of its amplifiers, whose pixels are not known here.

        Where a camera calibration is in force, that is what counts (docs/python.md).

        Parameters
        ----------
        name : `str` or `int`
            Its name, without regard to case, or its number.

        Raises
        ------
        CuratedError
            If there is no such detector.
        """
        from curated.core.geometry import Amplifier, Box, DetectorGeometry, choose

        known = list(self.detectors.values())
        found = known[choose(name, (d.name for d in known), (d.id for d in known))]
        # INSTRUME is the directory, in the spelling of the instrument where that is the same word.
        own = self.name if self.name.lower() == self.directory.lower() else self.directory
        return DetectorGeometry(
            name=found.name,
            id=found.id,
            width=found.width,
            height=found.height,
            amplifiers=tuple(Amplifier(amplifier, Box(0, 0, 0, 0)) for amplifier in found.amplifiers),
            instrument=own,
            raft=found.raft,
            slot=found.slot,
            serial=found.serial,
        )


def parse_instrument(tree: Any, directory: str) -> tuple[Instrument, list[Problem]]:
    """Make an instrument of the content of an ``instrument.yaml``.

    Returns
    -------
    instrument : `Instrument`
        As much of it as is right.
    problems : `list` [`Problem`]
        ``CAL002`` for each thing that is not.
    """
    problems = list(check_setting(INSTRUMENT, tree, "CAL002"))
    # What is wrong in one detector or filter leaves the others, and a wrong utc_offset leaves all of them.
    wrong = {problem.pointer[:2] for problem in problems} - {("utc_offset",)}
    if any(len(place) < 2 for place in wrong):
        return Instrument(directory, directory), problems
    detectors: dict[str, Detector] = {}
    filters: dict[str, Filter] = {}
    numbers: set[int] = set()
    for i, item in enumerate(tree.get("detectors", [])):
        if ("detectors", i) in wrong:
            continue
        made = Detector(**{**item, "amplifiers": tuple(item.get("amplifiers", ()))})
        if made.id in numbers or directory_name(made.name) in detectors:
            problems.append(
                Problem("CAL002", ("detectors", i), f"detector {made.id} {made.name!r} stands twice")
            )
        numbers.add(made.id)
        detectors[directory_name(made.name)] = made
    for i, item in enumerate(tree.get("filters", [])):
        if ("filters", i) in wrong:
            continue
        name = directory_name(item["name"])
        if name in filters:
            problems.append(Problem("CAL002", ("filters", i), f"filter {item['name']!r} stands twice"))
        filters[name] = Filter(item["name"], item.get("band", item["name"]))
    expected, more = _expected(tree.get("expected", []), wrong, detectors, filters)
    problems += more
    offset = 0 if any(p.pointer == ("utc_offset",) for p in problems) else tree.get("utc_offset", 0)
    scalars = {k: v for k, v in tree.items() if not isinstance(v, list)}
    scalars |= {"detectors": detectors, "filters": filters, "expected": expected, "utc_offset": offset}
    return Instrument(directory=directory, declared=True, **scalars), problems


def _expected(
    items: list[Any], wrong: set[Pointer], detectors: Mapping[str, Detector], filters: Mapping[str, Filter]
) -> tuple[tuple[Expected, ...], list[Problem]]:
    """Return the types that an instrument must have, with the directory names of their detectors and filters."""
    made, problems = [], []
    for i, item in enumerate(items):
        if ("expected", i) in wrong:
            continue
        cls = find_type(item["type"])
        if cls is None:
            detail = f"{brief(item['type'])} is not a calibration type"
            problems.append(Problem("CAL002", ("expected", i, "type"), detail))
            continue
        said = {key: tuple(map(directory_name, item.get(key, ()))) for key in ("detectors", "filters")}
        right = True
        for key, known, has in (
            ("detectors", detectors, cls.SPEC.has_detector),
            ("filters", filters, cls.SPEC.has_filter),
        ):
            unknown = [name for name in said[key] if name not in known]
            if unknown and known:
                detail = f"{', '.join(unknown)[:200]}: not among the {key} of the instrument"
            elif said[key] and not has:
                detail = f"{cls.SPEC.name} has no {key}"
            else:
                continue
            problems.append(Problem("CAL002", ("expected", i, key), detail))
            right = False
        if right:
            made.append(Expected(cls.SPEC.name, **said))
    return tuple(made), problems
