"""Declarations of types: derived names, keywords, and where text has a field."""

from __future__ import annotations

import pytest

from curated.declare import Table, in_group, is_nested, required_sizes
from support.declarations import make_field, make_spec


def test_derived_names() -> None:
    assert make_spec().dataset == "sample"
    assert make_spec(dataset_type="sampleSet").dataset == "sampleSet"
    assert make_spec(version=1.2).schema_version == "1.2"
    assert make_spec(version=1.2, revision=3).schema_version == "1.2.3"
    tables = (Table(name="A", keywords=("K", "L")), Table(name="B"), Table(name="C", keywords=("M",)))
    assert make_spec(*tables).table_keywords == ("K", "L", "M")


@pytest.mark.parametrize(
    ("dimensions", "more"),
    [
        (("instrument",), ()),
        (("instrument", "detector"), ("DETECTOR",)),
        (("instrument", "physical_filter"), ("FILTER",)),
        (("instrument", "detector", "physical_filter"), ("DETECTOR", "FILTER")),
    ],
)
def test_keywords_follow_from_the_dimensions(dimensions: tuple[str, ...], more: tuple[str, ...]) -> None:
    spec = make_spec(dimensions=dimensions)
    assert spec.required_keywords == ("INSTRUME", "OBSTYPE", "CALIBDATE", *more)
    assert (spec.has_detector, spec.has_filter) == ("DETECTOR" in more, "FILTER" in more)


@pytest.mark.parametrize(
    ("table", "plain", "keyword", "common"),
    [
        (Table(name="T"), False, False, False),
        (Table(name="T", rows="key"), False, False, False),
        (Table(name="T", rows="key", group="amps"), True, False, False),
        (Table(name="T", rows="records"), True, False, True),
        (Table(name="T", rows="record"), True, True, True),
        (Table(name="", rows="record"), False, False, False),
    ],
)
def test_fields_below_a_key_of_their_table(table: Table, plain: bool, keyword: bool, common: bool) -> None:
    fields = (make_field("x"), make_field("x", keyword="X"), make_field("x", common=True))
    assert [is_nested(table, field) for field in fields] == [plain, keyword, common]
    assert [in_group(table, field) for field in fields] == [bool(table.group), False, False]


def test_sizes_that_required_fields_need() -> None:
    spec = make_spec(sizes={"n": "NSIDE", "m": "MSIDE", "k": "KSIDE"})
    fields = (
        make_field("x", shape=("n", "k")),
        make_field("y", shape=("m", 2, "*"), required=False),
        make_field("k", keyword="KSIDE"),
    )
    assert required_sizes(spec, fields) == ("NSIDE",)
    assert required_sizes(spec, ()) == ()
