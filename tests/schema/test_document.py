"""The schemas, and their agreement with the reader that ``check`` runs."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.package.config import parse_config
from curated.package.instrument import parse_instrument
from curated.provenance.record import PROVENANCE_ENDING
from curated.registry import find_type, own_types
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

COMMITTED = support.ROOT / "schemas"
SLOW = settings(max_examples=100, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])

STRUCTURE = frozenset({"CAL113", "CAL210", "CAL211", "CAL212", "CAL301"})
"""Findings that are about one document's structure, which a schema can say."""

SPOILED = (
    *("defects", "crosstalk", "bfk", "camera", "transmission_optics", "transmission_filter_detector"),
    *("linearizer", "ptc", "cti"),
    *("qe_curve", "flat_gradient", "photodiode_correction", "electroBfDistortionMatrix", "shutter"),
    "dark",
)
"""Types that together have every kind of table, field and dimension."""


@dataclass(frozen=True)
class Beyond:
    """A finding of the reader that no schema makes: the types and messages that it has, and why."""

    name: str
    types: str
    message: str
    reason: str
    place: tuple[Any, ...]
    value: Any


BEYOND = [
    Beyond(
        "64-bits",
        ".*",
        r"\d{19}|missing",
        "JSON Schema's integer has no size; bounds of 2**63 on each number would only hide the ones that matter.",
        ("x0", 0),
        10**25,
    ),
    Beyond(
        "crosstalk-without-coefficients",
        "crosstalk",
        "HAS_CROSSTALK is true, but there are no coefficients",
        "Whether they are required is the value of another field, which the declaration cannot say.",
        ("coeffs",),
        ...,
    ),
    Beyond(
        "hash",
        "dark",
        "sha256 is .* not 64 digits",
        "A declaration has no patterns for texts; one rule of one field does not ask for them.",
        ("image", "sha256"),
        "text",
    ),
    Beyond(
        "letter-case",
        "crosstalk",
        "nAmp: 'four' is not a whole number",
        "The reader takes keywords in any case, as FITS does; a schema's properties have one spelling.",
        ("metadata", "namp"),
        "four",
    ),
]
STRICTER = [
    Beyond(
        "letter-case",
        "defects",
        "",
        "Writing required keywords in capitals is the canonical form, and what the stack's text readers need.",
        ("metadata", "calibdate"),
        "the start of the file",
    ),
]
"""Documents that the reader takes and the schema does not."""


def spoiled(name: str, place: tuple[Any, ...], value: Any) -> tuple[CalibFile, dict[str, Any]]:
    """A document with one value changed, or left out; a keyword replaces the one of another case."""
    file, document = support.document_of(name)
    made = copy.deepcopy(document)
    holder = made
    for key in place[:-1]:
        holder = holder[key]
    if isinstance(holder, dict):
        for key in [key for key in holder if str(key).lower() == str(place[-1]).lower()]:
            del holder[key]
        if name == "crosstalk" and value is not ...:
            made.pop("nAmp", None)
    if value is not ...:
        holder[place[-1]] = value
    return file, made


def explained(name: str, message: str) -> bool:
    return any(re.fullmatch(b.types, name) and re.search(b.message, message) for b in BEYOND)


def assert_agree(name: str, file: CalibFile, document: dict[str, Any]) -> None:
    found = support.reader_finds(replace(file, form="yaml"), document)
    if not support.schema_takes(name, document):
        assert found, "the schema refuses what the reader takes"
        return
    unsaid = [d for d in found if d.code in STRUCTURE and not explained(name, d.message)]
    assert not unsaid, "the reader refuses what the schema takes"


@pytest.mark.parametrize("name", schema_files())
def test_is_a_valid_schema(name):
    schema = json.loads(schema_files()[name])
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith(f"/{name}")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", own_types())
def test_takes_every_type_written_as_text(name):
    file, document = support.document_of(name)
    errors = [e.message for e in support.validator(name).iter_errors(document)]
    assert not errors
    assert not [d for d in support.reader_finds(replace(file, form="yaml"), document) if d.is_error]
    assert support.schema_takes(name, support.with_rows(document))


def yaml_files() -> list[Path]:
    files = [support.ROOT / "calibs" / f.path for f in support.demo().files if f.form == "yaml"]
    good = (support.ROOT / "tests/data/good").rglob("*.yaml")
    # A state of a numpy array is no data to a parser that does not know its tag.
    kept = (p for p in good if p.name[0].isdigit() and type_of(p) and not p.name.endswith(PROVENANCE_ENDING))
    return [*files, *sorted(p for p in kept if "multiarray" not in p.read_text("utf-8"))]


def type_of(path: Path) -> str:
    """The type whose directory the file stands in; empty for other files."""
    found = (find_type(part) for part in path.parts[-2::-1])
    return next((cls.SPEC.name for cls in found if cls is not None), "")


@pytest.mark.parametrize("path", yaml_files(), ids=lambda p: p.relative_to(support.ROOT).as_posix())
def test_takes_good_files_as_others_load_them(path):
    errors = [e.message for e in support.validator(type_of(path)).iter_errors(support.load_plain(path))]
    assert not errors


def of_a_place(path: Path) -> Any:
    """A file of the stack's classes with the identity that its made-up path and metadata do not give."""
    document, spec = support.load_plain(path), own_types()[type_of(path)].SPEC
    if spec.name == "shutter":
        document["metadata"] |= {"INSTRUME": "SynthCam", "CALIBDATE": "1970-01-01T00:00:00"}
    elif not spec.has_detector and isinstance(document["metadata"], list):
        document["metadata"] = [row for row in document["metadata"] if row[0] != "DETECTOR"]
    return document


def test_takes_real_files_as_others_load_them(corpus):
    listed = sorted((corpus / "obs_lsst_data/imsim/bfk").glob("*/*.yaml"))[::20]
    listed += [p for p in sorted((corpus / "stack_written").glob("calibs*/*/*/*/*.yaml")) if type_of(p)]
    listed = [p for p in listed if "multiarray" not in p.read_text()]
    assert len(listed) > 10
    wrong = {}
    for path in listed:
        errors = [e.message for e in support.validator(type_of(path)).iter_errors(of_a_place(path))]
        wrong |= {path: errors} if errors else {}
    assert not wrong


@pytest.mark.parametrize("name", SPOILED)
@pytest.mark.parametrize("form", ["mapping", "rows"])
@given(data=st.data())
@SLOW
def test_agrees_with_the_reader(name, form, data):
    file, document = support.document_of(name)
    base = document if form == "mapping" else support.with_rows(document)
    assert_agree(name, file, data.draw(support.mutations(base)))


@pytest.mark.parametrize("value", support.WRONG_VALUES, ids=repr)
@pytest.mark.parametrize("key", ["DETECTOR", "detectorId", "instrument", "filterName", "detectorSerial"])
def test_agrees_where_identity_stands_at_the_top(key, value):
    file, document = support.document_of("transmission_filter_detector")
    metadata = {k: v for k, v in document["metadata"].items() if k not in ("DETECTOR", "INSTRUME", "FILTER")}
    top = {
        "instrument": "Demo",
        "detectorId": document["metadata"]["DETECTOR"],
        "filterName": file.key.filter,
    }
    good = {**document, **top, "metadata": metadata}
    assert support.schema_takes(file.key.type, good)
    assert_agree(file.key.type, file, {**good, key: value})


@pytest.mark.parametrize("beyond", BEYOND, ids=lambda b: b.name)
def test_what_no_schema_says_is_still_unsaid(beyond):
    name = beyond.types if beyond.types in own_types() else "manual_defects"
    file, document = spoiled(name, beyond.place, beyond.value)
    found = [d for d in support.reader_finds(replace(file, form="yaml"), document) if d.code in STRUCTURE]
    assert any(re.search(beyond.message, d.message) for d in found), beyond.reason
    assert support.schema_takes(name, document)


@pytest.mark.parametrize("stricter", STRICTER, ids=lambda b: b.name)
def test_where_the_schema_is_stricter_it_still_is(stricter):
    file, _ = support.document_of(stricter.types)
    file, document = spoiled(stricter.types, stricter.place, file.start.isoformat())
    assert not support.reader_finds(replace(file, form="yaml"), document), stricter.reason
    assert not support.schema_takes(stricter.types, document)


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


def test_what_is_wrong_in_one_setting_leaves_the_others():
    document = {
        **CONFIG,
        "instruments": {"hsc": 5, **CONFIG["instruments"]},
        "silence": [{}, *CONFIG["silence"]],
    }
    config = parse_config(yaml.safe_dump(document))
    assert list(config.instruments) == ["imsim"]
    assert [(s.code, s.place) for s in config.silence] == [("CAL404", 1)]
    spoilt = {**INSTRUMENT, "detectors": [{"id": -1, "name": "d01"}, *INSTRUMENT["detectors"]]}
    instrument, problems = parse_instrument(spoilt, "demo")
    assert list(instrument.detectors) == ["d00"]
    assert [p.pointer for p in problems] == [("detectors", 0, "id")]


def test_every_key_of_a_record_is_in_the_manual():
    manual = (support.ROOT / "docs/provenance.md").read_text("utf-8")
    keys = {key for schema in _mappings(provenance_schema()) for key in schema.get("properties", ())}
    assert {"inputs", "data_id", "what", "software"} <= keys
    assert not [key for key in keys if f"`{key}`" not in manual]


def test_every_setting_is_in_the_manual():
    manual = (support.ROOT / "docs/instrument.md").read_text("utf-8")
    keys = {key for schema in _mappings(instrument_schema()) for key in schema["properties"]}
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
