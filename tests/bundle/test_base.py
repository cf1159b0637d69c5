"""Bundles that build on an earlier release: only what changed, and the whole of the new release."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import GitPackage
from curated.bundle.base import Base, read_base
from curated.bundle.builder import build_bundle
from curated.butler import import_bundle
from curated.butler.inventories import find_base, read_inventory
from curated.core.diagnostic import CuratedError
from curated.datasets.record import dataset_uuid
from curated.package.package import open_package
from support.hostile_bundles import Change, link_away, make_hostile, put, replace_file, set_card
from support.packages import defects_path, defects_text, make_demo_package, read_tree
from support.programs import run_curated
from support.repositories import make_bundle, run_stock_butler, write_manifest

DATES = ["2020-01-01T00:00:00", "2021-01-01T00:00:00", "2022-01-01T00:00:00"]


def compact(date: str) -> str:
    return date.replace("-", "").replace(":", "")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package `lab`, its release in the bundle `one`, and that in the repository `repo`; tests copy what they change."""
    place = tmp_path_factory.mktemp("original")
    files = {
        defects_path(detector, compact(date)): defects_text(detector=detector, date=date, x0=n + 1)
        for detector in range(3)
        for n, date in enumerate(DATES)
    }
    package = GitPackage(place / "lab")
    package.path.mkdir()
    package.git("init", "--quiet")
    package.commit({"curated.yaml": "calibs: calibs\n", **files})
    package.git("tag", "v1")
    imported(bundled(package, place / "one", "v1"), place / "repo")
    return place


def copy_of(package: Path, target: Path) -> GitPackage:
    copy = GitPackage(shutil.copytree(package, target))
    copy.commits.append(copy.git("rev-parse", "HEAD"))
    return copy


@pytest.fixture
def lab(original: Path, tmp_path: Path) -> GitPackage:
    """Three detectors of three epochs each, with release v1 tagged."""
    return copy_of(original / "lab", tmp_path / "package")


@pytest.fixture
def first(original: Path, tmp_path: Path) -> Path:
    """A bundle of release v1."""
    return shutil.copytree(original / "one", tmp_path / "one")


@pytest.fixture
def repo(original: Path, tmp_path: Path) -> Path:
    """A repository with a copy of release v1."""
    return shutil.copytree(original / "repo", tmp_path / "repo")


def bundled(package: GitPackage, output: Path, label: str, base: str | Path | None = None) -> Path:
    opened = open_package(package.path)
    old = find_base(str(base), opened) if base is not None else None
    report, bundle = build_bundle(opened, output, label=label, base=old)
    assert bundle is not None, report.diagnostics
    return output


def imported(bundle: Path, repo: Path, **options: Any) -> Path:
    report = import_bundle(bundle, str(repo), **options)
    assert report.ok, report.diagnostics
    return repo


def fingerprint(where: Path, *collections: str) -> str:
    result = read_inventory(str(where), collections=collections, by_bytes=True)
    assert not result.failed, result.diagnostics
    return result.inventory.fingerprint


def files(bundle: Path) -> list[str]:
    return sorted(str(p.relative_to(bundle / "files")) for p in bundle.rglob("*.fits"))


def manifest(bundle: Path) -> dict[str, Any]:
    return json.loads((bundle / "manifest.json").read_text())


def change(lab: GitPackage) -> None:
    """One file edited, one removed, one added."""
    lab.commit(
        {
            defects_path(0, compact(DATES[0])): defects_text(date=DATES[0], x0=77),
            defects_path(1, compact(DATES[2])): None,
            defects_path(2, "20230101T000000"): defects_text(detector=2, date="2023-01-01T00:00:00", x0=9),
        }
    )


CHANGED = [
    "calibs/lab/defects/d00/20200101T000000.fits",
    # Its end moved: a file never contradicts its certification.
    "calibs/lab/defects/d01/20210101T000000.fits",
    "calibs/lab/defects/d02/20220101T000000.fits",
    "calibs/lab/defects/d02/20230101T000000.fits",
]


@pytest.fixture(scope="module")
def full(original: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Fingerprint of the changed package in a repository that all of it was imported into."""
    place = tmp_path_factory.mktemp("full")
    package = copy_of(original / "lab", place / "package")
    change(package)
    return fingerprint(imported(bundled(package, place / "two", "v2"), place / "repo"), "Lab/calib/v2")


@pytest.mark.parametrize("kind", ["bundle", "tag", "repository"])
@pytest.mark.parametrize("transfer", ["copy", "direct"])
def test_only_what_changed_travels_and_the_release_is_whole(
    lab: GitPackage, first: Path, full: str, tmp_path: Path, kind: str, transfer: str
) -> None:
    repo = imported(first, tmp_path / "repo", transfer=transfer)
    change(lab)
    base = {"bundle": first, "tag": "v1", "repository": repo}[kind]
    second = bundled(lab, tmp_path / "two", "v2", base)
    assert files(second) == CHANGED
    report = import_bundle(second, str(repo), transfer=transfer)
    assert report.ok, report.diagnostics
    (lab_report,) = report.instruments
    assert (lab_report.datasets_new, lab_report.certifications_new) == (4, 9)
    again = import_bundle(second, str(repo), transfer=transfer)
    assert again.ok
    assert not again.changed

    assert fingerprint(repo, "Lab/calib/v2") == fingerprint(second) == fingerprint(lab.path) == full
    # What it does not hold is certified from the run where it is.
    runs = {d["run"].split("/")[2] for d in manifest(second)["datasets"] if d["path"] is None}
    assert runs == {"v1"}


def test_a_demonstration_of_every_type(tmp_path: Path) -> None:
    demo = make_demo_package(tmp_path / "demo")
    first = bundled(demo, tmp_path / "one", "v1")
    second = bundled(demo, tmp_path / "two", "v2", first)
    assert files(second) == []
    assert not list(second.rglob("*.inputs.yaml"))
    repo = imported(second, imported(first, tmp_path / "repo"))
    assert fingerprint(repo, "Demo/calib/v2") == fingerprint(repo, "Demo/calib/v1") == fingerprint(second)


def test_bundles_can_build_on_bundles_that_do(
    lab: GitPackage, first: Path, repo: Path, tmp_path: Path
) -> None:
    change(lab)
    second = bundled(lab, tmp_path / "two", "v2", first)
    lab.commit({defects_path(0, compact(DATES[1])): defects_text(date=DATES[1], x0=55)})
    third = bundled(lab, tmp_path / "three", "v3", second)
    assert files(third) == ["calibs/lab/defects/d00/20210101T000000.fits"]
    runs = {d["run"].split("/")[2] for d in manifest(third)["datasets"]}
    assert runs == {"v1", "v2", "v3"}
    for bundle in (second, third):
        imported(bundle, repo)
    assert fingerprint(repo, "Lab/calib/v3") == fingerprint(lab.path)


def test_what_is_the_same_though_its_text_is_not(lab: GitPackage, first: Path, tmp_path: Path) -> None:
    """A comment, and the version of curated that made the base: what the file holds decides."""
    path = defects_path(0, compact(DATES[0]))
    lab.commit({path: defects_text(date=DATES[0]).replace("1 2 3 4", "1  2  3  4")})
    second = bundled(lab, tmp_path / "two", "v2", first)
    assert files(second) == []
    assert not (second / "files" / "calibs").exists()
    data = manifest(first)
    for dataset in data["datasets"]:
        dataset["recipe"] = "0" * 64
    write_manifest(first, data)
    assert files(bundled(lab, tmp_path / "three", "v2", first)) == []


@pytest.mark.parametrize(
    "change",
    [
        put("datasets", 0, "run", value="Lab/calib/v1/../../x"),
        put("datasets", 0, "content", value="0" * 64),
        lambda _, manifest: manifest["datasets"][0].update(uuid=manifest["datasets"][1]["uuid"]),
        put("repository", "label", value="../v1"),
        replace_file(os.mkfifo),
        replace_file(link_away),
        set_card("DETECTOR", "                   9"),
        lambda bundle, _: (bundle / "SHA256SUMS").unlink(),
    ],
    ids=["run", "content", "uuid", "label", "pipe", "link", "header", "hashes"],
)
def test_a_hostile_base_is_refused(tmp_path: Path, change: Change) -> None:
    make_hostile(make_bundle(tmp_path / "base"), change)
    with pytest.raises(CuratedError, match="is no bundle that another one can build on: "):
        read_base(tmp_path / "base")


def test_what_no_manifest_can_refer_to_is_left_out(tmp_path: Path) -> None:
    base = read_base(make_bundle(tmp_path / "base"))
    entries = list(base.by_identity.values())
    by_pipeline = replace(entries[0], uuid="0f0e0d0c-0b0a-4009-8807-060504030201")
    run = "u/somebody/ß"
    elsewhere = replace(entries[1], run=run)
    elsewhere = replace(elsewhere, uuid=dataset_uuid(elsewhere.dataset_type, run, elsewhere.data_id))
    others = Base.of("other", [by_pipeline, elsewhere, *entries[2:]])
    assert list(others.by_identity.values()) == entries[2:]
    # It is held by the new release.
    assert others.refer(entries[0]) == entries[0]


def test_a_base_whose_files_were_moved(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "base")
    datasets = read_base(bundle).by_identity
    for path in bundle.rglob("*.fits"):
        path.unlink()
    assert read_base(bundle).by_identity == datasets


def test_same_commit_same_bytes(lab: GitPackage, first: Path, tmp_path: Path) -> None:
    change(lab)
    bundled(lab, tmp_path / "two", "v2", first)
    bundled(lab, tmp_path / "elsewhere" / "two", "v2", shutil.copytree(first, tmp_path / "moved"))
    assert read_tree(tmp_path / "two") == read_tree(tmp_path / "elsewhere" / "two")


def test_a_repository_without_the_base_is_told(lab: GitPackage, first: Path, tmp_path: Path) -> None:
    change(lab)
    second = bundled(lab, tmp_path / "two", "v2", first)
    report = import_bundle(second, str(tmp_path / "repo"), dry_run=True)
    assert {d.code for d in report.diagnostics} == {"CAL680"}
    assert not (tmp_path / "repo").exists()
    other = imported(bundled(lab, tmp_path / "full", "v9"), tmp_path / "other")
    before = fingerprint(other)
    done = run_curated("import", second, other)
    assert done.returncode == 1
    assert "CAL680" in done.stderr
    assert "v1" in done.stderr
    assert fingerprint(other) == before


def cut_off(repo: Path) -> None:
    file = next(repo.glob("Lab/calib/v1/**/*.fits"))
    file.write_bytes(file.read_bytes()[:-2880])


def removed(repo: Path) -> None:
    next(repo.glob("Lab/calib/v1/**/*.fits")).unlink()


@pytest.mark.parametrize(("damage", "code"), [(cut_off, "CAL625"), (removed, "CAL681")])
@pytest.mark.parametrize("base", ["bundle", "tag"])
def test_a_base_that_is_damaged_is_not_certified_again(
    lab: GitPackage,
    first: Path,
    repo: Path,
    tmp_path: Path,
    damage: Callable[[Path], None],
    code: str,
    base: str,
) -> None:
    second = bundled(lab, tmp_path / "two", "v2", first if base == "bundle" else "v1")
    damage(repo)
    report = import_bundle(second, str(repo))
    assert [d.code for d in report.diagnostics] == [code]


def test_another_label_keeps_its_references(lab: GitPackage, first: Path, repo: Path, tmp_path: Path) -> None:
    change(lab)
    second = bundled(lab, tmp_path / "two", "v2", first)
    imported(second, repo, label="v2-rc1")
    assert fingerprint(repo, "Lab/calib/v2-rc1") == fingerprint(lab.path)


def test_stock_butler_is_given_nothing_that_it_would_half_import(
    lab: GitPackage, first: Path, repo: Path, tmp_path: Path
) -> None:
    second = bundled(lab, tmp_path / "two", "v2", first)
    assert sorted(p.name for p in second.iterdir()) == ["README.md", "SHA256SUMS", "files", "manifest.json"]
    assert "only\n`curated import` can bring this one in" in (second / "README.md").read_text()
    done = run_stock_butler("import", str(repo), str(second), "--export-file", "export.yaml", "-t", "copy")
    assert done.returncode != 0


@pytest.mark.parametrize("base", ["nonesuch", "./nonesuch"])
def test_a_base_that_does_not_exist(lab: GitPackage, tmp_path: Path, base: str) -> None:
    done = run_curated("bundle", tmp_path / "two", "--base", base, cwd=lab.path)
    assert done.returncode == 2
    assert base in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "two").exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"datasets": [1]}', '{"datasets": [{}], "repository": {}}']
)
def test_a_base_that_is_no_bundle(lab: GitPackage, tmp_path: Path, text: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "manifest.json").write_text(text)
    done = run_curated("bundle", tmp_path / "two", "--base", tmp_path / "one", cwd=lab.path)
    assert done.returncode == 2
    assert "is no bundle" in done.stderr
    assert not (tmp_path / "two").exists()


def test_the_command_says_what_it_holds(lab: GitPackage, first: Path, repo: Path, tmp_path: Path) -> None:
    change(lab)
    done = run_curated("bundle", tmp_path / "two", "--label", "v2", "--base", first, cwd=lab.path)
    assert done.stdout.startswith("4 of 9 datasets (")
    assert done.stdout.endswith(", the others as in v1\n")
    done = run_curated("publish", repo, "--label", "v2", "--base", "v1", cwd=lab.path)
    assert done.returncode == 0, done.stderr
    assert fingerprint(repo, "Lab/calib/v2") == fingerprint(lab.path)
