"""Three versions of an ECSV file to one: the header as a tree, rows with the comments before them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from curated.canonical.ecsv_form import quoted_cell, split_row
from curated.canonical.merging.nodes import (
    Branch,
    Conflict,
    Document,
    comments_of,
    document_text,
    read_document,
)
from curated.canonical.merging.rows import join_rows
from curated.canonical.merging.trees import ConflictError, merge_gap, merge_nodes
from curated.canonical.yaml_form import UnformattableError
from curated.text.ecsv.header import read_header


@dataclass(slots=True, eq=False)
class TableRow:
    """A row: the comments and blank lines before it, its cells, and its line."""

    lead: str
    cells: tuple[str, ...]
    line: str

    @property
    def text(self) -> str:
        """Its lines."""
        return f"{self.lead}{self.line}\n"


@dataclass(slots=True, eq=False)
class Table:
    """An ECSV file in canonical form.

    Parameters
    ----------
    first : `str`
        The line with the version.
    header : `Document`
        The YAML of the header.
    delimiter : `str`
        What stands between the cells of a row.
    columns : `tuple`
        Name, type and unit of each column.
    names : `TableRow`
        The line with the names of columns.
    rows : `list` [`TableRow` or `Conflict`]
        In order, with conflicts in the place of rows that two versions changed.
    end : `str`
        Comments after the last row.
    """

    first: str
    header: Document
    delimiter: str
    columns: tuple[tuple[str, ...], ...]
    names: TableRow
    rows: list[TableRow | Conflict]
    end: str

    @property
    def whole(self) -> object:
        """All that it says, with its comments."""
        rows = tuple(
            (comments_of(row.lead), row.cells) if isinstance(row, TableRow) else row.content
            for row in (self.names, *self.rows)
        )
        header = (comments_of(self.header.start), self.header.root.whole, comments_of(self.header.end))
        return (header, rows, comments_of(self.end))


def read_table(text: str) -> Table:
    """Return an ECSV file in canonical form as header and rows.

    Raises
    ------
    UnformattableError
        If it cannot be merged.
    """
    lines = text.split("\n")[:-1]
    count = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    head = [line.removeprefix("#").removeprefix(" ") for line in lines[:count]]
    header, problems = read_header(head)
    if header is None or problems:
        raise UnformattableError("the header cannot be read")
    document = read_document("\n".join(head[1:]) + "\n")
    columns = tuple((column.name, column.dtype, column.unit, column.subtype) for column in header.columns)
    rows, lead = [], ""
    for line in lines[count:]:
        if not line or line.startswith("#"):
            lead += f"{line}\n"
        else:
            rows.append(TableRow(lead, tuple(split_row(line, header.delimiter)), line))
            lead = ""
    if not rows:
        raise UnformattableError("it has no names of columns")
    return Table(lines[0], document, header.delimiter, columns, rows[0], list(rows[1:]), lead)


def table_text(table: Table) -> Iterator[str | Conflict]:
    """Yield the pieces of a file, and the conflicts between them."""
    yield f"{table.first}\n"
    text = ""
    for piece in document_text(table.header):
        if isinstance(piece, str):
            text += piece
            continue
        yield _hashed(text)
        text = ""
        yield Conflict(*map(_hashed, (piece.left, piece.base, piece.right)))
    yield _hashed(text)
    yield table.names.text
    for row in table.rows:
        yield row if isinstance(row, Conflict) else row.text
    yield table.end


def _hashed(text: str) -> str:
    return "".join(f"# {line}\n" if line else "#\n" for line in text.split("\n")[:-1])


def merge_tables(base: Table, left: Table, right: Table) -> Table:
    """Return a table with the changes of two versions of it; rows in conflict are whole lines.

    Raises
    ------
    ConflictError
        If the files as a whole are in conflict.
    """
    if len({(table.first, table.delimiter) for table in (base, left, right)}) > 1:
        raise ConflictError
    header = merge_documents(base.header, left.header, right.header)
    if left.columns == right.columns == base.columns:
        names = _merge_row(base.names, left.names, right.names, left.names)
        rows = _merge_rows(base.rows, left.rows, right.rows, left.delimiter)
    else:
        # Values of another unit, or other columns: they are compared with nothing.
        version = _only_changed(base, left, right)
        names, rows = version.names, version.rows
    return Table(
        left.first,
        header,
        left.delimiter,
        left.columns,
        names,
        rows,
        merge_gap(base.end, left.end, right.end),
    )


def merge_documents(base: Document | None, left: Document, right: Document) -> Document:
    """Return a document with the changes of two versions; without a base, both have added it."""
    root = merge_nodes(base.root if base is not None else None, left.root, right.root)
    if isinstance(root, Branch) and not root.entries and not root.is_flow:
        raise ConflictError
    return Document(
        merge_gap(base.start if base is not None else None, left.start, right.start),
        root,
        merge_gap(base.end if base is not None else None, left.end, right.end),
    )


def _only_changed(base: Table, left: Table, right: Table) -> Table:
    contents = [
        [
            row.whole if isinstance(row, Conflict) else (comments_of(row.lead), row.cells)
            for row in (table.names, *table.rows)
        ]
        for table in (base, left, right)
    ]
    if contents[1] == contents[2] and left.columns == right.columns:
        return left
    if contents[2] == contents[0] and right.columns == base.columns:
        return left
    if contents[1] == contents[0] and left.columns == base.columns:
        return right
    raise ConflictError


def _merge_rows(
    base: list[TableRow | Conflict],
    left: list[TableRow | Conflict],
    right: list[TableRow | Conflict],
    delimiter: str,
) -> list[TableRow | Conflict]:
    versions = [[row for row in rows if isinstance(row, TableRow)] for rows in (base, left, right)]
    result: list[TableRow | Conflict] = []
    for joined in join_rows(*([row.cells for row in rows] for rows in versions)):
        old, a, b = (
            rows[i] if i is not None else None
            for rows, i in zip(versions, (joined.base, joined.left, joined.right), strict=True)
        )
        texts = [row.text if row is not None else "" for row in (a, old, b)]
        if joined.is_deleted and old is not None:
            # Somebody else has written about the row.
            is_changed = any(
                comments_of(row.lead) != comments_of(old.lead) for row in (a, b) if row is not None
            )
            result += [Conflict(*texts)] if is_changed else []
            continue
        if joined.is_conflict:
            result.append(Conflict(*texts))
            continue
        if a is None or b is None:
            row = a or b
            if row is not None:
                result.append(row)
            continue
        if a.text == b.text:
            result.append(a)
            continue
        is_left = [side == "left" for side in joined.sides]
        cells = tuple(x if chosen else y for chosen, x, y in zip(is_left, a.cells, b.cells, strict=True))
        try:
            result.append(_merge_row(old, a, b, TableRow("", cells, _line(cells, a, delimiter))))
        except ConflictError:
            result.append(Conflict(*texts))
    return result


def _line(cells: tuple[str, ...], row: TableRow, delimiter: str) -> str:
    return row.line if cells == row.cells else delimiter.join(quoted_cell(cell, delimiter) for cell in cells)


def _merge_row(base: TableRow | None, left: TableRow, right: TableRow, row: TableRow) -> TableRow:
    lead = merge_gap(base.lead if base is not None else None, left.lead, right.lead)
    return TableRow(lead, row.cells, row.line)
