"""The fast parser gives what PyYAML gives, or leaves the document to it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curated.text.yaml.fast_parser import parse_plain
from curated.text.yaml.reader import load_yaml
from support.texts import PLAIN_DATA, case_files, examples, plain_metadata, sampled

CALIBS = Path(__file__).parents[3] / "calibs"


def load_slowly(text: str) -> Any:
    """Load with PyYAML alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("curated.text.yaml.reader.parse_plain", lambda _: None)
        return load_yaml(text)


def assert_either_way(text: str) -> None:
    (fast, fast_problems), (slow, slow_problems) = load_yaml(text), load_slowly(text)
    assert plain_metadata(fast) == plain_metadata(slow)
    assert fast_problems == slow_problems


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
def test_generated_documents(text: str) -> None:
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


def test_what_is_plain() -> None:
    assert parse_plain(f"a:\n{RUN}\nb:\n  c:\n  - 1.5\n") is not None
    assert parse_plain(f"a: !!set\n{RUN}\nb: 1\n") is None


@pytest.mark.parametrize(
    "path", [p for p in case_files("good") if p.suffix == ".yaml"], ids=lambda p: "-".join(p.parts[-6:])
)
def test_good_cases(path: Path) -> None:
    assert_either_way(path.read_text(encoding="utf-8-sig"))


# -- against PyYAML -----------------------------------------------------------------------------------


PIECES = st.sampled_from(
    ["\n", " ", "  ", "\n  ", "- ", ": ", ":", ",", ", ", "[", "]", "{", "}", "#", " # c", "'", '"', "&a ", "*a", "!!str ", "|", "|\n", ">",
     "? ", "---\n", "...\n", "1.5", "-", "1e5", "1.5e+3", ".5", "0x1", "01", "1_0", "1:30", "on", "~", "a: 1\n", "\n- 1.5\n- 2\n- 3\n- 4\n- 5\n",
     "\n- - A\n  - Int\n  - 1\n  - ''\n", " !<lsst.daf.base.PropertyList>", "%YAML 1.1\n", "\t", "\u00e9", "<<: ", "a", "\\", "=", "@", "`"]
)  # fmt: skip


@examples(600)
@given(
    PLAIN_DATA,
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
def test_what_people_write_is_plain(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert parse_plain(text) is not None
    assert_either_way(text)


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


def test_real_yaml_takes_either_way(corpus: Path) -> None:
    paths = sorted((corpus / "obs_lsst_data").rglob("*.yaml"))
    assert len(paths) == 189
    for path in sampled(paths, 17):
        text = path.read_text()
        assert load_yaml(text) == load_slowly(text)
