"""YAML and JSON that is written comes back, whichever reader reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from curated.text import read
from curated.text.yaml.writer import (
    compact_flow,
    compact_scalar,
    json_scalar,
    quoted_flow,
    yaml_flow,
    yaml_scalar,
    yaml_text,
)
from curated.types.defects import Defects
from support.texts import examples

AWKWARD = """yes No on null ~ 1e5 1e+5 0x1F 0o17 017 1_000 12:30:45 1:2 2024-01-01 2024-01-01T00:00:00Z .nan .inf nan
-.5 +1 = << - -- ? : :x #x x#y |x >x %x @x `x !x &x *x {x} [x] 'x "x x: x, R22_S11 é 天文 😀 true,false x=1""".split()

AWKWARD += [
    "",
    " ",
    " x",
    "x ",
    "a: b",
    "a #b",
    "a\nb",
    "a\tb",
    "\x85",
    "\u2028",
    "\ufeff",
    "\x7f",
    "---",
    "...",
]


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text: str) -> None:
    shown = yaml_scalar(text)
    assert "\n" not in shown
    for document in (f"[{shown}]", f"- {shown}\n", f"k: {shown}\n", f"{{k: {shown}}}"):
        loaded = yaml.safe_load(document)
        assert (loaded["k"] if isinstance(loaded, dict) else loaded[0]) == text
    metadata = {"OBSTYPE": "defects", "SOURCE": text}
    calib = Defects.fromDict({"metadata": metadata, "x0": [], "y0": [], "width": [], "height": []})
    for form in ("ecsv", "yaml", "json"):
        source, problems = read(calib.text_bytes(form), form)
        assert problems == []
        assert source is not None
        assert source.metadata["SOURCE"] == text
    assert (
        Table.read(calib.text_bytes("ecsv").decode().split("\n"), format="ascii.ecsv").meta["SOURCE"] == text
    )


PRINTED = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"))


@examples(200)
@given(PRINTED)
def test_texts(text: str) -> None:
    assert yaml.safe_load(f"k: [{yaml_scalar(text)}]") == {"k": [text]}
    assert json.loads(json_scalar(text)) == text


@examples(300)
@given(st.one_of(st.floats(), st.integers(-(2**70), 2**70), st.booleans(), st.none()))
def test_numbers(value: Any) -> None:
    for loaded in (yaml.safe_load(yaml_scalar(value)), json.loads(json_scalar(value))):
        assert repr(loaded) == repr(value)


# -- plain data on one line ---------------------------------------------------------------------------

WORDS = st.sampled_from([*AWKWARD, "y", "NO", "off", "Null", "a_b", "r_57", "files/a-b.fits", "A.B", "9a"])
KEYS = PRINTED | WORDS
ITEMS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@examples(300)
@given(ITEMS)
def test_every_style_gives_the_same_data(data: Any) -> None:
    for flow in (yaml_flow, quoted_flow, compact_flow):
        text = flow(data)
        assert "\n" not in text
        assert repr(yaml.safe_load(text)) == repr(data)


def test_quotes_of_the_styles() -> None:
    data = {"path": "files/a.fits", "detector": 0, "on": True, "r 57": None, "x": 1e-07, "time": "2024-01-01"}
    assert (
        yaml_flow(data)
        == "{path: files/a.fits, detector: 0, 'on': true, r 57: null, x: 1.0e-07, time: '2024-01-01'}"
    )
    assert (
        quoted_flow(data)
        == '{path: "files/a.fits", detector: 0, "on": true, "r 57": null, x: 1.0e-07, time: "2024-01-01"}'
    )
    assert (
        compact_flow(data)
        == '{path: files/a.fits, detector: 0, "on": true, "r 57": null, x: 1.0e-07, time: "2024-01-01"}'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [("no", '"no"'), ("a b", '"a b"'), ("\u2028", '"\\u2028"'), (True, "true"), (7, "7"), (None, "null")],
)
def test_compact_scalars(value: Any, text: str) -> None:
    assert compact_scalar(value) == text


# -- documents ----------------------------------------------------------------------------------------


def test_the_layout_of_a_document() -> None:
    tree = {
        "matrix": [1.5, 2.0, 3.0, 4.0],
        "boxes": [{"x": 1}, {"x": 2}],
        "C00": {"gain": 1.5},
        "long": [0.125] * 30,
    }
    assert yaml_text({"OBSTYPE": "x"}, tree, {"matrix": 2}) == (
        "metadata:\n  OBSTYPE: x\nmatrix: [\n  1.5, 2.0,\n  3.0, 4.0\n]\nboxes:\n- {x: 1}\n- {x: 2}\n"
        "C00:\n  gain: 1.5\n"
        f"long: [\n  {', '.join(['0.125'] * 14)},\n  {', '.join(['0.125'] * 14)},\n  0.125, 0.125\n]\n"
    )
