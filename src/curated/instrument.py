"""An instrument: its detectors and filters, as ``instrument.yaml`` declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from curated.diagnostic import Problem
from curated.geometry import Amplifier, Box, DetectorGeometry, choose
from curated.layout import directory_name
from curated.settings import Setting, check_setting


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
    },
)
"""What ``instrument.yaml`` may say."""

OVERRIDE = replace(
    INSTRUMENT,
    doc="Keys of instrument.yaml that are overridden.",
    keys={key: replace(setting, required=False) for key, setting in INSTRUMENT.keys.items()},
)
"""What ``curated.yaml`` may say about an instrument."""


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
    # What is wrong in one detector or filter leaves the others.
    wrong = {problem.pointer[:2] for problem in problems}
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
    scalars = {k: v for k, v in tree.items() if k not in ("detectors", "filters")}
    return Instrument(
        directory=directory, detectors=detectors, filters=filters, declared=True, **scalars
    ), problems
