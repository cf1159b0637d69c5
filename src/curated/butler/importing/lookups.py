"""Comparison of lookups before and after an import, and findings about what they do not find."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from lsst.daf.butler import Butler

from curated.bundle.contents import Entry
from curated.butler.chains.contents import contents_of
from curated.butler.chains.lookups import ChainLookups, chain_lookups
from curated.butler.importing.gaps import (
    find_gaps,
    find_overlaps,
    gap_diagnostic,
    hidden_collections,
    hidden_diagnostic,
    hiding_collections,
    hiding_diagnostic,
)
from curated.butler.importing.plan import Plan
from curated.butler.repository.opening import repository_root
from curated.core.diagnostic import Diagnostic
from curated.datasets.lookups import LookupChanges, classified


class LookupComparison(NamedTuple):
    """Changes of lookups through the chain of each instrument, and findings."""

    changes: Mapping[str, LookupChanges]
    diagnostics: tuple[Diagnostic, ...]


def compare_lookups(butler: Butler, plan: Plan, repository: str) -> LookupComparison:
    """Compare lookups through the chains of a plan before and after the import.

    Parameters
    ----------
    plan : `Plan`
        The plan; nothing is compared unless it is complete.
    repository : `str`
        Path, URI or alias of the repository.
    """
    changes = {}
    diagnostics: list[Diagnostic] = []
    entries: dict[str, list[Entry]] = defaultdict(list)
    for entry in plan.contents.entries:
        entries[entry.collection].append(entry)
    for instrument, chain in plan.chains.items() if plan.complete else ():
        lookups = chain_lookups(butler, chain.chain, chain.release, chain.after, entries[chain.release])
        changes[instrument], findings = _compare(butler, plan, lookups, repository)
        diagnostics += findings
    return LookupComparison(changes, tuple(diagnostics))


def _compare(
    butler: Butler, plan: Plan, lookups: ChainLookups, repository: str
) -> tuple[LookupChanges, list[Diagnostic]]:
    ranges, overlaps = lookups.changed(), find_overlaps(lookups)
    # Where there was nothing, contents are not compared.
    both_sides = [item for item in ranges if item.before and item.after]
    datasets = [dataset for item in both_sides for dataset in (*item.before, *item.after)]
    datasets += [dataset for overlap in overlaps for dataset in (overlap.dataset, overlap.hidden)]
    contents: Mapping[str, str] = {}
    if datasets:
        bundle = {entry.uuid: entry.content for entry in plan.contents.entries}
        contents = contents_of(butler, repository_root(repository), datasets, bundle)
    changes = LookupChanges(lookups.chain.name, tuple(classified(ranges, contents)))
    hidden = hidden_collections(lookups, changes.changes)
    return changes, [
        *(gap_diagnostic(gap, repository) for gap in find_gaps(lookups)),
        *(hiding_diagnostic(gap, repository) for gap in hiding_collections(lookups, overlaps, contents)),
        *(hidden_diagnostic(gap, repository) for gap in hidden),
    ]
