"""No calibration is passed over silently: packages in many layouts, each with what has to be said of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import GitPackage
from curated.core.diagnostic import CuratedError
from curated.package.package import Package, open_package
from curated.registry import own_types
from support.packages import defects_text

GOOD = "cam/defects/d00/20240101T000000.ecsv"


def write(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        is_text = path.endswith((".ecsv", "T000000.yaml"))
        (root / path).write_text(defects_text() if is_text else "")
    return root


def problems(package: Package) -> list[tuple[str, str]]:
    return sorted((problem.code, path) for path, problem in package.layout.problems)


def codes(package: Package) -> set[str]:
    return {code for code, _ in problems(package)}


# -- one calibration in a wrong place, in packages of three kinds ------------------------------------------

MISSPELLED = [
    "defect", "defectss", "defcts", "deffects", "de-fects", "defects_", "defects ", " defects", "manual-defects",
    "manual_defect", "manualdefects", "qe_curves", "qecurve", "qe-curve", "qe curve", "qe_curv", "crosstalks",
    "cross_talk", "linearizers", "linearizier", "linearities", "bfkernels", "bf_kernel", "ptcs", "flats", "darks",
    "biases", "fringes", "transmission_optic", "transmission-filter", "transmission_filters", "transmision_sensor",
    "transmissionsensor", "gain_corrections", "photodiodes", "straylights", "illuminations",
]  # fmt: skip
PASSED_OVER = [
    *((f"cam/{name}/d00/20240101T000000.ecsv", "CAL103") for name in MISSPELLED),
    *((f"cam2/{name}/d00/20240101T000000.fits", "CAL103") for name in ("defect", "qe_curves", "flats")),
    *((f"cam2/{name}/d00/latest.ecsv", "CAL103") for name in ("defect", "qe_curves", "flats")),
    *((f"cam/{name}/d00/20240101T000000.fits", "CAL103") for name in ("defect", "qe_curves", "flats")),
    ("cam/other/d00/20240101T000000.ecsv", "CAL103"),
    ("cam/defects/20240101T000000.ecsv", "CAL102"),
    ("cam/defects/d00/x/20240101T000000.ecsv", "CAL102"),
    ("cam/transmission_optics/d00/20240101T000000.ecsv", "CAL102"),
    ("cam/20240101T000000.ecsv", "CAL102"),
    ("cam/instruments.yaml", "CAL102"),
    ("cam/Instrument.yaml", "CAL102"),
    ("cam/instrument.yml", "CAL107"),
    ("cam/curated.yaml", "CAL102"),
    *((f"cam/defects/d00/20240601T000000{e}", "CAL107") for e in (".fits", ".fits.gz", ".fits.fz", ".csv", ".txt")),
    *((f"cam/defects/d00/20240101T000000{e}", "CAL107") for e in (".yml", ".Yaml", ".ecsv~", ".ecsv.gz", "", ".dat")),
    *((f"cam/defects/d00/20240101T000000.ecsv{e}", "CAL107") for e in (".lock", ".1", "-old", "_bak", " copy", ".off~")),
    ("cam/qe_curve/d00/2024-06-01.FITS", "CAL107"),
    ("cam/defects/d00/20240101.yaml ", "CAL107"),
    ("cam/defects/d00/20240101.ecsv.", "CAL107"),
    ("cam/defects/d00/2024-13-01.yaml", "CAL101"),
    ("cam/defects/d00/20240230T000000.ecsv", "CAL101"),
    ("cam/defects/d00/2016-12-31T23:59:60.ecsv", "CAL101"),
    ("cam/defects/d00/20240101 (1).ecsv", "CAL101"),
    ("cam/defects/d00/latest.ecsv", "CAL101"),
    ("cam/Defects/d01/20240101T000000.ecsv", "CAL135"),
    ("cam/DEFECTS/d01/20240101T000000.ecsv", "CAL135"),
    ("cam/BFKERNEL/d00/20240101T000000.yaml", "CAL135"),
    ("cam/bfKernel/d00/20240101T000000.yaml", "CAL135"),
    ("cam/defects/D01/20240101T000000.ecsv", "CAL135"),
    ("cam/transmission_filter/SDSS r/20240101T000000.ecsv", "CAL135"),
    ("cam/defects/de\u0301/20240101T000000.ecsv", "CAL136"),
    ("cam/qe_curve/d00/README.md", "CAL138"),
    ("cam/qe_curve/README.md", "CAL138"),
    ("cam/defects/d09/notes.txt", "CAL138"),
    ("cam2/instrument.yaml", "CAL138"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "code"), PASSED_OVER)
@pytest.mark.parametrize("kind", ["calibs", "root", "bare"])
def test_what_is_passed_over_is_said(tmp_path: Path, kind: str, path: str, code: str) -> None:
    top = "calibs/" if kind == "calibs" else ""
    write(tmp_path, top + GOOD, top + path)
    if kind != "bare":
        (tmp_path / "curated.yaml").write_text(f"calibs: {top or '.'}\n")
    if kind != "calibs" and path == "cam2/instrument.yaml":
        return  # an instrument is known by its types there
    assert problems(open_package(tmp_path)) == [(code, top + path)]


@pytest.mark.parametrize("name", MISSPELLED)
def test_an_instrument_all_of_whose_types_are_misspelled(tmp_path: Path, name: str) -> None:
    path = f"cam2/{name}/d00/20240101T000000.ecsv"
    write(tmp_path, GOOD, path)
    assert problems(open_package(tmp_path)) == [("CAL103", path)]
    (problem,) = [problem for _, problem in open_package(tmp_path).layout.problems]
    assert problem.hint.startswith("did you mean ")
    os.rename(tmp_path / "cam", tmp_path / ".cam")
    alone = open_package(tmp_path)
    assert (alone.bare, problems(alone)) == (True, [("CAL103", path)])


@pytest.mark.parametrize("name", own_types())
@pytest.mark.parametrize("top", ["calibs/", ""])
def test_each_type_in_its_place(tmp_path: Path, name: str, top: str) -> None:
    spec = own_types()[name].SPEC
    levels = ["d00"] * spec.has_detector + ["r"] * spec.has_filter
    path = "/".join([f"{top}cam", name, *levels, f"20240101T000000.{spec.forms[0]}"])
    write(tmp_path, path, f"{top}cam/README.md", f"{top}cam/{name}/README.md", f"{top}cam/{name}/source.csv")
    (tmp_path / "curated.yaml").write_text(f"calibs: {top or '.'}\n")
    package = open_package(tmp_path)
    assert (problems(package), [file.path for file in package.layout.files]) == ([], [path])


# -- beside the calibration directory ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "is_said"),
    [
        ("cam2/defects/d00/20240101T000000.ecsv", True),
        ("cam2/Defects/d00/20240101T000000.ecsv", True),
        ("cam2/flat/d00/r/20240101T000000.yaml", True),
        ("cam2/defects/d00/notes.yaml", False),
        ("old/cam2/defects/d00/20240101T000000.ecsv", True),
        ("src/bias/20240101.py", False),
        ("docs/camera/index.md", False),
        (".hidden/defects/d00/20240101T000000.ecsv", False),
    ],
)
def test_an_instrument_beside_the_calibration_directory(tmp_path: Path, path: str, is_said: bool) -> None:
    write(tmp_path, f"calibs/{GOOD}", "curated.yaml", path)
    assert problems(open_package(tmp_path)) == ([("CAL134", path)] if is_said else [])
    # Another package is none of this one.
    write(tmp_path, f"{path.split('/', maxsplit=1)[0]}/curated.yaml")
    assert problems(open_package(tmp_path)) == []


@pytest.mark.parametrize(
    ("path", "directory"),
    [
        ("data/cam/defects/d00/20240101T000000.ecsv", "data"),
        ("a/b/cam/defects/d00/20240101T000000.ecsv", "a/b"),
        ("other/raw/20240101T000000.yaml", "other/raw"),
        ("20240101T000000.ecsv", "beside"),
    ],
)
def test_dated_texts_of_a_bare_package(tmp_path: Path, path: str, directory: str) -> None:
    write(tmp_path, GOOD, path)
    package = open_package(tmp_path)
    assert problems(package) == [("CAL134", path)]
    assert directory in package.layout.problems[0][1].detail


def test_types_below_another_directory_of_an_instrument(tmp_path: Path) -> None:
    write(tmp_path, "curated.yaml", f"calibs/{GOOD}", f"calibs/{GOOD.replace('cam/', 'cam/old/')}")
    ((_, problem),) = open_package(tmp_path).layout.problems
    assert problem.code == "CAL103"
    assert problem.hint.startswith("move calibs/cam/old/defects to calibs/cam/defects, or out of")


def test_instruments_at_another_level(tmp_path: Path) -> None:
    write(tmp_path, "curated.yaml", f"calibs/site/{GOOD}")
    ((_, deeper),) = open_package(tmp_path).layout.problems
    assert (deeper.code, "set 'calibs: calibs/site'" in deeper.hint) == ("CAL103", True)
    write(tmp_path, f"x/{GOOD}").joinpath("curated.yaml").write_text("calibs: x/cam\n")
    ((_, higher),) = open_package(tmp_path).layout.problems
    assert (higher.code, "the directory of its instrument is missing" in higher.hint) == ("CAL103", True)


def test_the_calibration_directory_does_not_exist(tmp_path: Path) -> None:
    for path, hint in (
        (GOOD, "set 'calibs: .'"),
        (f"data/{GOOD}", "set 'calibs: data'"),
        ("notes.txt", "set 'calibs:' in"),
    ):
        root = tmp_path / path.replace("/", "-")
        root.mkdir()
        write(root, "curated.yaml", path)
        with pytest.raises(CuratedError, match="has no directory 'calibs'") as caught:
            open_package(root)
        assert hint in caught.value.hint


# -- submodules --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("submodule", "top", "is_said"),
    [
        ("calibs", "calibs", True),
        ("calibs/cam2", "calibs", True),
        ("calibs/cam/qe_curve", "calibs", True),
        ("cam2", ".", True),
        ("other", "calibs", False),
        ("calibs2", "calibs", False),
    ],
)
def test_an_empty_submodule(tmp_path: Path, submodule: str, top: str, is_said: bool) -> None:
    source = GitPackage(tmp_path / "source")
    source.path.mkdir()
    source.git("init", "--quiet")
    source.commit({"defects/d00/20240101T000000.ecsv": defects_text()})
    package = GitPackage(tmp_path / "package")
    package.path.mkdir()
    package.git("init", "--quiet")
    package.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(source.path), submodule
    )
    package.write(
        {"curated.yaml": f"calibs: {top}\n", "calibs/README.md": ""}
        if submodule != "calibs"
        else {"curated.yaml": ""}
    )
    package.commit()
    assert "CAL023" not in codes(open_package(package.path))
    package.git("clone", "--quiet", str(package.path), str(tmp_path / "clone"))
    if top != "." and submodule == "other":
        (tmp_path / "clone/calibs").mkdir(exist_ok=True)
    assert [p for p in problems(open_package(tmp_path / "clone")) if p[0] == "CAL023"] == (
        [("CAL023", submodule)] if is_said else []
    )


# -- where there is no package -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "start", "message", "hint"),
    [
        (["x/curated/curated.yaml"], "", "is not a package", "run it with -C {root}/x/curated"),
        ([f"x/y/{GOOD}"], "", "is not a package", "run it with -C {root}/x/y"),
        ([f"x/{GOOD}", f"y/{GOOD}"], "", "is not a package", "-C {root}/x or -C {root}/y"),
        (["curated.yml"], "", "there is a curated.yml", "rename curated.yml to curated.yaml"),
        ([".curated.yaml"], "", "there is a .curated.yaml", "rename .curated.yaml to curated.yaml"),
        (["Curated.yaml"], "", "there is a Curated.yaml", "rename Curated.yaml to curated.yaml"),
        (
            ["defects/d00/20240101.ecsv"],
            "",
            "is not a package",
            "name the directory that holds it",
        ),
        (["README.md"], "", "is not a package", "run it in a package, or name one with -C"),
    ],
)
def test_there_is_no_package(tmp_path: Path, paths: list[str], start: str, message: str, hint: str) -> None:
    root = tmp_path / "a/root"
    root.mkdir(parents=True)
    write(root, ".git/HEAD", *paths)  # no package above it counts
    with pytest.raises(CuratedError) as caught:
        open_package(root / start)
    assert message in caught.value.message
    assert hint.format(root=root) in caught.value.hint


def test_a_directory_of_a_package_belongs_to_it(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    for name in ("", "cam", "cam/defects", "cam/defects/d00"):
        assert open_package(tmp_path / name).root == tmp_path


def test_a_fits_file_beside_a_text_of_its_name_is_a_copy(tmp_path: Path) -> None:
    stem = GOOD.removesuffix(".ecsv")
    write(tmp_path, GOOD, f"{stem}.fits", f"{stem}.fits.gz")
    assert problems(open_package(tmp_path)) == []
    write(tmp_path, f"{stem.replace('2024', '2025')}.fits")
    assert codes(open_package(tmp_path)) == {"CAL107"}


def test_an_odd_list_of_submodules_is_no_list(tmp_path: Path) -> None:
    write(tmp_path, f"calibs/{GOOD}", "curated.yaml", ".git/HEAD")
    modules = tmp_path / ".gitmodules"
    os.mkfifo(modules)
    assert problems(open_package(tmp_path)) == []
    modules.unlink()
    for text in (b"path = ..\n", b"path = /\n", b"path =\n", b"path = \xff\0\n", b"path = calibs/../../x\n"):
        modules.write_bytes(text)
        assert problems(open_package(tmp_path)) == []
    modules.unlink()
    modules.symlink_to("/etc/passwd")
    assert problems(open_package(tmp_path)) == []


def test_names_of_many_blanks_are_read_quickly(tmp_path: Path) -> None:
    for n in range(20):
        write(tmp_path, f"cam/defects/d00/20240101{' ' * 220}{n}x.csv", GOOD)
    assert problems(open_package(tmp_path)) == []
