"""Comments above the rows of an ECSV file, written and read without loss."""

from __future__ import annotations

from collections.abc import Sequence


def with_row_comments(text: bytes, comments: Sequence[str]) -> bytes:
    """Return an ECSV file with a comment above its rows.

    A comment holds for all rows down to the next comment or blank line, so that equal ones are written once.

    Parameters
    ----------
    text : `bytes`
        A file in canonical form, without comments.
    comments : sequence [`str`]
        The comment of each row, empty for none; as many as there are rows.
    """
    lines = text.decode().split("\n")
    start = next(i for i, line in enumerate(lines) if not line.startswith("#")) + 1
    rows = [line for line in lines[start:] if line]
    if len(rows) != len(comments):
        raise ValueError(f"{len(comments)} comments for {len(rows)} rows")
    commented = lines[:start]
    previous = ""
    for row, comment in zip(rows, (" ".join(comment.split()) for comment in comments), strict=True):
        if comment != previous:
            commented.append(f"# {comment}" if comment else "")
        commented.append(row)
        previous = comment
    return ("\n".join(commented) + "\n").encode()


def comments_of_rows(text: bytes, rows: int) -> tuple[str, ...]:
    """Return the whole comment of each row of an ECSV file, as `with_row_comments` writes them.

    Parameters
    ----------
    text : `bytes`
        Content of the file.
    rows : `int`
        Number of its rows.

    Returns
    -------
    comments : `tuple` [`str`, ...]
        One for each row, or none where no row has any, or rows are more than a line.
    """
    lines = [line.rstrip("\r") for line in text.decode("utf-8", "replace").split("\n")]
    start = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    comments: list[str] = []
    above: list[str] = []
    is_open = False
    for line in lines[start + 1 :]:
        stripped = line.strip()
        if stripped.startswith("#"):
            # Lines of one comment follow each other.
            above = [*above, stripped[1:].strip()] if is_open else [stripped[1:].strip()]
        elif not stripped:
            above = []
        else:
            comments.append(" ".join(" ".join(filter(None, above)).split()))
        is_open = stripped.startswith("#")
    return tuple(comments) if len(comments) == rows and any(comments) else ()
