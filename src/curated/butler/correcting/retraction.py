"""Take a release out of the chain of recommended collections, or put it back; nothing else changes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from lsst.daf.butler import Butler, CollectionType

from curated.bundle.contents import check_label
from curated.butler.repository.opening import changing, collection_info
from curated.butler.repository.records import state_findings
from curated.core.diagnostic import Diagnostic, Problem, has_errors

Members = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChainChange:
    """The change of one instrument's chain.

    Parameters
    ----------
    instrument : `str`
        Butler name of the instrument.
    release : `str`
        The release's calibration collection.
    chain : `str`
        Collection ``<instrument>/calib``.
    before, after : `tuple` [`str`]
        Members of the chain, now and then.
    reverse : `tuple` [`str`]
        Arguments of the command that undoes it; empty if nothing changes.
    """

    instrument: str
    release: str
    chain: str
    before: Members
    after: Members
    reverse: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the chain changes."""
        return self.before != self.after

    @property
    def command(self) -> str:
        """The command that undoes it, quoted for a shell."""
        return shlex.join(self.reverse)


@dataclass(frozen=True, slots=True)
class RetractionReport:
    """The changes of chains that were made, or would be.

    Parameters
    ----------
    repository : `str`
        Path, URI or alias of the repository.
    release : `str`
        Label of the release.
    undo : `bool`
        Whether the release was put back.
    dry_run : `bool`
        Whether nothing was done.
    chains : `tuple` [`ChainChange`]
        One for each instrument.
    diagnostics : `tuple` [`Diagnostic`]
        Findings; with an error among them nothing was done.
    """

    repository: str
    release: str
    undo: bool
    dry_run: bool
    chains: tuple[ChainChange, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not has_errors(self.diagnostics)

    @property
    def changed(self) -> bool:
        """Whether any chain changed, or would."""
        return self.ok and any(chain.changed for chain in self.chains)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for machine-readable output."""
        chains = [
            {**asdict(chain), "changed": chain.changed, "command": chain.command} for chain in self.chains
        ]
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
    chain_names: Sequence[str] = (),
    dry_run: bool = False,
) -> RetractionReport:
    """Take a release out of its chains, or put it back; see `curated.butler.retract_release`."""
    check_label(release)
    with changing(repo, dry_run=dry_run) as butler:
        results = [
            problem or _plan_change(butler, repo, name, release, undo, before, chain_names)
            for name, problem in _holders(butler, release, instruments)
        ]
        changes = [result for result in results if isinstance(result, ChainChange)]
        problems = [result for result in results if isinstance(result, Problem)]
        diagnostics = sorted(Diagnostic.from_problem(problem, repo) for problem in problems)
        report = RetractionReport(repo, release, undo, dry_run, tuple(changes), tuple(diagnostics))
        if not dry_run and report.changed:
            with butler.transaction():
                for change in changes:
                    if change.changed:
                        butler.collections.redefine_chain(change.chain, change.after)
            findings = state_findings(repo, chains={change.chain: change.after for change in changes})
            report = replace(report, diagnostics=tuple(sorted((*report.diagnostics, *findings))))
        return report


def _holders(
    butler: Butler, release: str, instruments: Sequence[str]
) -> Iterator[tuple[str, Problem | None]]:
    """Yield the instruments that have a release, and those that were named but do not have it with a problem."""
    kind = {CollectionType.CALIBRATION}
    collections = butler.collections.query("*/calib/*", collection_types=kind)
    suffix = f"/calib/{release}"
    holders = {name.removesuffix(suffix) for name in collections if name.endswith(suffix)}
    if not instruments:
        yield from ((name, None) for name in sorted(holders))
    for name in instruments:
        holder = next((holder for holder in holders if holder.lower() == name.lower()), "")
        yield holder or name, None if holder else _unknown(collections, release, f" of {name}")
    if not instruments and not holders:
        yield "", _unknown(collections, release, "")


def _unknown(collections: Sequence[str], release: str, whose: str) -> Problem:
    names = ", ".join(sorted(collections)) or "none"
    return Problem("CAL670", (), f"there is no release {release!r}{whose}; there are: {names[:400]}")


def _plan_change(
    butler: Butler,
    repo: str,
    instrument: str,
    release: str,
    undo: bool,
    before: str | None,
    chain_names: Sequence[str],
) -> ChainChange | Problem:
    collection, default = f"{instrument}/calib/{release}", f"{instrument}/calib"
    chain = next((name for name in chain_names if name.startswith(f"{instrument}/")), default)
    info = collection_info(butler, chain)
    if info is None or info.type is not CollectionType.CHAINED:
        return _no_chain(butler, collection, chain)
    members = tuple(info.children)
    inner = [child for child in members if child != collection and _holds(butler, child, collection)]
    if inner:
        return Problem("CAL671", (), f"{collection} is in {chain} through {inner[0]}: change that chain")
    command: tuple[str, ...] = ("curated", "retract", repo, release, "--instrument", instrument)
    if chain != default:
        command += ("--chain-name", chain)
    if not undo:
        after = tuple(child for child in members if child != collection)
        reverse = _undo_command(command, collection, chain, members)
        return ChainChange(instrument, collection, chain, members, after, reverse)
    if collection in members:
        return ChainChange(instrument, collection, chain, members, members)
    index = len(members)
    if before is not None:
        successor = next((name for name in (f"{chain}/{before}", before) if name in members), None)
        if successor is None:
            names = ", ".join(members) or "empty"
            return Problem("CAL672", (), f"{before} is not in {chain}, which is {names}")
        index = members.index(successor)
    after = (*members[:index], collection, *members[index:])
    return ChainChange(instrument, collection, chain, members, after, command)


def _no_chain(butler: Butler, collection: str, chain: str) -> Problem:
    parents = sorted(butler.collections.get_info(collection, include_parents=True).parents or ())
    if parents:
        text = f"{collection} is in {', '.join(parents)}, and {chain} is no chain"
        return Problem("CAL671", (), text, f"name the chain: --chain-name {parents[0]}")
    return Problem("CAL671", (), f"{collection} is in no chain: there is no chain {chain}")


def _holds(butler: Butler, child: str, collection: str) -> bool:
    info = collection_info(butler, child)
    if info is None or info.type is not CollectionType.CHAINED:
        return False
    return collection in butler.collections.query(child, flatten_chains=True)


def _undo_command(command: tuple[str, ...], collection: str, chain: str, members: Members) -> tuple[str, ...]:
    """Return the command that puts a member back at its place; empty if it is no member."""
    if collection not in members:
        return ()
    successors = members[members.index(collection) + 1 :][:1]
    place = ("--before", successors[0].removeprefix(f"{chain}/")) if successors else ()
    return (*command, "--undo", *place)
