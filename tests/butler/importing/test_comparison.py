"""Datasets, ranges and files of a bundle that contradict each other, or that a repository has otherwise or has lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from curated.bundle.contents import Entry
from curated.bundle.manifest_reader import read_contents
from curated.butler import import_bundle, open_repository
from curated.core.diagnostic import CuratedError
from support.imports import assert_whole, codes, counts, file_states
from support.remote import repository_contents
from support.repositories import DATASET_TYPES, BundleMaker

pytest.importorskip("lsst.daf.butler")

from curated.butler.importing.comparison import compare_datasets, compare_files
from curated.butler.importing.survey import survey_repository


def compared(bundle: Path, repo: str, *changes: Callable[[Entry], Entry]) -> list[str]:
    """Codes of what is found where a bundle's defects of detector 0 are references, each with a change."""
    contents, _ = read_contents(bundle)
    assert contents is not None
    first, *others = [entry for entry in contents.entries if entry.dataset_type == "defects"]
    other = next(entry for entry in others if entry.run == first.run)
    entries = []
    for change in changes:
        entry = change(replace(first, path=""))
        entries.append(replace(entry, uuid=other.uuid) if entry.uuid == "other" else entry)
    contents = replace(contents, entries=tuple(entries))
    butler = open_repository(repo)
    survey = survey_repository(butler, contents)
    datasets = compare_datasets(butler, contents, survey)
    files = compare_files(butler, contents, datasets.refs)
    return [diagnostic.code for diagnostic in (*datasets.diagnostics, *files.diagnostics)]


def test_a_reference_is_verified_against_the_repository(bundle, repo) -> None:
    import_bundle(bundle, repo)
    assert compared(bundle, repo, lambda entry: entry) == []
    assert compared(bundle, repo, lambda entry: replace(entry, uuid="other")) == ["CAL643"]
    assert compared(bundle, repo, lambda entry: replace(entry, uuid=str(uuid4()))) == ["CAL625"]
    assert compared(bundle, repo, lambda entry: replace(entry, sha256="0" * 64)) == ["CAL625"]
    assert compared(bundle, repo, lambda entry: replace(entry, size=entry.size + 1)) == ["CAL625"]
    assert compared(bundle, repo, lambda entry: replace(entry, sha256="", content="0" * 64)) == ["CAL625"]
    assert compared(bundle, repo, lambda entry: replace(entry, run=f"{entry.run}x")) == ["CAL680"]


@pytest.mark.parametrize("size", [0, 100])
def test_a_reference_to_a_file_that_is_damaged(bundle, repo, size) -> None:
    import_bundle(bundle, repo)
    for file in Path(repo).rglob("defects*.fits"):
        content = bytearray(file.read_bytes())
        content[4000] ^= 1
        file.write_bytes(content[: len(content) - size])
    assert compared(bundle, repo, lambda entry: entry) == ["CAL625"]


def test_a_label_is_not_used_twice(bundle, repo, tmp_path) -> None:
    import_bundle(bundle, repo)
    maker = BundleMaker()
    maker.add("defects", "1970-01-01T00:00:00", "2020-01-01T00:00:00", detector=0, seed=5)
    report = import_bundle(maker.write(tmp_path / "again"), repo)
    assert codes(report) == ["CAL625"]
    assert not report.changed
    hint = report.diagnostics[0].hint
    assert "another --label" in hint
    assert "'curated scrub' finds out" in hint


def test_ranges_that_overlap_within_the_bundle(repo, tmp_path) -> None:
    maker = BundleMaker()
    for begin, end in (("2020", "2022"), ("2021", None), ("2022", "2023")):
        maker.add("defects", f"{begin}-01-01T00:00:00", f"{end}-01-01T00:00:00" if end else None, detector=0)
    maker.add("defects", "2020-06-01T00:00:00", detector=1)
    report = import_bundle(maker.write(tmp_path / "overlap"), repo)
    assert codes(report) == ["CAL626", "CAL626"]
    assert not open_repository(repo).collections.query("*")


def test_an_overlap_is_found_beside_the_next_one(tmp_path) -> None:
    maker = BundleMaker()
    for begin, end in (("2000", "2020"), ("2001", "2002"), ("2005", "2006")):
        maker.add("defects", f"{begin}-01-01T00:00:00", f"{end}-01-01T00:00:00", detector=0)
    report = import_bundle(maker.write(tmp_path / "bundle"), str(tmp_path / "repo"), dry_run=True)
    assert codes(report) == ["CAL626", "CAL626"]
    assert (report.instruments[0].certifications_new, report.instruments[0].certifications_conflicting) == (
        1,
        2,
    )


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("2019-12-31T23:59:59", "2020-01-01T00:00:00"),
        # Those of the datasets that are there, for another dataset.
        ("1970-01-01T00:00:00", "2020-01-01T00:00:00"),
        ("2020-01-01T00:00:00", None),
    ],
)
def test_ranges_that_overlap_what_the_repository_has(bundle, repo, tmp_path, begin, end) -> None:
    import_bundle(bundle, repo)
    maker = BundleMaker()
    maker.add("defects", begin, end, detector=0, epoch="20300101T000000")
    maker.add("defects", "2021-01-01T00:00:00", detector=3)
    path = maker.write(tmp_path / "more")
    files = file_states(repo)
    report = import_bundle(path, repo)
    assert codes(report) == ["CAL627"]
    assert "overlaps dataset" in report.diagnostics[0].message
    assert file_states(repo) == files
    maker.datasets.pop(0)
    report = import_bundle(maker.write(tmp_path / "less"), repo)
    assert report.ok
    assert counts(report)["datasets_new"] == 1


def test_a_lost_file_is_put_back(bundle, repo) -> None:
    import_bundle(bundle, repo)
    lost = next(Path(repo).rglob("defects*.fits"))
    content = lost.read_bytes()
    lost.unlink()
    dry = import_bundle(bundle, repo, dry_run=True)
    assert dry.changed
    assert not lost.exists()
    report = import_bundle(bundle, repo)
    assert report.ok
    assert report.instruments[0].datasets_restored == 1
    assert codes(report) == ["CAL630"]
    assert lost.read_bytes() == content
    assert not import_bundle(bundle, repo).changed


@pytest.mark.parametrize("part", ["file", "directory"])
def test_a_lost_file_is_not_put_back_outside_of_the_repository(bundle, repo, tmp_path, part) -> None:
    import_bundle(bundle, repo)
    file = sorted(Path(repo).rglob("defects*.fits"))[0]
    outside = tmp_path / "outside"
    outside.mkdir()
    if part == "file":
        file.unlink()
        file.symlink_to(outside / "x.fits")
        assert import_bundle(bundle, repo).ok
        assert file.is_file()
        assert not file.is_symlink()
    else:
        shutil.rmtree(file.parent)
        file.parent.symlink_to(outside)
        with pytest.raises(CuratedError, match="would be outside of the datastore"):
            import_bundle(bundle, repo)
    assert not list(outside.iterdir())


def test_the_damage_of_two_stock_imports_is_mended(bundle, repo) -> None:
    from lsst.daf.butler import Butler
    from sqlalchemy.exc import IntegrityError

    from curated.butler.repository.creation import create_repository

    create_repository(repo, DATASET_TYPES)
    butler = Butler.from_config(repo, writeable=True)
    butler.import_(directory=str(bundle), filename=str(bundle / "export.yaml"), transfer="copy")
    with pytest.raises(IntegrityError):
        butler.import_(directory=str(bundle), filename=str(bundle / "export.yaml"), transfer="copy")
    assert not list(Path(repo).rglob("*.fits"))
    report = import_bundle(bundle, repo)
    assert report.instruments[0].datasets_restored == 6
    assert_whole(repo)


def test_a_changed_file_in_the_repository_is_found(bundle, repo) -> None:
    import_bundle(bundle, repo)
    file = next(Path(repo).rglob("defects*.fits"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert codes(import_bundle(bundle, repo)) == ["CAL625"]


def test_a_bundle_that_a_direct_import_refers_to_must_stay(bundle, repo, tmp_path) -> None:
    import_bundle(bundle, repo, transfer="direct")
    moved = shutil.move(bundle, tmp_path / "elsewhere")
    report = import_bundle(Path(moved), repo, transfer="direct")
    assert codes(report) == ["CAL631"] * 6
    shutil.move(moved, bundle)
    assert not import_bundle(bundle, repo, transfer="direct").changed


def test_a_changed_object_is_found_and_a_lost_one_put_back(
    bundle, bucket, sqlite, store_of_test, clean
) -> None:
    repo = f"s3://{bucket}/repo"
    import_bundle(bundle, repo, seed_config=str(sqlite))
    client = store_of_test.client()
    key, content = next(iter(store_of_test.objects(bucket).items()))
    changed = content[:-1] + b"x"
    client.put_object(Bucket=bucket, Key=key, Body=changed, ChecksumAlgorithm="CRC32")
    assert codes(import_bundle(bundle, repo)) == ["CAL625"]
    client.delete_object(Bucket=bucket, Key=key)
    report = import_bundle(bundle, repo)
    assert codes(report) == ["CAL630"]
    assert repository_contents(repo) == clean
