"""Places of entries in texts; what is done with them is tested in test_editor.py."""

from __future__ import annotations

import pytest

from curated.core.diagnostic import CuratedError
from curated.text.entries import add_entry, find_section, names_of, remove_entry, replace_value

ECSV = "# %ECSV 1.0\r\n# ---\r\n# datatype:\r\n# - {name: x, datatype: int64}\r\n# meta:\r\n#   A: 'é'\r\n#   B: [1,\r\n#     2]\r\nx\r\n1\r\n"
BLOCK = "metadata:\n  A: 'é'  # why\n  B: {c: 1}\n  C:\n    - 1\n# end\nx: 2"
FLOW = '{"metadata": {"A": 1, "B": [2]},\n "x": []}'


@pytest.mark.parametrize(
    ("text", "form", "key", "expected"),
    [
        (ECSV, "ecsv", "metadata", {"A": "'é'", "B": "[1,\r\n#     2]"}),
        (BLOCK, "yaml", "metadata", {"A": "'é'", "B": "{c: 1}", "C": "- 1"}),
        ("\ufeff" + BLOCK, "yaml", "", {"metadata": None, "x": "2"}),
        (FLOW, "json", "metadata", {"A": "1", "B": "[2]"}),
    ],
)
def test_values(text: str, form: str, key: str, expected: dict[str, str | None]) -> None:
    section = find_section(text, form, key)
    assert section is not None
    assert names_of(section) == list(expected)
    for entry in section.entries:
        assert text[entry.start :].lstrip('"').startswith(entry.name)
        if expected[entry.name] is not None:
            assert text[entry.value_start : entry.value_end] == expected[entry.name]


def test_no_section() -> None:
    assert find_section("x: 1", "yaml", "metadata") is None
    assert find_section("x: 1", "yaml", "x") is None
    assert find_section("{", "yaml") is None


def test_entries_come_and_go() -> None:
    section = find_section(BLOCK, "yaml", "metadata")
    assert section is not None
    new = add_entry(BLOCK, section, section.pair_text("N", "x: y"), ["A"])
    assert new == BLOCK.replace("# why\n", "# why\n  N: 'x: y'\n")
    again = find_section(new, "yaml", "metadata")
    assert again is not None
    assert remove_entry(new, again, 1) == BLOCK
    assert replace_value(BLOCK, section.entries[0], "2") == BLOCK.replace("'é'", "2")
    assert remove_entry(BLOCK, section, 2) == BLOCK.replace("  C:\n    - 1\n", "")
    with pytest.raises(CuratedError, match="a block of lines"):
        replace_value(BLOCK, section.entries[2], "2")


def test_folded_texts() -> None:
    text = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: x, datatype: int64}\n# meta: !!omap\n# - {A: 'one\n#     two'}\n# - B: one\n#     two\n# - {C: 1}\nx\n"
    section = find_section(text, "ecsv", "metadata")
    assert section is not None
    assert replace_value(text, section.entries[0], "3") == text.replace("'one\n#     two'", "3", 1)
    assert replace_value(text, section.entries[1], "3") == text.replace(": one\n#     two", ": 3", 1)


def test_entries_between_commas() -> None:
    section = find_section(FLOW, "json", "metadata")
    assert section is not None
    assert remove_entry(FLOW, section, 0) == FLOW.replace('"A": 1, ', "")
    assert remove_entry(FLOW, section, 1) == FLOW.replace(', "B": [2]', "")
    assert add_entry(FLOW, section, '"C": 3') == FLOW.replace("[2]", '[2], "C": 3')
    assert add_entry(FLOW, section, '"C": 3', ()) == FLOW.replace('{"A"', '{"C": 3, "A"')
    empty = find_section("metadata: {}", "yaml", "metadata")
    assert empty is not None
    with pytest.raises(CuratedError, match="not clear"):
        add_entry("metadata: {}", empty, "a: 1")
