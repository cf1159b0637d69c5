"""Where an older release of the chain is found although the new one has nothing there."""

from __future__ import annotations

from collections import defaultdict

from lsst.daf.butler import Butler, CollectionInfo, CollectionType

from curated.bundle.contents import DOC, Target
from curated.butler.certified.lookup import certified_in
from curated.butler.importing.plan import Plan
from curated.butler.importing.summary import chain_members
from curated.datasets.record import Key, key_text
from curated.datasets.spans import Span, left_over

Ranges = dict[Key, list[Span]]


def find_holes(butler: Butler, plan: Plan, repository: str) -> None:
    """Add a finding for each older release that is seen through the new one.

    A lookup takes the first member of a chain that covers the time. Only releases count, which say so in their
    documentation: other members of a chain are there to add what the releases do not have.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    plan : `Plan`
        What the import does; findings are added.
    repository : `str`
        Its name in findings.
    """
    for target in plan.contents.targets:
        _, members = chain_members(plan, target)
        older = members[members.index(target.calibration) + 1 :]
        infos = [butler.collections.get_info(name, include_summary=True) for name in older]
        releases = [i for i in infos if i.type is CollectionType.CALIBRATION and i.doc.startswith(DOC)]
        cover = _ours(plan, target) if releases else {}
        for info in releases:
            held = _held(butler, info)
            seen = {
                key: left for key, spans in held.items() if (left := left_over(spans, cover.get(key, [])))
            }
            if seen:
                plan.find(
                    repository, "CAL640", _text(target, info.name, seen), _hint(repository, target, info.name)
                )
            for key, spans in held.items():
                cover.setdefault(key, []).extend(spans)


def _ours(plan: Plan, target: Target) -> Ranges:
    ranges: Ranges = defaultdict(list)
    for entry in plan.contents.entries:
        if entry.collection == target.calibration:
            ranges[entry.key].append(entry.span)
    for key, spans in plan.held.get(target.calibration, {}).items():
        ranges[key] += spans
    return ranges


def _held(butler: Butler, info: CollectionInfo) -> Ranges:
    ranges: Ranges = defaultdict(list)
    for name in sorted(info.dataset_types or ()):
        for one in certified_in(butler, butler.get_dataset_type(name), info.name, info.type):
            ranges[one.dataset.key].append(one.dataset.span)
    return ranges


def _text(target: Target, older: str, seen: Ranges) -> str:
    key, spans = min(seen.items(), key=str)
    products, ranges = len(seen), sum(map(len, seen.values()))
    return (
        f"{older} is found where {target.calibration} has nothing: {ranges} range{'s' * (ranges > 1)} of "
        f"{products} product{'s' * (products > 1)}, such as {key_text(key)}, {spans[0]}"
    )


def _hint(repository: str, target: Target, older: str) -> str:
    label = older.removeprefix(f"{target.instrument}/calib/")
    return f"if it is not to be found there, 'curated retract {repository} {label}' takes it out of the chain"
