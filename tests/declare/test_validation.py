"""Validation with a JSON Schema: everything wrong is named, at its place, and sound documents cost no jsonschema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curated.declare.settings import _validator, setting_schema
from curated.declare.validation import LONGEST_KEY, Validator
from curated.package.config import CONFIG
from curated.package.settings.instrument import INSTRUMENT
from curated.provenance.record import PROVENANCE
from curated.text.yaml.reader import load_yaml
from support import schemas as support

SCHEMA = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "name": {"type": "string", "maxLength": 8, "pattern": r"\S"},
        "day": {"type": "string", "pattern": "^[0-9-]+$", "patternErrorMessage": "not a day"},
        "offset": {"type": "number", "minimum": -12, "maximum": 14, "errorMessage": "not -12 to 14"},
        "gain": {"type": "number", "maximum": 2},
        "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
        "kind": {"enum": ["file", "link"]},
        "data": {"type": ["string", "number", "boolean", "null", "array", "object"]},
        "hashes": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z]+$", "patternErrorMessage": "not in small letters"},
            "additionalProperties": {"type": ["string", "null"]},
        },
    },
    "additionalProperties": False,
}
GOOD = {"id": 3, "name": "d03"}
FAULTS = [
    ({"id": -4}, (("id",), "minimum", "id is -4, less than zero")),
    ({"id": 1.0}, (("id",), "type", "id is 1.0, not a whole number")),
    ({"id": True}, (("id",), "type", "id is True, not a whole number")),
    ({"id": 2**63}, (("id",), "type", f"id is {2**63}, not a whole number of 64 bits")),
    ({"name": " "}, (("name",), "pattern", "name is ' ', which is blank")),
    ({"name": "a" * 9}, (("name",), "maxLength", "name is 'aaaaaaaaa', longer than 8 characters")),
    ({"day": "today"}, (("day",), "pattern", "day is 'today', not a day")),
    ({"offset": 25}, (("offset",), "maximum", "offset is 25, not -12 to 14")),
    ({"gain": 2.5}, (("gain",), "maximum", "gain is 2.5, more than 2")),
    ({"gain": float("nan")}, (("gain",), "finite", "gain is nan, not a finite number")),
    ({"tags": ["a", 5]}, (("tags", 1), "type", "5 is not text")),
    ({"tags": ["a", "b", "c"]}, (("tags",), "maxItems", "tags is ['a', 'b', 'c'], more than 2 entries")),
    ({"kind": "pipe"}, (("kind",), "enum", "kind is 'pipe', not one of file, link")),
    ({"data": {"a": [float("inf")]}}, (("data", "a", 0), "finite", "inf is not a finite number")),
    ({"data": {"a": b""}}, (("data", "a"), "type", "a is b'', not plain data")),
    ({"data": {1: 2}}, (("data", 1), "propertyNames", "key 1 is not text; put it in quotes")),
    ({"hashes": {"A": ""}}, (("hashes", "A"), "pattern", "'A' is not in small letters")),
    ({"hashes": {"a": 1}}, (("hashes", "a"), "type", "a is 1, not text or null")),
    ({"names": 1}, (("names",), "additionalProperties", "; did you mean 'name'?")),
    ({"colour": 1}, (("colour",), "additionalProperties", "'colour' is not one of id, name, day, offset, ")),
]


@pytest.mark.parametrize(("changes", "fault"), FAULTS, ids=lambda value: str(value)[:40])
def test_names_the_value_and_what_would_be_right(changes: dict[str, Any], fault: Any) -> None:
    (found,) = Validator(SCHEMA).faults({**GOOD, **changes})
    assert found[:2] == fault[:2]
    assert fault[2] in found.detail


def test_names_all_faults_of_a_document() -> None:
    found = Validator(SCHEMA).faults({"id": -1, "colour": 1, "tags": [1, 2]})
    assert [(f.pointer, f.keyword) for f in sorted(found, key=lambda f: f.pointer)] == [
        ((), "required"),
        (("colour",), "additionalProperties"),
        (("id",), "minimum"),
        (("tags", 0), "type"),
        (("tags", 1), "type"),
    ]
    assert [f.detail for f in Validator(SCHEMA).faults({})] == ["'id' is missing", "'name' is missing"]


def test_a_whole_document_is_called_by_its_name() -> None:
    assert [f.detail for f in Validator(SCHEMA).faults(5, "detector")] == ["detector is 5, not a mapping"]
    assert [f.detail for f in Validator(SCHEMA).faults([])] == ["[] is not a mapping"]


def test_values_that_cannot_be_printed_are_named() -> None:
    (found,) = Validator(SCHEMA).faults({**GOOD, "id": 16**9999})
    assert found.detail == "id is a number of 39997 bits, not a whole number of 64 bits"
    (found,) = Validator(SCHEMA).faults({**GOOD, "hashes": {"a" * (LONGEST_KEY + 1): ""}})
    assert found.detail.endswith(f"is longer than {LONGEST_KEY} characters")


DOCUMENTS = [
    (
        CONFIG,
        "calibs: calibs\nurl: ''\ninstruments: {demo: {utc_offset: -4.5, visit_max: 5}}\n"
        "silence:\n- {code: CAL114, path: 'calibs/*', reason: a test, until: '2030-01-01'}\n",
    ),
    (
        INSTRUMENT,
        "name: Demo\ndetectors:\n- {id: 0, name: d00, amplifiers: [C00, C01]}\n- {id: 1, name: d01}\n"
        "filters:\n- {name: r, band: r}\nexpected:\n- {type: defects, detectors: [d00]}\n",
    ),
    (
        PROVENANCE,
        "inputs:\n- {data_id: {exposure: 1}, date: 2024-01-01, exposure_time: 30, weight: 1.5}\n"
        "construction: {task: combine, parameters: {a: [1, {b: null}]}, software: {astropy: '7'}}\n"
        "edits:\n- {name: Ada, date: 2024-02-01, what: a row}\n",
    ),
]


@pytest.mark.parametrize(("setting", "text"), DOCUMENTS, ids=["config", "instrument", "inputs"])
def test_sound_documents_pass_the_quick_test(setting: Any, text: str) -> None:
    document, problems = load_yaml(text)
    assert not problems
    validator = Validator(setting_schema(setting))
    assert validator._accepts(document)
    assert not validator.faults(document)
    assert "_validator" not in vars(validator), "jsonschema was imported for nothing"


@pytest.mark.parametrize(("setting", "text"), DOCUMENTS, ids=["config", "instrument", "inputs"])
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_the_quick_test_takes_nothing_that_jsonschema_refuses(setting: Any, text: str, data: Any) -> None:
    validator = _validator(setting)
    document = data.draw(support.mutations(load_yaml(text)[0]))
    accepted = validator._accepts(document)
    if accepted:
        assert validator._validator.is_valid(document)
        json.dumps(document, allow_nan=False)
    assert accepted == (not validator.faults(document)), (
        "these schemas are within what the quick test decides"
    )


@pytest.mark.parametrize(
    ("setting", "name"), [(CONFIG, "curated"), (INSTRUMENT, "instrument"), (PROVENANCE, "inputs")]
)
def test_documents_are_validated_with_the_committed_schemas(setting: Any, name: str) -> None:
    committed = json.loads((support.ROOT / f"schemas/{name}-1.0.schema.json").read_text("utf-8"))
    head = {key: committed.pop(key) for key in ("$schema", "$id", "title")}
    assert head["$id"].endswith(f"/{name}-1.0.schema.json")
    if name == "curated":
        committed["type"] = "object"  # an empty file is a package with all defaults, and is not validated
    assert committed == _validator(setting).schema
