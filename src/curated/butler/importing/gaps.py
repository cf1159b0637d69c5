"""Ranges in which an older release of the chain is found, because the new release has a gap there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lsst.daf.butler import Butler, CollectionInfo, CollectionType

from curated.bundle.contents import Target
from curated.bundle.export_file import DOC
from curated.butler.certified.lookup import certified_in
from curated.butler.importing.plan import Plan
from curated.core.diagnostic import Diagnostic, Problem
from curated.datasets.record import Key, key_text
from curated.datasets.spans import Span, left_over

Ranges = Mapping[Key, list[Span]]


class Gap(NamedTuple):
    """The ranges in which an older release is found.

    Parameters
    ----------
    target : `Target`
        Collections of the new release.
    release : `str`
        Calibration collection of the older one.
    ranges : `dict` [`Key`, `list` [`Span`]]
        Where it is found.
    """

    target: Target
    release: str
    ranges: Ranges


def find_gaps(butler: Butler, plan: Plan) -> Iterator[Gap]:
    """Yield the gaps through which older releases of the chains are found.

    A lookup takes the first member of a chain that covers the time. Only releases count, which are recognized by
    their documentation: other members of a chain are there to add what the releases do not have.

    Parameters
    ----------
    plan : `Plan`
        It must be complete.
    """
    for target in plan.contents.targets:
        if target.instrument not in plan.chains:
            continue
        members = plan.chains[target.instrument].after
        older = members[members.index(target.calibration) + 1 :]
        infos = [butler.collections.get_info(name, include_summary=True) for name in older]
        releases = [i for i in infos if i.type is CollectionType.CALIBRATION and i.doc.startswith(DOC)]
        covers = _planned_ranges(plan, target) if releases else {}
        for info in releases:
            ranges = _certified_ranges(butler, info)
            uncovered = {
                key: parts
                for key, spans in ranges.items()
                if (parts := left_over(spans, covers.get(key, [])))
            }
            if uncovered:
                yield Gap(target, info.name, uncovered)
            covers = {key: covers.get(key, []) + ranges.get(key, []) for key in covers.keys() | ranges.keys()}


def gap_diagnostic(gap: Gap, repository: str) -> Diagnostic:
    """Return a gap as a finding about a repository."""
    key, spans = min(gap.ranges.items(), key=str)
    products, ranges = len(gap.ranges), sum(map(len, gap.ranges.values()))
    detail = (
        f"{gap.release} is found where {gap.target.calibration} has nothing: {ranges} range{'s' * (ranges > 1)} of "
        f"{products} product{'s' * (products > 1)}, such as {key_text(key)}, {spans[0]}"
    )
    label = gap.release.removeprefix(f"{gap.target.instrument}/calib/")
    hint = f"if it is not to be found there, 'curated retract {repository} {label}' takes it out of the chain"
    return Diagnostic.from_problem(Problem("CAL640", (), detail, hint), repository)


def _planned_ranges(plan: Plan, target: Target) -> Ranges:
    """Return what a release will cover: the bundle's ranges, and those that it has already."""
    ranges: dict[Key, list[Span]] = defaultdict(list)
    for entry in plan.contents.entries:
        if entry.collection == target.calibration:
            ranges[entry.key].append(entry.span)
    for key, datasets in plan.certifications.existing.get(target.calibration, {}).items():
        ranges[key] += [dataset.span for dataset in datasets]
    return ranges


def _certified_ranges(butler: Butler, info: CollectionInfo) -> Ranges:
    ranges: dict[Key, list[Span]] = defaultdict(list)
    for name in sorted(info.dataset_types or ()):
        for certified in certified_in(butler, butler.get_dataset_type(name), info.name, info.type):
            ranges[certified.dataset.key].append(certified.dataset.span)
    return ranges
