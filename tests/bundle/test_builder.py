"""A bundle: what is in it, that it is all of it, and that it is whole or not there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import GitPackage, MakePackage
from curated.bundle.builder import build_bundle
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from support.bundles import label_of, package_of, read_manifest
from support.packages import (
    DEMO_FILES,
    URL,
    calibration_paths,
    defects_path,
    defects_text,
    fits_path,
    read_tree,
)
from support.programs import curated_command, run_curated, run_python

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tai_words(nanoseconds: int | None) -> str:
    """A time as the export file writes it."""
    if nanoseconds is None:
        return "null"
    return (EPOCH + timedelta(microseconds=nanoseconds // 1000)).strftime("%Y-%m-%d %H:%M:%S.%f000")


RECORDED = [
    "calibs/demo/bfk/d01/20200101T000000.yaml",
    "calibs/demo/manual_defects/d01/20220301T000000.ecsv",
]
"""Calibrations of the demonstration that have a provenance record."""


# -- what is in it ---------------------------------------------------------------------------------


def test_layout(demo: GitPackage, bundle: Path) -> None:
    faces = ["README.md", "SHA256SUMS", "butler-seed.yaml", "export.yaml", "manifest.json"]
    files = [f"files/{fits_path(path)}" for path in calibration_paths(demo)]
    files += [f"files/{path.rpartition('.')[0]}.inputs.yaml" for path in RECORDED]
    assert sorted(read_tree(bundle)) == sorted(faces + files)
    assert [p.name for p in bundle.parent.iterdir()] == ["release"]


def test_sha256sum_agrees(bundle: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=bundle,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    names = {line.rpartition(": ")[0] for line in done.stdout.splitlines()}
    assert names == set(read_tree(bundle)) - {"SHA256SUMS"}


def test_names_that_no_import_would_take(make_package: MakePackage, tmp_path: Path) -> None:
    # A name that is no detector's nor filter's: the instrument's directory.
    name = "la\\b\nnew"
    text = defects_text().replace('"INSTRUME": "Lab"', f'"INSTRUME": {json.dumps(name)}')
    package = make_package(package_of((f"calibs/{name}/defects/d00/20200101T000000.ecsv", text)))
    with pytest.raises(CuratedError, match="no import would take the bundle: name is") as refusal:
        label_of(package, tmp_path / "out")
    assert "not the name of a collection" in refusal.value.message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "settings",
    [
        "name: Lab/x\ndetectors: [{id: 0, name: d00}]\n",
        "name: Lab..x\ndetectors: [{id: 0, name: d00}]\n",
        "name: -Lab\ndetectors: [{id: 0, name: d00}]\n",
        "name: Lab*\ndetectors: [{id: 0, name: d00}]\n",
        "name: 'L,ab'\ndetectors: [{id: 0, name: d00}]\n",
        "name: L\u0430b\ndetectors: [{id: 0, name: d00}]\n",
        "name: Lab\ndetectors: [{id: 0, name: d00}, {id: 1, name: '*'}]\n",
        "name: Lab\ndetectors: [{id: 0, name: d00, raft: 'R,0'}]\n",
        f"name: Lab\ndetectors: [{{id: 0, name: d00, purpose: {'x' * 33}}}]\n",
        "name: Lab\ndetectors: [{id: 0, name: d00}]\nfilters: [{name: g, band: g/r}]\n",
        "name: Lab\nclass_name: not a class\ndetectors: [{id: 0, name: d00}]\n",
    ],
)
def test_settings_that_no_import_would_take(make_package: MakePackage, tmp_path: Path, settings: str) -> None:
    files = package_of((defects_path(), defects_text()), ("calibs/lab/instrument.yaml", settings))
    with pytest.raises(CuratedError, match="no import would take the bundle"):
        label_of(make_package(files), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_export_file_lists_the_same(bundle: Path, manifest: dict[str, Any]) -> None:
    # Not the safe loader, to which Butler adds constructors for these tags where it is imported.
    class Loader(yaml.BaseLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, _, node: getattr(loader, f"construct_{node.id}")(node))
    data = yaml.load((bundle / "export.yaml").read_text(), Loader)["data"]
    records = [r for part in data if part["type"] == "dataset" for r in part["records"]]
    assert {(r["dataset_id"][0], r["path"]) for r in records} == {
        (d["uuid"], d["path"]) for d in manifest["datasets"]
    }
    ranges = {
        (dataset_id, entry["timespan"]["begin"], entry["timespan"]["end"])
        for part in data
        if part["type"] == "associations"
        for entry in part["validity_ranges"]
        for dataset_id in entry["dataset_ids"]
    }
    assert ranges == {
        (d["uuid"], *(tai_words(d["validity"][f"{end}_tai_ns"]) for end in ("begin", "end")))
        for d in manifest["datasets"]
    }
    assert len(ranges) == DEMO_FILES
    assert not any(part.get("collection_type") == "CHAINED" for part in data)


def test_the_readme_says_what_it_is(bundle: Path, manifest: dict[str, Any]) -> None:
    text = (bundle / "README.md").read_text()
    for words in (
        manifest["repository"]["sha1"],
        URL,
        "curated import",
        "butler import",
        "| Demo | defects | 8 |",
    ):
        assert words in text


def test_the_same_commit_gives_the_same_bundle(demo: GitPackage, bundle: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", demo.path, clone], check=True)
    environment = {"TZ": "Asia/Kolkata", "PYTHONHASHSEED": "99", "LC_ALL": "C"}
    done = run_curated("bundle", tmp_path / "out", "--jobs", "2", cwd=clone, **environment)
    assert done.returncode == 0, done.stderr
    assert read_tree(tmp_path / "out") == read_tree(bundle)


# -- whole or not at all ---------------------------------------------------------------------------


def left_behind(directory: Path) -> list[str]:
    return sorted(p.name for p in directory.iterdir())


@pytest.mark.parametrize("moment", ["first file", "last file", "manifest"])
def test_killed_in_the_middle(demo: GitPackage, bundle: Path, tmp_path: Path, moment: str) -> None:
    output = tmp_path / "out"
    command = [sys.executable, "-m", "curated", "-C", str(demo.path), "bundle", str(output), "--jobs", "2"]
    process = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    files_before_kill = {"first file": 1, "last file": 60, "manifest": 10**6}[moment]
    while process.poll() is None:
        staged = next(tmp_path.glob(".out.*"), None)
        if staged is not None and (
            (staged / "manifest.json").exists()
            or sum(len(f) for _, _, f in os.walk(staged)) >= files_before_kill
        ):
            break
        time.sleep(0.001)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    # Whether it was quicker than we were or not: all of it or nothing.
    assert process.wait() == -signal.SIGKILL or output.exists()
    if output.exists():
        assert read_tree(output) == read_tree(bundle)
    else:
        done = run_curated("bundle", output, cwd=demo.path)
        assert done.returncode == 0, done.stderr
        assert read_tree(output) == read_tree(bundle)


def test_interrupted_from_the_keyboard_leaves_nothing(demo: GitPackage, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "curated", "-C", str(demo.path), "bundle", str(tmp_path / "out"), "-j1"]
    # A shell that runs the tests in the background has them ignore the signal.
    former = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, former)
    while process.poll() is None and not any(tmp_path.glob(".out.*")):
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate()
    assert (process.returncode, stderr.strip()) == (130, "curated: interrupted")
    assert left_behind(tmp_path) == []


def test_everything_is_on_the_disk_before_the_bundle_has_its_name(
    demo: GitPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    rename = os.rename

    def recorded_rename(source: Path, target: Path) -> None:
        steps.append(f"rename {source}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", lambda number: steps.append(os.readlink(f"/proc/self/fd/{number}")))
    monkeypatch.setattr(os, "rename", recorded_rename)
    _, bundle = build_bundle(open_package(demo.path), tmp_path / "out", jobs=1)
    assert bundle is not None
    (position,) = [n for n, step in enumerate(steps) if step.startswith("rename ")]
    staging = Path(steps[position].removeprefix("rename "))
    paths = list((tmp_path / "out").rglob("*"))
    assert len(paths) > DEMO_FILES
    assert set(steps[:position]) == {
        str(staging),
        *(str(staging / p.relative_to(tmp_path / "out")) for p in paths),
    }
    assert steps[position + 1 :] == [str(tmp_path)], "the name is on the disk before success is said"


def test_of_two_that_make_one_bundle_only_one_does(demo: GitPackage, bundle: Path, tmp_path: Path) -> None:
    command = [*curated_command("bundle", tmp_path / "out", "-j1")]
    processes = [
        subprocess.Popen(command, cwd=demo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    errors = [process.communicate()[1] for process in processes]
    statuses = [process.returncode for process in processes]
    assert sorted(statuses) == [0, 2, 2], errors
    assert all("exists already" in error for error, status in zip(errors, statuses, strict=True) if status)
    assert read_tree(tmp_path / "out") == read_tree(bundle)
    assert left_behind(tmp_path) in ([], ["out"])
    assert not list(tmp_path.glob(".*"))


def test_a_file_that_another_program_changes_is_noticed(
    demo: GitPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flush_and_damage(staging: Path) -> None:
        (staging / "manifest.json").write_text("{}")

    monkeypatch.setattr("curated.bundle.builder.flush_tree", flush_and_damage)
    with pytest.raises(
        CuratedError, match=r"another program changed files .*manifest.json is not what was written"
    ):
        build_bundle(open_package(demo.path), tmp_path / "out", jobs=1)
    assert left_behind(tmp_path) == []


def test_settings_that_change_meanwhile_give_no_bundle(make_package: MakePackage, tmp_path: Path) -> None:
    instrument = "name: Lab\ndetectors:\n- {id: 0, name: d00}\n"
    path = "calibs/lab/instrument.yaml"
    package = make_package({**package_of((defects_path(0), defects_text())), path: instrument})

    def change(done: int, total: int) -> None:
        package.write({path: f"{instrument}visit_max: 7\n"})

    with pytest.raises(CuratedError, match=r"instrument\.yaml"):
        build_bundle(open_package(package.path), tmp_path / "out", jobs=1, progress=change)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".*"))


def test_an_error_leaves_nothing(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(
        package_of((defects_path(0), defects_text()), (defects_path(1), defects_text(detector=1, x0=-1)))
    )
    done = run_curated("bundle", tmp_path / "new" / "out", "--format", "json", cwd=package.path)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["failed"], answer["datasets"]) == (1, True, 0)
    assert [finding["code"] for finding in answer["findings"]] == ["CAL301"]
    assert not (tmp_path / "new" / "out").exists()


def test_what_exists_is_not_overwritten(demo: GitPackage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "full", "link"):
        done = run_curated("bundle", tmp_path / name, cwd=demo.path)
        assert (done.returncode, "exists already" in done.stderr) == (2, True), done.stderr
    assert read_tree(tmp_path) == {"file": b"mine", "full/mine": b"mine"}


def test_an_empty_directory_is_filled(demo: GitPackage, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run_curated("bundle", tmp_path / "out", cwd=demo.path).returncode == 0
    assert read_tree(tmp_path / "out") == read_tree(bundle)


def test_a_relative_place(demo: GitPackage, bundle: Path, tmp_path: Path) -> None:
    assert run_curated("-C", demo.path, "bundle", "out/", cwd=tmp_path).returncode == 0
    assert read_tree(tmp_path / "out") == read_tree(bundle)


def test_no_calibrations(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({"curated.yaml": "", "calibs/lab/README.md": "soon"})
    with pytest.raises(CuratedError, match="has no calibrations"):
        label_of(package, tmp_path / "out")


OFFLINE = """
import socket
from datetime import datetime
import astropy.utils.iers.iers as iers, erfa
from astropy.time import Time
def refuse(*arguments, **_):
    raise SystemExit(f"asks {arguments}")
socket.getaddrinfo = socket.create_connection = refuse
# As on a day when all tables of leap seconds that are installed have expired.
erfa.helpers.leap_seconds._expires = datetime(2020, 1, 1)
iers.LeapSeconds._today = classmethod(lambda cls: Time("2049-01-01", scale="tai", format="iso"))
from curated.core.times import tai_nanoseconds
print(tai_nanoseconds([datetime(2020, 1, 1)]))
"""


def test_the_network_is_never_asked_for_leap_seconds() -> None:
    done = run_python(OFFLINE)
    assert "1577836837000000000" in done.stdout, done.stderr


# -- labels and instruments ------------------------------------------------------------------------


@pytest.fixture
def two(make_package: MakePackage) -> GitPackage:
    other = defects_path(0, instrument="lab2")
    return make_package(
        package_of(
            (defects_path(0), defects_text()),
            (defects_path(0, "20210101T000000"), defects_text(date="2021-01-01T00:00:00")),
            (other, defects_text({"INSTRUME": "Lab2"})),
        )
    )


def test_labels(two: GitPackage, tmp_path: Path) -> None:
    sha1 = two.commits[0]
    assert label_of(two, tmp_path / "a") == f"git-{sha1[:12]}"
    two.git("tag", "v1.0")
    assert label_of(two, tmp_path / "b") == "v1.0"
    two.git("tag", "release/v1.1")
    two.git("tag", "-d", "v1.0")
    assert label_of(two, tmp_path / "c") == "release-v1.1"
    assert label_of(two, tmp_path / "d", label="DM-12345") == "DM-12345"
    two.write({defects_path(0): defects_text(x0=5)})
    dirty = label_of(two, tmp_path / "e", allow_dirty=True)
    assert dirty.startswith(f"git-{sha1[:12]}-dirty-")
    two.write({defects_path(0): defects_text(x0=6)})
    # Other content under the same name would never be imported.
    assert label_of(two, tmp_path / "f", allow_dirty=True) != dirty
    assert read_manifest(tmp_path / "f")["repository"]["dirty"] is True
    assert "not committed" in (tmp_path / "f" / "README.md").read_text()


@pytest.mark.parametrize(
    "label", ["", "a/b", "a b", "ü", "../up", "-v", "x" * 65, "a\n", ".hidden", "a:b", "${x}"]
)
def test_bad_labels(two: GitPackage, tmp_path: Path, label: str) -> None:
    with pytest.raises(CuratedError, match="cannot be a label"):
        label_of(two, tmp_path / "out", label=label)
    assert not (tmp_path / "out").exists()


def test_options_of_the_command(two: GitPackage, tmp_path: Path) -> None:
    options = ["--label", "v7", "--instrument", "lab2", "--format", "json", "-j", "1"]
    done = run_curated("bundle", tmp_path / "out", *options, cwd=two.path)
    answer = json.loads(done.stdout)
    manifest = read_manifest(tmp_path / "out")
    assert answer["repository"] == manifest["repository"]
    assert (answer["datasets"], answer["failed"], answer["version"]) == (1, False, 1)
    assert manifest["repository"]["label"] == "v7"
    done = run_curated("bundle", tmp_path / "new", "--label", "", cwd=two.path)
    assert (done.returncode, "'--label' has an empty value" in done.stderr) == (2, True)


def test_a_tag_that_is_no_label(two: GitPackage, tmp_path: Path) -> None:
    two.git("tag", "v1+ü")
    with pytest.raises(CuratedError, match="cannot be a label") as caught:
        label_of(two, tmp_path / "out")
    assert "--label" in caught.value.hint
    assert label_of(two, tmp_path / "out", label="v1") == "v1"


def test_some_of_the_instruments(two: GitPackage, tmp_path: Path) -> None:
    label_of(two, tmp_path / "all")
    assert [i["name"] for i in read_manifest(tmp_path / "all")["instruments"]] == ["Lab", "Lab2"]
    label_of(two, tmp_path / "one", instruments=["LAB2"])
    manifest = read_manifest(tmp_path / "one")
    assert [i["name"] for i in manifest["instruments"]] == ["Lab2"]
    assert [d["source"]["path"] for d in manifest["datasets"]] == [defects_path(0, instrument="lab2")]
    label_of(two, tmp_path / "both", instruments=["lab2", "lab"])
    assert read_tree(tmp_path / "both") == read_tree(tmp_path / "all")
    with pytest.raises(CuratedError, match="lab3") as caught:
        label_of(two, tmp_path / "none", instruments=["lab3"])
    assert caught.value.hint.endswith("known instruments: lab, lab2")


def test_an_instrument_by_its_name_in_the_repository(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(
        package_of(
            (defects_path(0), defects_text()),
            ("calibs/lab/instrument.yaml", "name: LabCam\ndetectors: [{id: 0, name: d00}]\n"),
        )
    )
    label_of(package, tmp_path / "out", instruments=["LabCam"])
    assert [d["data_id"] for d in read_manifest(tmp_path / "out")["datasets"]] == [
        {"instrument": "LabCam", "detector": 0}
    ]
