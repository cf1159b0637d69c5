"""An instrument.yaml completed by what a repository has."""

from __future__ import annotations

from typing import Any

import yaml

from curated.package.completion import Completion, complete_instrument
from curated.package.instrument import Detector, Filter, Instrument, parse_instrument

INFERRED = Instrument("cam", "cam")
DETECTORS = {
    "r0_s0": Detector(
        0, "R0_S0", raft="R0", slot="S0", purpose="SCIENCE", width=48, height=32, amplifiers=("A", "B")
    ),
    "r0_s1": Detector(1, "R0_S1", raft="R0", slot="S1", purpose="SCIENCE"),
}
FILTERS = {"g": Filter("g", "g"), "r_2": Filter("r 2", "r")}
REGISTERED = Instrument(
    "LabCam",
    "cam",
    DETECTORS,
    FILTERS,
    class_name="lsst.obs.lab.LabCam",
    visit_max=9,
    exposure_max=8,
    detector_max=0,
)


def complete(text: str = "", inferred: Instrument = INFERRED) -> tuple[Completion, dict[str, Any]]:
    tree = yaml.safe_load(text) if text else {}
    completion = complete_instrument(tree, text, REGISTERED, inferred, "repo")
    result = yaml.safe_load(completion.text)
    assert parse_instrument(result, "cam")[1] == []
    return completion, result


def test_all_of_it_is_written_where_there_is_nothing() -> None:
    completion, tree = complete()
    assert completion.contradictions == completion.remarks == ()
    instrument, _ = parse_instrument(tree, "cam")
    assert (instrument.name, instrument.class_name) == ("LabCam", "lsst.obs.lab.LabCam")
    assert (instrument.visit_max, instrument.exposure_max, instrument.detector_max) == (9, 8, 0)
    assert instrument.detectors == DETECTORS
    assert instrument.filters == FILTERS
    assert "visit_system" not in tree


def test_what_is_declared_stays_and_what_lacks_is_added() -> None:
    text = (
        "# By hand.\n\nname: LabCam\nutc_offset: -4.0\nexpected:\n- {type: defects}\n"
        "detectors:\n- {id: 1, name: R0_S1, serial: X-1}\nfilters:\n- {name: g}\n"
    )
    completion, tree = complete(text)
    assert completion.text.startswith("# By hand.\nname: LabCam\n")
    assert completion.contradictions == ()
    assert (tree["utc_offset"], tree["expected"]) == (-4.0, [{"type": "defects"}])
    assert tree["detectors"][1] == {
        "id": 1,
        "name": "R0_S1",
        "raft": "R0",
        "slot": "S1",
        "serial": "X-1",
        "purpose": "SCIENCE",
    }
    assert tree["filters"] == [{"name": "g", "band": "g"}, {"name": "r 2", "band": "r"}]
    again, _ = complete(completion.text)
    assert (again.text, again.added) == (completion.text, 0)


def test_contradictions_keep_the_declared_value() -> None:
    text = (
        "name: Cam\nvisit_max: 7\ndetectors:\n- {id: 0, name: R0_S9}\n- {id: 5, name: R0_S1}\n"
        "filters:\n- {name: g, band: i}\n- {name: R 2}\n"
    )
    completion, tree = complete(text)
    assert list(completion.contradictions) == [
        "name is 'Cam' here, 'LabCam' in the repository",
        "visit_max is 7 here, 9 in the repository",
        "detector 0: name is 'R0_S9' here, 'R0_S0' in the repository",
        "detector 'R0_S1' has the number 5 here, 1 in the repository",
        "filter 'g': band is 'i' here, 'g' in the repository",
        "filter 'R 2': name is 'R 2' here, 'r 2' in the repository",
    ]
    assert completion.remarks == ("the repository does not have detector 5 'R0_S1'",)
    assert (tree["name"], tree["visit_max"], tree["filters"][0]["band"]) == ("Cam", 7, "i")
    assert [(d["id"], d["name"]) for d in tree["detectors"]] == [(0, "R0_S9"), (5, "R0_S1")]


def test_detectors_and_filters_that_only_files_have() -> None:
    detectors = {"r0_s7": Detector(7, "R0_S7"), "r0_s8": Detector(1, "R0_S8"), **DETECTORS}
    inferred = Instrument("cam", "cam", detectors, {"y": Filter("y", "y")})
    completion, tree = complete(inferred=inferred)
    assert [d["id"] for d in tree["detectors"]] == [0, 1, 7]
    assert {"name": "y"} in tree["filters"]
    assert completion.contradictions == ("detector 1 is 'R0_S8' in files of the package",)
    assert [remark[:44] for remark in completion.remarks] == [
        "the repository does not have the detectors R",
        "the repository does not have the filters y, ",
    ]
    again, _ = complete(completion.text, inferred)
    assert again.text == completion.text


def test_a_name_of_a_repository_cannot_end_its_comment() -> None:
    text = complete_instrument({}, "", REGISTERED, INFERRED, "a\nname: B").text
    assert yaml.safe_load(text)["name"] == "LabCam"
