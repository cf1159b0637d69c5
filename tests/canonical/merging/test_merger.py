"""Merges of texts: what is clean, what is a conflict, and that nothing is lost."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curated.canonical.formatter import format_text
from curated.canonical.merging.merger import merge_texts
from curated.text import read
from curated.text.yaml.reader import load_strictly
from support.packages import ROOT
from support.texts import examples

DEFECTS = (ROOT / "calibs/demo/defects/d01/20240201T000000.ecsv").read_text()
GAINS = (ROOT / "calibs/demo/gains/d00/20200101T000000.yaml").read_text()
FLAT = (ROOT / "calibs/demo/flat/g00/r/20200101T000000.yaml").read_text()
KERNEL = (ROOT / "calibs/demo/bfk/d01/20200101T000000.yaml").read_text()
SHUTTER = (ROOT / "calibs/demo/shutter/20200101T000000.json").read_text()
COLUMNS = "metadata: {A: 1}\nx0: [1, 2, 3]\ny0: [4, 5, 6]\nwidth: [1, 1, 1]\n"
TEXTS = {"ecsv": DEFECTS, "yaml": GAINS, "json": SHUTTER, "flat": FLAT, "kernel": KERNEL, "columns": COLUMNS}
NOTES = GAINS + "edits:\n- name: A\n  date: '2024-01-02'\n  what: a\n"


def merge(base: str, left: str, right: str, form: str = "yaml") -> tuple[str, bool] | None:
    merged = merge_texts(base.encode(), left.encode(), right.encode(), form)
    if merged is None:
        return None
    text = merged.data.decode()
    if merged.is_clean:
        formatted = format_text(merged.data, form)
        assert (formatted.data, formatted.problems) == (merged.data, [])
        assert read(merged.data, form)[0] is not None
    else:
        assert {line[:7] for line in text.split("\n")} >= {"<<<<<<<", "=======", ">>>>>>>"}
    return text, merged.is_clean


Change = tuple[str, str]


def changed(text: str, *changes: Change) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1) if old else text + new
    return text


@pytest.mark.parametrize(
    ("name", "left", "right", "both"),
    [
        ("ecsv", ("", "1 2 3 4\n"), ("", "# why\n5 6 7 8\n"), ("", "1 2 3 4\n# why\n5 6 7 8\n")),
        ("ecsv", ("", "1 2 3 4\n"), ("", "1 2 3 4\n"), ("", "1 2 3 4\n")),
        ("ecsv", ("599 0 1 512", "599 0 2 512"), ("599 0 1 512", "599 3 1 512"), ("599 0 1 512", "599 3 2 512")),
        ("ecsv", ("599 0 1 512\n", ""), ("87 301", "88 301"), ("87 301 1 211\n599 0 1 512\n", "88 301 1 211\n")),
        ("ecsv", ("DEMO-002", "DEMO-009"), ("VERSION: 2.0}", "VERSION: 2.0}\n# - {NEW: 1}"), None),
        ("ecsv", ("# Hot", "# Very hot"), ("12 950 1", "12 950 2"), None),
        ("ecsv", ("First column", "The first column"), ("", "1 2 3 4\n"), None),
        ("ecsv", ("599 0 1 512\n", "599 0 1 512\n# left\n"), ("599 0 1 512\n", "599 0 1 512\n# right\n"), None),
        ("yaml", ("1.524", "1.6"), ("1.477", "1.7  # remeasured"), None),
        ("yaml", ("measured\n", "measured\n  A: 1\n"), ("measured\n", "measured\n  # why\n  B: 1\n"),
         ("measured\n", "measured\n  A: 1\n  # why\n  B: 1\n")),
        ("yaml", ("  C00: 1.524\n", ""), ("1.477", "1.5"), None),
        ("yaml", ("gain:\n", "gain:  # in e/adu\n"), ("1.524", "1.6"), None),
        ("yaml", ("", "# end\n"), ("gain:\n", "# gains\ngain:\n"), None),
        ("json", ('"Demo"', '"Lab"'), ('shutterMotionProfileOpen', 'other'), None),
        ("json", ('"INSTRUME": "Demo",', '"INSTRUME": "Demo",\n    "A": 1,'), ('"INSTRUME": "Demo",', '"INSTRUME": "Demo",\n    "B": 1,'),
         ('"INSTRUME": "Demo",', '"INSTRUME": "Demo",\n    "A": 1,\n    "B": 1,')),
        ("kernel", ("-3.275565e-09", "-3.3e-09"), ("-5.029644e-09", "-5.1e-09"), None),
        ("ecsv", ("# Hot", "# Seen in 2023.\n# Hot"), ("C.\n", "C.\n# Checked.\n"), None),
        ("flat", ("DEMO-G01", "DEMO-G02"), ("37440", "37441"), None),
    ],
)  # fmt: skip
def test_clean(name: str, left: Change, right: Change, both: Change | None) -> None:
    text, form = TEXTS[name], name if name in ("ecsv", "json") else "yaml"
    if left[1].endswith("# left\n"):
        expected = changed(text, (left[0], f"{left[1]}# right\n"))
    else:
        expected = changed(text, both) if both is not None else changed(text, left, right)
    assert merge(text, changed(text, left), changed(text, right), form) == (expected, True)


@pytest.mark.parametrize(
    ("name", "left", "right", "lines"),
    [
        ("ecsv", ("599 0 1", "599 0 2"), ("599 0 1", "599 0 3"), ("599 0 2 512\n", "599 0 3 512\n")),
        ("ecsv", ("599 0 1 512\n", ""), ("599 0 1", "599 0 3"), ("", "599 0 3 512\n")),
        ("ecsv", ("DEMO-002", "DEMO-003"), ("DEMO-002", "DEMO-004"), ("# - {DET_SER: DEMO-003}\n", "# - {DET_SER: DEMO-004}\n")),
        ("ecsv", ("# Hot", "# Very hot"), ("# Hot", "# Too hot"), None),
        ("ecsv", ("803 266 2 2\n", ""), ("803 266", "# Not hot any more\n803 266"), ("", "# Not hot any more\n803 266 2 2\n")),
        ("yaml", ("1.524", "1.6"), ("1.524", "1.7"), ("  C00: 1.6\n", "  C00: 1.7\n")),
        ("yaml", ("  C00: 1.524\n", ""), ("1.524", "1.7"), ("", "  C00: 1.7\n")),
        ("json", ('"Demo"', '"Lab"'), ('"Demo"', '"Other"'), ('    "INSTRUME": "Lab",\n', '    "INSTRUME": "Other",\n')),
        ("flat", ("47b9fa", "111111"), ("37440", "37441"), None),
        ("columns", ("[1, 2, 3]", "[1, 7, 3]"), ("[1, 2, 3]", "[1, 8, 3]"), ("x0: [1, 7, 3]\ny0: [4, 5, 6]\nwidth: [1, 1, 1]\n", "x0: [1, 8, 3]\ny0: [4, 5, 6]\nwidth: [1, 1, 1]\n")),
    ],
)  # fmt: skip
def test_conflicts(name: str, left: Change, right: Change, lines: Change | None) -> None:
    text, form = TEXTS[name], name if name in ("ecsv", "json") else "yaml"
    merged = merge(text, changed(text, left), changed(text, right), form)
    assert merged is not None
    assert not merged[1]
    if lines is not None:
        assert "<<<<<<< ours\n{}=======\n{}>>>>>>> theirs\n".format(*lines) in merged[0]
    assert read(merged[0].encode(), form)[1][0].code == "CAL203"


def test_parallel_lists_are_rows() -> None:
    left = "metadata: {A: 1}\nx0: [1, 2, 3, 7]\ny0: [4, 5, 6, 7]\nwidth: [1, 1, 1, 7]\n"
    right = "metadata: {A: 1}\nx0: [2, 3, 8]\ny0: [5, 6, 8]\nwidth: [1, 4, 8]\n"
    expected = "metadata: {A: 1}\nx0: [2, 3, 7, 8]\ny0: [5, 6, 7, 8]\nwidth: [1, 4, 7, 8]\n"
    assert merge(COLUMNS, left, right) == (expected, True)


def test_what_one_moves_and_the_other_deletes_is_a_conflict() -> None:
    items = ["- {a: 1, b: 2}\n", "- {a: 3, b: 4}\n", "- {a: 5, b: 6}\n"]
    base, moved, shorter = (
        "metadata: {A: 1}\nv:\n" + "".join(part) for part in (items, [items[2], *items[:2]], items[:2])
    )
    for left, right in ((moved, shorter), (shorter, moved)):
        text, is_clean = merge(base, left, right) or ("", True)
        assert not is_clean
        assert text.count(items[2]) == 1
    assert merge(base, moved, base) == (moved, True)


def test_notes_of_both_are_kept_by_date() -> None:
    first, second = (f"- name: A\n  date: '2024-01-0{day}'\n  what: b\n" for day in (3, 4))
    assert merge(NOTES, NOTES + second, NOTES + first) == (NOTES + first + second, True)
    assert merge(NOTES, NOTES + first, NOTES + second) == (NOTES + first + second, True)
    assert merge(GAINS, f"{GAINS}edits:\n{second}", f"{GAINS}edits:\n{first}") == (
        f"{GAINS}edits:\n{first}{second}",
        True,
    )


@pytest.mark.parametrize(
    ("base", "left", "right", "form"),
    [
        ("a: 1\n", "a: [\n", "a: 2\n", "yaml"),
        ("a: 1\nb: 2\n", "a: 1\nb: 2\na: 3\n", "a: 1\nb: 3\n", "yaml"),
        ("a: &x [1]\nb: *x\n", "a: &x [2]\nb: *x\n", "a: &x [1]\nb: *x\nc: 1\n", "yaml"),
        ("unit: nm\nx: [1.0]\n", "unit: Angstrom\nx: [10.0]\n", "unit: nm\nx: [2.0]\n", "yaml"),
        (DEFECTS, DEFECTS.replace("unit: pix", "unit: mm"), f"{DEFECTS}1 2 3 4\n", "ecsv"),
        ("", DEFECTS, DEFECTS.replace("599", "600"), "ecsv"),
    ],
)
def test_what_is_not_merged_by_content(base: str, left: str, right: str, form: str) -> None:
    assert merge(base, left, right, form) is None


def test_layout_alone_is_no_change() -> None:
    left = GAINS.replace("  C00: 1.524", "    C00:   1.5240").replace("  C01: 1.477", "    C01: 1.477")
    left = left.replace("  C10: 1.553", "    C10: 1.553").replace("  C11: 1.484", "    C11: 1.484")
    assert merge(GAINS, left, GAINS.replace("1.524", "1.7")) == (GAINS.replace("1.524", "1.7"), True)


# -- any tree ---------------------------------------------------------------------------------------------

SCALARS = st.one_of(st.integers(-9, 9), st.sampled_from(["a", "b c", "1", "", "x: y", "#"]), st.booleans())
TREES = st.dictionaries(
    st.sampled_from("abcde"),
    st.recursive(
        SCALARS, lambda inner: st.dictionaries(st.sampled_from("fghi"), inner, max_size=3), max_leaves=6
    ),
    min_size=1,
    max_size=5,
)
ABSENT = object()


class DisagreementError(Exception):
    """Two versions changed the same."""


def model(base: Any, left: Any, right: Any) -> Any:
    """Merge trees of mappings.

    Raises
    ------
    DisagreementError
        If they are in conflict.
    """
    keys = [repr(version) for version in (base, left, right)]
    if keys[1] == keys[2] or keys[2] == keys[0]:
        return left
    if keys[1] == keys[0]:
        return right
    if not isinstance(left, dict) or not isinstance(right, dict):
        raise DisagreementError
    if base is not ABSENT and not isinstance(base, dict):
        raise DisagreementError
    before = {} if base is ABSENT else base
    parts = {
        key: model(before.get(key, ABSENT), left.get(key, ABSENT), right.get(key, ABSENT))
        for key in sorted({*before, *left, *right})
    }
    return {key: part for key, part in parts.items() if part is not ABSENT}


def edited(tree: dict[str, Any], state: random.Random) -> dict[str, Any]:
    """Return a tree with some entries deleted, changed and added; sorted, so that the order of keys is no change."""
    result = {}
    for key, value in tree.items():
        change = state.random()
        if change < 0.1:
            continue
        if isinstance(value, dict) and value and change < 0.7:
            result[key] = edited(value, state) or value
        else:
            result[key] = state.randint(10, 13) if change < 0.25 else copy.deepcopy(value)
    if state.random() < 0.4:
        result[state.choice("jkl")] = state.randint(10, 12)
    return dict(sorted(result.items())) or tree


def ordered(tree: Any) -> Any:
    return {key: ordered(tree[key]) for key in sorted(tree)} if isinstance(tree, dict) else tree


@pytest.mark.parametrize("form", ["yaml", "json"])
@examples(100)
@given(TREES, st.integers(0, 10**6))
def test_it_is_the_merge_of_trees(form: str, tree: dict[str, Any], seed: int) -> None:
    state = random.Random(seed)
    base = ordered(tree)
    versions = [base, edited(base, state), edited(base, state)]
    if form == "json":
        texts = [json.dumps(version, indent=2) + "\n" for version in versions]
    else:
        texts = [yaml.safe_dump(version, default_flow_style=False, sort_keys=True) for version in versions]
        # A comment before each entry of the top level that both have.
        texts = [
            "".join(
                f"# of {line[0]}\n{line}" if line[0] in "abcde" else line for line in text.splitlines(True)
            )
            for text in texts
        ]
    try:
        expected = model(*versions)
    except DisagreementError:
        expected = ABSENT
    merged = merge(texts[0], texts[1], texts[2], form)
    if expected is ABSENT:
        assert merged is None or not merged[1]
        return
    assert merged is not None
    assert merged[1], merged[0]
    assert repr(ordered(load_strictly(merged[0])[0])) == repr(ordered(expected))
    if form == "yaml":
        assert [key for key in expected if f"# of {key}\n" in merged[0]] == [
            key for key in expected if key in "abcde"
        ]
