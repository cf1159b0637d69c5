"""The registry compared with a release: what a finding names. Attacks on whole repositories are in test_scrubber.py."""

from __future__ import annotations

from pathlib import Path

from lsst.daf.butler import CollectionType

from curated.bundle.manifest_reader import read_contents
from curated.butler import open_repository
from curated.butler.repository.records import ImportRecord, RepositoryState
from curated.butler.scrubbing.registry import (
    Release,
    chain_findings,
    definition_findings,
    read_holdings,
    release_findings,
)
from support.tampering import run_sql

COLLECTION = "Lab/calib/v1"


def release_of(bundle: Path) -> Release:
    contents, findings = read_contents(bundle)
    assert contents is not None, findings
    return Release(contents, source="bundle")


def test_a_release_as_it_was_imported(original_repo: Path, bundle: Path) -> None:
    butler = open_repository(str(original_repo))
    holdings, release = read_holdings(butler, [COLLECTION, "absent"]), release_of(bundle)
    assert list(release_findings(holdings, release, RepositoryState())) == []
    assert list(definition_findings(butler, release)) == []
    assert len(holdings.certified[COLLECTION]) == len(holdings.members) == len(holdings.files) == 6


def test_a_collection_above_the_release(filled_repo: Path, bundle: Path) -> None:
    """In repositories of the stack <inst>/calib may be a CALIBRATION collection: RUNs are below both."""
    butler = open_repository(str(filled_repo), writeable=True)
    butler.collections.x_remove("Lab/calib")
    butler.collections.register("Lab/calib", CollectionType.CALIBRATION)
    holdings = read_holdings(butler, ["Lab/calib", COLLECTION])
    assert list(release_findings(holdings, release_of(bundle), RepositoryState())) == []


def test_a_finding_names_what_changed(filled_repo: Path, bundle: Path) -> None:
    run_sql(filled_repo, "UPDATE {calibs} SET timespan_end = timespan_end - 1000000000 WHERE id = 1")
    holdings = read_holdings(open_repository(str(filled_repo)), [COLLECTION])
    (finding,) = release_findings(holdings, release_of(bundle), RepositoryState())
    assert finding.code == "CAL692"
    assert (
        "to 2020-01-01T00:00:36 TAI; it was imported as defects detector=0 instrument=Lab" in finding.message
    )
    assert finding.message.endswith("to 2020-01-01T00:00:37 TAI")


def test_corrections_count(original_repo: Path, bundle: Path) -> None:
    holdings, release = read_holdings(open_repository(str(original_repo)), [COLLECTION]), release_of(bundle)
    entry = release.contents.entries[0]
    state = RepositoryState(ranges={COLLECTION: {entry.uuid: [(0, 5)]}})
    (finding,) = release_findings(holdings, release, state)
    assert (finding.code, finding.file) == ("CAL692", entry.path)
    state = RepositoryState(ranges={COLLECTION: {"gone": [(0, 5)]}})
    (finding,) = release_findings(holdings, release, state)
    assert (finding.code, finding.file) == ("CAL692", "gone")


def test_chains(original_repo: Path, bundle: Path) -> None:
    butler = open_repository(str(original_repo))
    assert list(chain_findings(butler, [], RepositoryState({"Lab/calib": [COLLECTION]}))) == []
    (finding,) = chain_findings(butler, [release_of(bundle)], RepositoryState())
    assert (finding.code, finding.file) == ("CAL698", "Lab/calib")
    chains = {"Lab/calib": [COLLECTION, "x"], "Other/calib": []}
    findings = chain_findings(butler, [], RepositoryState(chains))
    assert [(f.code, f.file) for f in findings] == [("CAL696", "Lab/calib"), ("CAL696", "Other/calib")]


def test_records_of_dimensions_count(original_repo: Path, bundle: Path) -> None:
    butler, release = open_repository(str(original_repo)), release_of(bundle)
    record = ImportRecord("v1", "", {}, {"detector": [{"id": 0, "full_name": "another"}]})
    findings = list(definition_findings(butler, Release(release.contents, record, "record")))
    assert [(f.code, f.file) for f in findings] == [("CAL695", "record")]
