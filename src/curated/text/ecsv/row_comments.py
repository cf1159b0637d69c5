"""Comments between the rows of an ECSV file, which name the rows below them."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 80
"""Number of characters of a comment that are a name."""


def row_comments(text: bytes) -> Sequence[str]:
    """Return the name of each row of an ECSV file: the comment lines above it, joined by a blank.

    A comment names all rows down to the next comment or blank line. A row that has none has an empty name.

    Parameters
    ----------
    text : `bytes`
        Content of the file.

    Returns
    -------
    names : sequence [`str`]
        One for each row; empty where no comment is among the rows, or cells are in quotes, which may hold line ends.
    """
    lines = text.decode("utf-8", "replace").splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    body = [line.strip() for line in lines[start + 1 :]]
    if not any(line.startswith("#") for line in body) or any('"' in line for line in body if line[:1] != "#"):
        return ()
    names: list[str] = []
    comments: list[str] = []
    is_open = False
    for line in body:
        if line.startswith("#"):
            # Lines of one comment follow each other.
            comments = [*comments, line.lstrip("#").strip()] if is_open else [line.lstrip("#").strip()]
        elif not line:
            comments = []
        else:
            names.append(" ".join(filter(None, comments))[:_LONGEST])
        is_open = line.startswith("#")
    return tuple(names) if any(names) else ()
