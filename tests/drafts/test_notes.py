"""Comments beside the values of a draft."""

from __future__ import annotations

from curated.drafts.notes import annotate


def test_notes_stand_above_the_first_line_of_their_key() -> None:
    text = "metadata:\n  A: 1\nx:\n  C00: 1.0\ny: [1]\nx_y: 2\n"
    assert annotate(text, "yaml", ["head"], {"y": "why", "A": "what", "none": "nothing"}) == (
        "# head\nmetadata:\n  # FILL IN: what\n  A: 1\nx:\n  C00: 1.0\n# FILL IN: why\ny: [1]\nx_y: 2\n"
    )


def test_notes_of_ecsv_are_comments_of_its_yaml() -> None:
    text = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: x, datatype: int64}\n# meta: !!omap\n# - {A: 1}\n# - B: [1, 2]\nx\n1\n"
    lines = annotate(text, "ecsv", ["head"], {"x": "row", "A": "what", "B": "many"}).splitlines()
    assert lines[:3] == ["# %ECSV 1.0", "# ---", "# # head"]
    for note, line in (
        ("row", "# - {name: x, datatype: int64}"),
        ("what", "# - {A: 1}"),
        ("many", "# - B: [1, 2]"),
    ):
        assert lines[lines.index(line) - 1] == f"# # FILL IN: {note}"


def test_json_has_no_comments() -> None:
    assert annotate('{"x": 1}\n', "json", ["head"], {"x": "row"}) == '{"x": 1}\n'
