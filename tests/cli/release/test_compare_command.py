"""``curated compare``: text, JSON and exit status."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner, Result

from conftest import GitPackage, MakePackage
from curated.bundle.builder import build_bundle
from curated.butler import import_bundle
from curated.cli.main import cli
from curated.core.units import length_factor
from curated.package.package import open_package
from support.cameras import camera_texts, detector
from support.demo import demo_calib
from support.exports import certify_foreign
from support.packages import DEMO_FILES, defects_path, defects_text
from support.programs import printed_json, run_curated
from support.repositories import make_bundle


def test_the_same(demo: GitPackage) -> None:
    done = run_curated("compare", "HEAD", "HEAD~1", cwd=demo.path)
    assert done.returncode == 0, done.stderr
    first, second, last = done.stdout.splitlines()
    assert first.startswith("A: ")
    assert second.startswith("B: ")
    assert last == f"the same {DEMO_FILES} calibrations are in force in both"


def test_differences(make_package: MakePackage) -> None:
    package = make_package(
        {"curated.yaml": "", defects_path(0): defects_text(), defects_path(1): defects_text(detector=1)}
    )
    package.commit({defects_path(0): defects_text(x0=2), defects_path(2): defects_text(detector=2)}, "Change")
    done = run_curated("compare", "HEAD~1", "HEAD", cwd=package.path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "2 products differ: 1 only in B, 1 another content (- in A, + in B; times are UTC)"
    )
    assert re.search(r"^defects .*detector=0.*: another content \(pixels\)$", done.stdout, re.MULTILINE)
    assert (
        len(re.findall(r"^  [-+] 2020-01-01T00:00:00 to open  [0-9a-f]{12}$", done.stdout, re.MULTILINE)) == 3
    )
    value = printed_json(run_curated("compare", "HEAD~1", "HEAD", "--format", "json", cwd=package.path))
    assert (value["same"], value["failed"]) == (False, False)
    assert sorted(difference["kind"] for difference in value["differences"]) == ["added", "content"]
    assert len(set(value["fingerprints"])) == 2
    assert "    pixels_gained +4 pix, pixels_lost +4 pix" in done.stdout.splitlines()
    (content,) = (d for d in value["differences"] if d["kind"] == "content")
    ((change,), keys) = content["changes"], ("name", "value", "unit")
    assert [tuple(m[key] for key in keys) for m in change["measures"]] == [
        ("pixels_gained", 4, "pix"),
        ("pixels_lost", 4, "pix"),
    ]


def test_other_units_and_rounding_are_no_difference(make_package: MakePackage) -> None:
    curve, path = (
        demo_calib("transmission_filter", "g"),
        "calibs/demo/transmission_filter/g/20200101T000000.ecsv",
    )
    wavelength, efficiency = curve.wavelength.astype("f8") * length_factor("nm"), curve.efficiency * 0.01
    units = {**curve.units, "wavelength": "Angstrom", "efficiency": ""}
    other = replace(curve, wavelength=wavelength, efficiency=efficiency, units=units)
    changed = replace(other, efficiency=efficiency * (1 + 1e-6))
    texts = [calib.text_bytes("ecsv").decode() for calib in (curve, other, changed)]
    package = make_package({"curated.yaml": "", path: texts[0]})
    package.commit({path: texts[1]})
    package.commit({path: texts[2]})
    results = [CliRunner().invoke(cli, ["-C", str(package.path), *a]) for a in _SAME]
    assert [result.exit_code for result in results] == [0, 0, 0, 1, 1, 1], results[0].output
    assert "the same 1 calibrations are in force in both" in results[0].output
    assert "1 calibration with no physical change" in results[1].output
    assert "another content (throughputs)" in results[3].output


_SAME = [
    ["compare", "HEAD~2", "HEAD~"],
    ["diff", "HEAD~2", "HEAD~"],
    ["diff", "--between", "HEAD~2", "HEAD~"],
    ["compare", "HEAD~", "HEAD"],
    ["diff", "HEAD~", "HEAD"],
    ["diff", "--between", "HEAD~2", "HEAD"],
]


def test_dataset_types_that_no_type_declares_are_listed_apart(tmp_path: Path) -> None:
    bundle, repo = make_bundle(tmp_path / "bundle"), tmp_path / "repo"
    assert import_bundle(bundle, str(repo)).ok
    certify_foreign(repo, "Lab/odd/certified")
    options = ("--collection", "Lab/calib", "--collection", "Lab/odd/certified")
    done = run_curated("compare", bundle, repo, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    note = "1 oddity (StructuredDataDict)"
    assert f"not compared: {note} in B, which no calibration type declares" in done.stdout
    value = printed_json(run_curated("compare", bundle, repo, *options, "--format", "json"))
    assert value["foreign"] == [
        [],
        [{"dataset_type": "oddity", "storage_class": "StructuredDataDict", "datasets": 1}],
    ]
    one = run_curated("fingerprint", repo, *options)
    assert (one.returncode, f"not counted: {note}" in one.stderr) == (0, True)
    alone = run_curated("fingerprint", repo, *options[2:])
    assert (alone.returncode, f"but {note}, which no calibration type declares" in alone.stderr) == (2, True)


def test_a_camera_that_only_a_repository_has_is_no_difference(
    make_package: MakePackage, tmp_path: Path
) -> None:
    files = {"curated.yaml": "", defects_path(0): defects_text(), **camera_texts("cam", [detector(0, "d00")])}
    with_camera = make_package(files)
    bare_files = {path: text for path, text in files.items() if "stack_camera" not in path}
    without = make_package(bare_files, "without").path
    repos = []
    for name, package in (("with", with_camera.path), ("bare", without)):
        _, bundle = build_bundle(open_package(package), tmp_path / f"{name}-bundle", label="v1", jobs=1)
        assert bundle is not None
        repos.append(str(tmp_path / name))
        assert import_bundle(bundle.path, repos[-1]).ok
    repo, bare = repos

    done = run(["compare", str(without), repo])
    assert done.exit_code == 0, done.output
    assert "not compared: camera instrument=cam in B; A has no camera" in done.stdout
    assert done.stdout.splitlines()[-1] == "the same 1 calibrations are in force in both"
    done = run(["compare", repo, bare, "--format", "json"])
    value = json.loads(done.stdout)
    assert (done.exit_code, value["same"], value["differences"]) == (0, True, [])
    assert [(entry["dataset_type"], entry["kind"]) for entry in value["apart"]] == [("camera", "missing")]
    # What a package has must be in the repository, and in the next state of the package.
    for other in (bare, str(without)):
        done = run(["compare", str(with_camera.path), other])
        assert (done.exit_code, "camera instrument=cam: only in A" in done.stdout) == (1, True)
    # The camera is certified without bounds, as the stack certifies its own.
    assert run(["compare", str(with_camera.path), repo]).exit_code == 0
    assert "  - open to open" in run(["compare", str(with_camera.path), bare]).stdout

    fingerprints = [
        run(["fingerprint", where, *options]).stdout.partition(" ")[0]
        for where, options in ((str(without), []), (repo, ["--without", "stack_camera"]), (repo, []))
    ]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]
    done = run(["fingerprint", repo, "--without", "stack_camra"])
    assert "did you mean 'stack_camera'?" in str(getattr(done.exception, "hint", ""))


def run(arguments: list[str]) -> Result:
    return CliRunner().invoke(cli, arguments)
