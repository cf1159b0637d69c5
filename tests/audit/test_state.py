"""A package that is asked for one product: its files, names and RUNs."""

from __future__ import annotations

import json
from datetime import datetime

from conftest import GitPackage, MakePackage
from curated.audit.state import Memory, State
from curated.core.keys import CalibKey
from curated.history.lookup import package_at
from curated.package.package import open_package
from support.changes import EPOCHS, MIDDLE, OLD, version
from support.packages import defects_path

KEY = CalibKey("lab", "defects", "d00")
INSTRUMENT = {
    "name": "LabCam",
    "detectors": [{"id": 5, "name": "D00"}, {"id": 6, "name": "D01"}],
    "filters": [{"name": "r~clear", "band": "r"}],
}


def open_state(package: GitPackage, revision: str = "") -> State:
    if not revision:
        return State(open_package(package.path), Memory())
    return State(package_at(package.path, revision)[0], Memory(), revision)


def test_what_is_in_force(released: GitPackage) -> None:
    for state in (open_state(released), open_state(released, "v1")):
        paths = [(file.path, str(valid)) for file, valid in state.epochs(KEY)]
        assert paths == [
            (OLD, "2020-01-01T00:00:00 to 2022-01-01T00:00:00"),
            (MIDDLE, "2022-01-01T00:00:00 to open"),
        ]
        file = state.in_force(KEY, datetime(2022, 1, 1))
        assert file is not None
        assert file.path == MIDDLE
        assert state.in_force(KEY, datetime(2019, 1, 1)) is None
        assert state.blob(file) == released.git("rev-parse", f"HEAD:{MIDDLE}")


def test_names_of_what_is_not_declared(released: GitPackage) -> None:
    state = open_state(released)
    assert state.directories("LAB") == ["lab"]
    assert state.directories("Lab2") == []
    assert [state.detector_directory("lab", name) for name in ("0", "1", "D00", "7")] == [
        "d00",
        "d01",
        "d00",
        "7",
    ]
    assert state.detector_numbers("lab") == [0, 1]
    assert state.keys("defects", "Lab", "1", "r") == [CalibKey("lab", "defects", "d01")]


def test_names_that_are_declared(make_package: MakePackage) -> None:
    package = make_package({**EPOCHS, "calibs/lab/instrument.yaml": json.dumps(INSTRUMENT)})
    state = open_state(package)
    assert state.directories("labcam") == ["lab"]
    assert state.detector_directory("lab", "6") == "d01"
    assert state.detector_numbers("lab") == [5, 6]
    assert state.filter_directory("lab", "r~clear") == "r~clear"


def test_two_files_of_one_date_have_runs_of_their_own(make_package: MakePackage) -> None:
    second = defects_path(0, "20210101T000000")
    package = make_package({**EPOCHS, second: version(OLD, x0=3)})
    state, data_id = open_state(package), (("detector", 0), ("instrument", "Lab"))
    collection = "Lab/calib/v1"
    runs = {
        "curated/20200101T000000Z": OLD,
        "curated/20200101T000000Z/20210101T000000Z": second,
        "curated/20220101T000000Z": MIDDLE,
    }
    for run, path in runs.items():
        file = state.find_in_run(KEY, f"{collection}/{run}", collection, data_id)
        assert file is not None
        assert file.path == path
    assert state.find_in_run(KEY, f"{collection}/curated/20190101T000000Z", collection, data_id) is None
