"""Files that stand for several detectors or filters: what they are expanded to, and what all commands make of them."""

from __future__ import annotations

import os
import re
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.bundle.builder import build_bundle
from curated.check.package import check_package
from curated.core.keys import by_source, stored
from curated.history.lookup import lookup
from curated.package.package import open_package
from support.commands import Commands
from support.packages import defects_text

LAB = """name: Lab
detectors:
- {id: 0, name: d00, width: 64, height: 64}
- {id: 7, name: D01, width: 64, height: 64}
- {id: 2, name: d02, width: 64, height: 64}
filters:
- {name: r}
- {name: Clear glass}
"""

TOP = "calibs/lab/defects"


def shared_text(names: str | list[str] = "all", date: str = "2020-01-01T00:00:00", *, x0: int = 1) -> str:
    text = defects_text({"DETECTORS": names}, date=date, x0=x0)
    return text.replace('# - {"DETECTOR": 0}\n', "")


def files(**others: str) -> dict[str, str]:
    """Return a package whose shared epochs are interrupted by one of d02's own."""
    return {
        "curated.yaml": "calibs: calibs\n",
        "calibs/lab/instrument.yaml": LAB,
        f"{TOP}/shared/20200101T000000.ecsv": shared_text(),
        f"{TOP}/d02/20210101T000000.ecsv": defects_text(detector=2, date="2021-01-01T00:00:00", x0=9),
        f"{TOP}/shared/20220101T000000.ecsv": shared_text(["d01", "d02"], "2022-01-01T00:00:00", x0=5),
        **others,
    }


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package(files())


def test_a_shared_file_is_in_force_as_copies_would_be(package: GitPackage, make_package: MakePackage) -> None:
    opened = open_package(package.path)
    numbers = {"d00": 0, "d01": 7, "d02": 2}
    copies: dict[str, str] = {"curated.yaml": "calibs: calibs\n", "calibs/lab/instrument.yaml": LAB}
    for file in opened.layout.files:
        text = opened.files.read(file.path).decode()
        copies[file.path] = re.sub(
            "# - .*DETECTORS.*", f'# - {{"DETECTOR": {numbers[file.key.detector]}}}', text
        )
    other = open_package(make_package(copies, "copies").path)
    assert not check_package(opened, use_cache=False).diagnostics
    assert not check_package(other, use_cache=False).diagnostics
    assert [(f.path, f.key, f.start) for f in opened.layout.files] == [
        (f.path, f.key, f.start) for f in other.layout.files
    ]
    assert len(opened.layout.files) == 6
    assert check_package(opened, use_cache=False).ranges == check_package(other, use_cache=False).ranges
    for detector, year in (("d00", 2019), ("d00", 2023), ("d01", 2021), ("d02", 2021), ("d02", 2024)):
        time = datetime(year, 6, 1)
        first, second = (
            lookup(p, "lab", "defects", time, detector=detector).in_force for p in (opened, other)
        )
        assert (first and (first.file.path, first.range)) == (second and (second.file.path, second.range))


def test_files_on_disk(package: GitPackage) -> None:
    calibrations = open_package(package.path).layout.files
    groups = {group[0].source: [file.key.detector for file in group] for group in by_source(calibrations)}
    assert groups == {
        f"{TOP}/shared/20200101T000000.ecsv": ["d00", "d01", "d02"],
        f"{TOP}/shared/20220101T000000.ecsv": ["d01", "d02"],
        f"{TOP}/d02/20210101T000000.ecsv": ["d02"],
    }
    assert {file.path for file in stored(calibrations)} == set(groups)
    assert all((package.path / file.source).is_file() for file in calibrations)


def test_detectors_and_filters_are_shared_at_once(make_package: MakePackage) -> None:
    flat = """metadata: {INSTRUME: lab, OBSTYPE: flat, CALIBDATE: '2020-01-01', DETECTORS: [d00, d02], FILTERS: all}
image: {file: 20200101T000000.fits, sha256: '00', size: 0}
"""
    path = "calibs/lab/flat/shared/shared/20200101T000000.yaml"
    calibrations = open_package(make_package({**files(), path: flat}).path).layout.files
    names = [(f.key.detector, f.key.filter) for f in calibrations if f.key.type == "flat"]
    assert names == [("d00", "clear_glass"), ("d00", "r"), ("d02", "clear_glass"), ("d02", "r")]
    assert {f.source for f in calibrations if f.key.type == "flat"} == {path}


def test_a_bare_package_has_no_shared_files(make_package: MakePackage) -> None:
    text = defects_text({"DET_NAME": "shared"})
    bare = make_package({"lab/defects/shared/20200101T000000.ecsv": text, "README.md": "x"})
    (file,) = open_package(bare.path).layout.files
    assert (file.key.detector, file.shared) == ("shared", "")


def test_a_detector_may_have_the_name_of_the_directory(make_package: MakePackage) -> None:
    instrument = "name: Lab\ndetectors:\n- {id: 0, name: shared}\n"
    path = f"{TOP}/shared/20200101T000000.ecsv"
    package = make_package(
        {"curated.yaml": "calibs: calibs\n", "calibs/lab/instrument.yaml": instrument, path: defects_text()}
    )
    report = check_package(open_package(package.path), use_cache=False)
    assert [(f.path, f.key.detector) for f in report.files] == [(path, "shared")]
    assert not report.failed


def test_datasets_have_the_same_bytes(package: GitPackage, tmp_path: Path) -> None:
    report, bundle = build_bundle(open_package(package.path), tmp_path / "bundle", label="v1")
    assert bundle is not None, report.diagnostics
    datasets = {
        (d["data_id"]["detector"], d["validity"]["begin"][:4]): d for d in bundle.manifest["datasets"]
    }
    assert sorted(datasets) == [(0, "2020"), (2, "2020"), (2, "2021"), (2, "2022"), (7, "2020"), (7, "2022")]
    assert len({d["uuid"] for d in datasets.values()}) == 6
    # d00 has it without end, the others until 2022 and until 2021: their headers differ.
    assert datasets[7, "2022"]["sha256"] == datasets[2, "2022"]["sha256"]
    assert len({datasets[n, "2020"]["sha256"] for n in (0, 2, 7)}) == 3
    places = [bundle.path / datasets[n, "2022"]["path"] for n in (2, 7)]
    assert os.path.samefile(*places)
    assert {d["source"]["path"] for d in datasets.values()} == {
        f"{TOP}/shared/20200101T000000.ecsv",
        f"{TOP}/shared/20220101T000000.ecsv",
        f"{TOP}/d02/20210101T000000.ecsv",
    }


@pytest.fixture
def commands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


def test_lookup_names_the_shared_file(package: GitPackage, commands: Commands) -> None:
    arguments = ("lookup", "lab", "defects", "--detector", "d01", "--at", "2021-06-01")
    done = commands(package.path, *arguments)
    assert (done.status, done.stdout.splitlines()[0]) == (0, f"{TOP}/shared/20200101T000000.ecsv")
    assert "shared with other detectors or filters" in done.stdout
    found = commands(package.path, *arguments, "--format", "json").json["found"]
    assert (found["file"], found["shared"]) == (f"{TOP}/shared/20200101T000000.ecsv", True)
    own = commands(package.path, *arguments[:4], "d02", *arguments[5:], "--format", "json").json["found"]
    assert (own["file"], "shared" in own) == (f"{TOP}/d02/20210101T000000.ecsv", False)


def test_an_edit_is_reported_once_and_for_all(package: GitPackage, commands: Commands) -> None:
    path = package.path / TOP / "shared/20220101T000000.ecsv"
    path.write_text(path.read_text().replace("\n5 2", "\n6 2"))
    done = commands(package.path, "check", "--since", "HEAD", "--format", "json")
    codes = [(f["code"], f["file"]) for f in done.json["findings"]]
    assert codes.count(("CAL420", f"{TOP}/shared/20220101T000000.ecsv")) == 1
    assert {place for _, place in codes} == {f"{TOP}/shared/20220101T000000.ecsv"}


def test_a_name_that_leaves_the_list_is_a_removal(package: GitPackage, commands: Commands) -> None:
    path = package.path / TOP / "shared/20220101T000000.ecsv"
    path.write_text(path.read_text().replace('"d01", "d02"', '"d02"'))
    done = commands(package.path, "check", "--since", "HEAD", "--format", "json")
    (finding,) = [f for f in done.json["findings"] if f["code"] == "CAL423"]
    assert finding["message"].endswith("(for d01)")


def test_commands_that_edit_change_the_one_file(package: GitPackage, commands: Commands) -> None:
    shared = f"{TOP}/shared/20220101T000000.ecsv"
    assert commands(package.path, "epoch", shared, "--from", "2023-01-01").status == 0
    assert commands(package.path, "split", shared, "--at", "2022-06-01").status == 0
    assert commands(package.path, "fmt", shared).status == 0
    assert commands(package.path, "note", shared, "measured again", "--by", "Ada").status == 0
    reason = ("--reason", "light leak", "--by", "Ada", "--cover", "previous")
    done = commands(package.path, "deprecate", f"{TOP}/shared/20230101T000000.ecsv", *reason)
    assert (done.status, done.stdout.count("light leak") + done.stdout.count("deprecated")) == (0, 1)
    assert "lab/defects/d01 from" in done.stdout
    assert "lab/defects/d02 from" in done.stdout
    assert sorted(path.name for path in (package.path / TOP).iterdir()) == ["d02", "shared"]
    assert not check_package(open_package(package.path), use_cache=False).failed
    assert "shared" not in commands(package.path, "fix", "--check").stdout
    refused = commands(package.path, "epoch", "lab", "defects", "--detector", "d01", "--from", "2025-01-01")
    assert (refused.status, "is shared with other detectors" in refused.stderr) == (2, True)


def test_the_history_of_a_detector_goes_through_shared_files(package: GitPackage, commands: Commands) -> None:
    shared = f"{TOP}/shared/20220101T000000.ecsv"
    own = f"{TOP}/d01/20220101T000000.ecsv"
    first = f"{TOP}/shared/20200101T000000.ecsv"
    assert commands(package.path, "unshare", shared, "--detector", "d01").status == 0
    package.commit(message="Take d01 apart")
    path = package.path / first
    path.write_text(path.read_text().replace("\n1 2", "\n8 2"))
    package.commit(message="Edit the shared one")
    histories: dict[str, list[list[tuple[str, str]]]] = {}
    for detector in ("d00", "d01", "d02"):
        value = commands(package.path, "log", "lab", "defects", detector, "--format", "json").json
        histories[detector] = [
            sorted(("+".join(e["kinds"]), (e["after"] or e["before"])["file"]) for e in commit["events"])
            for commit in value["commits"]
        ]
    added = ("added", first)
    assert histories == {
        "d00": [[("edited", first)], [added]],
        "d01": [[("edited", first)], [("renamed+edited", own)], [added, ("added", shared)]],
        "d02": [
            [("edited", first)],
            [("edited", shared)],
            [("added", f"{TOP}/d02/20210101T000000.ecsv"), added, ("added", shared)],
        ],
    }


def test_a_change_of_a_shared_file_is_shown_once(package: GitPackage, commands: Commands) -> None:
    name = f"{TOP}/shared/20220101T000000.ecsv"
    path = package.path / name
    path.write_text(path.read_text().replace("\n5 2", "\n6 2"))
    done = commands(package.path, "diff")
    assert done.status == 1
    assert done.stdout.startswith(f"lab/defects: d01, d02\n  ~ {name}\n")
    assert done.stdout.count("pixels_gained") == 2  # of the change, and in all
    changes = commands(package.path, "diff", "--format", "json").json["changes"]
    assert [(c["detector"], c["old"], c["new"]) for c in changes] == [
        ("d01", name, name),
        ("d02", name, name),
    ]
    assert commands(package.path, "diff", name, "--format", "json").json["changes"] == changes
    rows = commands(package.path, "diff", "--format", "markdown").stdout.splitlines()
    assert [row.split(" | ")[0] for row in rows if "20220101" in row] == [
        "| lab/defects: d01, d02 (2 calibrations)"
    ]
    page = commands(package.path, "diff", "--format", "html").stdout
    assert page.count("<section ") == 1
    assert "<h3>lab/defects: d01, d02</h3>" in page
    assert "<dt>Shared by</dt><dd>2 calibrations</dd>" in page
    table = commands(package.path, "lookup", "lab", "--at", "2023-01-01").stdout
    assert table.count("shared/20220101T000000.ecsv") == 1


def test_copies_that_become_one_file_change_nothing(package: GitPackage, commands: Commands) -> None:
    shared = package.path / TOP / "shared/20200101T000000.ecsv"
    for n, detector in ((0, "d00"), (7, "d01"), (2, "d02")):
        place = package.path / TOP / detector / "20200101T000000.ecsv"
        place.parent.mkdir(exist_ok=True)
        place.write_text(defects_text(detector=n))
    text = shared.read_text()
    shared.unlink()
    package.commit(message="Copies")
    shutil.rmtree(package.path / TOP / "d00")
    shutil.rmtree(package.path / TOP / "d01")
    (package.path / TOP / "d02/20200101T000000.ecsv").unlink()
    shared.write_text(text)
    done = commands(package.path, "diff", "--format", "json")
    assert (done.status, done.json["changes"], done.json["unchanged"]) == (0, [], 3)
    page = commands(package.path, "diff", "--format", "html").stdout
    assert page.count("and 2 more files") == 1
    moved = done.json["no_physical_change"][0]
    assert (moved["old"], moved["new"]) == (
        f"{TOP}/d00/20200101T000000.ecsv",
        f"{TOP}/shared/20200101T000000.ecsv",
    )


def test_a_repository_has_a_dataset_for_each(package: GitPackage, tmp_path: Path, commands: Commands) -> None:
    bundle, repo, export = (str(tmp_path / name) for name in ("bundle", "repo", "export"))
    assert commands(package.path, "bundle", bundle).status == 0
    assert commands(package.path, "verify-bundle", bundle).status == 0
    done = commands(package.path, "import", bundle, repo)
    assert done.status == 0
    assert "6 datasets and 6 validity ranges added" in done.stdout
    fingerprints = [commands(package.path, "fingerprint", *where).stdout[:64] for where in ([], [repo])]
    assert fingerprints[0] == fingerprints[1]
    assert commands(package.path, "export", repo, "-o", export).status == 0
    exported = open_package(export)
    assert not check_package(exported, use_cache=False).failed
    assert sorted((f.key.detector, f.start.year) for f in exported.layout.files) == sorted(
        (f.key.detector, f.start.year) for f in open_package(package.path).layout.files
    )
    shared = str(tmp_path / "shared")
    assert commands(package.path, "export", repo, "-o", shared, "--share").status == 0
    again = commands(package.path, "export", bundle, "-o", shared, "--share", "--format", "json")
    assert (again.status, len(again.json["calibrations"])) == (0, 6)
    assert {c["path"] for c in again.json["calibrations"]} == {
        f.source for f in open_package(package.path).layout.files
    }
    assert commands(Path(shared), "fingerprint").stdout[:64] == fingerprints[0]


def test_the_fingerprint_is_that_of_copies(package: GitPackage, commands: Commands) -> None:
    shared = commands(package.path, "fingerprint").stdout[:64]
    for n, detector in ((0, "d00"), (7, "d01"), (2, "d02")):
        place = package.path / TOP / detector / "20200101T000000.ecsv"
        place.parent.mkdir(exist_ok=True)
        place.write_text(defects_text(detector=n))
    (package.path / TOP / "shared/20200101T000000.ecsv").unlink()
    package.commit(message="Copies")
    assert commands(package.path, "fingerprint").stdout[:64] == shared
    assert len(shared) == 64


@pytest.mark.parametrize(
    ("path", "lists", "message"),
    [
        (f"{TOP}/SHARED-x/20200101T000000.ecsv", {"DETECTORS": "all"}, ""),
        (f"{TOP}/shared/20200101T000000.ecsv", {"DETECTORS": "all", "FILTERS": "all"}, "has no such level"),
        (f"{TOP}/d00/20200101T000000.ecsv", {"DETECTORS": "d01", "DETECTOR": 0}, "the directory is 'd00'"),
    ],
)
def test_lists_that_mean_nothing(
    make_package: MakePackage, path: str, lists: dict[str, object], message: str
) -> None:
    text = defects_text(lists).replace(
        '# - {"DETECTOR": 0}\n', "" if "DETECTOR" not in lists else '# - {"DETECTOR": 0}\n'
    )
    settings = {"curated.yaml": "calibs: calibs\n", "calibs/lab/instrument.yaml": LAB}
    report = check_package(open_package(make_package({**settings, path: text}).path), use_cache=False)
    findings = [d.message for d in report.diagnostics if d.code == "CAL234"]
    assert len(findings) == bool(message)
    assert all(message in text for text in findings)
