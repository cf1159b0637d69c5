"""The place of a release in a chain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lsst.daf.butler import CollectionType

from curated.core.diagnostic import Problem
from curated.core.similar import similar_name


@dataclass(frozen=True, slots=True)
class Chain:
    """A collection in which lookups for an instrument are made.

    Parameters
    ----------
    name : `str`
        Its name, such as ``LATISS/calib``.
    type : `lsst.daf.butler.CollectionType` or `None`
        Its type, which is CHAINED if releases can be put into it; `None` if it does not exist.
    members : `tuple` [`str`]
        Its members, in the order of lookups.
    flat : `dict` [`str`, `tuple` [`str`]]
        For each member the collections that a lookup goes through: those of an inner chain, or the member itself.
    releases : `frozenset` [`str`]
        Those of these collections that are releases of a package; all others are somebody else's.
    """

    name: str
    type: CollectionType | None = None
    members: tuple[str, ...] = ()
    flat: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    releases: frozenset[str] = frozenset()

    @property
    def takes_releases(self) -> bool:
        """Whether a release can be put into it."""
        return self.type in (None, CollectionType.CHAINED)

    def is_release(self, member: str) -> bool:
        """Return whether a member is a release, or an inner chain of nothing else."""
        return bool(self.flat[member]) and self.releases.issuperset(self.flat[member])

    def flattened(self, members: Sequence[str]) -> tuple[str, ...]:
        """Return the collections that a lookup through members goes through, each at its first place."""
        return tuple(dict.fromkeys(name for member in members for name in self.flat.get(member, (member,))))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a release is to be put into a chain.

    Parameters
    ----------
    member : `str`
        Next to which member; empty for the default.
    after : `bool`
        Whether it is put behind that member, and not in front of it.
    front : `bool`
        Whether it is put in front of all members.
    """

    member: str = ""
    after: bool = False
    front: bool = False


DEFAULT = Place()
"""Behind what is somebody else's and in front of earlier releases; a release that is a member stays where it is."""


def placed(chain: Chain, release: str, place: Place = DEFAULT) -> tuple[str, ...]:
    """Return the members of a chain with a release in its place.

    Members that are no releases stay in front of the new release, and keep their order; what is behind the earlier
    releases stays behind them.

    Parameters
    ----------
    release : `str`
        Calibration collection of the release.
    """
    if place == DEFAULT and release in chain.flattened(chain.members):
        return chain.members
    members = [member for member in chain.members if member != release]
    if place.front:
        index = 0
    elif place.member:
        index = members.index(place.member) + place.after
    else:
        index = next((i for i, member in enumerate(members) if chain.is_release(member)), len(members))
    return (*members[:index], release, *members[index:])


def find_place(
    chains: Mapping[str, Chain], releases: Mapping[str, str], name: str, *, after: bool
) -> tuple[str, Place] | Problem:
    """Find the member that is meant by a name, and the instrument in whose chain it is.

    Parameters
    ----------
    chains : `dict` [`str`, `Chain`]
        Chains by instrument.
    releases : `dict` [`str`, `str`]
        The release's calibration collections by instrument.
    name : `str`
        Name of a member, or what follows the name of the chain, or ``<instrument>/calib/``, in it.
    after : `bool`
        Whether the release is to be put behind the member.
    """
    option = "--after" if after else "--before"
    matches = {
        instrument: member
        for instrument, chain in chains.items()
        if (member := _member(chain.members, _starts(instrument, chain), name))
    }
    if len(matches) > 1:
        text = f"{option} {name} is a member of several chains: {', '.join(sorted(matches.values()))}"
        return Problem(
            "CAL647", (), text, "name it in full; the release goes to its default place in other chains"
        )
    for instrument, member in matches.items():
        if member == releases[instrument]:
            text = f"{option} {name} is the release itself"
            return Problem("CAL647", (), text, "name another member of the chain")
        return instrument, Place(member, after)
    return _unknown(chains, option, name)


def _starts(instrument: str, chain: Chain) -> tuple[str, ...]:
    """Return what may be left out at the start of a member's name."""
    return "", f"{chain.name}/", f"{instrument}/calib/"


def _member(members: Collection[str], starts: Iterable[str], name: str) -> str:
    return next((member for start in starts if (member := start + name) in members), "")


def _unknown(chains: Mapping[str, Chain], option: str, name: str) -> Problem:
    if not chains:
        text = f"{option} {name}: the release goes into no chain"
        return Problem("CAL647", (), text, "name a chain with --chain-name, or leave the option out")
    for instrument, chain in chains.items():
        for member in chain.members:
            if _member(chain.flat.get(member, ()), _starts(instrument, chain), name):
                text = f"{option} {name} is in {chain.name} through the chain {member}"
                return Problem(
                    "CAL647", (), text, f"name {member}, or change that chain with 'butler collection-chain'"
                )
    texts = [
        f"{chain.name} is {', '.join(chain.members) or 'empty'}"
        if chain.type
        else f"there is no {chain.name} yet"
        for chain in chains.values()
    ]
    members = {
        member.removeprefix(start): member
        for instrument, chain in chains.items()
        for member in chain.members
        for start in _starts(instrument, chain)
    }
    similar = similar_name(name, members)
    hint = f"did you mean {members[similar]!r}?" if similar else ""
    return Problem("CAL647", (), f"{option} {name}: no such member; {'; '.join(texts)}", hint)
