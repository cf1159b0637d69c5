"""Comments above the rows of an ECSV file."""

from __future__ import annotations

import pytest

from curated.exchange.row_comments import comments_of_rows, with_row_comments

TEXT = b"# %ECSV 1.0\n# ---\nx y\n1 2\n3 4\n5 6\n"


@pytest.mark.parametrize(
    ("comments", "body"),
    [
        (("a", "a", ""), "# a\n1 2\n3 4\n\n5 6\n"),
        (("", "a  b", "c"), "1 2\n# a b\n3 4\n# c\n5 6\n"),
        (("#1", "", "x" * 200), f"# #1\n1 2\n\n3 4\n# {'x' * 200}\n5 6\n"),
    ],
)
def test_comments_are_written_and_read(comments: tuple[str, ...], body: str) -> None:
    text = with_row_comments(TEXT, comments)
    assert text.decode() == TEXT.decode().partition("1 2")[0] + body
    assert comments_of_rows(text, 3) == tuple(" ".join(comment.split()) for comment in comments)


def test_lines_of_one_comment_are_joined() -> None:
    assert comments_of_rows(TEXT.replace(b"1 2", b"#a\r\n#  b\r\n1 2"), 3) == ("a b", "a b", "a b")


def test_no_comments_and_other_numbers_of_rows() -> None:
    assert comments_of_rows(TEXT, 3) == ()
    assert comments_of_rows(TEXT.replace(b"1 2", b"# a\n1 2"), 2) == ()
    with pytest.raises(ValueError, match="2 comments for 3 rows"):
        with_row_comments(TEXT, ("a", "b"))
