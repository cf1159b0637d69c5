"""Paths to keys: what is a calibration, of what, and what stands at a wrong place."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.keys import CalibKey
from curated.package.files import walk
from curated.package.layout import Layout, directory_name, discover
from support.texts import examples


def codes(found: Layout) -> list[tuple[str, str]]:
    return [(path, problem.code) for path, problem in found.problems]


@pytest.mark.parametrize(
    ("path", "key", "start"),
    [
        ("cam/defects/d00/20240101T000000.ecsv", CalibKey("cam", "defects", "d00"), datetime(2024, 1, 1)),
        ("cam/defects/d00/20240101t0130.ecsv", CalibKey("cam", "defects", "d00"), datetime(2024, 1, 1, 1, 30)),
        ("cam/defects/d00/2024-01-01T00:00:00.yaml", CalibKey("cam", "defects", "d00"), datetime(2024, 1, 1)),
        ("cam/defects/d00/2024-01-01T02:00:00+02:00.json", CalibKey("cam", "defects", "d00"), datetime(2024, 1, 1)),
        ("cam/defects/d00/20240101T000000Z.ecsv", CalibKey("cam", "defects", "d00"), datetime(2024, 1, 1)),
        ("cam/defects/d00/20240101.ecsv", CalibKey("cam", "defects", "d00"), datetime(2024, 1, 1)),
        ("cam/defects/d00/20240101T000000.25.ecsv", CalibKey("cam", "defects", "d00"), datetime(2024, 1, 1, 0, 0, 0, 250_000)),
        ("Cam/defects/d00/20240101.ECSV", CalibKey("Cam", "defects", "d00"), datetime(2024, 1, 1)),
        ("cam/transmission_optics/20240101.ecsv", CalibKey("cam", "transmission_optics"), datetime(2024, 1, 1)),
        ("cam/transmission_filter/sdss_r/20240101.ecsv", CalibKey("cam", "transmission_filter", "", "sdss_r"), datetime(2024, 1, 1)),
        ("cam/transmission_system/d00/r/20240101.ecsv", CalibKey("cam", "transmission_system", "d00", "r"), datetime(2024, 1, 1)),
        ("cam/bfk/d00/20240101.yaml", CalibKey("cam", "bfk", "d00"), datetime(2024, 1, 1)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("top", ["", "calibs", "data/calibs"])
def test_calibrations(path: str, key: CalibKey, start: datetime, top: str) -> None:
    full = f"{top}/{path}" if top else path
    found = discover([full], top)
    assert found.problems == []
    (file,) = found.files
    assert (file.path, file.key, file.start) == (full, key, start)
    assert file.form == path.rpartition(".")[2].lower()
    assert found.instruments == {key.instrument: ""}


@pytest.mark.parametrize(
    ("path", "key", "names"),
    [
        ("Cam/DEFECTS/D00", CalibKey("Cam", "defects", "d00"), ["'DEFECTS'", "'D00'"]),
        ("cam/Defects/d00", CalibKey("cam", "defects", "d00"), ["'Defects'"]),
        (
            "cam/transmission_filter/SDSS r",
            CalibKey("cam", "transmission_filter", "", "sdss_r"),
            ["'SDSS r'"],
        ),
        (
            "cam/transmission_filter/sdss r",
            CalibKey("cam", "transmission_filter", "", "sdss_r"),
            ["'sdss r'"],
        ),
        ("cam/BFKernel/d00", CalibKey("cam", "bfk", "d00"), ["'BFKernel'"]),
        ("cam/bfKernel/R00_S00", CalibKey("cam", "bfk", "r00_s00"), ["'bfKernel'", "'R00_S00'"]),
        ("cam/LINEARITY/d00", CalibKey("cam", "linearizer", "d00"), ["'LINEARITY'"]),
        ("cam/illumination/d00/r", CalibKey("cam", "illum", "d00", "r"), ["'illumination'"]),
        (
            "cam/transmission_system/D00/R",
            CalibKey("cam", "transmission_system", "d00", "r"),
            ["'D00'", "'R'"],
        ),
        ("cam /defects/d00", CalibKey("cam ", "defects", "d00"), ["'cam '"]),
    ],
)
@pytest.mark.parametrize("top", ["", "calibs"])
def test_names_that_the_stack_does_not_read(path: str, key: CalibKey, names: list[str], top: str) -> None:
    full = f"{top}/{path}" if top else path
    found = discover([f"{full}/20240101.yaml", f"{full}/20250101.yaml"], top)
    assert [file.key for file in found.files] == [key, key]
    assert [(problem.code, problem.detail.split(" is ")[0]) for _, problem in found.problems] == [
        ("CAL135", f"the directory {name}") for name in names
    ]


def test_a_name_in_another_normal_form() -> None:
    (problem,) = [p for _, p in discover(["c/cam/defects/de\u0301/20240101.ecsv"], "c").problems]
    assert (problem.code, problem.detail) == (
        "CAL136",
        r"the directory 'de\u0301' is not in normal form C of Unicode",
    )
    assert problem.hint == r"rename the directory to 'd\xe9'"
    assert discover(["c/cam/defects/d\xe9/20240101.ecsv"], "c").problems == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("cam/defects/d00/now.ecsv", "CAL101"),
        ("cam/defects/d00/20240230.ecsv", "CAL101"),
        ("cam/defects/d00/0001-01-01T00:00:00+01:00.ecsv", "CAL101"),
        ("cam/defects/20240101.ecsv", "CAL102"),
        ("cam/defects/a/b/20240101.ecsv", "CAL102"),
        ("cam/transmission_optics/d00/20240101.ecsv", "CAL102"),
        ("cam/20240101.ecsv", "CAL102"),
        ("20240101.ecsv", "CAL102"),
        ("cam/linearizers/d00/20240101.ecsv", "CAL103"),
        ("cam/defects/d00/20240101.yml", "CAL107"),
        ("cam/defects/d00/20240101.Yaml", "CAL107"),
        ("cam/defects/d00/20240101.ecsv~", "CAL107"),
        ("cam/defects/d00/20240101.ecsv.bak", "CAL107"),
        ("cam/defects/d00/20240101.ecsv.gz", "CAL107"),
        ("cam/defects/d00/20240101T000000.csv", "CAL107"),
        ("cam/defects/d00/20240101T000000", "CAL107"),
        ("cam/defects/d01/", "CAL107"),
        ("cam/manual_defects/d00/20240101.yaml", "CAL220"),
    ],
)
def test_wrong_places(path: str, code: str) -> None:
    found = discover([f"calibs/{path}"], "calibs")
    assert found.files == []
    assert codes(found) == [(f"calibs/{path}".rstrip("/"), code)]


@pytest.mark.parametrize(
    "path",
    ["README.md", "cam/README.md", "cam/defects/README.rst", "cam/defects/d00/master.fits",
     "cam/defects/d00/notes.txt", "cam/defects/d00/plot.png", "notes.yaml"],
)  # fmt: skip
def test_what_is_left_alone(path: str) -> None:
    found = discover([f"calibs/{path}"], "calibs")
    assert (found.files, found.problems) == ([], [])


def test_an_unknown_type_is_named_once() -> None:
    paths = [f"cam/linearizers/d0{i}/2024010{j}.ecsv" for i in range(3) for j in range(1, 4)]
    assert len(discover([f"c/{path}" for path in paths], "c").problems) == 1


def test_instrument_files() -> None:
    found = discover(
        ["c/cam/instrument.yaml", "c/cam/defects/d00/20240101.ecsv", "c/other/defects/d00/20240101.ecsv"], "c"
    )
    assert found.instruments == {"cam": "c/cam/instrument.yaml", "other": ""}
    assert found.problems == []


def test_a_bare_package_may_hold_other_things() -> None:
    paths = [
        "cam/defects/d00/20240101.ecsv",
        "cam/defect/d00/20240101.ecsv",
        "ups/x.yaml",
        "python/a/b/20240101.yaml",
        "setup.yaml",
        "20240101.yaml",
    ]
    found = discover(paths, "")
    assert [file.path for file in found.files] == ["cam/defects/d00/20240101.ecsv"]
    assert codes(found) == [("cam/defect/d00/20240101.ecsv", "CAL103")]
    assert found.outside == paths[2:]


def test_walk_is_sorted_and_leaves_hidden_files_out(tmp_path: Path) -> None:
    for name in (
        "top/b/x.ecsv",
        "top/a/y.ecsv",
        "top/a.ecsv",
        "top/.git/z.ecsv",
        "top/a/.y.ecsv.swp",
        "other/z.ecsv",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(walk(str(tmp_path), "top")) == ["top/a/y.ecsv", "top/a.ecsv", "top/b/x.ecsv"]


def test_walk_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.ecsv").touch()
    (tmp_path / "top" / "loop").symlink_to(tmp_path / "top")
    (tmp_path / "top" / "out").symlink_to(tmp_path / "outside")
    (tmp_path / "top" / "file.ecsv").symlink_to(tmp_path / "outside" / "x.ecsv")
    (tmp_path / "top" / "nowhere.ecsv").symlink_to(tmp_path / "absent")
    (tmp_path / "top" / "inside").mkdir()
    (tmp_path / "top" / "within").symlink_to("inside")
    assert list(walk(str(tmp_path), "top")) == [
        *("top/file.ecsv", "top/loop/", "top/nowhere.ecsv", "top/out/", "top/within/")
    ]
    assert list(walk(str(tmp_path / "top"), "")) == [
        "file.ecsv",
        "loop//",
        "nowhere.ecsv",
        "out//",
        "within/",
    ]


def test_directories_that_are_not_read() -> None:
    paths = [
        "top/cam//",
        "top/cam2/defects//",
        "top/cam3/",
        "top/cam4/defects///",
        "top/cam5/instrument.yaml/",
    ]
    assert codes(discover(paths, "top")) == [
        *(("top/cam", "CAL106"), ("top/cam2/defects", "CAL106"), ("top/cam3", "CAL107")),
        *(("top/cam4/defects", "CAL201"), ("top/cam5/instrument.yaml", "CAL201")),
    ]
    # In a bare package a link out may be an instrument, while other directories beside it are none.
    assert codes(discover(["cam/defects/d00/20200101T000000.ecsv", "out//", "in/", "a/b//"], "")) == [
        ("out", "CAL106")
    ]


def test_directory_names() -> None:
    assert directory_name("SDSS r~Empty") == "sdss_r~empty"


NAMES = st.sampled_from(["cam", "defects", "transmission_filter", "d00", "r", "20240101.ecsv", "x.yaml", "20240101", "", "..", "instrument.yaml", "a b", "\u00e9.yaml", "\udcff.ecsv", ".ecsv"])  # fmt: skip


@examples(300)
@given(
    st.lists(st.lists(NAMES, min_size=1, max_size=6).map("/".join), max_size=6),
    st.sampled_from(["", "cam", "cam/defects"]),
)
def test_any_paths(paths: list[str], top: str) -> None:
    found = discover([f"{top}/{path}" if top else path for path in paths], top)
    for path, problem in found.problems:
        # Whatever a name holds, it can be printed.
        path.encode()
        problem.detail.encode()


@pytest.mark.parametrize(
    "name", ["20240101T000000.fits", "master.FITS", "x.fits.fz", "20240101T000000.fits.gz"]
)
@pytest.mark.parametrize("top", ["", "calibs"])
def test_images_stand_beside_their_side_files(name: str, top: str) -> None:
    start = f"{top}/cam" if top else "cam"
    side, image = f"{start}/flat/d00/r/20240101T000000.yaml", f"{start}/Flat/d00/r/{name}"
    found = discover([side, image, f"{start}/defects/d00/x.fits"], top)
    assert (found.beside, [file.path for file in found.files]) == ([image], [side])
    assert codes(found) == []
