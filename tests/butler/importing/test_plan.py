"""Plans: what is to be ingested and certified, without changing anything."""

from __future__ import annotations

from contextlib import closing

import pytest

from curated.bundle.manifest_reader import read_contents
from curated.butler import ImportRequest, import_bundle
from support.imports import prepare_repository
from support.repositories import make_bundle

pytest.importorskip("lsst.daf.butler")


def make_plan(bundle, repo, **options):
    """The plan of an import into a repository that exists."""
    from lsst.daf.butler import Butler

    from curated.butler.importing import plan

    contents, diagnostics = read_contents(bundle)
    assert contents is not None, diagnostics
    with closing(Butler.from_config(repo)) as butler:
        return plan.make_plan(butler, contents, ImportRequest(bundle, repo, **options))


def test_a_plan_for_an_empty_repository(bundle, repo) -> None:
    prepare_repository(repo)
    plan = make_plan(bundle, repo)
    assert plan.complete
    assert not plan.diagnostics
    assert set(plan.ingest) == set(plan.contents.entries)
    assert sum(map(len, plan.certifications.new.values())) == 6
    chain = plan.chains["Lab"]
    assert (chain.name, chain.before, chain.after) == ("Lab/calib", None, ("Lab/calib/v1",))
    assert plan.refs.keys() == {entry.uuid for entry in plan.contents.entries}
    assert {name: len(records) for name, records in plan.survey.new_records.items()} == {
        "instrument": 1,
        "physical_filter": 1,
        "detector": 4,
    }


def test_a_plan_for_a_repository_that_has_everything(bundle, repo) -> None:
    import_bundle(bundle, repo)
    plan = make_plan(bundle, repo)
    assert plan.complete
    assert not any((plan.diagnostics, plan.ingest, plan.certifications.new, plan.survey.new_records))
    assert plan.datasets.refs.keys() == plan.files.paths.keys()
    assert plan.chains["Lab"].before == plan.chains["Lab"].after == ("Lab/calib/v1",)


def test_data_ids_have_the_records_that_butler_would_look_up(bundle, repo, tmp_path) -> None:
    from lsst.daf.butler import Butler

    import_bundle(bundle, repo)
    plan = make_plan(make_bundle(tmp_path / "next", label="v2"), repo)
    butler = Butler.from_config(repo)
    assert len(plan.refs) == 6
    for ref in plan.refs.values():
        expanded = butler.registry.expandDataId(ref.dataId.required, dimensions=ref.dimensions)
        assert ref.dataId.hasRecords()
        assert ref.dataId == expanded
        for element in ref.dimensions.elements:
            assert ref.dataId.records[element] == expanded.records[element]


def test_dataset_types_that_contradict_the_bundle_end_the_comparison(bundle, repo) -> None:
    from lsst.daf.butler import DatasetType

    butler = prepare_repository(repo)
    butler.registry.registerDatasetType(
        DatasetType("defects", ["instrument"], "Defects", universe=butler.dimensions, isCalibration=True)
    )
    plan = make_plan(bundle, repo)
    assert not plan.complete
    assert [diagnostic.code for diagnostic in plan.diagnostics] == ["CAL623"]
    assert not any((plan.ingest, plan.certifications.new, plan.refs))


def test_chains_stay_out_of_a_plan_that_is_not_to_change_them(bundle, repo) -> None:
    prepare_repository(repo)
    assert not make_plan(bundle, repo, chain=False).chains
