"""What a calibration was made of, and who edited it: text, FITS, bundle and repository hold the same."""

from __future__ import annotations

import doctest
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from conftest import GitPackage, MakePackage
from curated.provenance import parse
from curated.text.provenance import provenance_text
from support.packages import ROOT, defects_path, defects_text
from support.programs import run_curated, run_with_butler
from support.records import RECORD

CONFIG = {"curated.yaml": "calibs: calibs\n"}

SIDE = "calibs/lab/defects/d00/20200101T000000.inputs.yaml"


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    assert defects_path(0).removesuffix(".ecsv") == SIDE.removesuffix(".inputs.yaml")
    return make_package(
        {
            **CONFIG,
            defects_path(0): defects_text(),
            defects_path(1): defects_text(detector=1),
            SIDE: provenance_text(parse(RECORD)[0]),
        }
    )


def test_a_record_that_changes_is_checked_again(package: GitPackage) -> None:
    assert run_curated("check", cwd=package.path).returncode == 0
    package.write({SIDE: "inputs: [{data_id: {}}]\n"})
    done = run_curated("check", cwd=package.path)
    assert done.returncode == 1
    assert f"{SIDE}:1:11: error CAL120" in done.stdout
    assert "CAL120" in run_curated("check", SIDE, cwd=package.path).stdout
    package.write({SIDE: None})
    assert run_curated("check", cwd=package.path).returncode == 0


def test_a_link_that_leads_out_is_no_record(package: GitPackage) -> None:
    (package.path / SIDE).unlink()
    (package.path / SIDE).symlink_to("/etc/hostname")
    done = run_curated("check", cwd=package.path)
    assert f"{SIDE}: error CAL106" in done.stdout


def test_show_prints_it(package: GitPackage, tmp_path: Path) -> None:
    of_text = run_curated("show", defects_path(0), cwd=package.path).stdout
    for part in ("inputs: 3", "exposure=2019121000102", "30 s", "scale 1.25", "weight 0.5", "edits: 1"):
        assert part in of_text
    assert "2020-01-02  Zoë Åström 天文: Masked column 5: 3 hot pixels" in of_text
    assert "nSigma: [4.5, None]" in of_text
    form = json.loads(run_curated("show", defects_path(0), "--format", "json", cwd=package.path).stdout)
    assert form["content"]["inputs"] == RECORD["inputs"]
    run_curated("convert", defects_path(0), "-o", tmp_path, cwd=package.path)
    of_fits = run_curated(
        "show", tmp_path / defects_path(0).replace(".ecsv", ".fits"), cwd=package.path
    ).stdout
    assert of_fits.partition("inputs:")[2] == of_text.partition("inputs:")[2]


def test_the_bundle_lists_it(package: GitPackage, tmp_path: Path) -> None:
    done = run_curated("bundle", tmp_path / "bundle", cwd=package.path)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_bytes())
    by_detector = {d["data_id"]["detector"]: d["provenance"] for d in manifest["datasets"]}
    assert by_detector[1] is None
    entry = by_detector[0]
    assert entry["path"] == f"files/{SIDE}"
    data = (tmp_path / "bundle" / entry["path"]).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["size"], entry["sha256"])
    assert yaml.safe_load(data) == RECORD
    assert f"{entry['sha256']}  {entry['path']}\n" in (tmp_path / "bundle/SHA256SUMS").read_text()
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "bundle", check=True)


@pytest.mark.parametrize("way", ["changed", "unknown", "ignored", "not looked at"])
def test_a_record_that_is_not_committed_is_not_released(
    package: GitPackage, tmp_path: Path, way: str
) -> None:
    other = defects_path(1).replace(".ecsv", ".inputs.yaml")
    if way == "ignored":
        package.commit({".gitignore": "*d01/*.inputs.yaml\n"})
    if way == "not looked at":
        package.git("update-index", "--assume-unchanged", SIDE)
    path = other if way in ("unknown", "ignored") else SIDE
    package.write({path: "inputs: [{data_id: {exposure: 1}}]\n"})
    done = run_curated("bundle", tmp_path / "bundle", cwd=package.path)
    assert (done.returncode, path in done.stderr) == (2, True)
    assert not (tmp_path / "bundle").exists()
    if way != "not looked at":
        done = run_curated("bundle", tmp_path / "bundle", "--allow-dirty", cwd=package.path)
        assert done.returncode == 0
        beside = tmp_path / "bundle/files" / path
        assert yaml.safe_load(beside.read_bytes()) == {"inputs": [{"data_id": {"exposure": 1}}]}


GET = """
import json, sys
from lsst.daf.butler import Butler
butler = Butler.from_config(sys.argv[1], collections=sys.argv[2])
refs = butler.registry.queryDatasets("defects", where="detector = 0 AND instrument = 'Lab'", collections=...)
print(json.dumps([butler.get(ref).provenance.plain() for ref in refs]))
"""


def test_a_repository_gives_it_back(package: GitPackage, tmp_path: Path) -> None:
    pytest.importorskip("lsst.daf.butler")
    bundle, repo = tmp_path / "bundle", tmp_path / "repo"
    assert run_curated("bundle", bundle, "--label", "v1", cwd=package.path).returncode == 0
    done = run_curated("import", bundle, repo, "--transfer", "copy", cwd=package.path)
    assert done.returncode == 0, done.stderr
    got = run_with_butler(GET, str(repo), "Lab/calib/v1")
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout) == [RECORD]


def test_an_import_verifies_it(package: GitPackage, tmp_path: Path) -> None:
    pytest.importorskip("lsst.daf.butler")
    bundle, repo = tmp_path / "bundle", tmp_path / "repo"
    assert run_curated("bundle", bundle, "--label", "v1", cwd=package.path).returncode == 0
    beside = bundle / "files" / SIDE
    whole = beside.read_text()
    beside.write_text(whole.replace("0.5", "0.6"))
    done = run_curated("import", bundle, repo, cwd=package.path)
    assert (done.returncode, "CAL614" in done.stdout + done.stderr) == (1, True)
    beside.unlink()
    assert "CAL613" in run_curated("import", bundle, repo, cwd=package.path).stderr
    assert not repo.exists()


def test_the_session_of_the_manual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "calibs").symlink_to(ROOT / "calibs")
    monkeypatch.chdir(tmp_path)
    results = doctest.testfile(str(ROOT / "docs/provenance.md"), module_relative=False)
    assert (results.failed, results.attempted > 3) == (0, True)
