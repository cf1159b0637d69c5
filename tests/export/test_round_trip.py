"""From a package into a repository and back: the same paths, dates, values, findings and fingerprint."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from conftest import GitPackage
from curated.bundle.builder import build_bundle
from curated.butler.inventories import read_inventory
from curated.check.package import check_package
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from curated.registry import get_type
from support.exports import canonical_texts, files_by_path
from support.packages import DEMO_FILES, make_demo_package, read_tree
from support.programs import run_curated
from support.stack_identity import identity_of_fits, identity_of_text

pytest.importorskip("lsst.daf.butler")

from curated.butler import export_package, import_bundle
from curated.export.butler_export import export_directory

Trip = tuple[GitPackage, Path, Path]


MASKED = "demo/defects/d02/20220301T000000.ecsv"
"""Defects into which an amplifier out of use goes."""


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Trip:
    """The demonstration package, the repository that it went into, and what came out."""
    root = tmp_path_factory.mktemp("trip")
    package = make_demo_package(root / "package")
    _, bundle = build_bundle(open_package(package.path), root / "bundle", label="v1")
    assert bundle is not None
    assert import_bundle(root / "bundle", str(root / "repo")).ok
    report = export_package(str(root / "repo"), root / "back")
    assert report.ok
    assert not report.diagnostics
    assert all(calib.is_original for calib in report.exported)
    return package, root / "repo", root / "back"


def test_every_calibration_is_at_its_path(trip: Trip) -> None:
    package, _, back = trip
    there, here = files_by_path(open_package(package.path)), files_by_path(open_package(back))
    assert len(here) == DEMO_FILES
    assert here.keys() == there.keys()


def test_texts_are_equal(trip: Trip) -> None:
    package, _, back = trip
    exported, texts = canonical_texts(back), canonical_texts(package.path)
    # Also those of which a repository has the boxes of amplifiers out of use as well.
    assert exported == texts
    assert b"BADAMPS" not in exported[MASKED]


@pytest.mark.parametrize("types", [["defects"], ["defects", "bad_amps"], ["defects", "camera"]])
def test_boxes_stay_where_nothing_adds_them_again(trip: Trip, tmp_path: Path, types: list[str]) -> None:
    package, repo, _ = trip
    report = export_package(str(repo), tmp_path / "part", types=types)
    assert [(d.code, "1 of its boxes" in d.message) for d in report.diagnostics] == [("CAL746", True)]
    exported = canonical_texts(tmp_path / "part", ("demo/defects",))
    own, calib = (
        get_type("defects").readText(root / "calibs" / MASKED) for root in (package.path, tmp_path / "part")
    )
    assert exported[MASKED] != canonical_texts(package.path, (MASKED,))[MASKED]
    assert (len(calib.x0), calib.metadata["BADAMPS"]) == (len(own.x0) + 1, "C11")
    assert "BADAMPSN" not in calib.metadata


def test_the_stack_finds_one_identity_in_each_file(trip: Trip) -> None:
    package, repo, back = trip
    for path, file in files_by_path(open_package(package.path)).items():
        class_name = get_type(file.key.type).SPEC.calibcls.rpartition(".")[2]
        expected = identity_of_text(package.path / "calibs" / path, class_name)
        assert identity_of_text(back / "calibs" / path, class_name) == expected
    stored = sorted(repo.rglob("*.fits"))
    assert len(stored) == DEMO_FILES
    for path in stored:
        identity = identity_of_fits(path)
        assert identity.instrument == "Demo"
        assert identity.detector is None or identity.serial or "camera" in path.parts, path


def test_the_fingerprint_is_the_same(trip: Trip) -> None:
    package, repo, back = trip
    fingerprints = {read_inventory(str(place)).inventory.fingerprint for place in (package.path, repo, back)}
    assert len(fingerprints) == 1


def test_the_check_finds_nothing_new(trip: Trip) -> None:
    package, _, back = trip

    def findings(root: Path) -> list[tuple[str, str, str]]:
        report = check_package(open_package(root))
        return [(d.file, d.code, d.message) for d in report.diagnostics if d.code != "CAL417"]

    assert findings(back) == findings(package.path)


def test_the_instrument_is_the_repository_s(trip: Trip) -> None:
    from curated.check.instruments import read_instruments

    package, _, back = trip
    before, after = (read_instruments(open_package(p))[0]["demo"] for p in (package.path, back))
    assert after.name == before.name
    assert after.filters == before.filters
    for name, detector in before.detectors.items():
        for key in ("id", "name", "raft", "slot", "purpose"):
            assert getattr(after.detectors[name], key) == getattr(detector, key)


def test_validity_is_explicit_where_nothing_else_tells_it(trip: Trip) -> None:
    _, _, back = trip
    texts = {path: (back / "calibs" / path).read_text() for path in files_by_path(open_package(back))}
    assert {path for path, text in texts.items() if "VALIDEND" in text} == {
        "demo/defects/d02/20200101T000000.ecsv",
        "demo/manual_defects/d01/20220301T000000.ecsv",
    }
    assert "VALIDEND: '2021-06-15T00:00:00'" in texts["demo/defects/d02/20200101T000000.ecsv"]
    # Nothing of the stamp is in a text: of a text, git knows it.
    assert not any("REPOSHA1" in text or "uuid" in text for text in texts.values())


def test_it_can_be_repeated_and_changes_nothing(trip: Trip) -> None:
    _, repo, back = trip
    before = read_tree(back)
    report = export_package(str(repo), back, types=["crosstalk", "bias"], jobs=2)
    assert report.ok
    assert not report.changed
    assert read_tree(back) == before


def test_the_second_trip_changes_no_byte(trip: Trip, tmp_path: Path) -> None:
    _, _, back = trip
    package = GitPackage(tmp_path / "package")
    shutil.copytree(back, package.path)
    package.git("init", "--quiet")
    package.commit(message="Take calibrations from the repository")
    _, bundle = build_bundle(open_package(package.path), tmp_path / "bundle", label="v2")
    assert bundle is not None
    # A bundle is an export directory.
    report = export_directory(str(tmp_path / "bundle"), tmp_path / "again")
    assert report.ok
    assert read_tree(tmp_path / "again") == read_tree(back)


def test_another_file_in_the_way_is_never_overwritten(trip: Trip, tmp_path: Path) -> None:
    _, repo, _ = trip
    place = "out/calibs/demo/crosstalk/d00/20200101T000000.yaml"
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text("mine")
    with pytest.raises(CuratedError, match=f"exists, and {place[4:]} is another there"):
        export_package(str(repo), tmp_path / "out", types=["crosstalk"])
    assert read_tree(tmp_path) == {place: b"mine"}
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CuratedError, match="file exists"):
        export_package(str(repo), tmp_path / "file", types=["flat"])
    assert (tmp_path / "file").read_text() == "mine"


def test_a_package_gets_what_it_lacks(trip: Trip, tmp_path: Path) -> None:
    package, repo, _ = trip
    target = tmp_path / "package"
    shutil.copytree(package.path, target)
    missing = "calibs/demo/crosstalk/d00/20200101T000000.yaml"
    (target / missing).unlink()
    before = read_tree(target)
    # Its other texts are not in canonical form, and stay as they are.
    with pytest.raises(CuratedError, match="is another in"):
        export_package(str(repo), target, types=["crosstalk"], into=True)
    assert read_tree(target) == before
    shutil.rmtree(target / "calibs/demo/crosstalk")
    report = export_package(str(repo), target, types=["crosstalk"], into=True)
    assert report.changed
    added = read_tree(target)
    assert missing in added
    # Settings files stay.
    assert {p: b for p, b in added.items() if "/crosstalk/" not in p} == {
        p: b for p, b in before.items() if "/crosstalk/" not in p
    }
    assert not check_package(open_package(target)).failed


def test_programs_are_told_what_was_written(trip: Trip, tmp_path: Path) -> None:
    _, repo, _ = trip
    done = run_curated(
        "export", repo, "-o", tmp_path / "out", "--type", "flat", "--at", "2024-01-01", "--format", "json"
    )
    assert done.returncode == 0, done.stderr
    output = json.loads(done.stdout)
    assert (output["format"], output["version"], output["failed"]) == ("curated-export", 1, False)
    (calibration,) = output["calibrations"]
    assert calibration["path"] == "calibs/demo/flat/g00/r/20200101T000000.yaml"
    assert calibration["files"] == [calibration["path"].replace(".yaml", ".fits"), calibration["path"]]
    assert calibration["data_id"] == {"detector": 4, "instrument": "Demo", "physical_filter": "r"}
    written = {*calibration["files"], *output["settings"]}
    assert written == set(read_tree(tmp_path / "out"))


def test_a_real_package_comes_back(corpus: Path, tmp_path: Path) -> None:
    """One instrument of it, without a curated.yaml; docs/export.md tells what came of all of them."""
    package = GitPackage(tmp_path / "package")
    # Contents without modes: the original may be read only.
    shutil.copytree(corpus / "obs_lsst_data/latiss", package.path / "latiss", copy_function=shutil.copyfile)
    package.git("init", "--quiet")
    package.commit(message="Import the package")
    _, bundle = build_bundle(open_package(package.path), tmp_path / "bundle", label="v1")
    assert bundle is not None
    assert import_bundle(tmp_path / "bundle", str(tmp_path / "repo"), transfer="hardlink").ok
    report = export_package(str(tmp_path / "repo"), tmp_path / "back")
    assert report.ok
    assert all(calib.is_original for calib in report.exported)
    assert canonical_texts(tmp_path / "back") == canonical_texts(package.path)
    after = check_package(open_package(tmp_path / "back")).diagnostics
    before = check_package(open_package(package.path)).diagnostics
    assert [(d.file, d.code, d.message) for d in after] == [
        (f"calibs/{d.file}", d.code, d.message) for d in before
    ]
