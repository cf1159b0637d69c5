"""Changes of single values in texts of any form: the values come back, and all other lines stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from curated.core.diagnostic import CuratedError
from curated.text.editor import TextEditor
from curated.text.yaml.writer import json_scalar

VALUES = st.one_of(
    st.integers(-1000, 10**9),
    st.sampled_from(
        [
            "plain",
            "two words",
            "it's",
            'a "quote"',
            "x: y",
            "# no comment",
            "010",
            "yes",
            "",
            "2024-01-01",
            "é",
        ]
    ),
)
NAMES = st.sampled_from(
    ["DETECTOR", "DET_NAME", "FILTER", "CALIBDATE", "RAFTNAME", "OBSTYPE", "SOURCE", "VALIDEND"]
)
COMMENTS = st.sampled_from(["", "  # why: 'this'", "   #", " # {a: b, [c"])


def quoted(draw: Callable[..., Any], value: Any) -> str:
    """Return a value with quotes of any kind that YAML reads it from."""
    if not isinstance(value, str):
        return str(value)
    styles = [json_scalar(value), "'" + value.replace("'", "''") + "'"]
    if value in ("plain", "two words", "é"):
        styles.append(value)
    return str(draw(st.sampled_from(styles)))


@st.composite
def texts(draw: Callable[..., Any]) -> tuple[str, str]:
    """Return the form and the text of a calibration as people write them."""
    form = draw(st.sampled_from(["yaml", "ecsv", "json"]))
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    entries = [(name, draw(VALUES)) for name in names]
    if form == "json":
        indent = draw(st.sampled_from(["  ", "    ", "\t"]))
        inner = [f"{indent * 2}{json_scalar(n)}: {json_scalar(v)}" for n, v in entries]
        is_one_line = draw(st.booleans())
        middle = (
            "{" + ", ".join(i.strip() for i in inner) + "}"
            if is_one_line
            else "{\n" + ",\n".join(inner) + f"\n{indent}}}"
        )
        lines = f'{{\n{indent}"metadata": {middle},\n{indent}"other": [1, 2.50]\n}}\n'
    elif form == "yaml":
        top = draw(st.sampled_from(["# first\n", "", "other: [1,  2.50]  # keep\n"]))
        if draw(st.booleans()):
            pairs = [f"{n}: {quoted(draw, v)}" for n, v in entries]
            separator = draw(st.sampled_from([", ", ",\n  "]))
            lines = f"{top}metadata: {{{separator.join(pairs)}}}\nmore: {{a: 'b'}}\n"
        else:
            body = "".join(f"  {n}:  {quoted(draw, v)}{draw(COMMENTS)}\n" for n, v in entries)
            lines = f"{top}metadata:\n{body}# between\nmore: {{a: 'b'}}\n"
    else:
        style = draw(st.sampled_from(["- {%s: %s}", "- %s: %s"]))
        body = "".join(f"# {style % (n, quoted(draw, v))}\n" for n, v in entries)
        lines = f"# %ECSV 1.0\n# ---\n# datatype:\n# - {{name: x, datatype: int64}}\n# meta: !!omap\n{body}# schema: astropy-2.0\nx\n1\n"
    if draw(st.booleans()):
        lines = lines.replace("\n", "\r\n")
    return form, ("\ufeff" if form == "yaml" and draw(st.booleans()) else "") + lines


def concerns(line: str, name: str) -> bool:
    return name in line


@settings(max_examples=100, deadline=None)
@given(texts(), NAMES, VALUES.filter(lambda value: value != ""))
def test_other_lines_stay(case: tuple[str, str], name: str, value: Any) -> None:
    form, text = case
    editor = TextEditor(text.encode(), form)
    assume(name != "DETECTOR" or value != "010")  # which is a number there
    had = name in editor.keywords
    count = len(editor.keywords)
    editor.set_keyword(name, value)
    result = editor.finish().decode()
    assert TextEditor(result.encode(), form).keywords[name] == value
    before, now = text.split("\n"), result.split("\n")
    if had:
        assert len(before) == len(now)
        changed = [(a, b) for a, b in zip(before, now, strict=True) if a != b]
        assert all(concerns(a, name) and concerns(b, name) for a, b in changed)
        assert len(changed) <= 1
    else:
        kept = [line for line in now if not concerns(line, name) or line in before]
        rest = [line for line in before if line not in kept]
        # A flow mapping has a new entry in one of its lines, or a comma behind one.
        assert len(rest) <= 1
    # And out again: what was added leaves no trace.
    editor = TextEditor(result.encode(), form)
    if not had and count:
        editor.remove_keyword(name)
        assert editor.finish().decode() == text or form == "json" or "metadata: {" in text
    again = TextEditor(text.encode(), form)
    if had and count > 1:
        again.remove_keyword(name)
        removed = again.finish().decode()
        assert name not in TextEditor(removed.encode(), form).keywords


@settings(max_examples=40, deadline=None)
@given(texts(), st.sampled_from(["x", "x: 'y'", "# z"]))
def test_lists_grow_at_their_end(case: tuple[str, str], what: str) -> None:
    form, text = case
    if form == "ecsv":
        return
    editor = TextEditor(text.encode(), form)
    for number in range(3):
        editor.append("edits", {"name": what, "number": number})
    result = editor.finish().decode()
    assert TextEditor(result.encode(), form).source.tree["edits"] == [
        {"name": what, "number": n} for n in range(3)
    ]
    if form == "yaml":
        assert result.startswith(text)
    editor = TextEditor(result.encode(), form)
    editor.remove_section("edits")
    assert "edits" not in TextEditor(editor.finish(), form).source.tree


def test_all_spellings_of_a_keyword() -> None:
    text = "detectorName: a\nmetadata:\n  DETECTOR_NAME: a # x\n  DET_NAME: 'a'\nvalues: [.nan]\n"
    editor = TextEditor(text.encode(), "yaml")
    editor.set_keyword("DET_NAME", "b")
    assert editor.finish().decode() == text.replace(": a", ": b").replace("'a'", "'b'")
    editor = TextEditor(text.encode(), "yaml")
    editor.remove_keyword("DET_NAME")
    assert editor.finish().decode().startswith("metadata:") or "DET_NAME" not in editor.keywords


def test_rows_of_a_property_list() -> None:
    text = "metadata: !<lsst.daf.base.PropertyList>\n- [DETECTOR, Long, 1, 'its number']\n- [FILTER, String, r, '']\nvalues: 1\n"
    editor = TextEditor(text.encode(), "yaml")
    editor.set_keyword("DETECTOR", 2)
    editor.set_keyword("OBSTYPE", "x")
    assert editor.finish().decode() == text.replace("Long, 1", "Long, 2").replace(
        "- [DETECTOR", "- [OBSTYPE, String, x, '']\n- [DETECTOR"
    )


@pytest.mark.parametrize(
    ("text", "change", "result"),
    [
        (
            "metadata: {A: 1}\nimage: {}  # empty\n",
            {"size": 3},
            "metadata: {A: 1}\nimage:  # empty\n  size: 3\n",
        ),
        ("metadata: {A: 1}\nimage:\n", {"size": 3}, "metadata: {A: 1}\nimage:\n  size: 3\n"),
        ("metadata: {A: 1}\nimage:\n  size:\n", {"size": 3}, "metadata: {A: 1}\nimage:\n  size: 3\n"),
        (
            "metadata: {A: 1}\nimage: {size: 1, file: 'x'}",
            {"size": 3},
            "metadata: {A: 1}\nimage: {size: 3, file: 'x'}",
        ),
        ("metadata: {A: 1}", {"size": 3}, "metadata: {A: 1}\nimage:\n  size: 3"),
    ],
)
def test_sections(text: str, change: dict[str, Any], result: str) -> None:
    editor = TextEditor(text.encode(), "yaml")
    editor.set_values("image", change)
    assert editor.finish().decode() == result


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("metadata:\n  DETECTOR: &a 1\n  OTHER: *a\n", "yaml"),
        ("metadata:\n  DETECTOR: |\n    1\n    2\n", "yaml"),
        ("metadata: {DETECTOR: 1\n", "yaml"),
        ("x: 1\n...\n", "json"),
    ],
)
def test_what_only_a_person_can_edit(text: str, form: str) -> None:

    def edit() -> bytes:
        editor = TextEditor(text.encode(), form)
        editor.set_keyword("DETECTOR", 7)
        return editor.finish()

    with pytest.raises(CuratedError, match=r".") as raised:
        edit()
    assert raised.value.hint
