"""Corrections: each keyword of each calibration of the demonstration, wrong and missing; images; what is left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.check.package import check_package, read_package
from curated.core.keys import stored
from curated.core.storage.file_set import write_file_set
from curated.editing.corrections import CorrectionPlan, plan_corrections
from curated.package.package import Package, open_package
from curated.text.editor import TextEditor
from support.editing import copy_package
from support.packages import defects_text

WRONG = {
    "OBSTYPE": "nonsense",
    "CALIBCLS": "lsst.Nonsense",
    "INSTRUME": "Other",
    "DETECTOR": 7,
    "DET_NAME": "zz",
    "RAFTNAME": "R7",
    "SLOTNAME": "S7",
    "FILTER": "zz",
    "CALIBDATE": "1999-01-01T00:00:00",
}


def plan(root: Path, *, trust_path: bool = False) -> tuple[Package, CorrectionPlan]:
    package = open_package(root)
    reading = read_package(package, jobs=1, use_cache=False)
    return package, plan_corrections(package, reading, package.layout.files, trust_path=trust_path)


def bare(root: Path) -> Path:
    """Make the package one without any settings."""
    (root / "curated.yaml").unlink()
    (root / "calibs" / "demo" / "instrument.yaml").unlink()
    shutil.move(root / "calibs" / "demo", root / "demo")
    (root / "calibs").rmdir()
    return root


@pytest.mark.parametrize("is_bare", [False, True], ids=["declared", "bare"])
@pytest.mark.parametrize("keyword", list(WRONG))
def test_each_wrong_keyword(tmp_path: Path, keyword: str, is_bare: bool) -> None:
    root = copy_package(tmp_path / "package")
    root = bare(root) if is_bare else root
    originals = {}
    package = open_package(root)
    # One file of each directory: the others tell what is right where nothing is declared.
    for file in {file.key: file for file in package.layout.files}.values():
        data = package.files.read(file.path)
        editor = TextEditor(data, file.form)
        if keyword in editor.keywords:
            originals[file.path] = data
            editor.set_keyword(keyword, WRONG[keyword])
            (root / file.path).write_bytes(editor.finish())
    package, result = plan(root)
    assert originals
    write_file_set(root, result.contents, before=result.before)
    # Two directories of one file each, whose detector has no other: nothing tells.
    for path, data in originals.items():
        if not is_bare or keyword in ("OBSTYPE", "CALIBCLS", "CALIBDATE"):
            is_other_name = keyword == "OBSTYPE" and "manual" in path
            assert is_other_name or (root / path).read_bytes() == data, path
        else:
            left = {d.file for d in result.diagnostics if d.code == "CAL706"} | set(originals)
            assert (root / path).read_bytes() == data or path in left
    assert plan(root)[1].corrections == ()


@pytest.mark.parametrize("keyword", ["OBSTYPE", "INSTRUME", "DETECTOR", "DET_NAME", "FILTER", "CALIBDATE"])
def test_each_missing_keyword(tmp_path: Path, keyword: str) -> None:
    root = copy_package(tmp_path / "package")
    package = open_package(root)
    expected = {}
    for file in package.layout.files:
        editor = TextEditor(package.files.read(file.path), file.form)
        if keyword in editor.keywords:
            expected[file.path] = dict(editor.keywords)
            editor.remove_keyword(keyword)
            (root / file.path).write_bytes(editor.finish())
    package, result = plan(root)
    assert (expected.keys(), result.diagnostics) == (result.contents.keys(), ())
    write_file_set(root, result.contents, before=result.before)
    for file in package.layout.files:
        keywords = dict(TextEditor(package.files.read(file.path), file.form).keywords)
        if file.path in expected and not (keyword == "OBSTYPE" and file.key.type == "manual_defects"):
            assert keywords == expected[file.path]
    assert not check_package(open_package(root), jobs=1, use_cache=False).failed


def test_nothing_to_correct(tmp_path: Path) -> None:
    root = copy_package(tmp_path / "package")
    assert plan(root)[1] == CorrectionPlan((), {}, {}, ())
    assert plan(bare(root))[1] == CorrectionPlan((), {}, {}, ())


def test_another_image(tmp_path: Path) -> None:
    root = copy_package(tmp_path / "package")
    side = root / "calibs/demo/bias/g00/20200101T000000.yaml"
    image = side.with_suffix(".fits")
    data = bytearray(image.read_bytes())
    data[-2880:-2876] = b"\x41\x20\x00\x00"  # a pixel of 10
    image.write_bytes(bytes(data))
    before = side.read_text()
    _, result = plan(root)
    assert [c.name for c in result.corrections] == [
        "image.sha256",
        *(f"statistics.{name}" for name in ("mean", "median", "standard_deviation")),
    ]
    write_file_set(root, result.contents, before=result.before)
    changed = [line for line in side.read_text().splitlines() if line not in before.splitlines()]
    assert [line.split(":")[0].strip() for line in changed] == [
        "sha256",
        "mean",
        "median",
        "standard_deviation",
    ]
    assert not check_package(open_package(root), jobs=1, use_cache=False).failed
    assert plan(root)[1].corrections == ()
    side.write_text(
        before.replace("size: ", "size: 1")
        .replace("width: 64", "width: 63")
        .replace("bad_pixels: 0", "bad_pixels: 4")
    )
    names = {c.name for c in plan(root)[1].corrections}
    assert {"image.sha256", "image.size", "image.width", "statistics.bad_pixels"} <= names


def test_a_file_in_a_wrong_place(tmp_path: Path) -> None:
    root = copy_package(tmp_path / "package")
    defects = root / "calibs/demo/defects"
    shutil.move(defects / "d00/20240301T000000.ecsv", defects / "d01/20240301T000000.ecsv")
    _, result = plan(root)
    assert [d.code for d in result.diagnostics] == ["CAL705"]
    assert result.contents == {}
    assert "'d00'" in result.diagnostics[0].message
    _, result = plan(root, trust_path=True)
    assert (len(result.contents), result.diagnostics) == (1, ())
    # With the original in its place it is a copy.
    shutil.copy(defects / "d01/20240301T000000.ecsv", defects / "d00/20240301T000000.ecsv")
    _, result = plan(root)
    assert (len(result.contents), result.diagnostics) == (1, ())


def test_a_shared_file(make_package: MakePackage) -> None:
    path = "calibs/lab/defects/shared/20200101T000000.ecsv"
    text = defects_text({"DETECTORS": "all", "INSTRUME": "Other", "CALIBDATE": "2019-01-01"}, detector=7)
    instrument = "name: Lab\ndetectors:\n- {id: 0, name: d00}\n- {id: 7, name: d01}\n"
    settings = {"curated.yaml": "calibs: calibs\n", "calibs/lab/instrument.yaml": instrument}
    root = make_package({**settings, path: text}).path
    package = open_package(root)
    reading = read_package(package, jobs=1, use_cache=False)
    result = plan_corrections(package, reading, stored(package.layout.files))
    assert [(c.name, c.before, c.now, c.reason) for c in result.corrections] == [
        ("INSTRUME", "Other", "Lab", "instrument.yaml"),
        ("CALIBDATE", "2019-01-01", "2020-01-01", "the file name says so"),
        ("DETECTOR", 7, None, "it is of several detectors"),
    ]
    assert not result.diagnostics
    write_file_set(package.root, result.contents, before=result.before)
    assert not check_package(open_package(root), use_cache=False).diagnostics
