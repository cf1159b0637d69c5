"""Lines that are added to a file and taken out again without a trace."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.text.line_block import LineBlock

LINES = LineBlock(["a = 1", "b = 2"], re.compile(r"[ab] = "), ("heading",))
OTHERS = LineBlock(["a = 3"], re.compile(r"[ab] = "), ("heading",))


@pytest.mark.parametrize(
    "text", [None, "", "x", "x\n", "x\n\n", "\n", "x\r\ny\r\n", "# curated: end\n", "x\ny"]
)
def test_what_was_added_goes_without_a_trace(text: str | None) -> None:
    added = LINES.add_to(text)
    assert added.splitlines()[-3:-1] == ["a = 1", "b = 2"]
    assert LINES.add_to(added) == added
    assert LINES.are_in(added)
    assert not LINES.are_in(text)
    assert LINES.remove_from(added) == text
    # Those of another version are replaced in their place, and known by their form.
    assert LINES.add_to(OTHERS.add_to(text)) == added
    assert OTHERS.remove_from(added) == text


@given(
    st.text(st.sampled_from("ab =#\n\r\\x"), max_size=30), st.text(st.sampled_from("ab =#\n"), max_size=20)
)
def test_what_others_write_stays(before: str, after: str) -> None:
    text = LINES.remove_from(LINES.add_to(before) + after)
    assert text is not None
    assert text in (before + after, f"{before}\n{after}")


def test_lines_of_others_between_the_marks_stay_with_their_heading() -> None:
    added = LINES.add_to("x\n").replace("b = 2\n", "b = 2\nc = 3\n")
    assert LINES.remove_from(added) == "x\nheading\nc = 3\n"
    assert "c = 3" in OTHERS.add_to(added)


def test_a_file_that_was_made_for_the_lines_stays_with_those_of_others() -> None:
    assert LINES.remove_from(f"{LINES.add_to(None)}x\n") == "x\n"
    assert LINES.remove_from(f"x\n{LINES.add_to(None)}") == "x\n"
    assert LINES.remove_from(None) is None
