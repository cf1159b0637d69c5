"""The schemas, and their agreement with the reader that ``check`` runs."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from curated.core.keys import CalibFile
from curated.provenance.record import PROVENANCE_ENDING
from curated.registry import find_type, own_types
from curated.schema import (
    schema_files,
)
from support import schemas as support
from support.demo import shown_types
from support.packages import ROOT
from support.texts import FULL

SLOW = settings(
    max_examples=1000 if FULL else 40,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)

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
    found = support.reader_findings(replace(file, form="yaml"), document)
    if not support.schema_accepts(name, document):
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


@pytest.mark.parametrize("name", shown_types())
def test_takes_every_type_written_as_text(name):
    file, document = support.document_of(name)
    errors = [e.message for e in support.validator(name).iter_errors(document)]
    assert not errors
    assert not [d for d in support.reader_findings(replace(file, form="yaml"), document) if d.is_error]
    assert support.schema_accepts(name, support.with_property_list(document))


def yaml_files() -> list[Path]:
    files = [support.ROOT / "calibs" / f.path for f in support.demo_layout().files if f.form == "yaml"]
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
    base = document if form == "mapping" else support.with_property_list(document)
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
    assert support.schema_accepts(file.key.type, good)
    assert_agree(file.key.type, file, {**good, key: value})


@pytest.mark.parametrize("beyond", BEYOND, ids=lambda b: b.name)
def test_what_no_schema_says_is_still_unsaid(beyond):
    name = beyond.types if beyond.types in own_types() else "manual_defects"
    file, document = spoiled(name, beyond.place, beyond.value)
    found = [d for d in support.reader_findings(replace(file, form="yaml"), document) if d.code in STRUCTURE]
    assert any(re.search(beyond.message, d.message) for d in found), beyond.reason
    assert support.schema_accepts(name, document)


@pytest.mark.parametrize("stricter", STRICTER, ids=lambda b: b.name)
def test_where_the_schema_is_stricter_it_still_is(stricter):
    file, _ = support.document_of(stricter.types)
    file, document = spoiled(stricter.types, stricter.place, file.start.isoformat())
    assert not support.reader_findings(replace(file, form="yaml"), document), stricter.reason
    assert not support.schema_accepts(stricter.types, document)


@pytest.mark.parametrize(
    ("keywords", "is_valid"),
    [
        ({"DETECTORS": ["d00", "d01"]}, True),
        ({"DETECTORS": "all"}, True),
        ({"DETECTOR": 1}, True),
        ({}, False),
        ({"DETECTORS": ""}, False),
        ({"DETECTORS": [1]}, False),
        ({"FILTERS": ["r"]}, False),
    ],
)
def test_a_list_stands_for_a_detector(keywords: dict[str, Any], is_valid: bool) -> None:
    schema = json.loads((ROOT / "schemas/gains-1.0.schema.json").read_text())
    metadata = {"INSTRUME": "Lab", "OBSTYPE": "gains", "CALIBDATE": "2020-01-01", **keywords}
    document = {"metadata": metadata, "gain": {"C00": 1.5}}
    assert Draft202012Validator(schema).is_valid(document) == is_valid
