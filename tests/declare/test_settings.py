"""Declarations of settings: the schema of each kind, and the problems of a value."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from curated.core.diagnostic import Problem
from curated.declare.settings import Setting, check_setting, document_schema, schema_name, setting_schema

NAME = Setting(kind="text", required=True, longest=8, doc="A name.")
ENTRY = Setting(kind="mapping", keys={"name": NAME, "count": Setting(kind="number")})

KINDS = [
    (NAME, ["a"], ["", " ", "a" * 9, 1, None]),
    (Setting(kind="text", blank=True), ["", "a"], [1]),
    (Setting(kind="text", pattern="^[ab]+$", says="not of a and b"), ["ab"], ["c", ""]),
    (Setting(kind="number"), [0, 7], [-1, 1.5, "1"]),
    (Setting(kind="real", minimum=-12, maximum=14), [-12, 0.5, 14], [-13, 15, "1"]),
    (Setting(kind="scalar"), ["a", 1], [1.5, "", [], None]),
    (Setting(kind="plain"), [None, 1, "", [1, {"a": None}]], []),
    (Setting(kind="list", items=NAME, most=2), [[], ["a", "b"]], [["a", "b", "c"], [1], {}]),
    (ENTRY, [{"name": "a"}, {"name": "a", "count": 1}], [{}, {"name": "a", "other": 1}, []]),
    (Setting(kind="mapping", items=NAME), [{}, {"any": "a"}], [{"any": 1}]),
    (Setting(kind="mapping", names="^[a-z]+$", names_say="not so", items=NAME), [{"a": "b"}], [{"A": "b"}]),
]


@pytest.mark.parametrize(("setting", "good", "bad"), KINDS)
def test_a_schema_says_what_the_check_says(setting: Setting, good: list[Any], bad: list[Any]) -> None:
    schema = setting_schema(setting)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for value in good:
        assert validator.is_valid(value)
        assert not list(check_setting(setting, value, "CAL001"))
    for value in bad:
        assert not validator.is_valid(value)
        assert list(check_setting(setting, value, "CAL001"))


def test_problems_have_place_code_and_name() -> None:
    setting = Setting(kind="list", items=ENTRY)
    assert list(check_setting(setting, [{"name": "a"}, {"name": 7}], "CAL002", ("entries",))) == [
        Problem("CAL002", ("entries", 1, "name"), "name is 7, not text")
    ]
    assert list(check_setting(setting, 5, "CAL002", ("entries",))) == [
        Problem("CAL002", ("entries",), "entries is 5, not a list")
    ]


def test_keywords_can_have_a_code_of_their_own() -> None:
    setting = Setting(kind="mapping", keys={"weight": Setting(kind="real", minimum=0)})
    codes = {"minimum": "CAL122"}
    for value, code in ((-1, "CAL122"), ("x", "CAL120")):
        (problem,) = check_setting(setting, {"weight": value}, "CAL120", codes=codes)
        assert problem.code == code


def test_messages_are_in_the_schema() -> None:
    text = Setting(kind="text", pattern="^[ab]+$", says="not of a and b")
    assert setting_schema(text)["patternErrorMessage"] == "not of a and b"
    number = Setting(kind="real", maximum=1, says="not a fraction")
    assert setting_schema(number)["errorMessage"] == "not a fraction"


def test_a_document() -> None:
    schema = document_schema(schema_name("things", "1.0"), "things.yaml", ENTRY)
    assert schema["$id"].endswith("/schemas/things-1.0.schema.json")
    assert schema["title"] == "things.yaml"
    assert {key: schema[key] for key in setting_schema(ENTRY)} == setting_schema(ENTRY)
