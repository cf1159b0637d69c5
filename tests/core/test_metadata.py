"""Keywords: canonical spelling, aliases, conflicts."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.metadata import (
    IDENTITY,
    IDENTITY_KEYS,
    Metadata,
    canonical,
    has_value,
    is_storable,
    meaning,
    normalise,
)
from curated.types.defects import Defects
from support.texts import examples


def keywords(raw: dict[Any, Any], document: dict[Any, Any] | None = None) -> dict[str, Any]:
    metadata, problems = normalise(raw, document)
    assert problems == []
    return dict(metadata)


def codes(raw: dict[Any, Any], document: dict[Any, Any] | None = None) -> list[tuple[str, Any]]:
    return [(problem.code, problem.pointer[-1]) for problem in normalise(raw, document)[1]]


@pytest.mark.parametrize("name", ["INSTRUME", "instrume", "Instrume", "instrument", "INSTRUMENT"])
def test_spellings_of_one_keyword(name: str) -> None:
    assert keywords({name: "cam"}) == {"INSTRUME": "cam"}
    assert canonical(name) == "INSTRUME"


@pytest.mark.parametrize(
    ("name", "keyword"),
    [("detectorId", "DETECTOR"), ("detectorName", "DET_NAME"), ("detectorSerial", "DET_SER"), ("filterName", "FILTER"), ("raftName", "RAFTNAME"), ("bfk_VERSION", "BFK_VERSION"), ("day_obs", "DAY_OBS")],
)  # fmt: skip
def test_names_of_attributes(name: str, keyword: str) -> None:
    assert keywords({name: "x"}) == {keyword: "x"}


def test_keywords_that_repeat_others_stay_and_tell() -> None:
    assert keywords({"DETECTOR_NAME": "R22_S11"}) == {"DETECTOR_NAME": "R22_S11", "DET_NAME": "R22_S11"}
    assert keywords({"DETECTOR_SERIAL": "x", "DET_SER": ""}) == {"DETECTOR_SERIAL": "x", "DET_SER": "x"}


@pytest.mark.parametrize("empty", [None, ""])
def test_a_value_takes_the_place_of_none(empty: Any) -> None:
    assert keywords({"RAFTNAME": empty, "raftName": "R01"}) == {"RAFTNAME": "R01"}
    assert keywords({"raftName": "R01", "RAFTNAME": empty}) == {"RAFTNAME": "R01"}
    assert keywords({"RAFTNAME": empty}) == {"RAFTNAME": empty}


def test_the_order_of_the_file_is_kept() -> None:
    assert list(keywords({"b": 1, "detectorId": 2, "A": 3, "B": 1})) == ["B", "DETECTOR", "A"]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ({"DETECTOR": 1, "detectorId": 2}, "detectorId"),
        ({"defects_SCHEMA": "a", "DEFECTS_SCHEMA": "b"}, "DEFECTS_SCHEMA"),
        ({"DET_NAME": "a", "DETECTOR_NAME": "b"}, "DETECTOR_NAME"),
        ({"DETECTOR": 1, "detectorId": True}, "detectorId"),
        ({"DETECTOR": 0, "detectorId": False}, "detectorId"),
    ],
)
def test_spellings_that_disagree(raw: dict[str, Any], name: str) -> None:
    assert codes(raw) == [("CAL115", name)]
    metadata, (problem,) = normalise(raw)
    assert problem.other == ("metadata", next(iter(raw)))
    assert all(key in problem.hint for key in raw)
    assert next(iter(metadata.values())) == next(iter(raw.values())), "the first stays"


def test_spellings_that_agree() -> None:
    assert keywords({"DETECTOR": 1, "detectorId": 1.0, "DETECTORID": 1}) == {"DETECTOR": 1}
    assert keywords({"CROSSTALK_SHAPE": [2, 2], "crosstalk_shape": [2, 2]}) == {"CROSSTALK_SHAPE": [2, 2]}


def test_what_the_document_repeats() -> None:
    assert keywords({"DETECTOR": 1}, {"detectorId": 1, "coeffs": [5]}) == {"DETECTOR": 1}
    assert keywords({}, {"detectorName": "d00", "detectorSerial": None}) == {"DET_NAME": "d00"}
    assert codes({"DETECTOR": 1}, {"detectorId": 2}) == [("CAL115", "detectorId")]
    assert codes({"detectorId": 1}, {"detectorId": 2}) == [("CAL115", "detectorId")]
    (problem,) = normalise({"DETECTOR": 1}, {"detectorId": 2})[1]
    assert (problem.pointer, problem.other) == (("detectorId",), ("metadata", "DETECTOR"))
    (problem,) = normalise({}, {"detectorId": 1, "DETECTOR": 2})[1]
    assert (problem.pointer, problem.other) == (("DETECTOR",), ("detectorId",))


def test_nested_mappings_have_dotted_names() -> None:
    assert keywords({"a": {"b": {"c": 1}, "d": 2}, "e": 3}) == {"A.B.C": 1, "A.D": 2, "E": 3}


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        b"x",
        {},
        {1},
        [[1]],
        [float("nan")],
        2**64,
        -(2**63) - 1,
        (1, (2,)),
        object(),
    ],
)
def test_what_no_header_can_hold(value: Any) -> None:
    assert codes({"A": value, "B": 1}) == [("CAL502", "A")]
    assert keywords({"B": 1}) == dict(normalise({"A": value, "B": 1})[0])


@pytest.mark.parametrize(
    "value", [None, "", "x", 0, -(2**63), 2**64 - 1, 1.5, True, [1, 2], ["a", None], (), []]
)
def test_what_a_header_can_hold(value: Any) -> None:
    assert is_storable(value)


def nested(depth: int, kind: str) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return value


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_no_depth_is_too_deep(kind: str) -> None:
    assert [code for code, _ in codes({"A": nested(50_000, kind)})] == ["CAL502"]


def test_lookup_in_any_spelling() -> None:
    metadata = Metadata({"Instrume": "cam"})
    assert (
        metadata["INSTRUME"]
        == metadata["instrume"]
        == metadata.get("iNsTrUmE")
        == metadata.text("Instrume")
        == "cam"
    )
    assert "instrume" in metadata
    assert 5 not in metadata
    metadata["instrume"] = "lab"
    metadata.update({"detector": 5}, filter="r")
    metadata.setdefault("Detector", 6)
    assert dict(metadata) == {"INSTRUME": "lab", "DETECTOR": 5, "FILTER": "r"}
    assert metadata.pop("Filter") == "r"
    assert metadata.pop("Filter", None) is None
    del metadata["detector"]
    assert dict(metadata) == {"INSTRUME": "lab"}
    assert metadata.text("absent") == ""
    with pytest.raises(KeyError):
        metadata["absent"]


def test_lookup_by_the_stacks_names() -> None:
    metadata = Metadata({"detectorId": 5, "filterName": "r", "instrument": "cam"})
    assert dict(metadata) == {"DETECTOR": 5, "FILTER": "r", "INSTRUME": "cam"}
    assert metadata["detectorId"] == metadata["Detector"] == metadata.get("DETECTORID") == 5
    metadata["detectorName"] = "d05"
    assert "DET_NAME" in metadata
    assert metadata.text("detectorName") == "d05"
    del metadata["filtername"]
    assert list(metadata) == ["DETECTOR", "INSTRUME", "DET_NAME"]


@pytest.mark.parametrize("key", sorted(IDENTITY_KEYS))
def test_keywords_at_the_top_of_a_document(key: str) -> None:
    """All that the stack looks for there are read, and compared."""
    keyword = meaning(key)
    assert keywords({}, {key: "x"})[keyword] == "x"
    assert keywords({keyword: ""}, {key: "x"})[keyword] == "x"
    found = keywords({keyword: "x"}, {key: "x", "other": "y"})
    assert found == {keyword: "x"} | ({key: "x"} if key.startswith("DETECTOR_") else {})
    assert codes({keyword: "x"}, {key: "y"}) == [("CAL115", key)]
    document = {"metadata": {"INSTRUME": "cam"}, "x0": [], "y0": [], "width": [], "height": []}
    value = 3 if keyword == "DETECTOR" else "cam"
    calib = Defects.fromDict({**document, key: value})
    assert calib.metadata[keyword] == value
    assert key not in set(calib.toDict()) - {"metadata"}


def test_every_calibration_keeps_the_keywords_of_the_tech_note(tmp_path: Path) -> None:
    """DMTN-148, section 4.3, in any spelling; all files have them in upper case."""
    given = {
        "obstype": "defects", "defects_version": 2.0, "instrume": "cam", "raftName": "R22", "slotName": "S11",
        "detectorId": 4, "detectorName": "R22_S11", "detectorSerial": "X-1", "filterName": "", "calib_id": "instrument=cam",
        "calib_creation_date": "2024-01-31", "calib_creation_time": "12:00:00", "cpp_input_0": 2024013100001,
        "cpp_input_date_0": "2024-01-31T01:02:03", "cpp_input_expt_0": 1.5, "cpp_input_scale_0": 0.25,
        "calibDate": "2024-02-01T00:00:00", "validStart": "2024-02-01T00:00:00", "validEnd": "2025-01-01T00:00:00",
    }  # fmt: skip
    expected = {meaning(name): value for name, value in given.items()}
    assert all(name == name.upper() for name in expected)
    calib = Defects.fromDict({"metadata": given, "x0": [1], "y0": [2], "width": [3], "height": [4]})
    assert dict(calib.metadata) == expected
    written = [Defects.readText(calib.writeText(tmp_path / f"x.{form}")) for form in Defects.SPEC.forms]
    for other in (
        *written,
        Defects.readFits(calib.writeFits(tmp_path / "x.fits")),
        Defects.fromTable(calib.toTable()),
    ):
        assert expected.items() <= {**expected, "FILTER": "", **other.metadata}.items()
        assert {k: other.metadata.get(k, "") or "" for k in expected} == expected
    text = (tmp_path / "x.yaml").read_text()
    assert all(f"  {name}: " in text for name in expected if name != "DEFECTS_VERSION")


def test_copies_are_metadata() -> None:
    metadata = Metadata({"a": 1})
    for other in (
        copy.copy(metadata),
        copy.deepcopy(metadata),
        pickle.loads(pickle.dumps(metadata)),
        Metadata(metadata),
    ):
        assert other == metadata
        assert other["a"] == 1


@examples(300)
@given(st.dictionaries(st.sampled_from([*IDENTITY, "detectorId", "detectorName", "instrument", "DETECTOR_NAME", "x", "X"]) | st.text(max_size=3) | st.integers() | st.none(), st.none() | st.text(max_size=2) | st.integers(0, 2) | st.booleans() | st.floats() | st.lists(st.integers(0, 1), max_size=2)))  # fmt: skip
def test_every_value_is_kept_or_named(raw: dict[Any, Any]) -> None:
    metadata, problems = normalise(raw)
    assert all(key == key.upper() for key in metadata)
    named = {problem.pointer[-1] for problem in problems}
    for key, value in raw.items():
        if str(key) not in named and has_value(value):
            assert metadata[canonical(str(key))] == value
    if not problems:
        again, more = normalise(metadata)
        assert (dict(again), more) == (dict(metadata), [])
