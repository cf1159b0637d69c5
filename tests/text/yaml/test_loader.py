"""YAML through PyYAML: tags that are read and refused, and every problem at its line."""

from __future__ import annotations

from typing import Any

import pytest

from curated.text.yaml.reader import load_yaml

RUN = "\n".join(f"- {n}.5" for n in range(20))


def test_aliases_that_multiply_beside_a_run() -> None:
    bomb = "c0: &c0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"c{i}: &c{i} [{', '.join([f'*c{i - 1}'] * 10)}]\n" for i in range(1, 8)
    )
    data, problems = load_yaml(f"a:\n{RUN}\n{bomb}")
    assert (data, [p.code for p in problems]) == (None, ["CAL209"])


@pytest.mark.parametrize(
    "number", ["9" * 101, "0x" + "f" * 101, "59:" * 40 + "59", "59:" * 40 + "1.5", "1." + "5" * 100]
)
def test_numbers_longer_than_any(number: str) -> None:
    data, problems = load_yaml(f"ok: 1\na: {number}\n")
    assert (data, [(p.code, p.line) for p in problems]) == (None, [("CAL204", 2)])


# -- tags ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: !!python/tuple [1, 2]", {"a": [1, 2]}),
        ("a: !!omap [b: 1, c: 2]", {"a": {"b": 1, "c": 2}}),
        (
            "a: !<lsst.daf.base.PropertyList>\n- [B, Int, [2, 2], '']\n- [C, Undef, null, '']\n",
            {"a": {"B": [2, 2], "C": None}},
        ),
        ("a: !<lsst.daf.base.PropertySet>\n- [B, Int, 2]\n", {"a": {"B": 2}}),
        ("a: 2024-01-01T00:00:00\nb: 2024-02-29", {"a": "2024-01-01T00:00:00", "b": "2024-02-29"}),
        ("a: !!python/object/apply:lsst.geom.Point2I [1, 2]", {"a": [1, 2]}),
        (
            "a: !!python/object/apply:lsst.geom.Box2I\n"
            "- !!python/object/apply:lsst.geom.Point2I [0, 1]\n"
            "- !!python/object/apply:lsst.geom.Point2I\n  args: [508, 1999]\n",
            {"a": [0, 1, 509, 1999]},
        ),
    ],
)
def test_tags_that_stand_for_data(text: str, data: Any) -> None:
    assert load_yaml(text) == (data, [])


@pytest.mark.parametrize(
    "tag",
    ["!!python/object/apply:os.system", "!!python/name:os.system", "!!python/module:os", "!!python/object/new:os.system",
     "!!python/object:curated.model.CalibKey", "!!python/bytes", "!!python/complex", "!x", "!<tag:example.org,2024:x>"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["x", "[x]", "{x: y}", ""])
def test_tags_that_are_refused(tag: str, value: str) -> None:
    data, problems = load_yaml(f"ok: 1\na: {tag} {value}\n")
    assert data is None
    assert [(p.code, p.line) for p in problems] == [("CAL207", 2)]


@pytest.mark.parametrize(
    "text",
    ["!!int x", "!!int ''", "!!float x", "!!float ''", "!!bool x", "!!bool ''", "!!int [1]", "!!float {a: 1}", "!!bool [x]", "!!null [x]",
     "!!timestamp [x]", "!!timestamp x", "2024-13-45", "2024-02-30", "0000-01-01", "2016-12-31T23:59:60", "2024-01-01 24:00:00",
     "2024-01-01T00:00:00+99:99", "[2024-13-45]", "{2024-13-45: 1}", "!!omap 5", "!!omap [5]", "!!pairs 5", "!!set 5", "!!binary [x]", "!!binary \u00e9", "!!map x", "!!seq x", "!!str [x]",
     "!!python/tuple x", "!!python/object/apply:lsst.geom.Point2I [1]", "!!python/object/apply:lsst.geom.Box2I [1, 2]",
     "!!python/object/apply:lsst.geom.Box2I x", "!!python/object/apply:lsst.geom.Box2I [[1, 2], [3]]",
     "!!python/object/apply:lsst.geom.Box2I [[1, 2], [3, 4.5]]", "!!python/object/apply:lsst.geom.Box2I [[], !!python/object/apply:lsst.geom.Point2I [1]]", "!<lsst.daf.base.PropertyList> [5]", "!<lsst.daf.base.PropertyList> [[1, 2, 3]]"],
)  # fmt: skip
def test_nodes_that_do_not_fit_their_tag(text: str) -> None:
    data, problems = load_yaml(f"ok: 1\na: {text}\n")
    assert data is None
    assert [(p.code, p.line) for p in problems] == [("CAL204", 2)]


def test_all_wrong_nodes_are_named() -> None:
    _, problems = load_yaml("a: !!int x\nb: !y 1\nc: 1\nc: 2\n<<: {}\n? [1]\n: 2\n")
    assert [(p.code, p.line) for p in problems] == [
        ("CAL204", 1), ("CAL207", 2), ("CAL208", 4), ("CAL204", 5), ("CAL204", 6),
    ]  # fmt: skip
