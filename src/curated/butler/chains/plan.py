"""The plan for the chains of an import: which members they have afterwards."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from lsst.daf.butler import Butler
from lsst.resources import ResourcePath

from curated.bundle.contents import Target
from curated.butler.chains.members import read_chain
from curated.butler.chains.order import Chain, Place, find_place, placed
from curated.core.diagnostic import Problem
from curated.datasets.names import is_collection


@dataclass(frozen=True, slots=True)
class ChainPlan:
    """The plan for the chain of one instrument.

    Parameters
    ----------
    chain : `Chain`
        Its state before the import.
    release : `str`
        Calibration collection of the release.
    after : `tuple` [`str`]
        Members of the chain afterwards.
    """

    chain: Chain
    release: str
    after: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the chain."""
        return self.chain.name

    @property
    def before(self) -> tuple[str, ...] | None:
        """Members of the chain now; `None` if there is no chain."""
        return None if self.chain.type is None else self.chain.members


class ChainPlans(NamedTuple):
    """The plans for the chains of an import by instrument, and what stands against them."""

    plans: Mapping[str, ChainPlan]
    problems: tuple[Problem, ...]


def plan_chains(
    butler: Butler,
    root: ResourcePath,
    targets: Iterable[Target],
    *,
    names: Collection[str] = (),
    before: str | None = None,
    after: str | None = None,
    front: bool = False,
) -> ChainPlans:
    """Plan the chains of an import.

    An instrument whose collection ``<inst>/calib`` is no chain has no plan; where names or places do not exist, none has.

    Parameters
    ----------
    root : `lsst.resources.ResourcePath`
        Root of the repository.
    names : collection [`str`], optional
        Names of chains to use instead of ``<inst>/calib``.
    before, after : `str`, optional
        Member next to which the release is to be put, in the chain that has it.
    front : `bool`, optional
        Whether the release is to be put in front of all members.
    """
    by_instrument = {target.instrument: target for target in targets}
    problems = list(_name_problems(names, by_instrument))
    chains: dict[str, Chain] = {}
    for instrument, target in by_instrument.items():
        name = _chain_name(target, names, alone=len(by_instrument) == 1)
        chain = read_chain(butler, root, name or target.chain, instrument)
        if chain.takes_releases:
            chains[instrument] = chain
        else:
            problems.append(_no_chain(butler, chain, target, required=bool(name)))
    releases = {instrument: target.calibration for instrument, target in by_instrument.items()}
    places = dict.fromkeys(chains, Place(front=front))
    if before or after:
        place = find_place(chains, releases, before or after or "", after=not before)
        if isinstance(place, Problem):
            problems.append(place)
        else:
            places[place[0]] = place[1]
    if any(problem.code != "CAL644" for problem in problems):
        # Nobody can tell where the release was meant to go.
        return ChainPlans({}, tuple(problems))
    plans = {
        instrument: ChainPlan(
            chain, releases[instrument], placed(chain, releases[instrument], places[instrument])
        )
        for instrument, chain in chains.items()
    }
    return ChainPlans(plans, tuple(problems))


def _chain_name(target: Target, names: Collection[str], *, alone: bool) -> str:
    """Return the name that was given for an instrument's chain; empty if none was."""
    start = f"{target.instrument}/"
    return next((name for name in names if alone or name.startswith(start)), "")


def _name_problems(names: Collection[str], targets: Mapping[str, Target]) -> Iterator[Problem]:
    release_names = {target.calibration for target in targets.values()}
    for name in names:
        if not is_collection(name):
            yield Problem(
                "CAL647",
                (),
                f"--chain-name {name}: no name of a collection",
                "name it <instrument>/calib/NAME",
            )
        elif name in release_names:
            text = f"--chain-name {name} is the collection of the release itself"
            yield Problem("CAL647", (), text, "name another one, such as <instrument>/calib/curated")
    instruments = [[name for name in names if name.startswith(f"{instrument}/")] for instrument in targets]
    unused = set(names).difference(*instruments) if len(targets) > 1 else set(list(names)[1:])
    several = [group[1] for group in instruments if len(group) > 1] if len(targets) > 1 else []
    for name in sorted({*unused, *several}):
        text = f"--chain-name {name} is for none of {', '.join(sorted(targets))} alone"
        yield Problem(
            "CAL647", (), text, "name one chain for each instrument, which begins with <instrument>/"
        )


def _no_chain(butler: Butler, chain: Chain, target: Target, *, required: bool) -> Problem:
    kind = "collection" if chain.type is None else f"{chain.type.name} collection"
    if required:
        return Problem(
            "CAL624", (), f"collection {chain.name} is a {kind}, not CHAINED", "name another --chain-name"
        )
    release = target.calibration
    parents = sorted(butler.collections.get_info(chain.name, include_parents=True).parents or ())
    text = f"{chain.name} is a {kind} and stays as it is: lookups through it do not find {release}"
    hint = f"name {release} in lookups, or import with --chain-name {chain.name}/curated and name that chain"
    if parents:
        command = f"butler collection-chain REPO {parents[0]} {release} --mode prepend"
        hint += f"; '{command}' lets lookups through {parents[0]} find it first"
    return Problem("CAL644", (), text, hint)
