"""Scrubbing of whole repositories: what is damaged, missing or changed is found, and nothing else."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import pytest

from curated.butler import import_bundle, retract_release, scrub_repository
from curated.butler.repository.records import DIRECTORY
from curated.butler.scrubbing.scrubber import ScrubReport
from curated.core.diagnostic import CuratedError
from curated.core.ssh_signature import Trust
from curated.datasets.foreign import ForeignType
from support.exports import certify_foreign
from support.repositories import make_bundle
from support.signatures import SIGNER, make_key, make_signed_bundle, write_signers
from support.tampering import DATABASE, flip_byte, run_sql, stored_files, tamper


def scrub(repo: Path | str, **options: object) -> ScrubReport:
    return scrub_repository(str(repo), jobs=1, **options)


def codes(report: ScrubReport) -> set[str]:
    return {finding.code for finding in report.diagnostics}


def test_a_repository_as_it_was_imported(original_repo: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in original_repo.rglob("*")}
    report = scrub(original_repo)
    assert (report.ok, report.complete, report.diagnostics) == (True, True, ())
    assert (report.files, report.selected_of, report.datasets, report.certifications) == (6, 6, 6, 6)
    assert report.bytes == sum(path.stat().st_size for path in stored_files(original_repo))
    assert [release.contents.label for release in report.releases] == ["v1"]
    assert {path: path.stat().st_mtime_ns for path in original_repo.rglob("*")} == before


@pytest.mark.parametrize("transfer", ["hardlink", "direct"])
def test_files_that_are_elsewhere(tmp_path: Path, transfer: str) -> None:
    bundle, repo = make_bundle(tmp_path / "bundle"), tmp_path / "repo"
    assert import_bundle(bundle, str(repo), transfer=transfer).ok
    assert scrub(repo).diagnostics == ()
    damaged = stored_files(bundle)[0]
    data = damaged.read_bytes()
    damaged.write_bytes(data[:-1] + b"x")
    assert codes(scrub(repo)) == {"CAL690"}
    damaged.unlink()
    if transfer != "hardlink":
        assert codes(scrub(repo)) == {"CAL691"}


def test_every_flipped_byte_is_found(filled_repo: Path) -> None:
    random_source = random.Random(11)
    originals = {path: path.read_bytes() for path in stored_files(filled_repo)}
    for _ in range(3):  # single files get hundreds of flips in test_files.py
        for path in originals:
            flip_byte(path, random_source)
        findings = scrub(filled_repo).diagnostics
        assert {finding.file for finding in findings} == set(map(str, originals))
        for path, data in originals.items():
            path.write_bytes(data)
    assert scrub(filled_repo).diagnostics == ()


TAMPERINGS = {
    "a range that begins later": (
        "UPDATE {calibs} SET timespan_begin = timespan_begin + 1 WHERE id = 1",
        {"CAL692"},
    ),
    "a range beyond the end of time": (
        "UPDATE {calibs} SET timespan_end = timespan_end + 1 WHERE timespan_end > 4e18",
        {"CAL692"},
    ),
    "a certification that is gone": ("DELETE FROM {calibs} WHERE id = 1", {"CAL692"}),
    "a certification for another detector": (
        "UPDATE {calibs} SET detector = 1 - detector WHERE id = 1",
        {"CAL692"},
    ),
    "a dataset that is in no run": (
        "DELETE FROM dataset_tags_00000001 WHERE dataset_id = (SELECT MIN(dataset_id) FROM dataset_tags_00000001)",
        {"CAL694"},
    ),
    "a dataset of another run": (
        "UPDATE dataset SET run_id = (SELECT MIN(run_id) FROM dataset WHERE run_id != d.run_id)"
        " FROM dataset AS d WHERE dataset.id = d.id AND d.id = (SELECT MIN(id) FROM dataset)",
        {"CAL694"},
    ),
    "another storage class of a dataset type": (
        "UPDATE dataset_type SET storage_class = 'IsrCalib' WHERE name = 'defects'",
        {"CAL695"},
    ),
    "another storage class of a file": (
        "UPDATE file_datastore_records SET storage_class = 'IsrCalib'"
        " WHERE dataset_id = (SELECT MIN(dataset_id) FROM file_datastore_records)",
        {"CAL694"},
    ),
    "another formatter": (
        "UPDATE file_datastore_records SET formatter = 'os.system'"
        " WHERE dataset_id = (SELECT MIN(dataset_id) FROM file_datastore_records)",
        {"CAL694"},
    ),
    "another size": (
        "UPDATE file_datastore_records SET file_size = 7"
        " WHERE dataset_id = (SELECT MIN(dataset_id) FROM file_datastore_records)",
        {"CAL694"},
    ),
    "a file that is not recorded": (
        "DELETE FROM file_datastore_records"
        " WHERE dataset_id = (SELECT MIN(dataset_id) FROM file_datastore_records)",
        {"CAL691", "CAL694"},
    ),
    "another name of a detector": ("UPDATE detector SET full_name = 'x' WHERE id = 1", {"CAL695"}),
    "another band": ("UPDATE physical_filter SET band = 'z'", {"CAL695"}),
    "another limit": ("UPDATE instrument SET visit_max = 7", {"CAL695"}),
    "a chain without its release": ("DELETE FROM collection_chain", {"CAL696"}),
}


@pytest.mark.parametrize(("statement", "expected"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_a_tampered_row_is_found(filled_repo: Path, statement: str, expected: set[str]) -> None:
    run_sql(filled_repo, statement)
    report = scrub(filled_repo)
    assert codes(report) >= expected
    assert not report.ok


def test_random_rows(filled_repo: Path) -> None:
    original = (filled_repo / DATABASE).read_bytes()
    random_source = random.Random(5)
    for _ in range(8):
        tampering = tamper(filled_repo, random_source)
        assert not scrub(filled_repo, sample=1e-9).ok, tampering
        (filled_repo / DATABASE).write_bytes(original)


def test_a_file_in_the_place_of_another(filled_repo: Path) -> None:
    first, second, *_ = stored_files(filled_repo)
    data = first.read_bytes(), second.read_bytes()
    first.write_bytes(data[1])
    second.write_bytes(data[0])
    assert codes(scrub(filled_repo)) == {"CAL690"}


def test_a_dataset_that_does_not_belong(filled_repo: Path, tmp_path: Path) -> None:
    from curated.butler import open_repository
    from curated.butler.certified.lookup import timespan_of
    from curated.datasets.spans import Span

    other = make_bundle(tmp_path / "other", label="v2")
    assert import_bundle(other, str(filled_repo)).ok
    assert scrub(filled_repo).diagnostics == ()
    butler = open_repository(str(filled_repo), writeable=True)
    (ref, *_) = butler.query_datasets("camera_geometry", "Lab/calib/v2", find_first=False)
    butler.registry.decertify("Lab/calib/v1", "camera_geometry", timespan_of(Span()))
    butler.registry.certify("Lab/calib/v1", [ref], timespan_of(Span()))
    assert codes(scrub(filled_repo)) == {"CAL692", "CAL693"}


def test_changes_by_curated_are_no_tampering(filled_repo: Path, next_bundle: Path) -> None:
    assert import_bundle(next_bundle, str(filled_repo)).ok
    assert retract_release(str(filled_repo), "v1").ok
    assert scrub(filled_repo).diagnostics == ()
    assert retract_release(str(filled_repo), "v1", undo=True).ok
    assert scrub(filled_repo).diagnostics == ()
    run_sql(filled_repo, "UPDATE collection_chain SET position = 5 - position")
    assert codes(scrub(filled_repo)) == {"CAL696"}


def test_another_label(bundle: Path, repo: str) -> None:
    assert import_bundle(bundle, repo, label="renamed").ok
    report = scrub(repo)
    assert report.diagnostics == ()
    assert [release.contents.label for release in report.releases] == ["renamed"]
    report = scrub(repo, bundles=[bundle])
    assert report.diagnostics == ()
    assert [release.source for release in report.releases] == [str(bundle)]


# -- what is not covered ---------------------------------------------------------------------------


def test_without_records_nothing_is_called_clean(filled_repo: Path, bundle: Path) -> None:
    shutil.rmtree(filled_repo / DIRECTORY)
    report = scrub(filled_repo)
    assert not report.complete
    assert sum((report.uncovered or {}).values()) == 6
    assert "CAL698" in codes(report)
    report = scrub(filled_repo, bundles=[bundle])
    assert (report.ok, report.uncovered) == (True, {})
    # The bundle does not say in which order releases are found.
    assert [(f.code, f.file) for f in report.diagnostics] == [("CAL698", "Lab/calib")]
    assert not report.complete
    # The same import records it again.
    assert import_bundle(bundle, str(filled_repo)).ok
    assert scrub(filled_repo).diagnostics == ()


def test_samples_follow_on_one_another(original_repo: Path) -> None:
    whole = scrub(original_repo).files
    counts = [scrub(original_repo, sample=50, seed=seed).files for seed in range(2)]
    assert sum(counts) == whole


# -- what is trusted -------------------------------------------------------------------------------


def test_a_forger_who_also_changes_the_record(tmp_path: Path) -> None:
    """Without signatures a consistent forgery passes; a signed record or the bundle shows it."""
    key = make_key(tmp_path / "key")
    trust = Trust(write_signers(tmp_path / "signers", key))
    bundle, repo = make_signed_bundle(tmp_path / "bundle", key), tmp_path / "repo"
    assert import_bundle(bundle, str(repo)).ok
    report = scrub(repo, trust=trust)
    assert report.diagnostics == ()
    assert [release.signer for release in report.releases] == [SIGNER]
    (record,) = (path.parent for path in (repo / DIRECTORY).glob("*/import.json"))
    text = (record / "manifest.json").read_text()
    target = stored_files(repo)[0]
    old = next(d for d in json.loads(text)["datasets"] if d["size"] == target.stat().st_size)
    forged = text.replace(old["sha256"], "0" * 64)
    (record / "manifest.json").write_text(forged)
    # The manifest's own hash is in import.json and in the name.
    report = scrub(repo)
    assert codes(report) >= {"CAL697", "CAL698"}
    report = scrub(repo, bundles=[bundle], trust=trust)
    assert {f.code for f in report.diagnostics} == {"CAL697"}


def test_records_that_nobody_signed(original_repo: Path, tmp_path: Path) -> None:
    trust = Trust(write_signers(tmp_path / "signers", make_key(tmp_path / "key")))
    report = scrub(original_repo, trust=trust)
    assert not report.ok
    assert not report.complete


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("import.json", ""),
        ("import.json", '{"format": "curated-import-record"}'),
        ("manifest.json", "{}"),
        ("state.json", "null"),
    ],
)
def test_damaged_records_are_named(filled_repo: Path, name: str, text: str) -> None:
    (path,) = (filled_repo / DIRECTORY).rglob(name)
    path.write_text(text)
    assert "CAL697" in codes(scrub(filled_repo))


@pytest.mark.parametrize("name", ["import.json", "manifest.json", "state.json"])
def test_pipes_in_place_of_records_are_named(filled_repo: Path, name: str) -> None:
    (path,) = (filled_repo / DIRECTORY).rglob(name)
    path.unlink()
    os.mkfifo(path)
    assert "CAL697" in codes(scrub(filled_repo, sample=1e-9))


def test_a_state_that_is_gone(filled_repo: Path) -> None:
    (filled_repo / DIRECTORY / "state.json").unlink()
    assert codes(scrub(filled_repo)) == {"CAL697", "CAL698"}


def test_dataset_types_that_no_type_declares_are_no_lack_of_records(filled_repo: Path) -> None:
    certify_foreign(filled_repo, "Lab/calib/odd")
    report = scrub(filled_repo)
    assert (report.ok, report.complete, report.diagnostics) == (True, True, ())
    assert report.foreign == (ForeignType("oddity", "StructuredDataDict", 1),)
    assert report.to_dict()["foreign"][0]["datasets"] == 1
    (stored,) = filled_repo.glob("Lab/odd/**/*.yaml")
    stored.unlink()
    assert codes(scrub(filled_repo)) == {"CAL691"}


# -- what it works on ------------------------------------------------------------------------------


def test_a_repository_that_cannot_be_written(filled_repo: Path) -> None:
    paths = [filled_repo, *filled_repo.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert scrub(filled_repo).diagnostics == ()
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_several_processes(filled_repo: Path) -> None:
    flip_byte(stored_files(filled_repo)[2], random.Random(1))
    calls: list[tuple[int, int]] = []
    options = {"jobs": 2, "progress": lambda *call: calls.append(call)}
    assert codes(scrub_repository(str(filled_repo), **options)) == {"CAL690"}
    assert calls[-1] == (6, 6)


def test_no_repository(tmp_path: Path, original_repo: Path) -> None:
    with pytest.raises(CuratedError, match="is no Butler repository"):
        scrub(tmp_path)
    with pytest.raises(CuratedError, match="Nowhere"):
        scrub(original_repo, collections=["Nowhere/calib"])


def test_no_database(filled_repo: Path) -> None:
    (filled_repo / DATABASE).write_bytes(b"garbage" * 999)
    with pytest.raises(CuratedError, match="database"):
        scrub(filled_repo)
    (filled_repo / DATABASE).write_bytes(b"")
    with pytest.raises(CuratedError, match="is empty"):
        scrub(filled_repo)
    (filled_repo / DATABASE).unlink()
    with pytest.raises(CuratedError, match="is gone"):
        scrub(filled_repo)


def test_a_repository_on_a_server(server_repo: str, bundle: Path) -> None:
    assert import_bundle(bundle, server_repo).ok
    assert scrub(server_repo).diagnostics == ()
    flip_byte(stored_files(Path(server_repo))[0], random.Random(1))
    assert codes(scrub(server_repo)) == {"CAL690"}
