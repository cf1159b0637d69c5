"""Keywords that the classes of the stack refuse: names of one keyword that differ to them, and lists of several types."""

from __future__ import annotations

from typing import Any

import pytest

from curated.check.rules.stack import lists_that_the_stack_refuses, names_that_the_stack_refuses
from curated.text.source import Source
from support.contexts import file_context_of

PATH = "cam/defects/d00/20240101T000000.yaml"


def findings(metadata: dict[str, Any], tree: dict[str, Any] | None = None) -> list[tuple[Any, Any, str]]:
    """Place, place of the value, and message of each finding."""
    context = file_context_of(PATH, {})._replace(source=Source("yaml", metadata, tree or {}))
    return [(p.pointer, p.other, p.detail) for p in names_that_the_stack_refuses(context)]


@pytest.mark.parametrize(
    ("metadata", "name", "other", "detail"),
    [
        ({"DET_SER": "X", "DETECTOR_SERIAL": ""}, "DETECTOR_SERIAL", "DET_SER", "DETECTOR_SERIAL is empty, but DET_SER is 'X'"),
        ({"DET_SER": "", "DETECTOR_SERIAL": "X"}, "DET_SER", "DETECTOR_SERIAL", "DET_SER is empty, but DETECTOR_SERIAL is 'X'"),
        ({"detectorId": "3", "DETECTOR": 3}, "detectorId", "DETECTOR", "detectorId is '3', but DETECTOR is 3"),
        ({"filterName": "", "FILTER": "r"}, "filterName", "FILTER", "filterName is empty, but FILTER is 'r'"),
    ],
)  # fmt: skip
def test_a_name_beside_a_value(metadata: dict[str, Any], name: str, other: str, detail: str) -> None:
    assert findings(metadata) == [(("metadata", name), ("metadata", other), detail)]
    assert findings({}, metadata) == [((name,), (other,), detail)]


@pytest.mark.parametrize(
    "metadata",
    [
        {"DET_SER": "X", "DETECTOR_SERIAL": None},
        {"DET_SER": "", "DETECTOR_SERIAL": ""},
        {"DET_SER": "", "DETECTOR_SERIAL": None},
        {"DET_SER": "X", "det_ser": "", "Detector_Serial": ""},  # the stack does not look for these
        {"DET_SER": "X", "DETECTOR_SERIAL": "Y"},  # CAL115
        {"DETECTOR": 3, "detectorId": 3.0},
        {"DETECTOR": 0},
    ],
)
def test_what_the_stack_takes(metadata: dict[str, Any]) -> None:
    assert findings(metadata) == []


def test_a_document_and_its_metadata_are_searched_one_after_the_other() -> None:
    assert findings({"DET_SER": "X"}, {"detectorSerial": ""}) == []
    assert list(names_that_the_stack_refuses(file_context_of(PATH, {"DET_SER": "X"}))) == []


@pytest.mark.parametrize(
    ("value", "is_refused"),
    [
        ([1, 2.5], True),
        ([2.5, 1], False),
        ([1, 2], False),
        (["a", "b"], False),
        ([True, False], False),
        ([], False),
        (["a", 1], True),
        ([1.5, "a"], True),
        ([1, True], True),
        ([1, None], True),
        ([1, [2]], False),  # CAL502
        ("a", False),
        (1, False),
    ],
)
def test_lists(value: Any, is_refused: bool) -> None:
    context = file_context_of(PATH, {})._replace(source=Source("yaml", {"SHAPE": value, "X": 1}))
    problems = [(p.code, p.pointer) for p in lists_that_the_stack_refuses(context)]
    assert problems == [("CAL337", ("metadata", "SHAPE"))] * is_refused
    assert list(lists_that_the_stack_refuses(file_context_of(PATH, {"SHAPE": value}))) == []
