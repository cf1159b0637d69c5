"""Files that look like calibrations: which names do, why they are not read, and hints that help."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curated.package.lookalikes import examine_name, find_strays, is_dated, is_dated_text
from curated.registry import get_type
from curated.types.defects import Defects
from support.packages import defects_text

DATED = [
    "20240101", "2024-01-01", "20240101T000000", "2024-01-01T00:00:00", "20240101t0130", "20240101T000000.25",
    "20240101 000000", "20240101_000000", "20240101-000000", "20240101000000", "2024-1-1", "2024_01_01", "2024.01.01",
    "2024-13-01", "2024-02-30", "20241301", "20240101T000000Z", "20240101T000000+0200", "20240101T000000 UTC",
    "20240101 ", " 20240101", "20240101 (1)", "20240101 copy", "20240101 - copy", "2024-W05-3", "2024W05",
    "2016-12-31T23:59:60",
]  # fmt: skip
UNDATED = [
    "README", "notes", "source", "auxtel_mirror_052923", "subaru_m1_r_20200219", "20240101_plot", "plot-20240101",
    "2024", "202401", "v20240101", "instrument", "d00", "20240101-notes", "20240101a",
]  # fmt: skip


@pytest.mark.parametrize("stem", DATED)
def test_dates_and_misspelled_ones(stem: str) -> None:
    assert is_dated(stem)
    assert is_dated_text(f"cam/defects/d00/{stem}.ecsv")


@pytest.mark.parametrize("stem", UNDATED)
def test_other_names(stem: str) -> None:
    assert not is_dated(stem)
    for ending in (".fits", ".txt", ".csv", ".png", "", ".fits.gz"):
        assert examine_name(f"{stem}{ending}") is None


ENDINGS = [
    ".fits", ".FITS", ".fit", ".fts", ".fits.gz", ".fits.fz", ".fits.bz2", ".csv", ".CSV", ".tsv", ".txt", ".dat",
    ".yml", ".YML", ".Yaml", ".Ecsv", ".Json", ".yaml~", ".ecsv.bak", ".ecsv.orig", ".json.rej", ".ecsv.txt",
    ".yaml.gz", ".ecsv.zip", ".ecsv ", ".yaml.", ".yaml.old", ".ecsv.tmp", "", ".h5", ".npz", ".pickle", ".xml",
    ".yaml.txt~",
]  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("stem", ["20240101T000000", "2024-13-01", "20240101T000000.5"])
def test_dated_names_with_endings_that_are_not_read(stem: str, ending: str) -> None:
    lookalike = examine_name(stem + ending, Defects)
    assert lookalike is not None
    assert lookalike.is_dated
    assert len(lookalike.detail) > 20
    assert len(lookalike.hint) > 20


@pytest.mark.parametrize("name", ["20240101.md", "20240101.rst", "README.md"])
def test_prose_is_left_alone(name: str) -> None:
    assert examine_name(name, Defects) is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("20240101.yml", "rename it to 20240101.yaml"),
        ("20240101.Ecsv", "rename it to 20240101.ecsv"),
        ("20240101.ecsv ", "rename it to 20240101.ecsv"),
        ("20240101.ecsv.txt", "rename it to 20240101.ecsv"),
        ("20240101.yaml.gz", "uncompress it to 20240101.yaml"),
        ("20240101.ecsv~", "remove it: git keeps old versions"),
        ("20240101.fits", "write it as text: curated.types.defects.Defects.readFits('20240101.fits')"),
        ("20240101.fits.fz", "unpack it with funpack, and write it as text"),
        ("20240101.fits.gz", "unpack it with gunzip or the like, and write it as text"),
        ("20240101.csv", "write it as ECSV, whose header has units and keywords"),
        ("20240101", "name it 20240101.ecsv, .yaml or .json"),
    ],
)
def test_hints(name: str, hint: str) -> None:
    lookalike = examine_name(name, Defects)
    assert lookalike is not None
    assert lookalike.hint.startswith(hint)


def test_the_hint_for_a_fits_file_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("source.ecsv").write_text(defects_text())
    calib = Defects.readText("source.ecsv")
    calib.writeFits("20240601T000000.fits")
    lookalike = examine_name("20240601T000000.fits", Defects)
    assert lookalike is not None
    command = re.search(r"curated\.types.*\)(?= in Python)", lookalike.hint)
    assert command is not None
    exec(f"import curated.types.defects; {command[0]}")
    assert Defects.readText("20240601T000000.ecsv") == calib


def test_an_image_of_another_ending() -> None:
    lookalike = examine_name("20240601T000000.fts", get_type("flat"))
    assert lookalike is not None
    assert "images of flat end in .fits" in lookalike.detail
    assert "20240601T000000.yaml with 'image:" in lookalike.hint


def test_strays_are_grouped_by_directory() -> None:
    paths = [
        *(f"other/raw/d0{i}/2024010{j}.yaml" for i in range(2) for j in range(1, 4)),
        *(f"data/cam/defects/d0{i}/20240101.ecsv" for i in range(3)),
        "nested/curated.yaml",
        "nested/calibs/cam/defects/d00/20240101.ecsv",
        "20240101.ecsv",
        "python/notes.yaml",
        "python/log/20240101.yaml",
        "docs/20240101.md",
    ]
    contents = {path: b"metadata: {OBSTYPE: defects}" for path in paths if path.startswith("other")}
    problems = dict(find_strays(paths, lambda path: contents.get(path, b"no calibration")))
    assert {path: problem.detail for path, problem in problems.items()} == {
        "other/raw/d00/20240101.yaml": "not read in other/raw: 6 dated texts; expected <instrument>/<type>/...",
        "data/cam/defects/d00/20240101.ecsv": "deeper than the instruments of this package, in data: 3 dated texts",
        "nested/calibs/cam/defects/d00/20240101.ecsv": "nested is another package; not checked here: 1 dated text",
        "20240101.ecsv": "not read beside the instruments: 1 dated text; expected <instrument>/<type>/...",
    }
    assert {problem.code for problem in problems.values()} == {"CAL134"}
    assert problems["data/cam/defects/d00/20240101.ecsv"].hint.startswith(
        "run it with -C data, or set 'calibs: data'"
    )
