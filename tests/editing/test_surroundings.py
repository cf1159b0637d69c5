"""What the other files say, and when keywords together contradict a path."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import MakePackage
from curated.check.package import read_package
from curated.editing.surroundings import find_surroundings, misplaced_levels
from curated.package.package import open_package
from support.packages import defects_path, defects_text

INSTRUMENT = (
    "name: Lab\ndetectors:\n- {id: 0, name: d00, serial: A}\n- {id: 1, name: d01, serial: B}\nfilters: []\n"
)
D0, D1, LATER = defects_path(), defects_path(1), defects_path(1, "20240101T000000")


def named(detector: int, **more: Any) -> str:
    return defects_text({"DET_NAME": f"d{detector:02d}", **more}, detector=detector)


@pytest.mark.parametrize("is_declared", [True, False])
@pytest.mark.parametrize(
    ("files", "path", "misplaced"),
    [
        ({D0: named(0), D1: named(1)}, D1, set()),
        # The original is in its place.
        ({D0: named(0), D1: named(0)}, D1, set()),
        ({D0: named(0), LATER: named(0)}, LATER, set()),
        # Nothing is where two keywords say.
        ({defects_path(0, "20230101T000000"): named(0), D1: named(0)}, D1, {"detector"}),
        # One keyword alone, or two that differ.
        ({defects_path(0, "20230101T000000"): named(0), D1: defects_text(detector=0)}, D1, set()),
        (
            {defects_path(0, "20230101T000000"): named(0), D1: defects_text({"DET_NAME": "d01"}, detector=0)},
            D1,
            set(),
        ),
        # Of an instrument that the package does not have, nothing is known.
        ({D1: named(1).replace("Lab", "Other")}, D1, set()),
        ({D1: named(1).replace('OBSTYPE": "defects', 'OBSTYPE": "bias')}, D1, set()),
    ],
)
def test_misplaced_files(
    make_package: MakePackage, files: dict[str, str], path: str, misplaced: set[str], is_declared: bool
) -> None:
    more = {"calibs/lab/instrument.yaml": INSTRUMENT} if is_declared else {}
    package = open_package(make_package({"curated.yaml": "", **files, **more}).path)
    reading = read_package(package, jobs=1, use_cache=False)
    surroundings = find_surroundings(package, reading.declared, reading.reports)
    file = next(file for file in package.layout.files if file.path == path)
    from curated.text.editor import TextEditor

    keywords = TextEditor(package.files.read(path), "ecsv").keywords
    assert set(misplaced_levels(surroundings, file, keywords, {})) == misplaced


def test_majorities(make_package: MakePackage) -> None:
    files = {
        defects_path(0, f"2020010{day}T000000"): named(0, RAFTNAME=raft).replace(
            "2020-01-01", f"2020-01-0{day}"
        )
        for day, raft in enumerate(["R1", "R1", "R2", "R1"], 1)
    }
    package = open_package(make_package({"curated.yaml": "", **files}).path)
    reading = read_package(package, jobs=1, use_cache=False)
    surroundings = find_surroundings(package, reading.declared, reading.reports)
    file = package.layout.files[0]
    expected = surroundings.of_others("RAFTNAME", file, "d00")
    assert expected is not None
    assert (expected.value, expected.reason) == ("R1", "3 of 4 files of 'd00' say so")
    assert surroundings.of_others("FILTER", file, "r") is None
    assert surroundings.detector_with_number(file, 0) == "d00"
    assert surroundings.detector_with_number(file, 5) == ""
