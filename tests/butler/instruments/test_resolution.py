"""Unmodified packages in the form of the stack's arrive under the names that a repository has for instruments."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from lsst.daf.butler import Butler

from curated.bundle.builder import build_bundle
from curated.bundle.manifest_reader import read_contents
from curated.butler import ImportReport, import_bundle, retract_release, scrub_repository
from curated.butler.instruments.resolution import resolve_contents
from curated.package.package import open_package
from support.corpus import copy_stack_repository
from support.stack_instruments import (
    DIRECTORIES,
    INSTRUMENTS,
    PACKAGES,
    add_instrument,
    register,
    write_stack_package,
)

NAMESPACE = UUID("840b31d9-05cd-5161-b2c8-00d32b280d0f")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of all eight packages, without any settings."""
    return make_bundle(tmp_path_factory.mktemp("package"), DIRECTORIES)


@pytest.fixture(scope="module")
def com_cam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("package"), ["comCam"])


def make_bundle(root: Path, directories: Iterable[str], settings: str = "", **options: object) -> Path:
    package = write_stack_package(root / "package", *directories)
    if settings:
        package.commit({"curated.yaml": settings}, "Add settings")
    report, bundle = build_bundle(open_package(package.path), root / "bundle", label="v1", jobs=1, **options)  # type: ignore[arg-type]
    assert bundle is not None, report.diagnostics
    return bundle.path


def codes(report: ImportReport) -> list[str]:
    return sorted(d.code for d in report.diagnostics)


def records(repo: Path) -> set[tuple[object, ...]]:
    with Butler.from_config(str(repo)) as butler:
        return {
            (element, *(str(value) for value in row.toDict().values()))
            for element in ("instrument", "detector", "physical_filter")
            for row in butler.query_dimension_records(element, explain=False, limit=None)
        }


def test_eight_of_eight_arrive_in_one_repository(bundle: Path, tmp_path: Path) -> None:
    repo = register(tmp_path / "repo", INSTRUMENTS)
    before = records(repo)
    planned = import_bundle(bundle, str(repo), dry_run=True)
    report = import_bundle(bundle, str(repo))
    assert report.ok, report.diagnostics
    assert codes(report) == codes(planned) == []
    assert records(repo) == before, "no instrument, detector or filter is new, and none is changed"
    assert {i.bundle_name or i.name: i.name for i in report.instruments} == {
        PACKAGES[directory][0]: name for directory, name in DIRECTORIES.items()
    }
    assert [i.datasets_new for i in report.instruments] == [i.datasets_new for i in planned.instruments]
    with Butler.from_config(str(repo)) as butler:
        for directory, name in DIRECTORIES.items():
            _, detectors, filter_name, _ = PACKAGES[directory]
            for number in detectors:
                ref = butler.query_datasets(
                    "defects", f"{name}/calib/v1/curated/19700101T000000Z", instrument=name, detector=number
                )[0]
                path = Path(butler.getURI(ref).ospath)
                run = f"{name}/calib/v1/curated/19700101T000000Z"
                text = f"dataset_type=defects,run={run},detector={number},instrument={name}"
                assert (ref.run, ref.id) == (run, uuid5(NAMESPACE, text))
                original = (
                    bundle / "files" / directory / "defects" / detectors[number] / "19700101T000000.fits"
                )
                assert path.read_bytes() == original.read_bytes()
            if filter_name:
                (ref,) = butler.query_datasets(
                    "transmission_filter", f"{name}/calib/v1/curated/19700101T000000Z", instrument=name
                )
                assert ref.dataId["physical_filter"] in INSTRUMENTS[name][2]
            assert butler.collections.get_info(f"{name}/calib").children == (f"{name}/calib/v1",)
    again = import_bundle(bundle, str(repo))
    assert (again.ok, again.changed) == (True, False)
    assert [i.bundle_name for i in again.instruments] == [i.bundle_name for i in report.instruments]
    scrubbed = scrub_repository(str(repo))
    assert not scrubbed.diagnostics, scrubbed.diagnostics
    assert retract_release(str(repo), "v1", instruments=["LSSTComCam"]).ok
    with Butler.from_config(str(repo)) as butler:
        assert butler.collections.get_info("LSSTComCam/calib").children == ()


@pytest.mark.parametrize("directory", ["comCam", "hsc"])
def test_each_arrives_in_a_repository_of_its_own(directory: str, bundle: Path, tmp_path: Path) -> None:
    repo = register(tmp_path / "repo", [DIRECTORIES[directory]])
    report = import_bundle(make_bundle(tmp_path, [directory]), str(repo))
    assert report.ok, report.diagnostics
    assert [i.name for i in report.instruments] == [DIRECTORIES[directory]]


@pytest.mark.parametrize(
    ("directory", "folder", "is_new_filter"),
    [("latiss", "latiss", True), ("comCam", "comCam", False), ("lsstCam", "lsstCam", True)],
)
def test_real_records_of_the_stack(directory: str, folder: str, is_new_filter: bool, tmp_path: Path) -> None:
    """Their dimension universe is 1, and the LATISS detector has another raft and another name in it than is inferred."""
    repo = copy_stack_repository(folder, tmp_path / "repo")
    report = import_bundle(make_bundle(tmp_path, [directory]), str(repo), chain=False, dry_run=True)
    (instrument,) = report.instruments
    assert (instrument.name, instrument.records_different) == (DIRECTORIES[directory], 0)
    assert instrument.datasets_new == len(PACKAGES[directory][1]) + 1
    assert instrument.records_new == is_new_filter
    # The formatter of the stack is recorded by its name.
    assert set(codes(report)) - {"CAL658"} == ({"CAL689"} if is_new_filter else set())


def test_what_is_not_certain_is_refused_and_settled_by_an_option(com_cam: Path, tmp_path: Path) -> None:
    repo = register(tmp_path / "repo", ["LSSTComCamSim", "LSSTCam"])
    before = records(repo)
    for dry_run in (True, False):
        report = import_bundle(com_cam, str(repo), dry_run=dry_run)
        assert codes(report) == ["CAL653"]
        (finding,) = (d for d in report.diagnostics if d.code == "CAL653")
        assert "LSSTComCamSim (its name contains comcam" in finding.message
    assert records(repo) == before
    choices = ["comCam=LSSTComCamSim"]
    report = import_bundle(com_cam, str(repo), instruments=choices)
    assert (codes(report), [i.name for i in report.instruments]) == ([], ["LSSTComCamSim"])
    assert not import_bundle(com_cam, str(repo), instruments=choices).changed
    assert records(repo) == before
    report = import_bundle(com_cam, str(repo), instruments=["comCam=ComCam"])
    assert (codes(report), [i.name for i in report.instruments]) == ([], ["ComCam"])
    assert {row[1] for row in records(repo) if row[0] == "instrument"} == {
        "LSSTComCamSim",
        "LSSTCam",
        "ComCam",
    }
    # The same bundle under two names has two records.
    assert not scrub_repository(str(repo)).diagnostics
    wrong = import_bundle(com_cam, str(repo), instruments=["comCam=LSSTCam"])
    assert set(codes(wrong)) == {"CAL620", "CAL689"}


def test_settings_carry_the_choice(tmp_path: Path) -> None:
    repo = register(tmp_path / "repo", ["LSSTComCamSim", "LSSTComCam"])
    settings = "calibs: .\ninstruments:\n  comCam: {name: LSSTComCamSim}\n"
    report = import_bundle(make_bundle(tmp_path, ["comCam"], settings), str(repo))
    assert (codes(report), [i.name for i in report.instruments]) == ([], ["LSSTComCamSim"])


@pytest.mark.parametrize(
    ("settings", "detail"),
    [
        ("{filters: [{name: g_01, band: r}]}", "band is 'g' in the repository, 'r' in the bundle"),
        (
            "{detectors: [{id: 4, name: R22_S11, raft: R21}]}",
            "raft is 'R22' in the repository, 'R21' in the bundle",
        ),
        ("{class_name: lsst.obs.lsst.Other}", "class_name is 'lsst.obs.lsst.LsstComCam' in the repository"),
    ],
)
def test_declared_values_contradict_records_as_before(settings: str, detail: str, tmp_path: Path) -> None:
    repo = register(tmp_path / "repo", ["LSSTComCam"])
    text = f"calibs: .\ninstruments:\n  comCam: {settings}\n"
    report = import_bundle(make_bundle(tmp_path, ["comCam"], text), str(repo))
    assert codes(report) == ["CAL620"]
    assert any(detail in d.message for d in report.diagnostics)


def test_a_manifest_without_the_field_is_strict(com_cam: Path, tmp_path: Path) -> None:
    manifest = json.loads((com_cam / "manifest.json").read_text())
    (instrument,) = manifest["instruments"]
    assert instrument["inferred"] == ["name"]
    assert instrument["detectors"][0]["inferred"] == ["full_name", "name_in_raft", "raft"]
    assert instrument["filters"][0]["inferred"] == ["band", "name"]
    contents, _ = read_contents(com_cam)
    assert contents is not None
    repo = register(tmp_path / "repo", ["LSSTComCam"])
    strict = type(contents)(**{f: getattr(contents, f) for f in contents.__slots__} | {"inferred": {}})
    with Butler.from_config(str(repo)) as butler:
        resolution = resolve_contents(butler, strict, {})
    assert [problem.code for problem in resolution.problems] == ["CAL653"]
    assert "the declared name is not in the repository" in resolution.problems[0].detail


def test_nothing_inferred_is_added_to_an_instrument_of_the_stack_in_silence(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    register(repo, ["LSSTCam"])
    add_instrument(
        repo, "LSSTComCam", {0: "R22_S00"}, {"G_01": "g", "g 01": "g"}, class_name="lsst.obs.lsst.LsstComCam"
    )
    report = import_bundle(make_bundle(tmp_path, ["comCam"]), str(repo), instruments=["comCam=LSSTComCam"])
    assert codes(report) == ["CAL655", "CAL655"]
    messages = " ".join(d.message for d in report.diagnostics)
    assert "LSSTComCam has 1 detectors, and not 4 'R22_S11'" in messages
    assert "filter 'g_01' may be 'G_01' or 'g 01'" in messages


def test_a_new_filter_of_an_instrument_of_the_stack_is_announced(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    register(repo, ["LSSTCam"])
    detectors = {0: "R22_S00", 4: "R22_S11"}
    add_instrument(repo, "LSSTComCam", detectors, class_name="lsst.obs.lsst.LsstComCam")
    bundle = make_bundle(tmp_path, ["comCam"])
    assert codes(import_bundle(bundle, str(repo))) == ["CAL689"]
    again = import_bundle(bundle, str(repo))
    assert (codes(again), again.changed) == ([], False)


def test_two_instruments_of_a_package_are_not_one(bundle: Path, tmp_path: Path) -> None:
    repo = register(tmp_path / "repo", INSTRUMENTS)
    report = import_bundle(bundle, str(repo), instruments=["comCamSim=LSSTComCam", "x=HSC"], dry_run=True)
    assert codes(report) == ["CAL653", "CAL654"]
    assert any(
        "comCamSim and ComCam would all be LSSTComCam" in d.message or "ComCam and comCamSim" in d.message
        for d in report.diagnostics
    )


def test_an_empty_repository_gets_the_names_of_the_package(com_cam: Path, tmp_path: Path) -> None:
    report = import_bundle(com_cam, str(tmp_path / "repo"))
    assert (codes(report), [i.name for i in report.instruments]) == ([], ["ComCam"])
    named = import_bundle(com_cam, str(tmp_path / "named"), instruments=["comCam=LSSTComCam"])
    assert [i.name for i in named.instruments] == ["LSSTComCam"]
    assert hashlib.sha256((com_cam / "manifest.json").read_bytes()).hexdigest()[:16] in "".join(
        path.name for path in (tmp_path / "named" / "curated-imports").iterdir()
    )


def test_two_instruments_can_swap_their_names(tmp_path: Path) -> None:
    bundle, repo = make_bundle(tmp_path, ["comCam", "comCamSim"]), str(tmp_path / "repo")
    choices = ["comCam=comCamSim", "comCamSim=ComCam"]
    planned = import_bundle(bundle, repo, instruments=choices, dry_run=True)
    report = import_bundle(bundle, repo, instruments=choices)
    assert report.ok, report.diagnostics
    names = {i.bundle_name: i.name for i in report.instruments}
    assert names == {i.bundle_name: i.name for i in planned.instruments}
    assert names == {"ComCam": "comCamSim", "comCamSim": "ComCam"}
    with Butler.from_config(repo) as butler:
        for directory, name in (("comCam", "comCamSim"), ("comCamSim", "ComCam")):
            for ref in butler.query_datasets("defects", f"{name}/calib/v1/*", find_first=False):
                detector = PACKAGES[directory][1][ref.dataId["detector"]]
                original = bundle / "files" / directory / "defects" / detector / "19700101T000000.fits"
                assert Path(butler.getURI(ref).ospath).read_bytes() == original.read_bytes()
    assert not import_bundle(bundle, repo, instruments=choices).changed
    assert not scrub_repository(repo).diagnostics
    half = import_bundle(bundle, str(tmp_path / "half"), instruments=choices[:1], dry_run=True)
    assert codes(half) == ["CAL653"]
