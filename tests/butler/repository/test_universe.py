"""Imports into repositories of all dimension universes: what records can have comes from the repository."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lsst.daf.butler import Timespan

from conftest import GitPackage
from curated.bundle.builder import build_bundle
from curated.butler import (
    export_package,
    import_bundle,
    open_repository,
    read,
    recertify_ranges,
    retract_release,
    scrub_repository,
)
from curated.butler.inventories import read_inventory
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from support.corrections import NEW, OLD, make_epochs_package
from support.universes import NEWEST, make_repository, universe

INSTRUMENT = """\
name: Lab
class_name: lsst.obs.lab.Lab
visit_max: 1000
exposure_max: 1000
detector_max: 9
visit_system: 1
detectors:
- {id: 0, name: d00, raft: R00, slot: S00, purpose: SCIENCE}
- {id: 1, name: d01, purpose: GUIDER}
filters:
- {name: g_6, band: g}
- {name: NONE, band: NONE}
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    """A package whose instrument declares all that the newest universe has."""
    package = make_epochs_package(tmp_path_factory.mktemp("universe") / "package")
    package.commit({"calibs/lab/instrument.yaml": INSTRUMENT}, "Describe the instrument")
    return package


@pytest.fixture(scope="module")
def bundle(package: GitPackage) -> Path:
    """Its bundle."""
    path = package.path.parent / "bundle"
    assert build_bundle(open_package(package.path), path, label="v1", jobs=1)[1] is not None
    return path


def codes(report: Any) -> set[str]:
    return {diagnostic.code for diagnostic in report.diagnostics}


@pytest.mark.parametrize("version", range(NEWEST + 1))
def test_every_command_in_every_universe(
    version: int, package: GitPackage, bundle: Path, tmp_path: Path
) -> None:
    repo = make_repository(tmp_path / "repo", universe(version))
    lacking = {"CAL656"} if version < 2 else set()
    dry = import_bundle(bundle, repo, dry_run=True)
    report = import_bundle(bundle, repo)
    assert codes(dry) == codes(report) == lacking
    assert report.ok
    again = import_bundle(bundle, repo)
    assert (again.ok, again.changed) == (True, False)

    butler = open_repository(repo, collections="Lab/calib")
    (record,) = butler.query_dimension_records("instrument")
    assert (record.class_name, record.visit_max, record.detector_max) == ("lsst.obs.lab.Lab", 1000, 9)
    assert getattr(record, "visit_system", None) == (1 if version >= 2 else None)
    detectors = {row.id: row.toDict() for row in butler.query_dimension_records("detector", instrument="Lab")}
    assert (detectors[0]["raft"], detectors[0]["name_in_raft"], detectors[1]["raft"]) == ("R00", "S00", None)
    assert [detector["purpose"] for detector in detectors.values()] == ["SCIENCE", "GUIDER"]
    filters = butler.query_dimension_records("physical_filter", instrument="Lab")
    assert {row.name: row.band for row in filters} == {"g_6": "g", "NONE": "NONE"}
    for night, path in ((datetime(2021, 6, 1), OLD), (datetime(2024, 6, 1), NEW)):
        moment = Timespan.fromInstant(_time(night))
        ref = butler.find_dataset("defects", instrument="Lab", detector=0, timespan=moment)
        assert ref is not None
        assert read(butler, ref).metadata["REPOPATH"] == path
    butler.close()

    assert scrub_repository(repo).diagnostics == ()
    assert export_package(repo, tmp_path / "text").ok
    assert len([*(tmp_path / "text").rglob("2*.ecsv")]) == 4
    inventories = {read_inventory(str(source)).inventory.fingerprint for source in (package.path, repo)}
    assert len(inventories) == 1
    recertification = recertify_ranges(repo, open_package(package.path))
    assert (recertification.removed, recertification.added, recertification.diagnostics) == ((), (), ())
    assert retract_release(repo, "v1").ok
    assert retract_release(repo, "v1", undo=True).ok


def _time(moment: datetime) -> Any:
    from astropy.time import Time

    return Time(moment, scale="utc")


def changed_universe(number: int, **changes: Any) -> dict[str, Any]:
    """The newest universe with another version; Butler keeps one universe for each version and namespace."""
    return {**universe(NEWEST), "version": number, **changes}


def test_a_newer_universe_with_more_fields(bundle: Path, tmp_path: Path) -> None:
    definition = changed_universe(NEWEST + 1)
    extra = {"name": "wavelength", "type": "float", "doc": "Mean wavelength."}
    definition["elements"]["physical_filter"].setdefault("metadata", []).append(extra)
    repo = make_repository(tmp_path / "repo", definition)
    assert import_bundle(bundle, repo).ok
    assert not import_bundle(bundle, repo).changed
    assert scrub_repository(repo).diagnostics == ()


def test_a_universe_of_another_name(bundle: Path, tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "repo", changed_universe(3, namespace="observatory"))
    assert import_bundle(bundle, repo).ok
    assert scrub_repository(repo).diagnostics == ()


def test_a_universe_without_a_class_name(bundle: Path, tmp_path: Path) -> None:
    definition = changed_universe(NEWEST + 2)
    instrument = definition["elements"]["instrument"]
    instrument["metadata"] = [field for field in instrument["metadata"] if field["name"] != "class_name"]
    repo = make_repository(tmp_path / "repo", definition)
    report = import_bundle(bundle, repo)
    assert report.ok
    (finding,) = report.diagnostics
    assert (finding.code, finding.severity) == ("CAL656", "info")
    assert finding.message == "instrument records there have no class_name, which the bundle has"
    assert scrub_repository(repo).diagnostics == ()


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_universe_without_detectors(bundle: Path, tmp_path: Path, dry_run: bool) -> None:
    full = universe(NEWEST)
    elements = {name: full["elements"][name] for name in ("instrument", "band", "physical_filter")}
    definition = {**full, "namespace": "small", "elements": elements, "topology": {}, "packers": {}}
    repo = make_repository(tmp_path / "repo", definition)
    with pytest.raises(CuratedError, match=f"no dimension detector in its universe small/{NEWEST}"):
        import_bundle(bundle, repo, dry_run=dry_run)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_universe_that_identifies_detectors_otherwise(bundle: Path, tmp_path: Path, dry_run: bool) -> None:
    definition = changed_universe(NEWEST + 3)
    detector = definition["elements"]["detector"]
    detector["keys"] = [{"name": "full_name", "type": "string", "length": 32}, {"name": "id", "type": "int"}]
    detector["metadata"] = [field for field in detector["metadata"] if field["name"] != "full_name"]
    repo = make_repository(tmp_path / "repo", definition)
    with pytest.raises(
        CuratedError, match=r"identifies a detector by .*full_name.*, not by id and instrument"
    ):
        import_bundle(bundle, repo, dry_run=dry_run)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_field_that_the_repository_demands(bundle: Path, tmp_path: Path, dry_run: bool) -> None:
    definition = changed_universe(NEWEST + 4)
    site = {"name": "site", "type": "string", "length": 32, "nullable": False, "doc": "Where it is."}
    definition["elements"]["instrument"]["metadata"].append(site)
    repo = make_repository(tmp_path / "repo", definition)
    with pytest.raises(
        CuratedError, match="records of instrument in the repository must have site"
    ) as refusal:
        import_bundle(bundle, repo, dry_run=dry_run)
    assert "register-instrument" in (refusal.value.hint or "")
    # Whoever knows it has registered the instrument: nothing lacks then.
    butler = open_repository(repo, writeable=True)
    values = {"name": "Lab", "site": "here", "class_name": "lsst.obs.lab.Lab", "visit_system": 1}
    butler.registry.syncDimensionData("instrument", values)
    butler.close()
    assert import_bundle(bundle, repo, dry_run=dry_run).ok
