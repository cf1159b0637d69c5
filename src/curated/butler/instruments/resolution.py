"""The contents of a bundle, or the instruments of a package, under the names that a repository has for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lsst.daf.butler import Butler

from curated.bundle.contents import Contents
from curated.bundle.renaming import Renaming
from curated.butler.instruments.candidates import PackageInstrument, match_filters
from curated.butler.instruments.registered import read_class_names, read_registered
from curated.butler.instruments.settlement import Settlement, match_choices, repeated_names, settle
from curated.core.codes import Severity, code_info
from curated.core.diagnostic import Problem, brief
from curated.package.instrument import Instrument

_MOST = 5
"""How many detectors and filters a message lists."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The instruments of a repository that those of a package are.

    Parameters
    ----------
    renamings : `dict` [`str`, `Renaming`]
        Names in the repository by the name of the instrument in the package.
    reasons : `dict` [`str`, `str`]
        Why an instrument is the one that it was found to be, by its name in the repository.
    problems : `tuple` [`Problem`]
        What cannot be settled without a person, and remarks.
    """

    renamings: Mapping[str, Renaming] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether an instrument, a detector or a filter could not be settled."""
        return any(code_info(problem.code).severity is Severity.ERROR for problem in self.problems)


def resolve_contents(butler: Butler, contents: Contents, choices: Mapping[str, str]) -> Resolution:
    """Find the instruments of a bundle among those of a repository.

    Parameters
    ----------
    choices : `dict` [`str`, `str`]
        The repository's name of an instrument, by its name or directory in the package; see `settle`.
    """
    return resolve(butler, bundle_instruments(contents), choices)


def bundle_instruments(contents: Contents) -> list[PackageInstrument]:
    """Return what a bundle says of its instruments."""
    detectors: dict[str, dict[int, str]] = defaultdict(dict)
    declared_detectors: dict[str, set[int]] = defaultdict(set)
    for record in contents.records["detector"]:
        instrument, number = record["instrument"], record["id"]
        detectors[instrument][number] = record["full_name"]
        if "full_name" not in contents.inferred.get(("detector", instrument, number), ()):
            declared_detectors[instrument].add(number)
    filters: dict[str, dict[str, bool]] = defaultdict(dict)
    banded_filters: dict[str, set[str]] = defaultdict(set)
    for record in contents.records["physical_filter"]:
        instrument, name = record["instrument"], record["name"]
        inferred = contents.inferred.get(("physical_filter", instrument, name), ())
        filters[instrument][name] = "name" not in inferred
        if "band" not in inferred:
            banded_filters[instrument].add(name)
    classes = {record["name"]: record.get("class_name", "") for record in contents.records["instrument"]}
    return [
        PackageInstrument(
            target.instrument,
            is_named="name"
            not in contents.inferred.get(("instrument", target.instrument, target.instrument), ()),
            directory=target.directory,
            aliases=target.aliases,
            class_name=classes[target.instrument],
            detectors=detectors[target.instrument],
            filters=filters[target.instrument],
            declared_detectors=frozenset(declared_detectors[target.instrument]),
            banded_filters=frozenset(banded_filters[target.instrument]),
        )
        for target in contents.targets
    ]


def package_instruments(instruments: Iterable[Instrument]) -> list[PackageInstrument]:
    """Return what a package says of its instruments."""
    return [
        PackageInstrument(
            instrument.name,
            is_named="name" not in instrument.inferred,
            directory=instrument.directory,
            aliases=instrument.aliases,
            class_name=instrument.class_name,
            detectors={d.id: d.name for d in instrument.detectors.values()},
            filters={f.name: "name" not in f.inferred for f in instrument.filters.values()},
            declared_detectors=frozenset(
                d.id for d in instrument.detectors.values() if "name" not in d.inferred
            ),
            banded_filters=frozenset(f.name for f in instrument.filters.values() if "band" not in f.inferred),
        )
        for instrument in instruments
    ]


def resolve(
    butler: Butler, instruments: Sequence[PackageInstrument], choices: Mapping[str, str]
) -> Resolution:
    """Find the instruments of a package among those of a repository; see `resolve_contents`."""
    own_choices, problems = match_choices(instruments, choices)
    class_names = read_class_names(butler)
    # Most packages declare names that the repository has: the others need not be looked at then.
    is_certain = all(i.is_named and i.name in class_names for i in instruments) and not choices
    names = [i.name for i in instruments] if is_certain else None
    registered = read_registered(butler, class_names, names)
    settlements: dict[str, Settlement] = {}
    for instrument in instruments:
        result = settle(instrument, registered, own_choices.get(instrument.name))
        if isinstance(result, Problem):
            problems.append(result)
        else:
            settlements[instrument.name] = result
    repeated, repetitions = repeated_names(settlements)
    problems += repetitions
    renamings, reasons = {}, {}
    for instrument in instruments:
        settlement = settlements.get(instrument.name)
        if settlement is None or settlement.name in repeated:
            continue
        reasons[settlement.name] = settlement.reason
        filters, filter_problems = _resolve_filters(instrument, settlement)
        problems += filter_problems or _new_filters(instrument, settlement, filters)
        problems += _new_detectors(instrument, settlement)
        renamings[instrument.name] = Renaming(settlement.name, filters)
    return Resolution(renamings, {k: v for k, v in reasons.items() if v}, tuple(problems))


def _resolve_filters(
    instrument: PackageInstrument, settlement: Settlement
) -> tuple[dict[str, str], list[Problem]]:
    """Return the repository's names of filters, where they differ, and names that several filters could have."""
    registered = settlement.registered
    if registered is None:
        return {}, []
    names, ambiguous = match_filters(instrument, registered.filters)
    hint = "declare the filter's name in curated.yaml or instrument.yaml"
    problems = [
        Problem(
            "CAL655", (), f"{registered.name}: filter {brief(name)} may be {' or '.join(map(brief, o))}", hint
        )
        for name, o in ambiguous.items()
    ]
    old_names: dict[str, list[str]] = {}
    for name in instrument.filters:
        old_names.setdefault(names.get(name, name), []).append(name)
    problems += [
        Problem("CAL655", (), f"{registered.name}: filters {', '.join(old)} would all be {brief(new)}", hint)
        for new, old in old_names.items()
        if len(old) > 1
    ]
    return names, problems


def _new_detectors(instrument: PackageInstrument, settlement: Settlement) -> list[Problem]:
    """Return the detectors that nobody declared and an instrument lacks although the stack registered all."""
    registered = settlement.registered
    if registered is None or not (registered.class_name and registered.detectors):
        return []
    detectors = [
        f"{number} {brief(name)}"
        for number, name in instrument.detectors.items()
        if number not in registered.detectors and number not in instrument.declared_detectors
    ]
    detail = f"{registered.name} has {len(registered.detectors)} detectors, and not {_listed(detectors)}"
    return [Problem("CAL655", (), detail)] if detectors else []


def _new_filters(
    instrument: PackageInstrument, settlement: Settlement, names: Mapping[str, str]
) -> list[Problem]:
    """Return the filters without a declared band that an instrument of the stack would get."""
    registered = settlement.registered
    if registered is None or not registered.class_name:
        return []
    unbanded = (names.get(name, name) for name in instrument.filters if name not in instrument.banded_filters)
    filters = [brief(name) for name in unbanded if name not in registered.filters]
    noun = "filter" if len(filters) == 1 else "filters"
    return [Problem("CAL689", (), f"{registered.name} gets the {noun} {_listed(filters)}")] if filters else []


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return f"{', '.join(texts[:_MOST])}{more}"
