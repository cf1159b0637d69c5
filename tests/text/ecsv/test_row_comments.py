"""Comments between the rows of an ECSV file name the rows below them."""

from __future__ import annotations

import pytest

from curated.text.ecsv.row_comments import row_comments

HEADER = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: x0, datatype: int64}\nx0\n"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("1\n2\n", ()),
        ("", ()),
        ("# the end\n", ()),
        ("1\n2\n# the end\n", ()),
        ("# vampire\n1\n", ("vampire",)),
        ("1\n  #  glow  \n2\n3\n", ("", "glow", "glow")),
        ("# glow\n1\n\n2\n", ("glow", "")),
        ("# glow\n\n1\n2\n", ()),
        ("# glow\n1\n# trap\n2\n", ("glow", "trap")),
        ("# glow of\n# the amplifier\n1\n", ("glow of the amplifier",)),
        ("#\n1\n# trap\n2\n", ("", "trap")),
        ("# " + "x" * 100 + "\n1\n", ("x" * 80,)),
        ('# "glow"\n1\n', ('"glow"',)),
        ('# glow\n"1\n2"\n', ()),
    ],
)
def test_names_of_rows(body: str, names: tuple[str, ...]) -> None:
    for text in (HEADER + body, (HEADER + body).replace("\n", "\r\n")):
        assert row_comments(text.encode()) == names


@pytest.mark.parametrize("text", [b"", b"# only a header", b"\xff\xfe# \x00", b"x0\n# \xff\n1\n"])
def test_what_is_no_table_has_none_or_is_read_anyway(text: bytes) -> None:
    assert len(row_comments(text)) in (0, 1)
