"""Three versions of a text to one, proved to say what the changes of both versions make of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from curated.canonical.formatter import format_text
from curated.canonical.merging.nodes import Conflict, Document, document_text, read_document
from curated.canonical.merging.tables import Table, merge_documents, merge_tables, read_table, table_text
from curated.canonical.merging.trees import ConflictError
from curated.canonical.yaml_form import UnformattableError


class Markers(NamedTuple):
    """How conflicts are marked.

    Parameters
    ----------
    size : `int`
        Characters of a marker.
    left, right : `str`
        Labels of both versions.
    """

    size: int = 7
    left: str = "ours"
    right: str = "theirs"


class MergedText(NamedTuple):
    """A merged text.

    Parameters
    ----------
    data : `bytes`
        The text: in canonical form if it is clean, with marked conflicts otherwise.
    is_clean : `bool`
        Whether nothing is in conflict.
    """

    data: bytes
    is_clean: bool


def merge_texts(
    base: bytes,
    left: bytes,
    right: bytes,
    form: str,
    *,
    is_calibration: bool = True,
    markers: Markers = Markers(),  # noqa: B008 - it cannot be changed
) -> MergedText | None:
    """Return a text with the changes that two versions make to their base; `None` if they cannot be merged by content.

    They are compared in canonical form, so that differences of layout are none. Rows, keywords and entries that both
    versions add are all kept, those of the left version first; what both change otherwise is a conflict. A clean result
    is in canonical form, has been read, and says what was merged.

    Parameters
    ----------
    base : `bytes`
        The version that both come from; empty if both have added the file.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.
    is_calibration : `bool`, optional
        Whether it is a calibration; others are settings and provenance.

    Returns
    -------
    merged : `MergedText` or `None`
        `None` if a version cannot be read or has no canonical form, or if lines in conflict cannot be told from others.
    """
    texts = []
    for data in (base, left, right):
        if not data.strip() and data is base:
            texts.append("")
            continue
        formatted = format_text(data, form, is_calibration=is_calibration)
        if formatted.problems:
            return None
        texts.append(formatted.data.decode())
    if texts[1] == texts[2] or texts[2] == texts[0]:
        return MergedText(texts[1].encode(), is_clean=True)
    if texts[1] == texts[0]:
        return MergedText(texts[2].encode(), is_clean=True)
    try:
        return _merge(texts, form, is_calibration=is_calibration, markers=markers)
    except (ConflictError, UnformattableError, RecursionError):
        return None


def _merge(texts: list[str], form: str, *, is_calibration: bool, markers: Markers) -> MergedText | None:
    base = texts[0]
    merged: Table | Document
    if form == "ecsv":
        if not base:
            return None
        merged = merge_tables(*map(read_table, texts))
        pieces = list(table_text(merged))
    else:
        versions = [read_document(text) if text else None for text in texts]
        if versions[1] is None or versions[2] is None:
            return None
        merged = merge_documents(versions[0], versions[1], versions[2])
        pieces = list(document_text(merged))
    if any(isinstance(piece, Conflict) for piece in pieces):
        return MergedText(_marked(pieces, markers).encode(), is_clean=False)
    formatted = format_text("".join(map(str, pieces)).encode(), form, is_calibration=is_calibration)
    if formatted.problems or _whole(formatted.data.decode(), form) != _content(merged):
        return None
    return MergedText(formatted.data, is_clean=True)


def _whole(text: str, form: str) -> object:
    return _content(read_table(text) if form == "ecsv" else read_document(text))


def _content(merged: Table | Document) -> object:
    return merged.whole if isinstance(merged, Table) else merged.root.whole


# -- conflicts --------------------------------------------------------------------------------------------


def _marked(pieces: Iterable[str | Conflict], markers: Markers) -> str:
    """Return a text with its conflicts between markers; those that follow one another are one."""
    result: list[str] = []
    sides: tuple[list[str], list[str]] = ([], [])

    def end_conflict() -> None:
        if sides[0] or sides[1]:
            if result and not result[-1].endswith("\n"):
                raise UnformattableError("a conflict that does not fill its lines")
            result.append(
                f"{'<' * markers.size} {markers.left}\n{''.join(sides[0])}{'=' * markers.size}\n"
                f"{''.join(sides[1])}{'>' * markers.size} {markers.right}\n"
            )
            sides[0].clear()
            sides[1].clear()

    for piece in pieces:
        if isinstance(piece, str):
            if piece:
                end_conflict()
                result.append(piece)
            continue
        for part in _by_line(piece):
            if isinstance(part, str):
                end_conflict()
                result.append(part)
            else:
                sides[0].append(part[0])
                sides[1].append(part[1])
    end_conflict()
    return "".join(result)


def _by_line(conflict: Conflict) -> Iterable[str | tuple[str, str]]:
    """Yield the lines of a conflict one by one where all versions have as many, as the rows of a matrix are."""
    versions = [text.splitlines(keepends=True) for text in (conflict.base, conflict.left, conflict.right)]
    if len({len(lines) for lines in versions}) > 1:
        yield conflict.left, conflict.right
        return
    parts = [(a if b in (a, old) else b if a == old else (a, b)) for old, a, b in zip(*versions, strict=True)]
    if all(isinstance(part, str) for part in parts):
        yield conflict.left, conflict.right  # entries that belong together
        return
    yield from parts


def mark_lines(left: str, right: str, markers: Markers) -> str:
    """Return two texts as one conflict, but for the lines that both begin and end with."""
    a, b = (text.removesuffix("\n").split("\n") for text in (left, right))
    start = end = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    parts = [
        a[:start],
        [f"{'<' * markers.size} {markers.left}"],
        a[start : len(a) - end],
        ["=" * markers.size],
        b[start : len(b) - end],
        [f"{'>' * markers.size} {markers.right}"],
        a[len(a) - end :],
    ]
    return "\n".join(line for part in parts for line in part) + "\n"
