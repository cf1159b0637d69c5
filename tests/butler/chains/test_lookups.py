"""Announced changes of lookups, against what Butler finds before and after."""

from __future__ import annotations

import random

import pytest

pytest.importorskip("lsst.daf.butler")

from lsst.daf.butler import CollectionType, DatasetRef

from curated.bundle.contents import Entry, Target
from curated.bundle.export_file import DOC
from curated.butler.chains.lookups import chain_lookups
from curated.butler.chains.plan import plan_chains
from curated.datasets.record import Dataset
from curated.datasets.spans import ALWAYS, Span
from support.laboratory import INSTANTS, Laboratory, make_member


def announced(
    laboratory: Laboratory, plan, entries: list[Entry]
) -> dict[tuple[int, int], tuple[str | None, str | None]]:
    """Return what is announced, by detector and time."""
    lookups = chain_lookups(laboratory.butler, plan.chain, plan.release, plan.after, entries)
    results = {}
    for item in lookups.changed():
        sides = tuple(side[0].uuid if side else None for side in (item.before, item.after))
        for ns in INSTANTS:
            if item.span.begin <= ns < item.span.end:
                place = (int(dict(item.key[1])["detector"]), ns)
                assert place not in results
                results[place] = sides
    return results


def entry_of(ref: DatasetRef, span: Span, collection: str) -> Entry:
    data_id = tuple(sorted(ref.dataId.required.items()))
    dataset = Dataset("defects", data_id, span, uuid=str(ref.id), run=ref.run, collection=collection)
    return Entry.of(dataset)


@pytest.mark.parametrize("seed", range(100, 114))
def test_announced_changes_are_those_that_butler_makes(laboratory: Laboratory, seed: int) -> None:
    chance = random.Random(seed)
    butler = laboratory.butler
    chain = f"Lab/chains/{next(laboratory.numbers)}"
    members = [make_member(laboratory, chance) for _ in range(chance.randint(0, 5))]
    if members or chance.random() < 0.5:
        butler.collections.register(chain, CollectionType.CHAINED)
        butler.collections.redefine_chain(chain, members)
    release = laboratory.collection(CollectionType.CALIBRATION, doc=f"{DOC} somewhere", label="new")
    present = laboratory.certified(chance, release)
    if chance.random() < 0.3:
        # A release that is there already, perhaps in the chain, and of which more is certified.
        laboratory.certify(release, present)
        if chance.random() < 0.5 and members:
            members.insert(chance.randrange(len(members)), release)
            butler.collections.redefine_chain(chain, members)
        fresh = []
    else:
        fresh = present
    options = {}
    others = [member for member in members if member != release]
    if others and chance.random() < 0.6:
        member = chance.choice(others)
        options = chance.choice([{"front": True}, {"before": member}, {"after": member.rpartition("/")[2]}])
        if "after" in options:
            options["after"] = member
    target = Target("Lab", release, chain)
    plans = plan_chains(butler, laboratory.root, [target], names=[], **options)
    assert not plans.problems
    plan = plans.plans["Lab"]
    entries = [entry_of(ref, span, release) for ref, span in present]
    changes = announced(laboratory, plan, entries)

    before = laboratory.answers(chain)
    laboratory.certify(release, fresh)
    butler.collections.register(chain, CollectionType.CHAINED)
    butler.collections.redefine_chain(chain, plan.after)
    after = laboratory.answers(chain)
    assert changes == {
        place: (before.get(place), after[place]) for place in after if before.get(place) != after[place]
    }


def test_a_release_that_moves_in_front_of_others(laboratory: Laboratory) -> None:
    kind, doc = CollectionType.CALIBRATION, f"{DOC} somewhere"
    first, second, release = (laboratory.collection(kind, doc, label) for label in ("a", "b", "new"))
    middle = INSTANTS[2]
    spans = {first: Span(0, middle), second: ALWAYS, release: ALWAYS}
    refs = {name: laboratory.refs(laboratory.collection(CollectionType.RUN), (0,))[0] for name in spans}
    for name, span in spans.items():
        laboratory.certify(name, [(refs[name], span)])
    chain = f"Lab/chains/{next(laboratory.numbers)}"
    laboratory.butler.collections.register(chain, CollectionType.CHAINED)
    laboratory.butler.collections.redefine_chain(chain, [first, second, release])
    target = Target("Lab", release, chain)
    plan = plan_chains(laboratory.butler, laboratory.root, [target], front=True).plans["Lab"]
    assert plan.after == (release, first, second)
    changes = announced(laboratory, plan, [entry_of(refs[release], ALWAYS, release)])
    after = str(refs[release].id)
    # What is behind the first of the older releases was found before where that has nothing.
    assert changes == {(0, ns): (str(refs[first if ns < middle else second].id), after) for ns in INSTANTS}
