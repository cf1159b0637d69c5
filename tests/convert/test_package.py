"""A package converted as a whole: all files or none, into a directory with other files, and some of the files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from astropy.io import fits

from conftest import GitPackage, MakePackage
from curated.convert import convert_into
from curated.convert.origin import find_origin
from curated.package.package import open_package
from curated.types.defects import Defects
from support.packages import (
    DEMO_FILES,
    EDITED,
    convert_demo,
    defects_path,
    defects_text,
    fits_path,
    make_demo_package,
    read_tree,
)
from support.programs import run_curated


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    return make_demo_package(tmp_path_factory.mktemp("demo") / "package")


@pytest.fixture(scope="module")
def converted(demo: GitPackage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert_demo(demo, tmp_path_factory.mktemp("converted") / "fits")


# -- all of it or nothing --------------------------------------------------------------------------


@pytest.fixture
def broken(make_package: MakePackage) -> GitPackage:
    return make_package(
        {
            defects_path(0): defects_text(),
            defects_path(1): defects_text(detector=1, x0=-3),
            defects_path(2): defects_text(detector=2),
            "curated.yaml": "",
        }
    )


def test_one_bad_file_and_nothing_is_written(broken: GitPackage, tmp_path: Path) -> None:
    done = run_curated("convert", "-o", tmp_path / "new" / "out", cwd=broken.path)
    assert done.returncode == 1
    assert f"{defects_path(1)}:" in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "new").exists()


def test_one_bad_file_and_what_was_there_stays(broken: GitPackage, tmp_path: Path) -> None:
    output = tmp_path / "out"
    for name, content in ((fits_path(defects_path(0)), "old"), ("calibs/mine.txt", "mine")):
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_text(content)
    before = read_tree(output)
    done = run_curated("convert", "-o", output, "--format", "json", cwd=broken.path)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["failed"], answer["files"]) == (1, True, [])
    assert [finding["code"] for finding in answer["findings"]] == ["CAL301"]
    assert read_tree(output) == before
    assert sorted(p.name for p in output.iterdir()) == ["calibs"]


def test_into_a_directory_with_files(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(
        {defects_path(0): defects_text(), defects_path(1): defects_text(detector=1), "curated.yaml": ""}
    )
    output = tmp_path / "out"
    (output / fits_path(defects_path(0))).parent.mkdir(parents=True)
    (output / fits_path(defects_path(0))).write_text("old")
    (output / "calibs" / "mine.txt").write_text("mine")
    for _ in range(2):
        assert run_curated("convert", "-o", output, cwd=package.path).returncode == 0
        assert sorted(read_tree(output)) == sorted(
            [fits_path(defects_path(0)), fits_path(defects_path(1)), "calibs/mine.txt"]
        )
        assert Defects.readFits(output / fits_path(defects_path(0))).x0 == [1]
        assert (output / "calibs" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("obstacle", ["calibs/lab", fits_path(defects_path(1))])
def test_something_in_the_way(make_package: MakePackage, tmp_path: Path, obstacle: str) -> None:
    package = make_package(
        {defects_path(0): defects_text(), defects_path(1): defects_text(detector=1), "curated.yaml": ""}
    )
    output = tmp_path / "out"
    target = output / obstacle
    target.parent.mkdir(parents=True)
    if obstacle.endswith(".fits"):
        target.mkdir()
    else:
        target.write_text("a file where a directory belongs")
    before = sorted(output.rglob("*"))
    done = run_curated("convert", "-o", output, cwd=package.path)
    assert (done.returncode, "is in the way" in done.stderr) == (2, True), done.stderr
    assert sorted(output.rglob("*")) == before


def test_a_file_as_output(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({defects_path(): defects_text(), "curated.yaml": ""})
    (tmp_path / "file").write_text("x")
    done = run_curated("convert", "-o", tmp_path / "file", cwd=package.path)
    assert (done.returncode, (tmp_path / "file").read_text()) == (2, "x")


def test_two_files_of_one_name_are_a_finding(make_package: MakePackage, tmp_path: Path) -> None:
    yaml = (
        "metadata: {OBSTYPE: defects, INSTRUME: Lab, DETECTOR: 0, CALIBDATE: '2020-01-01T00:00:00'}\n"
        "x0: [1]\ny0: [1]\nwidth: [1]\nheight: [1]\n"
    )
    other = defects_path().replace(".ecsv", ".yaml")
    package = make_package({defects_path(): defects_text(), other: yaml, "curated.yaml": ""})
    done = run_curated("convert", "-o", tmp_path / "out", "--format", "json", cwd=package.path)
    assert done.returncode == 1, done.stderr
    assert [finding["code"] for finding in json.loads(done.stdout)["findings"]] == ["CAL401", "CAL406"]
    assert not (tmp_path / "out").exists()


def silenced(code: str) -> str:
    return f"silence:\n- {{code: {code}, path: '*/d01/*', reason: known, until: '2999-01-01'}}\n"


def test_a_silenced_error_is_converted_all_the_same(broken: GitPackage, tmp_path: Path) -> None:
    broken.commit({"curated.yaml": silenced("CAL301")})
    done = run_curated("convert", "-o", tmp_path / "out", cwd=broken.path)
    assert done.returncode == 0, done.stderr
    with fits.open(tmp_path / "out" / fits_path(defects_path(1))) as hdus:
        assert hdus[1].data["x0"].tolist() == [-3]


def test_what_cannot_be_converted_is_never_left_out_without_a_word(
    broken: GitPackage, tmp_path: Path
) -> None:
    broken.commit({"curated.yaml": silenced("CAL205"), defects_path(1): "no table"})
    done = run_curated("convert", "-o", tmp_path / "out", cwd=broken.path)
    assert done.returncode == 2
    assert f"{defects_path(1)} cannot be converted" in done.stderr
    assert not (tmp_path / "out").exists()


# -- some of the files -----------------------------------------------------------------------------


def test_named_files_and_directories(demo: GitPackage, converted: Path, tmp_path: Path) -> None:
    selection = [EDITED, "calibs/demo/bfk"]
    done = run_curated("convert", *selection, "-o", tmp_path / "out", "--format", "json", cwd=demo.path)
    answer = json.loads(done.stdout)
    everything = read_tree(converted)
    expected = {
        name: data
        for name, data in everything.items()
        if name == fits_path(EDITED) or name.startswith("calibs/demo/bfk/")
    }
    # A file is the same whatever else is converted: its range comes from all files.
    assert read_tree(tmp_path / "out") == expected
    assert len(expected) == 5
    assert [f["path"] for f in answer["files"]] == sorted(expected)
    assert {f["path"]: f["size"] for f in answer["files"]} == {n: len(d) for n, d in expected.items()}


def test_paths_are_relative_to_where_one_is(demo: GitPackage, tmp_path: Path) -> None:
    directory = (demo.path / EDITED).parent
    done = run_curated("convert", Path(EDITED).name, "-o", tmp_path / "out", cwd=directory)
    assert done.returncode == 0, done.stderr
    assert list(read_tree(tmp_path / "out")) == [fits_path(EDITED)]


def test_an_error_elsewhere_does_not_concern_the_named_files(broken: GitPackage, tmp_path: Path) -> None:
    done = run_curated("convert", defects_path(0), "-o", tmp_path / "out", cwd=broken.path)
    assert done.returncode == 0, done.stderr
    assert list(read_tree(tmp_path / "out")) == [fits_path(defects_path(0))]


def test_the_function_takes_progress(demo: GitPackage, tmp_path: Path) -> None:
    package = open_package(demo.path)
    counts: list[tuple[int, int]] = []
    report, converted_files = convert_into(
        package, find_origin(package), tmp_path / "out", progress=lambda *pair: counts.append(pair)
    )
    assert (counts[-1], len(converted_files), report.failed) == ((DEMO_FILES, DEMO_FILES), DEMO_FILES, False)
