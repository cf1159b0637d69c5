"""Plans for the chains of an import."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("lsst.daf.butler")

from lsst.daf.butler import Butler, CollectionType
from lsst.resources import ResourcePath

from curated.bundle.contents import Entry, Target
from curated.butler.chains.lookups import chain_lookups
from curated.butler.chains.plan import plan_chains
from curated.butler.importing.gaps import find_overlaps
from curated.datasets.record import Dataset, data_id_of
from support.laboratory import Laboratory

LAB, CAM = (Target(name, f"{name}/calib/N", f"{name}/calib") for name in ("Lab", "Cam"))


def texts(laboratory: Laboratory, *targets: Target, **options) -> list[str]:
    """Return the problems of a plan that is not made because of them."""
    plans = plan_chains(laboratory.butler, laboratory.root, targets, **options)
    assert plans.plans == {}
    return [f"{problem.code} {problem.detail}" for problem in plans.problems]


def test_names_of_chains_go_to_their_instruments(laboratory: Laboratory) -> None:
    names = ["Cam/calib/main", "Lab/calib/main"]
    plans = plan_chains(laboratory.butler, laboratory.root, [LAB, CAM], names=names)
    assert {instrument: plan.name for instrument, plan in plans.plans.items()} == {
        "Lab": "Lab/calib/main",
        "Cam": "Cam/calib/main",
    }
    assert [plan.after for plan in plans.plans.values()] == [("Lab/calib/N",), ("Cam/calib/N",)]
    some = plan_chains(laboratory.butler, laboratory.root, [LAB, CAM], names=names[:1])
    assert [plan.name for plan in some.plans.values()] == ["Lab/calib", "Cam/calib/main"]
    # Of a single instrument it may be called anything.
    single = plan_chains(laboratory.butler, laboratory.root, [LAB], names=["best"])
    assert single.plans["Lab"].name == "best"


def test_names_of_chains_that_fit_no_instrument(laboratory: Laboratory) -> None:
    assert texts(laboratory, LAB, CAM, names=["best"]) == [
        "CAL647 --chain-name best is for none of Cam, Lab alone"
    ]
    assert texts(laboratory, LAB, names=["Lab/calib/N"]) == [
        "CAL647 --chain-name Lab/calib/N is the collection of the release itself"
    ]
    assert texts(laboratory, LAB, CAM, names=["Lab/a", "Lab/b"]) == [
        "CAL647 --chain-name Lab/b is for none of Cam, Lab alone"
    ]


def test_the_chains_of_several_instruments(laboratory: Laboratory) -> None:
    collections = laboratory.butler.collections
    for instrument, labels in (("Lab", ("x", "y")), ("Cam", ("x", "z"))):
        children = [f"{instrument}/calib/{label}" for label in labels]
        for child in children:
            collections.register(child, CollectionType.CALIBRATION)
        collections.register(f"{instrument}/calib", CollectionType.CHAINED)
        collections.redefine_chain(f"{instrument}/calib", children)
    plans = plan_chains(laboratory.butler, laboratory.root, [LAB, CAM], before="z").plans
    assert plans["Cam"].after == ("Cam/calib/x", "Cam/calib/N", "Cam/calib/z")
    # The other chain keeps the default.
    assert plans["Lab"].after == ("Lab/calib/x", "Lab/calib/y", "Lab/calib/N")
    assert texts(laboratory, LAB, CAM, after="x") == [
        "CAL647 --after x is a member of several chains: Cam/calib/x, Lab/calib/x"
    ]
    front = plan_chains(laboratory.butler, laboratory.root, [LAB, CAM], front=True).plans
    assert {plan.after[0] for plan in front.values()} == {"Lab/calib/N", "Cam/calib/N"}


def test_a_collection_that_is_no_chain(laboratory: Laboratory) -> None:
    target = Target("Old", "Old/calib/N", "Old/calib")
    laboratory.butler.collections.register("Old/calib", CollectionType.CALIBRATION)
    plans = plan_chains(laboratory.butler, laboratory.root, [target, LAB])
    assert list(plans.plans) == ["Lab"]
    assert [problem.code for problem in plans.problems] == ["CAL644"]
    assert texts(laboratory, target, names=["Old/calib"]) == [
        "CAL624 collection Old/calib is a CALIBRATION collection, not CHAINED"
    ]


@pytest.mark.skipif("CURATED_CORPUS" not in os.environ, reason="CURATED_CORPUS names no directory")
def test_a_repository_of_the_stack(tmp_path: Path) -> None:
    copy = Path(
        shutil.copytree(Path(os.environ["CURATED_CORPUS"], "stack_repositories/latiss"), tmp_path / "latiss")
    )
    for path in (copy, *copy.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    root = ResourcePath(str(copy), forceDirectory=True)
    release = "LATISS/calib/v1"
    target = Target("LATISS", release, "LATISS/calib")
    data_id = data_id_of({"instrument": "LATISS", "detector": 0})
    bias = Entry.of(Dataset("bias", data_id, uuid="new", run=f"{release}/curated/1", collection=release))
    with closing(Butler.from_config(str(copy))) as butler:
        plans = plan_chains(butler, root, [target])
        assert (plans.plans, [problem.code for problem in plans.problems]) == ({}, ["CAL644"])
        hint = plans.problems[0].hint
        assert "'butler collection-chain REPO LATISS/defaults LATISS/calib/v1 --mode prepend'" in hint
        # The stack's own chain has raw images, which no lookup by date finds, and the CALIBRATION collection.
        plan = plan_chains(butler, root, [target], names=["LATISS/defaults"]).plans["LATISS"]
        assert plan.after == ("LATISS/raw/all", "LATISS/calib", "skymaps", release)
        lookups = chain_lookups(butler, plan.chain, release, plan.after, [bias])
        (hidden,) = find_overlaps(lookups)
        assert (hidden.dataset.collection, hidden.hidden.uuid) == ("LATISS/calib", "new")
        front = plan_chains(butler, root, [target], names=["LATISS/defaults"], front=True).plans["LATISS"]
        lookups = chain_lookups(butler, front.chain, release, front.after, [bias])
        assert {item.after for item in lookups.changed()} == {(bias,)}
        assert find_overlaps(lookups) == []
