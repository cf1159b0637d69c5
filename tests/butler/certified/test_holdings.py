"""The certified calibrations of a repository, as an export reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.butler import open_repository
from curated.butler.certified.holdings import read_holdings
from curated.core.diagnostic import CuratedError
from curated.datasets.spans import LAST_NS
from curated.export.holdings import DetectorRecord
from support.corrections import at, collection_type
from support.repositories import detector_name, tai_ns

pytest.importorskip("lsst.daf.butler")

RUN = "Lab/calib/v1/curated/20200101T000000Z"


def test_a_release_is_held_as_it_was_imported(original_repo: Path) -> None:
    holdings = read_holdings(str(original_repo))
    assert (holdings.source, holdings.collections) == (str(original_repo), ("Lab/calib",))
    assert holdings.diagnostics == ()
    (datasets,) = holdings.certified
    assert len(datasets) == 6
    assert {d.span for d in datasets if str(d) == "defects detector=1 instrument=Lab"} == {
        (tai_ns("1970-01-01T00:00:00"), at(2020)),
        (at(2020), LAST_NS),
    }
    assert holdings.locations.keys() == {dataset.uuid for dataset in datasets}
    paths = set()
    for location in holdings.locations.values():
        with location.as_local() as local:
            paths.add(Path(local.ospath))
    assert paths == set(original_repo.rglob("*.fits"))


def test_the_instrument_is_that_of_the_dimension_records(original_repo: Path) -> None:
    (lab,) = read_holdings(str(original_repo)).instruments.values()
    assert lab.name == "Lab"
    assert lab.values == {
        "class_name": "lsst.obs.lab.Lab",
        "visit_max": 2**31 - 1,
        "exposure_max": 2**31 - 1,
        "detector_max": 4,
    }
    assert lab.filters == {"g_6": "g"}
    assert lab.detectors == {
        n: DetectorRecord(n, detector_name(n), detector_name(n)[:3], detector_name(n)[4:], "SCIENCE")
        for n in range(4)
    }


def test_only_datasets_of_the_types_are_held(original_repo: Path) -> None:
    holdings = read_holdings(str(original_repo), ["Lab/calib/v1"], ["camera_geometry", "flat"])
    ((dataset,),) = holdings.certified
    assert (dataset.dataset_type, list(holdings.locations)) == ("camera_geometry", [dataset.uuid])
    empty = read_holdings(str(original_repo), types=["flat"])
    assert (empty.certified, empty.locations, empty.instruments) == (((),), {}, {})


def test_a_run_in_a_chain_is_reported_and_passed_over(filled_repo: Path) -> None:
    butler = open_repository(str(filled_repo), writeable=True)
    butler.collections.register("u/ada/chain", collection_type("CHAINED"))
    butler.collections.redefine_chain("u/ada/chain", [RUN, "Lab/calib/v1"])
    holdings = read_holdings(str(filled_repo), ["u/ada/chain"])
    (finding,) = holdings.diagnostics
    assert (finding.file, finding.code, finding.is_error) == (RUN, "CAL666", False)
    assert "defects" in finding.message
    assert holdings.certified == read_holdings(str(filled_repo)).certified


def test_collections_that_tell_no_ranges_are_refused(original_repo: Path, tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="is a RUN collection") as caught:
        read_holdings(str(original_repo), [RUN])
    assert "certify-calibrations" in caught.value.hint
    with pytest.raises(CuratedError, match="nix") as caught:
        read_holdings(str(original_repo), ["nix"])
    assert caught.value.hint == "CALIBRATION collections here: Lab/calib/v1"
    with pytest.raises(CuratedError, match="neither a Butler repository nor a directory"):
        read_holdings(str(tmp_path / "nowhere"))
