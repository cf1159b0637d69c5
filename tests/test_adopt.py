"""A bare package is declared from what its files say, and stays what it was."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from conftest import GitPackage, MakePackage
from curated.adopt import draft_adoption
from curated.check.package import check_package
from curated.core.wholefile import write_new
from curated.package.instrument import parse_instrument
from curated.package.package import open_package
from support.packages import ROOT, defects_text, read_tree
from support.programs import run_curated

CAM = "cam/instrument.yaml"


def files_of(**changes: str) -> dict[str, str]:
    """Three detectors with two epochs each, and two filters, as a bare package."""
    files: dict[str, str] = {}
    for number in range(3):
        for year in (2020, 2022):
            meta = {"INSTRUME": "Cam", "DET_NAME": f"R0_D{number}", "DET_SER": f"E2V-{number}"}
            text = defects_text(meta, detector=number, date=f"{year}-01-01T00:00:00")
            files[f"cam/defects/r0_d{number}/{year}0101T000000.ecsv"] = text
    for name in ("g", "r 2"):
        files[f"cam/transmission_filter/{name.replace(' ', '_')}/20200101T000000.ecsv"] = throughput(name)
    return files | changes


def throughput(name: str) -> str:
    return (
        "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: wavelength, unit: nm, datatype: float64}\n"
        "# - {name: efficiency, unit: '%', datatype: float64}\n# meta: !!omap\n"
        f"# - {{FILTER: {json.dumps(name)}}}\n# - {{INSTRUME: Cam}}\n# - {{OBSTYPE: transmission_filter}}\n"
        "# - {CALIBDATE: '2020-01-01T00:00:00'}\n# schema: astropy-2.0\nwavelength efficiency\n500.0 10.0\n600.0 20.0\n"
    )


def adopted(root: Path, *more: str) -> dict[str, Any]:
    done = run_curated("adopt", root, "--format", "json", *more)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def findings(root: Path) -> list[dict[str, Any]]:
    return json.loads(run_curated("-C", root, "check", "--format", "json").stdout)["findings"]  # type: ignore[no-any-return]


def data_ids(bundle: Path) -> list[tuple[object, ...]]:
    datasets = json.loads((bundle / "manifest.json").read_text())["datasets"]
    return sorted(
        (d["source"]["path"], d["dataset_type"], json.dumps(d["data_id"], sort_keys=True)) for d in datasets
    )


def assert_declared(root: Path) -> None:
    """What was written is right, for our reader and for the published schemas."""
    for path in (root / "curated.yaml", *root.glob("*/instrument.yaml")):
        content = yaml.safe_load(path.read_text("utf-8"))
        schema = json.loads((ROOT / "schemas" / f"{path.stem}-1.0.schema.json").read_text())
        assert list(Draft202012Validator(schema).iter_errors(content)) == []
        if path.name == "instrument.yaml":
            assert parse_instrument(content, path.parent.name)[1] == []


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package(files_of())


def test_a_package_is_declared(package: GitPackage, tmp_path: Path) -> None:
    before, findings_before = read_tree(package.path), findings(package.path)
    assert run_curated("-C", package.path, "bundle", tmp_path / "before").returncode == 0
    done = run_curated("adopt", package.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "cam/instrument.yaml: written: 3 detectors, 2 filters, from 8 calibrations" in done.stdout
    after = read_tree(package.path)
    assert after.keys() - before.keys() == {"curated.yaml", CAM}
    assert {path: after[path] for path in before} == before, "no calibration is changed"
    assert_declared(package.path)
    assert not open_package(package.path).bare
    assert findings(package.path) == findings_before
    package.commit(message="Adopt")
    assert run_curated("-C", package.path, "bundle", tmp_path / "after").returncode == 0
    assert data_ids(tmp_path / "after") == data_ids(tmp_path / "before")
    for more in ([], ["--as-of", "HEAD"]):
        lookup = run_curated("-C", package.path, "lookup", "cam", "defects", "--detector", "1", "--at", "2021-01-01", *more)  # fmt: skip
        assert lookup.stdout.startswith("cam/defects/r0_d1/20200101T000000.ecsv\n")
    check = run_curated("-C", package.path, "check", "cam/defects/r0_d0", "--format", "json")
    assert json.loads(check.stdout)["files"] == 2


def test_comments_tell_how_many_files_say_so(package: GitPackage) -> None:
    adopted(package.path)
    text = (package.path / CAM).read_text()
    assert "name: Cam  # INSTRUME of 8 files\n" in text
    line = "- {id: 1, name: R0_D1, raft: R0, slot: D1, serial: E2V-1}  # DETECTOR of 2 files; name of 2 files; DET_SER of 2 files\n"
    assert line in text
    assert "- name: r 2  # FILTER of 1 file\n  # band:\n" in text
    assert "# class_name:" in text
    assert yaml.safe_load(text).keys() == {"name", "detectors", "filters"}


def test_dry_run(package: GitPackage) -> None:
    before = read_tree(package.path)
    dry_run = run_curated("adopt", package.path, "--dry-run")
    drafts = adopted(package.path, "--dry-run")
    assert dry_run.returncode == 0
    assert read_tree(package.path) == before
    assert [f["written"] for f in drafts["files"]] == [False, False]
    adopted(package.path)
    for draft in drafts["files"]:
        assert (package.path / draft["path"]).read_text() == draft["text"]
        assert f"--- {draft['path']}\n{draft['text']}" in dry_run.stdout


def test_nothing_is_overwritten(package: GitPackage) -> None:
    (package.path / CAM).write_text("name: Mine\n")
    before = read_tree(package.path)
    done = run_curated("adopt", package.path)
    assert done.returncode == 1
    assert f"{CAM}: is there already" in done.stdout
    assert read_tree(package.path) == before
    as_json = json.loads(run_curated("adopt", package.path, "--format", "json").stdout)
    assert as_json["failed"]
    assert [(f["path"], f["exists"], f["written"]) for f in as_json["files"]] == [
        (CAM, True, False),
        ("curated.yaml", False, False),
    ]
    adopted(package.path, "--missing")
    assert (package.path / CAM).read_text() == "name: Mine\n"
    assert read_tree(package.path).keys() - before.keys() == {"curated.yaml"}


def test_an_instrument_that_was_added_later(package: GitPackage) -> None:
    adopted(package.path)
    lab = {"lab/defects/d0/20200101T000000.ecsv": defects_text({"INSTRUME": "lab"})}
    package.commit(lab)
    assert run_curated("adopt", package.path).returncode == 1
    assert {f["path"]: f["written"] for f in adopted(package.path, "--missing")["files"]} == {
        CAM: False,
        "lab/instrument.yaml": True,
        "curated.yaml": False,
    }
    assert_declared(package.path)


def test_an_instrument_that_the_package_describes(package: GitPackage) -> None:
    package.write({"curated.yaml": "calibs: .\ninstruments:\n  cam: {name: LSSTCam}\n"})
    adoption = adopted(package.path, "--missing")
    assert [f["path"] for f in adoption["files"]] == ["curated.yaml"]
    assert adoption["remarks"][0]["file"] == CAM
    assert not (package.path / CAM).exists()


@pytest.mark.parametrize("top", ["", ".", "./", "./."])
def test_instruments_at_the_root(package: GitPackage, top: str) -> None:
    findings_before = findings(package.path)
    package.commit({"curated.yaml": f"calibs: '{top}'\n"})
    done = run_curated("-C", package.path, "check", "--format", "json")
    assert json.loads(done.stdout)["files"] == 8
    assert json.loads(done.stdout)["findings"] == findings_before


def test_a_top_in_another_spelling(make_package: MakePackage) -> None:
    package = make_package({f"data/calibs/{path}": text for path, text in files_of().items()})
    package.commit({"curated.yaml": "calibs: ./data//calibs/.\n"})
    assert len(open_package(package.path).layout.files) == 8


def test_contradictions(make_package: MakePackage) -> None:
    odd = "cam/defects/r0_d0/20230101T000000.ecsv"
    package = make_package(
        files_of(**{odd: defects_text({"INSTRUME": "Cam"}, detector=7, date="2023-01-01T00:00:00")})
    )
    findings_before = findings(package.path)
    adoption = adopted(package.path)
    conflict = f"CONFLICT: DETECTOR is 0 in 2 files (cam/defects/r0_d0/20200101T000000.ecsv), 7 in 1 file ({odd}); the first is written"
    assert [r["message"] for r in adoption["remarks"]] == [f"detector r0_d0: {conflict}"]
    text = (package.path / CAM).read_text()
    assert f"# {conflict}\n- {{id: 0, name: R0_D0" in text
    assert_declared(package.path)
    assert failing(findings(package.path)) == failing(findings_before) == {odd}


def failing(diagnostics: list[dict[str, Any]]) -> set[str]:
    return {f["file"] for f in diagnostics if f["severity"] == "error"}


def test_what_no_file_says_is_a_comment(make_package: MakePackage) -> None:
    unnumbered = defects_text({"INSTRUME": "Cam", "DETECTOR": ""}, date="2020-01-01T00:00:00")
    twin = defects_text({"INSTRUME": "Cam", "DET_NAME": "twin"}, detector=0)
    unnamed = throughput("").replace('# - {FILTER: ""}\n', "")
    package = make_package(
        files_of(
            **{
                "cam/defects/nix/20200101T000000.ecsv": unnumbered,
                "cam/defects/twin/20200101T000000.ecsv": twin,
                "cam/transmission_filter/z/20200101T000000.ecsv": unnamed,
            }
        )
    )
    findings_before = findings(package.path)
    adopted(package.path)
    text = (package.path / CAM).read_text()
    assert "# - {id: null, name: NIX}\n" in text
    assert "# twin is not declared: number 0 is that of r0_d0 already\n# - {id: 0, name: twin}" in text
    assert "# no file says FILTER; the directory's name is written\n- name: z  # the directory\n" in text
    assert_declared(package.path)
    assert failing(findings(package.path)) == failing(findings_before), "what was right is right"


HOSTILE = ["yes", "1e3", "0x1f", "~", "- a", "a: b", "a #b", "'", '"', "{x", "[x]", "*a", "&a", "!x", "%x", "@x", "`x", "|", "> x", "2020-01-01", "12:30:45", "a\nb: c", "x\x85y", "a\u2028b", "\u202egnp", "Ω天", "x" * 40, " lead", "null", "\x1b[31m", "::error::x"]  # fmt: skip


def test_names_that_yaml_would_take_for_something_else(tmp_path: Path) -> None:
    from curated.adopt import draft_adoption
    from curated.check.package import check_package

    for i, name in enumerate(HOSTILE):
        meta = dict.fromkeys(("INSTRUME", "DET_NAME", "DET_SER", "RAFTNAME"), name)
        directory = name.lower().replace(" ", "_")
        for level, text in (
            (f"defects/{directory}", defects_text({**meta, "CALIB_ID": f"instrument={name}"})),
            ("defects/d1", defects_text({"INSTRUME": "other", "DET_SER": name}, detector=1)),
            (f"transmission_filter/{directory}", throughput(name)),
        ):
            (tmp_path / f"cam{i:02d}" / level).mkdir(parents=True)
            (tmp_path / f"cam{i:02d}" / level / "20200101T000000.ecsv").write_text(text)
    package = open_package(tmp_path)
    adoption = draft_adoption(package, check_package(package, use_cache=False, jobs=1))
    for draft, name in zip(adoption.drafts, HOSTILE, strict=False):
        assert all(line.isprintable() for line in draft.text.split("\n")), name
        content = yaml.safe_load(draft.text)
        assert parse_instrument(content, "cam")[1] == [], name
        is_read = (
            yaml.safe_load(json.dumps(name, ensure_ascii=False)) == name
        )  # some ends of lines become blanks
        # A text with other ends of lines than "\n" in it is refused, and nothing is taken from it.
        if name.strip() == name and len(name) <= 32 and is_read and name.splitlines() == [name]:
            assert {d["serial"] for d in content["detectors"]} == {name}
            assert [f["name"] for f in content["filters"]] == [name]


def test_a_directory_within_a_package(package: GitPackage) -> None:
    done = run_curated("adopt", package.path / "cam")
    assert done.returncode == 2
    assert str(package.path) in done.stderr
    assert not (package.path / "curated.yaml").exists()


def test_no_package(tmp_path: Path) -> None:
    assert run_curated("adopt", tmp_path).returncode == 2
    assert run_curated("adopt", tmp_path / "nowhere").returncode == 2


def test_all_or_none(package: GitPackage, monkeypatch: pytest.MonkeyPatch) -> None:
    from curated import adopt
    from curated.check.package import check_package

    opened = open_package(package.path)
    adoption = adopt.draft_adoption(opened, check_package(opened, jobs=1))
    before = read_tree(package.path)
    # Somebody writes one in between.
    (package.path / "curated.yaml").write_text("url: mine\n")
    with pytest.raises(FileExistsError):
        adopt.write_drafts(package.path, adoption.missing)
    assert read_tree(package.path) == {**before, "curated.yaml": b"url: mine\n"}


def test_a_new_file_takes_no_place(tmp_path: Path) -> None:
    place = tmp_path / "x"
    write_new(place, [b"1", b"2"])
    assert place.read_bytes() == b"12"
    assert place.stat().st_mode & 0o777 == 0o666 & ~_umask()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("x", "link"):
        with pytest.raises(FileExistsError):
            write_new(tmp_path / name, [b"3"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "x"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.slow
def test_a_real_package(obs_lsst_data: GitPackage, tmp_path: Path) -> None:
    package = GitPackage(tmp_path / "package")
    shutil.copytree(obs_lsst_data.path, package.path)
    before = findings(package.path)
    assert run_curated("-C", package.path, "bundle", tmp_path / "before").returncode == 0
    adoption = adopted(package.path)
    assert {f["path"].partition("/")[0] for f in adoption["files"]} == {"comCam", "comCamSim", "curated.yaml", "imsim", "latiss", "lsstCam", "ts8"}  # fmt: skip
    assert_declared(package.path)
    assert findings(package.path) == before
    package.commit(message="Adopt")
    assert run_curated("-C", package.path, "bundle", tmp_path / "after").returncode == 0
    assert data_ids(tmp_path / "after") == data_ids(tmp_path / "before")


def test_what_is_passed_over_is_looked_at(tmp_path: Path) -> None:
    for name in ("cam/defects", "cam2/defect"):
        (tmp_path / name / "d00").mkdir(parents=True)
        (tmp_path / name / "d00/20200101T000000.ecsv").write_text(defects_text())
    package = open_package(tmp_path)
    adoption = draft_adoption(package, check_package(package, use_cache=False))
    assert [draft.path for draft in adoption.drafts] == ["cam/instrument.yaml", "curated.yaml"]
    assert (
        "cam2/defect/d00/20200101T000000.ecsv",
        "'defect' is not a calibration type: 1 file in it is not read",
    ) in (adoption.remarks)
