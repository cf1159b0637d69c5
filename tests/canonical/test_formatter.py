"""The canonical form of texts: what changes, and that nothing is lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from curated.canonical.formatter import form_of, format_text
from curated.canonical.yaml_form import canonical_number, yaml_comments
from curated.text import read
from curated.text.yaml.reader import load_strictly
from support.packages import ROOT
from support.texts import examples, sampled

CASES = Path(__file__).parents[1] / "data" / "format"


def canonical(text: str, form: str, *, is_calibration: bool = True) -> str:
    formatted = format_text(text.encode(), form, is_calibration=is_calibration)
    assert formatted.problems == [], formatted.problems
    return formatted.data.decode()


@pytest.mark.parametrize(
    "path", [p for p in sorted(CASES.glob("*/*.*")) if p.suffix != ".expected"], ids=lambda path: path.name
)
def test_cases(path: Path, pytestconfig: pytest.Config) -> None:
    """Each file of the cases becomes its ``.expected``, which stays as it is."""
    text = canonical(path.read_text(), form_of(path.name))
    expected = path.with_name(f"{path.name}.expected")
    if pytestconfig.getoption("update_expected"):
        expected.write_text(text)
    assert text == expected.read_text()
    assert canonical(text, form_of(path.name)) == text


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("path", sorted(CASES.glob("*/*.expected")), ids=lambda path: path.name)
def test_line_ends_and_byte_order_marks(path: Path, mark: bytes, ending: str) -> None:
    text = path.read_text()
    data = mark + text.replace("\n", ending).encode()
    formatted = format_text(data, form_of(path.name.removesuffix(".expected")))
    assert (formatted.data.decode(), formatted.problems) == (text, [])


@pytest.mark.parametrize(
    ("form", "text", "code"),
    [
        ("yaml", "a: [1\n", "CAL204"),
        ("yaml", "a: 1\n---\nb: 2\n", "CAL204"),
        ("yaml", "metadata: {}\n? a\n: 1\n", "CAL740"),
        ("yaml", "%YAML 1.1\n---\na: 1\n", "CAL740"),
        ("yaml", "<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> x\n", "CAL203"),
        ("json", '{"a": 1,}', "CAL206"),
        ("json", "{'a': 1}", "CAL206"),
        ("ecsv", "x y\n1 2\n", "CAL205"),
        ("ecsv", "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: x, datatype: int64}\nx\n1 2\n", "CAL217"),
        ("ecsv", "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: x, datatype: int64}\nx\n1.5 \n", "CAL218"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_stays_as_it_is(form: str, text: str, code: str) -> None:
    formatted = format_text(text.encode(), form)
    assert formatted.data == text.encode()
    assert code in [problem.code for problem in formatted.problems], formatted.problems


def test_bytes_that_are_no_text_stay() -> None:
    assert format_text(b"\xff\xfe", "yaml").data == b"\xff\xfe"
    assert [p.code for p in format_text(b"\xff\xfe", "yaml").problems] == ["CAL202"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1.50", "1.5"), ("+7", "7"), ("007", "007"), ("1.", "1.0"), (".5", "0.5"), ("1e5", "1e5"), ("1.0e+16", "1.0e+16"),
     ("1.5E-03", "0.0015"), ("-0.0", "-0.0"), ("0x1F", "0x1F"), ("12:30", "12:30"), ("1_000.0", "1_000.0"), ("-0", "-0"),
     ("301.0000000000002", "301.0000000000002"), ("0.1000000000000000055", "0.1")],
)  # fmt: skip
def test_numbers(text: str, shown: str) -> None:
    assert canonical_number(text) == shown
    assert load_strictly(f"a: {text}")[0] == load_strictly(f"a: {shown}")[0]


def test_blank_lines_at_the_end_that_mean_something_stay() -> None:
    text = "metadata: {A: 1}\nx: |+\n  kept\n\n\n"
    assert canonical(text, "yaml") == text
    assert canonical(text.replace("|+", "|"), "yaml") == "metadata: {A: 1}\nx: |\n  kept\n"


def test_blanks_that_do_not_break_lines_are_part_of_a_cell() -> None:
    text = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: x, datatype: int64}\n# - {name: why, datatype: string}\nx why\n1 10\u00a0s\n"
    assert canonical(text, "ecsv") == text


def test_keywords_and_settings_keep_the_spelling_of_their_numbers() -> None:
    text = "metadata: {DET_SER: 1.10, VERSION: 2.0}\nversion: 1.10\nvalues: [1.10]\n"
    assert canonical(text, "yaml") == text.replace("values: [1.10]", "values: [1.1]")
    assert canonical(text, "yaml", is_calibration=False) == text


def test_what_our_own_writers_write_is_canonical() -> None:
    paths = [p for p in sorted((ROOT / "calibs").rglob("*T*.*")) if p.suffix in (".yaml", ".json")]
    assert len(paths) > 15
    assert [
        p.name for p in paths if format_text(p.read_bytes(), form_of(p.name)).data != p.read_bytes()
    ] == []


def test_real_files(obs_lsst_data) -> None:
    """Each keeps what it says; most are canonical already."""
    paths = [p for p in sorted(obs_lsst_data.path.rglob("*T*.*")) if form_of(p.name)]
    changed = 0
    for path in sampled(paths, 41):
        formatted = format_text(path.read_bytes(), form_of(path.name))
        assert formatted.problems == [], path
        changed += formatted.data != path.read_bytes()
    assert changed < len(paths) / 41 / 4


# -- any document ---------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, width=32),
    st.booleans(),
    st.none(),
    st.sampled_from(
        ["a", "b c", "yes", "2020-01-01", "1e5", "", " x", "#x", "x: y", "é", "a\nb", "'q'", '"', "- a", "01"]
    ),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)


def dumped(tree: object, random_state: random.Random) -> str:
    """Write a document in any style, with comments and blanks anywhere."""
    import yaml

    text = yaml.safe_dump(
        tree,
        indent=random_state.choice([2, 3, 4, 6]),
        width=random_state.choice([20, 80]),
        default_flow_style=random_state.choice([None, True, False]),
        default_style=random_state.choice([None, None, "'", '"', "|"]),
        explicit_start=random_state.choice([True, False]),
        sort_keys=False,
        allow_unicode=True,
    )
    lines = []
    for number, line in enumerate(text.split("\n")):
        lines.append(line)
        if random_state.random() < 0.2:
            lines.append(random_state.choice([f"# comment {number}", "", f"      # note {number}"]))
    return "\n".join(lines)


@examples(150)
@given(TREES, st.integers(0, 10**6))
def test_any_document_says_the_same(tree: object, seed: int) -> None:
    text = dumped({"metadata": {"A": 1}, "tree": tree}, random.Random(seed))
    before, problems = load_strictly(text)
    # A comment in a text of several lines is part of it, or ends it.
    assume(before is not None and not [p for p in problems if p.code == "CAL204"])
    result = canonical(text, "yaml")
    assert repr(load_strictly(result)[0]) == repr(before)
    assert yaml_comments(result) == yaml_comments(text)
    assert canonical(result, "yaml") == result
    source, _ = read(result.encode(), "yaml")
    assert source is not None
