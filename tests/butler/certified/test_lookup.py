"""The datasets that lookups find, in releases that stand in a chain."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.butler import import_bundle, open_repository
from curated.butler.certified.lookup import (
    certified_in,
    dataset_of,
    default_collections,
    in_force,
    key_of,
    timespan_of,
)
from curated.core.diagnostic import CuratedError
from curated.datasets.spans import ALWAYS, LAST_NS, Span
from support.corrections import at, collection_type
from support.exports import PipelineRepository
from support.repositories import tai_ns

pytest.importorskip("lsst.daf.butler")

EARLIEST = tai_ns("1970-01-01T00:00:00")


def test_a_release_is_found_as_it_was_certified(original_repo: Path) -> None:
    butler = open_repository(str(original_repo))
    certified = list(in_force(butler, ["Lab/calib"]))
    assert sorted((str(dataset), dataset.span) for dataset, _ in certified) == [
        ("camera_geometry instrument=Lab", (EARLIEST, LAST_NS)),
        ("defects detector=0 instrument=Lab", (EARLIEST, at(2020))),
        ("defects detector=0 instrument=Lab", (at(2020), LAST_NS)),
        ("defects detector=1 instrument=Lab", (EARLIEST, at(2020))),
        ("defects detector=1 instrument=Lab", (at(2020), LAST_NS)),
        ("transmission_filter instrument=Lab physical_filter=g_6", (tai_ns("2015-06-30T12:00:00"), LAST_NS)),
    ]
    for dataset, ref in certified:
        assert (dataset.uuid, dataset.run, dataset.collection) == (str(ref.id), ref.run, "Lab/calib/v1")
        assert dataset.key == key_of(ref)
        assert dataset_of(ref, "Lab/calib/v1", dataset.span) == dataset


def test_the_first_collection_that_covers_a_moment_counts(filled_repo: Path, next_bundle: Path) -> None:
    assert import_bundle(next_bundle, str(filled_repo)).ok
    butler = open_repository(str(filled_repo), writeable=True)
    year = timespan_of(Span(at(2022), at(2023)))
    butler.registry.decertify("Lab/calib/v2", "defects", year)
    datasets = [
        d for d, _ in in_force(butler, ["Lab/calib"]) if str(d) == "defects detector=1 instrument=Lab"
    ]
    assert sorted((d.span, d.collection) for d in datasets) == [
        ((EARLIEST, at(2020)), "Lab/calib/v2"),
        ((at(2020), at(2022)), "Lab/calib/v2"),
        ((at(2022), at(2023)), "Lab/calib/v1"),
        ((at(2023), LAST_NS), "Lab/calib/v2"),
    ]
    older_first = in_force(butler, ["Lab/calib/v1", "Lab/calib/v2"])
    assert {dataset.collection for dataset, _ in older_first} == {"Lab/calib/v1"}


def test_a_run_has_its_datasets_at_all_times(original_repo: Path) -> None:
    butler = open_repository(str(original_repo))
    run = "Lab/calib/v1/curated/20200101T000000Z"
    certified = list(in_force(butler, [run]))
    assert {(str(d), d.span, d.collection) for d, _ in certified} == {
        (f"defects detector={n} instrument=Lab", ALWAYS, run) for n in range(2)
    }
    dataset_type = butler.get_dataset_type("defects")
    datasets_of_type = certified_in(butler, dataset_type, run, collection_type("RUN"))
    assert {(c.dataset, c.ref) for c in datasets_of_type} == {(c.dataset, c.ref) for c in certified}


def test_a_collection_that_does_not_exist(original_repo: Path) -> None:
    with pytest.raises(CuratedError, match="nix") as caught:
        list(in_force(open_repository(str(original_repo)), ["nix"]))
    assert "query-collections" in caught.value.hint


def test_the_collection_of_an_instrument(filled_repo: Path) -> None:
    butler = open_repository(str(filled_repo), writeable=True)
    assert default_collections(butler) == ["Lab/calib"]
    butler.collections.x_remove("Lab/calib")
    # The only one below it.
    assert default_collections(butler) == ["Lab/calib/v1"]
    butler.collections.register("Lab/calib/v2", collection_type("CALIBRATION"))
    with pytest.raises(CuratedError, match="several below it: Lab/calib/v1, Lab/calib/v2") as caught:
        default_collections(butler)
    assert "--collection" in caught.value.hint


def test_a_repository_without_collections(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="no collection <instrument>/calib") as caught:
        default_collections(PipelineRepository(tmp_path / "repo").butler)
    assert "--collection" in caught.value.hint


@given(st.integers(1, LAST_NS - 1), st.integers(1, LAST_NS - 1))
def test_ranges_are_exact_to_the_nanosecond(first: int, second: int) -> None:
    span = Span(min(first, second), max(first, second) + 1)
    assert timespan_of(span).nsec == span
    assert timespan_of(ALWAYS).begin is None
    assert timespan_of(ALWAYS).end is None
