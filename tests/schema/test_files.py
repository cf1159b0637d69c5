"""The schemas as files, and the agreement of those of settings with the reader."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from curated.core.diagnostic import CuratedError
from curated.package.config import parse_config
from curated.package.instrument import parse_instrument
from curated.schema import (
    check_schemas,
    config_schema,
    instrument_schema,
    provenance_schema,
    schema_files,
    write_schemas,
)
from curated.text.provenance import read_provenance_file
from curated.text.yaml.reader import load_yaml
from support import schemas as support
from support.texts import FULL

COMMITTED = support.ROOT / "schemas"
SLOW = settings(
    max_examples=1000 if FULL else 40,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)

CONFIG: dict[str, Any] = {
    "calibs": "calibs",
    "url": "https://example.org/calibs",
    "instruments": {"imsim": {"name": "LSSTCam-imSim", "filters": [{"name": "g_sim_1.4", "band": "g"}]}},
    "silence": [{"code": "CAL404", "path": "calibs/*", "reason": "in the workshop", "until": "2030-01-31"}],
}


INSTRUMENT: dict[str, Any] = {
    "name": "Demo",
    "class_name": "example.Demo",
    "visit_max": 1000,
    "detectors": [{"id": 0, "name": "d00", "serial": "X1", "width": 10, "height": 10, "amplifiers": ["C00"]}],
    "filters": [{"name": "g", "band": "g"}],
}


def config_finds(document: Any) -> list[str]:
    return [d.message for d in parse_config(yaml.safe_dump(document)).diagnostics]


def instrument_finds(document: Any) -> list[str]:
    tree, problems = load_yaml(yaml.safe_dump(document))
    return [p.detail for p in (problems or parse_instrument(tree, "demo")[1])]


RECORD = {
    "inputs": [
        {
            "data_id": {"instrument": "Demo", "exposure": number},
            "date": "2024-01-31T22:10:00",
            "exposure_time": 30.5,
            "scale": -1,
            "weight": 0,
        }
        for number in (1, 2)
    ],
    "construction": {
        "task": "task",
        "parameters": {"a": [1, None, True, {"b": "c"}]},
        "software": {"astropy": "7.0"},
    },
    "edits": [{"name": "Ada", "date": "2024-01-31", "what": "masked a column"}],
}


def record_finds(document: Any) -> list[str]:
    return [p.detail for p in read_provenance_file(yaml.safe_dump(document).encode()).problems]


SETTINGS = [
    pytest.param(provenance_schema, record_finds, RECORD, id="inputs.yaml"),
    pytest.param(config_schema, config_finds, CONFIG, id="curated.yaml"),
    pytest.param(instrument_schema, instrument_finds, INSTRUMENT, id="instrument.yaml"),
]


NOT_IN_SCHEMA = re.compile(
    r"\d(\.0|e\+\d+), not (text or )?a whole number|not a day of the calendar|stands twice|\d{19}"
    r"|not a day or a date-time|again|same dimensions|in input 1|data_id says nothing|not a finite number|not plain data"
)
"""JSON Schema has one kind of number, no calendar, and compares no entries of a list."""


@pytest.mark.parametrize(("schema", "finds", "good"), SETTINGS)
@given(data=st.data())
@SLOW
def test_settings_agree_with_their_reader(schema, finds, good, data):
    validator = Draft202012Validator(schema())
    assert validator.is_valid(good)
    assert not finds(good)
    document = data.draw(support.mutations(good))
    unsaid = [message for message in finds(document) if not NOT_IN_SCHEMA.search(message)]
    if finds(document) == unsaid:
        assert validator.is_valid(document) == (not unsaid)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"calibs": "/etc"}, "leads out"),
        ({"calibs": "a/../.."}, "leads out"),
        ({"instruments": {"hsc": 5}}, "hsc is 5, not a mapping"),
        ({"instruments": {"hsc": {"detectors": [{"id": 0}]}}}, "'name' is missing"),
        ({"silence": [{**CONFIG["silence"][0], "code": "E501"}]}, "not a code such as CAL301"),
        ({"silence": [{**CONFIG["silence"][0], "until": "some day"}]}, "not a date such as"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_settings_that_both_refuse(changes, message):
    document = {**CONFIG, **changes}
    assert any(message in found for found in config_finds(document))
    assert not Draft202012Validator(config_schema()).is_valid(document)


def test_every_key_of_a_record_is_in_the_manual():
    manual = (support.ROOT / "docs/provenance.md").read_text("utf-8")
    keys = {key for schema in _mappings(provenance_schema()) for key in schema.get("properties", ())}
    assert {"inputs", "data_id", "what", "software"} <= keys
    assert not [key for key in keys if f"`{key}`" not in manual]


def test_every_setting_is_in_the_manual():
    manual = (support.ROOT / "docs/instrument.md").read_text("utf-8")
    keys = {key for schema in _mappings(instrument_schema()) for key in schema.get("properties", ())}
    assert not [key for key in keys if f"`{key}`" not in manual]


def _mappings(schema: Any) -> list[dict[str, Any]]:
    if not isinstance(schema, dict):
        return []
    inner = [found for value in schema.values() for found in _mappings(value)]
    return [schema, *inner] if "additionalProperties" in schema else inner


def test_committed_schemas_are_those_of_the_declarations():
    assert check_schemas(COMMITTED) == []


def test_text_is_the_same_each_time(tmp_path):
    first = write_schemas(tmp_path)
    assert sorted(first) == sorted(p.name for p in tmp_path.iterdir())
    assert write_schemas(tmp_path) == []
    assert check_schemas(tmp_path) == []
    assert all(text.endswith("}\n") and "\r" not in text for text in schema_files().values())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root / "bfk-1.1.schema.json").unlink(), "bfk-1.1.schema.json: is missing"),
        (lambda root: (root / "bfk-1.1.schema.json").write_text("{}"), "bfk-1.1.schema.json: is not what"),
        (
            lambda root: (root / "gone-1.0.schema.json").write_text("{}"),
            "gone-1.0.schema.json: belongs to no",
        ),
        (lambda root: (root / "released.json").unlink(), "released.json: is missing"),
    ],
)
def test_drift_is_reported(tmp_path, spoil, message):
    write_schemas(tmp_path)
    spoil(tmp_path)
    found = [str(drift) for drift in check_schemas(tmp_path)]
    assert len(found) == 1
    assert found[0].startswith(message)


def release(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text)
    (root / "released.json").write_text(json.dumps({name: hashlib.sha256(text.encode()).hexdigest()}))


def test_released_schemas_never_change(tmp_path):
    write_schemas(tmp_path)
    release(tmp_path, "bfk-1.0.schema.json", "{}")
    assert check_schemas(tmp_path) == [], "an earlier version stays, although no declaration makes it"
    (tmp_path / "bfk-1.0.schema.json").write_text("{ }")
    assert "has changed since its release" in str(check_schemas(tmp_path)[0])
    (tmp_path / "bfk-1.0.schema.json").unlink()
    assert "is missing since its release" in str(check_schemas(tmp_path)[0])


def test_a_released_schema_is_not_overwritten(tmp_path):
    write_schemas(tmp_path)
    release(tmp_path, "bfk-1.1.schema.json", "{}")
    assert write_schemas(tmp_path) == []
    (found,) = check_schemas(tmp_path)
    assert "is released, and the declaration says something else" in str(found)
    assert "revision" in found.hint


def test_a_broken_list_of_releases_is_a_failure(tmp_path):
    (tmp_path / "released.json").write_text("[")
    with pytest.raises(CuratedError, match="is not JSON"):
        check_schemas(tmp_path)
