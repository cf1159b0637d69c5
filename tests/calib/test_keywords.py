"""Keywords and units against a declaration."""

from __future__ import annotations

from typing import Any

import pytest

from curated.calib.content import Content
from curated.calib.keywords import array_sizes, content_keywords, declared_problems
from curated.declare import Table
from support.declarations import make_field, make_spec

WEIGHT = make_field("weight", keyword="WEIGHT", column="")
LENGTH = make_field("length", unit="nm", needs_unit=True)


def test_values_of_the_header_are_in_both_places() -> None:
    content = Content({"WEIGHT": 2.5})
    assert declared_problems(make_spec(), (WEIGHT,), content) == []
    assert (content.values, content.beside) == ({"weight": 2.5}, set())
    content = Content({}, {"weight": 2.5})
    assert declared_problems(make_spec(), (WEIGHT,), content) == []
    assert (content.metadata, content.beside) == ({"WEIGHT": 2.5}, {"weight"})


def test_a_keyword_that_contradicts_the_value() -> None:
    content = Content({"WEIGHT": 1.0}, {"weight": 2.5})
    (problem,) = declared_problems(make_spec(), (WEIGHT,), content)
    assert (problem.code, problem.pointer) == ("CAL308", ("weight",))
    assert problem.detail == "weight is 2.5, but WEIGHT is 1.0"


def test_keywords_that_are_mappings() -> None:
    content = Content({"WEIGHT.A": 1, "WEIGHT.B": 2, "DETECTOR.ID": 3, "OTHER.A": 4})
    problems = declared_problems(make_spec(), (WEIGHT,), content)
    assert [(p.code, p.pointer) for p in problems] == [
        ("CAL211", ("metadata", "WEIGHT")),
        ("CAL211", ("metadata", "DETECTOR")),
    ]


@pytest.mark.parametrize(
    ("version", "codes"),
    [(1.0, []), (2, []), (None, []), (3.0, ["CAL310"]), ("1.0", ["CAL310"]), (True, ["CAL310"])],
)
def test_versions(version: Any, codes: list[str]) -> None:
    content = Content({} if version is None else {"SAMPLE_VERSION": version})
    problems = declared_problems(make_spec(versions=(1.0, 2.0)), (), content)
    assert [p.code for p in problems] == codes
    assert declared_problems(make_spec(), (), content) == []


@pytest.mark.parametrize(
    ("form", "unit", "places", "result"),
    [
        ("yaml", "", [], "nm"),
        ("yaml", "um", [], "um"),
        ("yaml", "s", [("units", "length")], "s"),
        ("ecsv", "", [("LENGTH",)], None),
        ("ecsv", "s", [("LENGTH",)], "s"),
        ("fits", "um", [], "um"),
    ],
)
def test_units(form: str, unit: str, places: list[Any], result: str | None) -> None:
    content = Content({}, {"length": [1.0]}, {"length": unit} if unit else {}, form)
    problems = declared_problems(make_spec(), (LENGTH,), content)
    assert [(p.code, p.pointer) for p in problems] == [("CAL216", place) for place in places]
    assert content.units.get("length") == result


def test_tables_without_units_in_fits() -> None:
    content = Content({}, {"length": [1.0]}, form="fits")
    assert declared_problems(make_spec(Table(name="T", fits_units="none")), (LENGTH,), content) == []
    assert content.units == {"length": "nm"}
    empty = Content({}, {"length": []}, form="ecsv")
    assert declared_problems(make_spec(), (LENGTH,), empty) == []


@pytest.mark.parametrize(
    ("form", "names", "expected"),
    [
        ("yaml", ["a"], None),
        ("yaml", [], ("CAL210", (), "one of a, b is missing")),
        ("ecsv", [], ("CAL213", (), "one of A, B is missing")),
        ("ecsv", ["b", "a"], ("CAL308", ("B",), "A and B are given, which are alternatives")),
    ],
)
def test_alternatives(form: str, names: list[str], expected: tuple[Any, ...] | None) -> None:
    fields = (make_field("a", required=False), make_field("b", required=False))
    content = Content({}, {name: [1.0] for name in names}, form=form)
    problems = declared_problems(make_spec(alternatives=(("a", "b"),)), fields, content)
    assert [(p.code, p.pointer, p.detail) for p in problems] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("value", "sizes", "codes"),
    [
        (3, {"n": 3}, []),
        (3.0, {"n": 3}, []),
        (0, {"n": 0}, []),
        (-1, {}, ["CAL211"]),
        (2.5, {}, ["CAL211"]),
        ("3", {}, ["CAL211"]),
        (None, {}, ["CAL113"]),
        ("", {}, ["CAL113"]),
    ],
)
def test_sizes_of_arrays(value: Any, sizes: dict[str, int], codes: list[str]) -> None:
    spec, fields = make_spec(sizes={"n": "NSIDE"}), (make_field("x", shape=("n",)),)
    result, problems = array_sizes(spec, fields, {"NSIDE": value})
    assert (result, [p.code for p in problems]) == (sizes, codes)
    optional = (make_field("x", shape=("n",), required=False),)
    assert "CAL113" not in [p.code for p in array_sizes(spec, optional, {"NSIDE": value})[1]]


def test_keywords_of_the_content() -> None:
    metadata = {"OBSTYPE": "SAMPLE", "SAMPLE_VERSION": 1.0, "SAMPLE_SCHEMA": "x", "CALIBCLS": "x"}
    metadata |= {"REPOSHA1": "1" * 40, "SOURCE": "lab", "FILTER": "", "RAFTNAME": None, "WEIGHT": 0}
    assert content_keywords(make_spec(), metadata) == {"SOURCE": "lab", "WEIGHT": 0}
