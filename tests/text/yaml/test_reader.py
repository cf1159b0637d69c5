"""YAML and JSON documents: the quick way gives what the plain loader gives; places are found."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curated.text import read
from curated.text.yaml import reader as tree
from curated.text.yaml.locator import yaml_locator
from curated.text.yaml.reader import load_yaml, read_json
from support.texts import case_files, examples, plain_metadata

CALIBS = Path(__file__).parents[3] / "calibs"


def plainly(text: str) -> Any:
    """Load with the parser alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree, "parse_plain", lambda _: None)
        return load_yaml(text)


def assert_either_way(text: str) -> None:
    quick, slow = load_yaml(text), plainly(text)
    assert plain_metadata(quick[0]) == plain_metadata(slow[0])
    assert quick[1] == slow[1]


# -- what the parser need not read ---------------------------------------------------------------------

DECIMALS = st.one_of(
    st.floats(-1e3, 1e3).map(repr),
    st.floats(-1e-7, 1e-7).map(repr),
    st.sampled_from(["1.5e-07", "-1.5e+10", "1.5e10", "1.5E-07", "0.0", "-0.0", "5", "1.", ".5", "1.5e400", "+1.5", "1_0.5", "1:2.5"]),
    st.sampled_from(["\u0661.\u0665", "1.\u0665", "nan", ".nan", "''", "a", "[1.5]", "1.5 # c", "- 1.5", "a: 1.5", "~", "*x", "&x 1.5"]),
)  # fmt: skip
GOOD_DECIMALS = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda x: f"{x:.6f}")


@st.composite
def runs(draw: st.DrawFn, indent: int) -> list[str]:
    """A block sequence, mostly of decimals, mostly long enough to be taken out."""
    good = draw(st.lists(GOOD_DECIMALS, min_size=14, max_size=20))
    odd = draw(st.lists(DECIMALS, max_size=2)) if draw(st.booleans()) else []
    items = draw(st.permutations([*good, *odd])) if odd else good
    return [" " * indent + f"- {item}" for item in items]


@st.composite
def blocks(draw: st.DrawFn, indent: int = 0, level: int = 0) -> list[str]:  # noqa: C901 - a branch a form
    pad = " " * indent
    lines: list[str] = []
    for key in draw(
        st.lists(
            st.sampled_from(["a", "b", "C00", "1.5", "x-y", "~", "on", "y", "d.e", "'q'", "k k"]),
            min_size=1,
            max_size=3,
            unique=True,
        )
    ):
        kind = draw(
            st.sampled_from(
                [
                    "run",
                    "run",
                    "same",
                    "literal",
                    "folded",
                    "text",
                    "quoted",
                    "anchor",
                    "alias",
                    "nested",
                    "list",
                    "tagged",
                    "scalar",
                    "comment",
                    "empty",
                    "flow",
                    "omap",
                ]
            )
        )
        name = f"{pad}{key}:"
        if kind == "run":
            lines += [name, *draw(runs(indent + draw(st.sampled_from([0, 1, 2, 4]))))]
        elif kind == "same":
            lines += [name, *draw(runs(indent))]
        elif kind in ("literal", "folded"):
            lines += [f"{name} {'|' if kind == 'literal' else '>'}", f"{pad}  b:", *draw(runs(indent + 2))]
        elif kind == "text":
            lines += [f"{name} some", f"{pad}  text:", *draw(runs(indent + 2))]
        elif kind == "quoted":
            quote = draw(st.sampled_from("'\""))
            lines += [f"{name} {quote}some", f"{pad}  b:", *draw(runs(indent + 2)), f"{pad}  end{quote}"]
        elif kind == "anchor":
            lines += [f"{name} &x", *draw(runs(indent + 2))]
        elif kind == "alias":
            lines += [f"{name} *x"]
        elif kind == "nested" and level < 2:
            lines += [name, *draw(blocks(indent + 2, level + 1))]
        elif kind == "list":
            lines += [name, f"{pad}- c:", *draw(runs(indent + draw(st.sampled_from([0, 2, 4])))), f"{pad}- 5"]
        elif kind == "tagged":
            lines += [f"{name} !!python/tuple", *draw(runs(indent + 2))]
        elif kind == "comment":
            lines += [name, *draw(runs(indent + 2)), f"{pad}# c:", f"{pad}  - 1.5"]
        elif kind == "empty":
            lines += [name, *draw(runs(indent + 2)), "", *draw(runs(indent + 2))]
        elif kind == "flow":
            lines += [f"{name} {{c: [1.5, 2.5],", f"{pad} d:", *draw(runs(indent + 2)), f"{pad} }}"]
        elif kind == "omap":
            lines += [f"{name} !!omap", f"{pad}- c:", *draw(runs(indent + 2))]
        else:
            lines += [f"{name} 5"]
    return lines


DOCUMENT = st.builds(
    lambda lines, end, break_: (break_.join(lines) + end),
    blocks(),
    st.sampled_from(["\n", "", "\nend: 1\n", "\n...\n", "\n---\nb: 1\n", "\n  - 1.5\n", '\nz: "\\x1acurated-run-0"\n', '\nz:\n- "\\x1acurated-run-0"\n']),
    st.sampled_from(["\n", "\n", "\n", "\r\n"]),
)  # fmt: skip


@examples(400)
@given(DOCUMENT)
def test_runs_are_put_back(text: str) -> None:
    assert_either_way(text)


RUN = "\n".join(f"- {n}.5" for n in range(20))


@pytest.mark.parametrize(
    "text",
    [
        # A literal hides a run, and a list of one text looks like its placeholder.
        f'a: |\n  b:\n{textwrap.indent(RUN, "  ")}\n  c\nd:\n- "\\x1acurated-run-0"\ne: 1\n',
        f'a:\n{RUN}\nd:\n- "\\x1acurated-run-1"\ne: 1\n',
        f'a:\n{RUN}\nd:\n- "\\x1acurated-run-x"\ne: 1\n',
        f'a:\n{RUN}\nd:\n- "\\x1acurated-run-0"\ne: 1\n',
        f'a:\n{RUN}\n"\\x1acurated-run-0": 5\n',
    ],
)
def test_documents_that_imitate_placeholders(text: str) -> None:
    assert_either_way(text)


def test_digits_of_other_scripts_are_texts() -> None:
    text = "a:\n" + "- \u0661.\u0665\n" * 20 + "b: 1\n"
    assert load_yaml(text)[0]["a"] == ["\u0661.\u0665"] * 20


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


def test_the_quick_way_is_taken() -> None:
    assert tree.parse_plain(f"a:\n{RUN}\nb:\n  c:\n  - 1.5\n") is not None
    assert tree.parse_plain(f"a: !!set\n{RUN}\nb: 1\n") is None


@pytest.mark.parametrize(
    "path", [p for p in case_files("good") if p.suffix == ".yaml"], ids=lambda p: "-".join(p.parts[-6:])
)
def test_good_cases(path: Path) -> None:
    assert_either_way(path.read_text(encoding="utf-8-sig"))


# -- against PyYAML -----------------------------------------------------------------------------------

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"]), max_size=8),
)
DATA = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LEAVES, inner, max_size=4),
    max_leaves=12,
)


@examples(200)
@given(DATA, st.sampled_from([None, True, False]), st.sampled_from([10, 80, 1000]))
def test_plain_data_comes_back(data: Any, flow: bool | None, width: int) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow, width=width, allow_unicode=True)
    loaded, problems = load_yaml(text)
    # NaN as a key is never found twice; a flag and a number are one key.
    assert [p.code for p in problems] in ([], ["CAL208"])
    if not problems:
        assert plain_metadata(loaded) == plain_metadata(yaml.safe_load(text))


PIECES = st.sampled_from(
    ["\n", " ", "  ", "\n  ", "- ", ": ", ":", ",", ", ", "[", "]", "{", "}", "#", " # c", "'", '"', "&a ", "*a", "!!str ", "|", "|\n", ">",
     "? ", "---\n", "...\n", "1.5", "-", "1e5", "1.5e+3", ".5", "0x1", "01", "1_0", "1:30", "on", "~", "a: 1\n", "\n- 1.5\n- 2\n- 3\n- 4\n- 5\n",
     "\n- - A\n  - Int\n  - 1\n  - ''\n", " !<lsst.daf.base.PropertyList>", "%YAML 1.1\n", "\t", "\u00e9", "<<: ", "a", "\\", "=", "@", "`"]
)  # fmt: skip


@examples(600)
@given(
    DATA,
    st.sampled_from([None, True, False]),
    st.lists(st.tuples(st.integers(0, 400), PIECES, st.integers(0, 3)), max_size=3),
)
def test_either_way_after_edits(data: Any, flow: bool | None, edits: list[tuple[int, str, int]]) -> None:
    text = yaml.safe_dump({"metadata": {"A": 1, "B": "b c"}, "data": data}, default_flow_style=flow)
    for place, piece, removed in edits:
        at = place % (len(text) + 1)
        text = text[:at] + piece + text[at + removed :]
    assert_either_way(text)


@examples(300)
@given(
    st.sampled_from([p for p in case_files("good") if p.suffix == ".yaml"]),
    st.lists(st.tuples(st.integers(0, 100_000), PIECES, st.integers(0, 30)), min_size=1, max_size=2),
)
def test_either_way_after_edits_of_calibrations(path: Path, edits: list[tuple[int, str, int]]) -> None:
    text = path.read_text(encoding="utf-8-sig")
    for place, piece, removed in edits:
        at = place % (len(text) + 1)
        text = text[:at] + piece + text[at + removed :]
    assert_either_way(text)


@pytest.mark.parametrize("path", sorted(CALIBS.rglob("*.yaml")), ids=lambda p: "-".join(p.parts[-4:]))
def test_the_quick_way_is_taken_for_what_people_write(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert tree.parse_plain(text) is not None
    assert_either_way(text)


@examples(60)
@given(st.dictionaries(st.text(max_size=5), st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)), max_size=5), st.sampled_from([None, 1, "\t"]))  # fmt: skip
def test_json_comes_back(data: dict[str, Any], indent: int | str | None) -> None:
    data = {"metadata": {}, **{key: value for key, value in data.items() if key != "metadata"}}
    source, problems = read_json(json.dumps(data, indent=indent))
    assert problems == []
    assert source is not None
    assert plain_metadata({"metadata": source.metadata, **source.tree}) == plain_metadata(data)


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
        ("a: 2024-01-01T00:00:00\nb: 2024-02-30", {"a": "2024-01-01T00:00:00", "b": "2024-02-30"}),
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
     "!!timestamp [x]", "!!omap 5", "!!omap [5]", "!!pairs 5", "!!set 5", "!!binary [x]", "!!binary \u00e9", "!!map x", "!!seq x", "!!str [x]",
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


# -- places -------------------------------------------------------------------------------------------

PLACES = """\
# comment
b: [1,
    2]
metadata:
  INSTRUME: cam
  detectorId: 5
  NESTED: {inner: {deep: 1}}
list:
- x: 1
- x: 2
detectorName: d00
"""
PROPERTIES = """\
metadata: !<lsst.daf.base.PropertyList>
- - OBSTYPE
  - String
  - bfk
  - ''
- - bfk_VERSION
  - Double
  - 1.0
  - ''
"""


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ((), (2, 1)),
        (("b",), (2, 1)),
        (("b", 1), (3, 5)),
        (("b", 7), (2, 1)),
        (("metadata", "INSTRUME"), (5, 3)),
        (("metadata", "instrume"), (5, 3)),
        (("metadata", "DETECTOR"), (6, 3)),
        (("metadata", "DET_NAME"), (11, 1)),
        (("metadata", "NESTED.inner.deep"), (7, 20)),
        (("metadata", "absent"), (4, 1)),
        (("list", 1, "x"), (10, 3)),
        (("absent", 1), (2, 1)),
    ],
)
def test_places(pointer: tuple[str | int, ...], place: tuple[int, int]) -> None:
    assert yaml_locator(PLACES)(pointer) == place


def test_places_in_property_lists() -> None:
    assert yaml_locator(PROPERTIES)(("metadata", "bfk_VERSION")) == (8, 5)
    assert yaml_locator(PROPERTIES)(("metadata", "BFK_VERSION")) == (8, 5)


def test_places_in_json() -> None:
    text = '{\n\t"a\\/b": "x\\/y",\n\t"metadata": {"INSTRUME": "cam",\n\t\t"DETECTOR": 5}}\n'
    source, _ = read(text.encode(), "json")
    assert source is not None
    assert source.locator(("metadata", "DETECTOR")) == (4, 3)


@pytest.mark.parametrize(
    "path", [*case_files("good"), *case_files("bad")], ids=lambda p: "-".join(p.parts[-6:])
)
def test_every_keyword_of_every_case_is_found(path: Path) -> None:
    data = path.read_bytes()
    source, _ = read(data, path.suffix[1:].lower())
    if source is None:
        return
    lines = data.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for key in source.metadata:
        line, column = source.locator(("metadata", key))
        assert str(key) in lines[line - 1][column - 1 :] or str(key) in lines[line - 3], key
    for name in source.columns:
        line, column = source.locator((name,))
        assert name in lines[line - 1][column - 1 :]


@pytest.mark.parametrize(
    "end", ["", "\n", "# comment\n", "  \n\n", "    2\n", "y: 1\n", "- 1\n- 2\n", "  # comment\n- 1\n"]
)
@pytest.mark.parametrize("count", [1, 3, 4, 5, 9])
@pytest.mark.parametrize("head", ["", "x:\n"])
def test_runs_of_numbers_end_where_they_end(end: str, count: int, head: str) -> None:
    text = head + "- 1\n" * count + end
    try:
        expected = yaml.safe_load(text)
    except yaml.YAMLError:
        assert load_yaml(text)[1]
        return
    assert load_yaml(text) == (expected, [])
