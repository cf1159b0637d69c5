"""An instrument: its detectors and filters, and the declaration of ``instrument.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curated.core.diagnostic import Problem, brief
from curated.declare import InstrumentBound
from curated.declare.settings import check_setting
from curated.package.layout import directory_name
from curated.package.settings.bounds import parse_bounds
from curated.package.settings.certification import CertificationRule, parse_certification
from curated.package.settings.header_mapping import HeaderMapping
from curated.package.settings.instrument import INSTRUMENT
from curated.package.settings.limits import LimitValues, parse_limits
from curated.registry import find_type, similar_type

if TYPE_CHECKING:
    from curated.core.geometry import DetectorGeometry


@dataclass(frozen=True, slots=True)
class Detector:
    """One detector.

    Parameters
    ----------
    id : `int`
        Number, the detector's key in a repository.
    name : `str`
        Full name, such as ``R22_S11``.
    raft, slot, serial, purpose : `str`
        Position, serial number and purpose; empty if unknown.
    width, height : `int`
        Size in pixels without overscan; 0 if unknown.
    amplifiers : `tuple` [`str`]
        Names of the amplifiers; empty if unknown.
    inferred : `tuple` [`str`]
        Those of ``name``, ``raft`` and ``slot`` that nobody declared: they were inferred from calibrations.
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
    inferred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """One physical filter and its band, which is the filter's name if none is declared.

    Parameters
    ----------
    inferred : `tuple` [`str`]
        Those of ``name`` and ``band`` that nobody declared.
    """

    name: str
    band: str
    inferred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """A type that an instrument must have, for the listed detectors and filters, or for all if none are listed."""

    type: str
    detectors: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MaxAge:
    """How many days after its start a calibration of a type may be in force."""

    type: str
    days: float


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument.

    Parameters
    ----------
    name : `str`
        Name in a repository.
    directory : `str`
        Directory in the package; INSTRUME is compared with it.
    detectors, filters : `dict` [`str`, `Detector` or `Filter`]
        Detectors and filters by directory name.
    declared : `bool`
        Whether an ``instrument.yaml`` declares it, so that other detectors and filters are errors.
    class_name : `str`
        Full name of the stack's instrument class; empty if unknown.
    visit_max, exposure_max, detector_max, visit_system : `int`, optional
        Values of the repository's instrument record.
    expected : `tuple` [`Expected`]
        Types that the instrument must have.
    bounds : `tuple` [`InstrumentBound`]
        Limits of plausible values in place of those of the types.
    max_age : `tuple` [`MaxAge`]
        How old calibrations may become.
    certification : `CertificationRule`
        Which calibrations must be certified.
    limits : `dict`
        Largest changes that need no note; see `LimitValues`.
    utc_offset : `float`
        Hours by which the observatory's time is ahead of UTC; a night goes from noon to noon of that time.
    headers : `HeaderMapping`
        Where the headers of its exposures say what.
    match : `tuple` [`str`]
        Keywords in which an exposure and its calibrations should agree, in upper case.
    inferred : `tuple` [`str`]
        ``name`` if nobody declared it.
    aliases : `tuple` [`str`]
        Other names that the files of an instrument give it; none if its name is declared.
    """

    name: str
    directory: str
    detectors: Mapping[str, Detector] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    declared: bool = False
    class_name: str = ""
    visit_max: int | None = None
    exposure_max: int | None = None
    detector_max: int | None = None
    visit_system: int | None = None
    expected: tuple[Expected, ...] = ()
    bounds: tuple[InstrumentBound, ...] = ()
    max_age: tuple[MaxAge, ...] = ()
    certification: CertificationRule = field(default_factory=CertificationRule)
    limits: LimitValues = field(default_factory=dict)
    utc_offset: float = 0.0
    headers: HeaderMapping = field(default_factory=HeaderMapping)
    match: tuple[str, ...] = ()
    inferred: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def geometry(self, name: str | int) -> DetectorGeometry:
        """Return a detector with its size and its amplifiers, whose boxes are empty.

        ``instrument.yaml`` does not describe the boxes; a camera calibration does (docs/python.md).

        Parameters
        ----------
        name : `str` or `int`
            Name, ignoring case, or number.

        Raises
        ------
        CuratedError
            If the instrument has no such detector.
        """
        from curated.core.geometry import Amplifier, Box, DetectorGeometry, choose

        detectors = list(self.detectors.values())
        detector = detectors[choose(name, (d.name for d in detectors), (d.id for d in detectors))]
        # INSTRUME is the directory's name, spelled like the instrument's if they differ in case only.
        instrume = self.name if self.name.lower() == self.directory.lower() else self.directory
        return DetectorGeometry(
            name=detector.name,
            id=detector.id,
            width=detector.width,
            height=detector.height,
            amplifiers=tuple(Amplifier(amplifier, Box(0, 0, 0, 0)) for amplifier in detector.amplifiers),
            instrument=instrume,
            raft=detector.raft,
            slot=detector.slot,
            serial=detector.serial,
        )


def parse_instrument(tree: Any, directory: str) -> tuple[Instrument, list[Problem]]:
    """Make an instrument of the content of an ``instrument.yaml``.

    Returns
    -------
    instrument : `Instrument`
        The instrument, without the detectors, filters and expected types that have errors.
    problems : `list` [`Problem`]
        Errors, with the code ``CAL002``.
    """
    problems = list(check_setting(INSTRUMENT, tree, "CAL002"))
    # An error in one detector, filter or expected type leaves the others, and an error in utc_offset all of them.
    wrong_entries = {problem.pointer[:2] for problem in problems} - {("utc_offset",)}
    if any(len(pointer) < 2 for pointer in wrong_entries):
        return Instrument(directory, directory), problems
    detectors: dict[str, Detector] = {}
    filters: dict[str, Filter] = {}
    numbers: set[int] = set()
    for i, item in enumerate(tree.get("detectors", [])):
        if ("detectors", i) in wrong_entries:
            continue
        detector = Detector(**{**item, "amplifiers": tuple(item.get("amplifiers", ()))})
        if detector.id in numbers or directory_name(detector.name) in detectors:
            detail = f"detector {detector.id} {detector.name!r} stands twice"
            problems.append(Problem("CAL002", ("detectors", i), detail))
        numbers.add(detector.id)
        detectors[directory_name(detector.name)] = detector
    for i, item in enumerate(tree.get("filters", [])):
        if ("filters", i) in wrong_entries:
            continue
        name = directory_name(item["name"])
        if name in filters:
            problems.append(Problem("CAL002", ("filters", i), f"filter {item['name']!r} stands twice"))
        inferred = () if "band" in item else ("band",)
        filters[name] = Filter(item["name"], item.get("band", item["name"]), inferred)
    items = {
        i: item for i, item in enumerate(tree.get("expected", [])) if ("expected", i) not in wrong_entries
    }
    expected, expected_problems = _parse_expected(items, detectors, filters)
    problems += expected_problems
    items = {i: item for i, item in enumerate(tree.get("bounds", [])) if ("bounds", i) not in wrong_entries}
    bounds, bound_problems = parse_bounds(items)
    problems += bound_problems
    items = {i: item for i, item in enumerate(tree.get("max_age", [])) if ("max_age", i) not in wrong_entries}
    max_age, age_problems = _parse_max_age(items)
    problems += age_problems
    wrong_places = [problem.pointer for problem in problems]
    limits, limit_problems = parse_limits(tree.get("limits", {}), "CAL002", wrong_places=wrong_places)
    problems += limit_problems
    offset = 0 if any(p.pointer == ("utc_offset",) for p in problems) else tree.get("utc_offset", 0)
    scalars = {k: v for k, v in tree.items() if not isinstance(v, (list, dict))}
    has_headers = "headers" in tree and not any(p.pointer[:1] == ("headers",) for p in problems)
    scalars["headers"] = HeaderMapping.of(tree["headers"]) if has_headers else HeaderMapping()
    keywords = [key for i, key in enumerate(tree.get("match", [])) if ("match", i) not in wrong_entries]
    scalars["match"] = tuple(dict.fromkeys(keyword.upper() for keyword in keywords))
    scalars |= {"detectors": detectors, "filters": filters, "expected": expected, "bounds": bounds}
    scalars["max_age"] = max_age
    scalars["limits"] = limits
    scalars["certification"], certification_problems = parse_certification(tree.get("certification"))
    problems += certification_problems
    scalars["utc_offset"] = offset
    return Instrument(directory=directory, declared=True, **scalars), problems


def _parse_max_age(items: Mapping[int, Any]) -> tuple[tuple[MaxAge, ...], list[Problem]]:
    """Return the ages without errors, and the problems of the others."""
    ages: dict[str, MaxAge] = {}
    problems: list[Problem] = []
    for i, item in items.items():
        cls = find_type(item["type"])
        if cls is None:
            similar = similar_type(item["type"])
            remedy = f"; did you mean {similar}?" if similar else ""
            detail = f"{brief(item['type'])} is not a calibration type{remedy}"
            problems.append(Problem("CAL002", ("max_age", i, "type"), detail))
        elif cls.SPEC.name in ages:
            problems.append(Problem("CAL002", ("max_age", i, "type"), f"{cls.SPEC.name} stands twice"))
        else:
            ages[cls.SPEC.name] = MaxAge(cls.SPEC.name, float(item["days"]))
    return tuple(ages.values()), problems


def _parse_expected(
    items: Mapping[int, Any], detectors: Mapping[str, Detector], filters: Mapping[str, Filter]
) -> tuple[tuple[Expected, ...], list[Problem]]:
    """Return the expected types without errors, with directory names of detectors and filters, and the problems.

    Parameters
    ----------
    items : `dict` [`int`, `dict`]
        Entries of ``expected:`` that the schema allows, by their index.
    detectors, filters : `dict`
        Detectors and filters of the instrument, by directory name.
    """
    expected: list[Expected] = []
    problems: list[Problem] = []
    for i, item in items.items():
        cls = find_type(item["type"])
        if cls is None:
            detail = f"{brief(item['type'])} is not a calibration type"
            problems.append(Problem("CAL002", ("expected", i, "type"), detail))
            continue
        names = {key: tuple(map(directory_name, item.get(key, ()))) for key in ("detectors", "filters")}
        details = {
            key: _wrong_names(names[key], entries, key, "" if has_dimension else cls.SPEC.name)
            for key, entries, has_dimension in (
                ("detectors", detectors, cls.SPEC.has_detector),
                ("filters", filters, cls.SPEC.has_filter),
            )
        }
        problems += [Problem("CAL002", ("expected", i, key), text) for key, text in details.items() if text]
        if not any(details.values()):
            expected.append(Expected(cls.SPEC.name, **names))
    return tuple(expected), problems


def _wrong_names(names: Sequence[str], entries: Mapping[str, object], key: str, type_name: str) -> str:
    """Return what is wrong with the detectors or filters of an expected type; empty for nothing.

    Parameters
    ----------
    names : sequence [`str`]
        Directory names.
    entries : `dict`
        Detectors or filters of the instrument, by directory name; empty if the instrument declares none.
    key : `str`
        ``detectors`` or ``filters``.
    type_name : `str`
        Name of the type if it has no such dimension, else empty.
    """
    unknown = [name for name in names if name not in entries]
    if unknown and entries:
        return f"{', '.join(unknown)[:200]}: not among the {key} of the instrument"
    return f"{type_name} has no {key}" if names and type_name else ""
