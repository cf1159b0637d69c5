"""A release taken out of the chain of recommended ones, and put back; nothing else changes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lsst.daf.butler import Butler, CollectionType

from curated.bundle.contents import check_label
from curated.butler.correcting.session import changing
from curated.butler.repository.opening import collection_info
from curated.core.diagnostic import Diagnostic, Problem, has_errors

Members = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChainChange:
    """What happens to the chain of one instrument.

    Parameters
    ----------
    instrument : `str`
        The instrument.
    release : `str`
        The release's calibration collection.
    chain : `str`
        The chain.
    before, after : `tuple` [`str`]
        Its members.
    reverse : `tuple` [`str`]
        The command that takes it back, as a list of arguments; empty where nothing changes.
    """

    instrument: str
    release: str
    chain: str
    before: Members
    after: Members
    reverse: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the chain is another one then."""
        return self.before != self.after

    @property
    def command(self) -> str:
        """The command that takes it back, as a shell takes it."""
        return shlex.join(self.reverse)


@dataclass(frozen=True, slots=True)
class RetractionReport:
    """What was done to the chains, or would be.

    Parameters
    ----------
    repository, release : `str`
        The repository, and the label.
    undo, dry_run : `bool`
        Whether the release was put back; whether nothing was done.
    chains : `tuple` [`ChainChange`]
        The chain of each instrument.
    diagnostics : `tuple` [`Diagnostic`]
        What stands in the way; with an error among it nothing was done.
    """

    repository: str
    release: str
    undo: bool
    dry_run: bool
    chains: tuple[ChainChange, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing stands in the way."""
        return not has_errors(self.diagnostics)

    @property
    def changed(self) -> bool:
        """Whether any chain changed, or would."""
        return self.ok and any(one.changed for one in self.chains)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data for machine-readable output."""
        chains = [{**asdict(one), "changed": one.changed, "command": one.command} for one in self.chains]
        return {
            **asdict(self),
            "chains": chains,
            "diagnostics": [d.to_dict() for d in self.diagnostics],
            "ok": self.ok,
            "changed": self.changed,
        }


def run_retract(
    repo: str,
    release: str,
    *,
    instruments: Sequence[str] = (),
    undo: bool = False,
    before: str | None = None,
    dry_run: bool = False,
) -> RetractionReport:
    """Take a release out of its chains, or put it back; see `curated.butler.retract_release`."""
    check_label(release)
    with changing(repo, dry_run=dry_run) as butler:
        results = [
            problem or _planned(butler, repo, name, release, undo, before)
            for name, problem in _found(butler, release, instruments)
        ]
        chains = [one for one in results if isinstance(one, ChainChange)]
        diagnostics = [Diagnostic.from_problem(one, repo) for one in results if isinstance(one, Problem)]
        report = RetractionReport(repo, release, undo, dry_run, tuple(chains), tuple(sorted(diagnostics)))
        if not dry_run and report.changed:
            with butler.transaction():
                for one in chains:
                    if one.changed:
                        butler.collections.redefine_chain(one.chain, one.after)
        return report


def _found(butler: Butler, release: str, wanted: Sequence[str]) -> Iterator[tuple[str, Problem | None]]:
    """Yield the instruments that have a release; with a problem those that were named and have none."""
    kind = {CollectionType.CALIBRATION}
    listed = butler.collections.query("*/calib/*", collection_types=kind)
    holders = {
        name.removesuffix(f"/calib/{release}") for name in listed if name.endswith(f"/calib/{release}")
    }
    if not wanted:
        yield from ((name, None) for name in sorted(holders))
    for name in wanted:
        found = next((holder for holder in holders if holder.lower() == name.lower()), "")
        yield found or name, None if found else _unknown(listed, release, f" of {name}")
    if not wanted and not holders:
        yield "", _unknown(listed, release, "")


def _unknown(listed: Sequence[str], release: str, whose: str) -> Problem:
    known = ", ".join(sorted(listed)) or "none"
    return Problem("CAL670", (), f"there is no release {release!r}{whose}; there are: {known[:400]}")


def _planned(
    butler: Butler, repo: str, instrument: str, release: str, undo: bool, before: str | None
) -> ChainChange | Problem:
    collection, chain = f"{instrument}/calib/{release}", f"{instrument}/calib"
    info = collection_info(butler, chain)
    if info is None or info.type is not CollectionType.CHAINED:
        return Problem("CAL671", (), f"{collection} is in no chain: there is no chain {chain}")
    members = tuple(info.children)
    inner = [child for child in members if child != collection and _holds(butler, child, collection)]
    if inner:
        return Problem("CAL671", (), f"{collection} is in {chain} through {inner[0]}: change that chain")
    command = ("curated", "retract", repo, release, "--instrument", instrument)
    if not undo:
        after = tuple(child for child in members if child != collection)
        return ChainChange(
            instrument, collection, chain, members, after, _undoing(command, collection, chain, members)
        )
    if collection in members:
        return ChainChange(instrument, collection, chain, members, members)
    place = len(members)
    if before is not None:
        named = next((name for name in (f"{chain}/{before}", before) if name in members), None)
        if named is None:
            return Problem(
                "CAL672", (), f"{before} is not in {chain}, which is {', '.join(members) or 'empty'}"
            )
        place = members.index(named)
    return ChainChange(
        instrument, collection, chain, members, (*members[:place], collection, *members[place:]), command
    )


def _holds(butler: Butler, child: str, collection: str) -> bool:
    info = collection_info(butler, child)
    if info is None or info.type is not CollectionType.CHAINED:
        return False
    return collection in butler.collections.query(child, flatten_chains=True)


def _undoing(command: tuple[str, ...], collection: str, chain: str, members: Members) -> tuple[str, ...]:
    """Return the command that puts a member back at its place; nothing where it is none."""
    if collection not in members:
        return ()
    following = members[members.index(collection) + 1 :][:1]
    place = ("--before", following[0].removeprefix(f"{chain}/")) if following else ()
    return (*command, "--undo", *place)
