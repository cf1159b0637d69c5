"""States of numpy arrays in YAML: read as plain data, and never a way to anything else."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curated.text.yaml.reader import load_yaml
from support.texts import examples

NUMBERS = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]


def dumped(value: Any) -> str:
    """What the stack's writer makes of a value: PyYAML's full dumper."""
    return yaml.dump({"a": value}, Dumper=yaml.Dumper)


def loaded(text: str) -> Any:
    data, problems = load_yaml(text)
    assert problems == []
    return data["a"]


ARRAYS = st.tuples(st.sampled_from(NUMBERS), st.sampled_from("<>")).flatmap(
    lambda kind: hnp.arrays(
        np.dtype(kind[1] + kind[0]), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    )
)


@examples(200)
@given(ARRAYS, st.booleans())
def test_arrays_come_back(array: np.ndarray, fortran: bool) -> None:
    laid_out = np.asfortranarray(array) if fortran and array.ndim else array
    expected = array.tolist() if array.size else []
    np.testing.assert_equal(loaded(dumped(laid_out)), expected)


@examples(100)
@given(st.sampled_from(NUMBERS).flatmap(lambda kind: hnp.from_dtype(np.dtype(kind))))
def test_scalars_come_back(value: Any) -> None:
    np.testing.assert_equal(loaded(dumped(value)), value.item())


@examples(50)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20))
def test_texts_come_back(value: str) -> None:
    assert loaded(dumped(np.str_(value))) == value


def test_older_numpy() -> None:
    text = dumped(np.arange(3.0)).replace("numpy._core", "numpy.core")
    assert "numpy.core.multiarray" in text
    assert loaded(text) == [0.0, 1.0, 2.0]


def test_aliases_of_types_and_arrays() -> None:
    shared = np.array([1.0, 2.0])
    text = yaml.dump({"a": [shared, np.array([3.0]), shared, np.float64(4.0)]}, Dumper=yaml.Dumper)
    assert re.search(r"\*id\d+", text)
    assert loaded(text) == [[1.0, 2.0], [3.0], [1.0, 2.0], 4.0]


# -- hostile ------------------------------------------------------------------------------------------

GOOD = dumped(np.arange(3.0))
DATA = base64.b64encode(np.arange(3.0).tobytes()).decode()
SPOILED = {
    "another type": ("numpy.ndarray", "os.system"),
    "a subclass": ("numpy.ndarray", "numpy.matrix"),
    "arguments that run": ("- !!python/tuple\n    - 0\n", "- !!python/object/apply:os.system [x]\n"),
    "another code": ("Yg==", "Yw=="),
    "objects": ("- f8", "- O8"),
    "complex": ("- f8", "- c16"),
    "long double": ("- f8", "- f16"),
    "dates": ("- f8", "- M8"),
    "void": ("- f8", "- V8"),
    "texts": ("- f8", "- U2"),
    "another size": ("- f8", "- f4"),
    "no size": ("- f8", "- f"),
    "a structure": ("- <\n    - null", "- <\n    - [a]"),
    "byte order": ("- <", "- ="),
    "no byte order": ("- <", "- null"),
    "another version": ("- 1\n  - !!python/tuple\n    - 3", "- 2\n  - !!python/tuple\n    - 3"),
    "another version of the type": ("- 3\n    - <", "- 4\n    - <"),
    "larger than its bytes": ("- !!python/tuple\n    - 3\n", "- !!python/tuple\n    - 4\n"),
    "far larger than its bytes": ("- !!python/tuple\n    - 3\n", "- !!python/tuple\n    - 999999999999\n"),
    "negative": ("- !!python/tuple\n    - 3\n", "- !!python/tuple\n    - -3\n"),
    "a fraction": ("- !!python/tuple\n    - 3\n", "- !!python/tuple\n    - 3.0\n"),
    "too many axes": ("- !!python/tuple\n    - 3\n", "- !!python/tuple [3, 1, 1, 1, 1, 1, 1, 1, 1]\n"),
    "a list for the shape": ("- !!python/tuple\n    - 3\n", "- [3]\n"),
    "no base64": (DATA, DATA[:-1] + "!"),
    "bytes that are cut": (DATA, DATA[:-4]),
    "no bytes": (f"!!binary |\n    {DATA}", "abc"),
    "order": ("- false\n  - !!binary", "- 5\n  - !!binary"),
    "another part": ("  state:", "  listitems: []\n  state:"),
    "a part twice": ("  state:", "  args: []\n  state:"),
    "no state": (GOOD[GOOD.index("  state:") :], ""),
}


def test_the_good_one_is_good() -> None:
    assert loaded(GOOD) == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("spoiled", SPOILED)
def test_states_that_are_refused(spoiled: str) -> None:
    before, after = SPOILED[spoiled]
    assert before in GOOD
    text = GOOD.replace(before, after, 1)
    data, problems = load_yaml(text)
    assert data is None
    assert {p.code for p in problems} == {"CAL207"}
    assert all(1 <= p.line <= text.count("\n") + 1 for p in problems)


@pytest.mark.parametrize(
    "text",
    [
        "!!python/name:numpy.ndarray ''",
        "!!python/object/apply:numpy.dtype [f8, false, true]",
        "!!python/object/apply:numpy.dtype\n  args: [f8, false, true]\n  state: !!python/tuple [3, <, null, null, null, -1, -1, 0]",
        "!!python/object/apply:numpy._core.multiarray._reconstruct []",
        "!!python/object/apply:numpy._core.multiarray._reconstruct x",
        "!!python/object/apply:numpy._core.multiarray.scalar x",
        "!!python/object/apply:numpy._core.multiarray.scalar [f8, !!binary AAAA]",
        "!!python/object/apply:numpy._core.multiarray.fromstring [x]",
        "!!python/object/apply:numpy.load [x]",
        "!!python/object/new:numpy.ndarray [3]",
    ],
)
def test_other_numpy_tags_are_refused(text: str) -> None:
    data, problems = load_yaml(f"ok: 1\na: {text}\n")
    assert data is None
    assert {p.code for p in problems} == {"CAL207"}


@pytest.mark.parametrize(
    "spoil",
    [
        ("- f8", "- U99999"),
        ("- f8", "- O8"),
        ("!!binary |\n  AAAAAAAA8D8=", "!!binary AAAA"),
        ("- <", "- '|'"),
    ],
)
def test_scalars_that_are_refused(spoil: tuple[str, str]) -> None:
    text = dumped(np.float64(1.0))
    assert spoil[0] in text
    data, problems = load_yaml(text.replace(*spoil, 1))
    assert data is None
    assert {p.code for p in problems} == {"CAL207"}


@pytest.mark.parametrize("raw", [b"\0\xd8\0\0", b"\0\0\x11\0", b"\xff\xff\xff\xff"])
def test_texts_that_are_none_are_refused(raw: bytes) -> None:
    text = dumped(np.str_("x"))
    good = base64.b64encode("x".encode("utf-32-le")).decode()
    assert good in text
    data, problems = load_yaml(text.replace(good, base64.b64encode(raw).decode()))
    assert data is None
    assert [p.code for p in problems] == ["CAL207"]


def test_flags_are_no_other_bytes() -> None:
    text = dumped(np.array([True]))
    good = base64.b64encode(b"\1").decode()
    assert load_yaml(text.replace(good, base64.b64encode(b"\2").decode()))[1][0].code == "CAL207"


def test_an_axis_without_length_bounds_the_others() -> None:
    text = dumped(np.zeros((0, 2))).replace("- 2\n", "- 999999999999999999\n", 1)
    assert "999999999999999999" in text
    assert loaded(text) == []


def test_a_state_inside_itself_is_an_error() -> None:
    text = "a: &a !!python/object/apply:numpy._core.multiarray._reconstruct\n  args: *a\n  state: *a\n"
    data, problems = load_yaml(text)
    assert data is None
    assert problems


def test_aliases_of_a_large_array_are_counted() -> None:
    lines = dumped(np.zeros(100_000)).splitlines()
    text = "\n".join([lines[0].replace("a: ", "a: &big "), *lines[1:], f"b: [{', '.join(['*big'] * 1000)}]"])
    assert [p.code for p in load_yaml(text)[1]] == ["CAL209"]
