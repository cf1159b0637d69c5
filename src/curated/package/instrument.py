"""An instrument: its detectors and filters, as ``instrument.yaml`` declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from curated.core.diagnostic import Pointer, Problem, brief
from curated.declare.settings import Setting, check_setting
from curated.package.layout import directory_name
from curated.registry import find_type

if TYPE_CHECKING:
    from curated.core.geometry import DetectorGeometry


EASTWARD = (-12.0, 14.0)
"""Hours by which the times of places on Earth are ahead of UTC."""

_NAME = 32
"""Longest name that the Butler's dimension tables hold."""

DETECTOR = Setting(
    kind="mapping",
    keys={
        "id": Setting(
            kind="number",
            required=True,
            doc="Its number, the key of a repository: zero or more, each once. Calibrations say it in DETECTOR.",
        ),
        "name": Setting(
            kind="text",
            required=True,
            longest=_NAME,
            doc="Its full name. In lower case it is the detector's directory.",
        ),
        "raft": Setting(kind="text", doc="The raft that holds it."),
        "slot": Setting(kind="text", doc="Its place in the raft."),
        "serial": Setting(kind="text", doc="Its serial number."),
        "purpose": Setting(kind="text", doc="What it is for, such as SCIENCE, GUIDER, FOCUS or WAVEFRONT."),
        "width": Setting(kind="number", doc="Its columns without overscan; 0, or absent, where not known."),
        "height": Setting(kind="number", doc="Its rows without overscan; 0, or absent, where not known."),
        "amplifiers": Setting(kind="list", items=Setting(kind="text"), doc="Names of its amplifiers."),
    },
)
"""What ``instrument.yaml`` may say about a detector."""

FILTER = Setting(
    kind="mapping",
    keys={
        "name": Setting(
            kind="text",
            required=True,
            longest=_NAME,
            doc="Name of the physical filter. In lower case, with _ for blanks, it is the filter's directory.",
        ),
        "band": Setting(kind="text", doc="Its band; the name where it is not given."),
    },
)
"""What ``instrument.yaml`` may say about a filter."""

EXPECTED = Setting(
    kind="mapping",
    keys={
        "type": Setting(kind="text", required=True, doc="Name of the calibration type."),
        "detectors": Setting(
            kind="list",
            items=Setting(kind="text"),
            doc="Names of the detectors that have one; all detectors where it is absent.",
        ),
        "filters": Setting(
            kind="list",
            items=Setting(kind="text"),
            doc="Names of the filters that have one; all filters where it is absent.",
        ),
    },
)
"""What ``instrument.yaml`` may say about a type that the instrument must have."""

INSTRUMENT = Setting(
    kind="mapping",
    doc="An instrument: its detectors and filters.",
    keys={
        "name": Setting(
            kind="text", required=True, longest=_NAME, doc="Name of the instrument in a Butler repository."
        ),
        "class_name": Setting(
            kind="text",
            longest=64,
            doc="Full name of the stack's instrument class, such as lsst.obs.lsst.LsstCam.",
        ),
        "visit_max": Setting(
            kind="number", doc="Largest visit number, which the repository's instrument record holds."
        ),
        "exposure_max": Setting(
            kind="number", doc="Largest exposure number, which the repository's instrument record holds."
        ),
        "visit_system": Setting(
            kind="number", doc="How exposures make visits, which the repository's instrument record holds."
        ),
        "detectors": Setting(kind="list", items=DETECTOR, doc="The detectors."),
        "filters": Setting(kind="list", items=FILTER, doc="The physical filters."),
        "expected": Setting(
            kind="list", items=EXPECTED, doc="The types that it must have; what lacks is a finding."
        ),
        "utc_offset": Setting(
            kind="real",
            minimum=EASTWARD[0],
            maximum=EASTWARD[1],
            says=f"not hours from {EASTWARD[0]:g} to {EASTWARD[1]:g}",
            doc="Hours by which the observatory's time is ahead of UTC, negative in the west; nights go from noon to noon.",
        ),
    },
)
"""What ``instrument.yaml`` may say."""

OVERRIDE = replace(
    INSTRUMENT,
    doc="Keys of instrument.yaml that are overridden.",
    keys={key: replace(setting, required=False) for key, setting in INSTRUMENT.keys.items()},
)
"""What ``curated.yaml`` may say about an instrument."""


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
