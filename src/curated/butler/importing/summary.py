"""A plan, counted by instrument."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain as chained

from curated.bundle.contents import Entry, Target
from curated.butler.importing.plan import Plan
from curated.butler.importing.report import InstrumentReport
from curated.butler.importing.survey import instrument_of


def instrument_reports(plan: Plan, *, chain: bool) -> tuple[InstrumentReport, ...]:
    """Count what an import does for each instrument.

    Parameters
    ----------
    plan : `Plan`
        What it does.
    chain : `bool`
        Whether the chains of recommended collections are changed.
    """
    survey = plan.survey
    entries = plan.contents.entries
    counts = {
        "datasets_new": _count(e for e in plan.ingest if e.uuid not in plan.present),
        "datasets_present": _count(e for e in entries if e.uuid in plan.present),
        "datasets_restored": _count(
            chained((e for e, _ in plan.lost), (e for e in plan.ingest if e.uuid in plan.present))
        ),
        "datasets_conflicting": _count(plan.taken),
        "certifications_new": _count(chained.from_iterable(plan.certify.values())),
        "certifications_present": _count(plan.certified),
        "certifications_conflicting": _count(plan.clashes.values()),
        "records_new": Counter(map(instrument_of, chained.from_iterable(survey.missing.values()))),
        "records_equal": Counter(survey.equal),
        "records_different": Counter(survey.different),
    }
    reports = []
    for target in plan.contents.targets:
        numbers = {key: counter[target.instrument] for key, counter in counts.items()}
        before, after = chain_members(plan, target) if chain else (None, None)
        reports.append(
            InstrumentReport(
                name=target.instrument,
                differences=tuple(survey.differences.get(target.instrument, ())),
                chain=target.chain if chain else "",
                chain_before=before,
                chain_after=after,
                **numbers,
            )
        )
    return tuple(reports)


def _count(entries: Iterable[Entry]) -> Counter[str]:
    return Counter(entry.instrument for entry in entries)


def chain_members(plan: Plan, target: Target) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the members of a chain before and after; a member keeps its place.

    Parameters
    ----------
    plan : `Plan`
        What the import does.
    target : `Target`
        The instrument's collections.
    """
    info = plan.survey.collections.get(target.chain)
    before = None if info is None else info.children
    members = before or ()
    return before, members if target.calibration in members else (target.calibration, *members)
