"""Three versions of a tree to one: entries of mappings by key, items of lists by place, parallel lists as rows of a table."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

from curated.canonical.merging.nodes import Branch, Conflict, Entry, Leaf, Node, comments_of, entry_text
from curated.canonical.merging.rows import join_rows
from curated.canonical.yaml_form import UnformattableError

_ATOMS = frozenset({"image"})
"""Mappings at the top level whose entries belong together: another image has another hash and another size."""

_UNITS = frozenset({"unit", "units"})
_RECORDS = frozenset({"metadata", "edits", "certifications"})
"""Entries that have no unit."""


class ConflictError(Exception):
    """Both versions changed the same, in a place that has no lines of its own."""


def merge_nodes(base: Node | None, left: Node, right: Node, path: tuple[Hashable, ...] = ()) -> Node:
    """Return a value with the changes of two versions of it.

    Parameters
    ----------
    base : `Leaf` or `Branch` or `None`
        The version that both come from; `None` if both have added the value.
    path : `tuple`
        Keys that lead to the value.

    Returns
    -------
    node : `Leaf`, `Branch`
        The value, of whose entries some may be a `Conflict` of whole lines.

    Raises
    ------
    ConflictError
        If the value as a whole is in conflict.
    """
    if left.whole == right.whole:
        return left
    if base is not None and left.whole == base.whole:
        return right
    if base is not None and right.whole == base.whole:
        return left
    if not isinstance(left, Branch) or not isinstance(right, Branch):
        raise ConflictError
    if (left.is_mapping, left.is_flow, left.tag) != (right.is_mapping, right.is_flow, right.tag):
        raise ConflictError
    if not isinstance(base, Branch) or base.is_mapping != left.is_mapping:
        is_open = left.is_mapping or all(map(_date, (*left.entries, *right.entries)))
        if base is not None or not is_open:
            raise ConflictError
        base = replace(left, entries=[], _whole=None)
    if len(path) == 1 and path[0] in _ATOMS:
        raise ConflictError
    result = replace(left, entries=_merge_entries(base, left, right, path), _whole=None)
    result.start = merge_gap(base.start, left.start, right.start)
    result.end = merge_gap(base.end, left.end, right.end)
    return result


def _merge_entries(base: Branch, left: Branch, right: Branch, path: tuple[Hashable, ...]) -> list[Entry]:
    versions = (base.entries, left.entries, right.entries)
    if left.is_mapping:
        names_by_version = [[entry.name for entry in entries] for entries in versions]
        return _merge_keyed(*versions, path, names_by_version, is_flow=left.is_flow)
    names = [_names(entries) for entries in versions]
    if all(part is not None for part in names):
        return _merge_keyed(*versions, path, [part or [] for part in names], is_flow=left.is_flow)
    if len({len(entries) for entries in versions}) == 1 and not _has_mappings(base.entries):
        return [
            _merge_entry(b, a, c, (*path, n), is_flow=left.is_flow)
            for n, (b, a, c) in enumerate(zip(*versions, strict=True))
        ]
    return _merge_items(*versions, path, is_flow=left.is_flow)


def _has_mappings(entries: Sequence[Entry]) -> bool:
    return any(isinstance(entry.node, Branch) and entry.node.is_mapping for entry in entries)


def _names(entries: Sequence[Entry]) -> list[Hashable] | None:
    """Return the names of items: the one key of each, or what it has as ``name``; `None` if they have none."""
    names: list[Hashable] = []
    for entry in entries:
        if not isinstance(entry.node, Branch) or not entry.node.is_mapping:
            return None
        parts = entry.node.entries
        if any(isinstance(part.name, tuple) and part.name[1] == "date" for part in parts):
            return None  # notes, of which a person may write several
        labels = [part for part in parts if isinstance(part.name, tuple) and part.name[1] == "name"]
        if labels and isinstance(labels[0].node, Leaf):
            names.append(labels[0].node.content)
        elif len(parts) == 1:
            names.append(parts[0].name)
        else:
            return None
    return names if len(set(names)) == len(names) else None


# -- by key -----------------------------------------------------------------------------------------------


def _merge_keyed(
    base: Sequence[Entry],
    left: Sequence[Entry],
    right: Sequence[Entry],
    path: tuple[Hashable, ...],
    names: list[list[Hashable]],
    *,
    is_flow: bool,
) -> list[Entry]:
    in_base, in_left, in_right = (
        dict(zip(n, e, strict=True)) for n, e in zip(names, (base, left, right), strict=True)
    )
    tables = _merge_tables(in_base, in_left, in_right) if left and left[0].name is not None else {}
    result = []
    _refuse_units(in_base, in_left, in_right)
    for name in _order(*names):
        if name in tables:
            node = tables[name]
            entry = in_left[name]
            if node is None:
                result.append(_conflict(in_base.get(name), entry, in_right.get(name), is_flow=is_flow))
                continue
            merged = _merge_surroundings(in_base.get(name), entry, in_right[name])
            result.append(replace(merged, head=entry.head, node=node))
            continue
        key = name[1] if isinstance(name, tuple) and len(name) == 2 else name
        entry_or_none = _merge_optional(
            in_base.get(name), in_left.get(name), in_right.get(name), (*path, key), is_flow=is_flow
        )
        if entry_or_none is not None:
            result.append(entry_or_none)
    return result


def _refuse_units(
    base: dict[Hashable, Entry], left: dict[Hashable, Entry], right: dict[Hashable, Entry]
) -> None:
    """Refuse another unit beside values of the old one, which say something else in it."""
    for name, entry in base.items():
        if not isinstance(name, tuple) or str(name[1]).lower() not in _UNITS:
            continue
        for version, other in ((left, right), (right, left)):
            if name in version and version[name].node.content == entry.node.content:
                continue
            if any(
                key not in other or other[key].node.content != part.node.content
                for key, part in base.items()
                if key != name and isinstance(key, tuple) and key[1] not in _RECORDS
            ) and (name not in other or other[name].node.content == entry.node.content):
                raise ConflictError


def _order(base: list[Hashable], left: list[Hashable], right: list[Hashable]) -> list[Hashable]:
    """Return the names of all versions: in the order of the left one, unless only the right one has another."""
    others = set(base) & set(left) & set(right)
    orders = [[name for name in names if name in others] for names in (base, left, right)]
    first, second = left, right
    if orders[1] != orders[2]:
        if orders[1] == orders[0]:
            first, second = right, left
        elif orders[2] != orders[0]:
            raise ConflictError
    result = list(first)
    present = set(first)
    before: Hashable = None
    is_start = True
    for name in second:
        if name not in present:
            place = 0 if is_start else result.index(before) + 1
            if second is right:
                # What the left one has added there comes first.
                while place < len(result) and result[place] not in others and result[place] not in base:
                    place += 1
            result.insert(place, name)
            present.add(name)
        before, is_start = name, False
    return result


def _merge_optional(
    base: Entry | None,
    left: Entry | None,
    right: Entry | None,
    path: tuple[Hashable, ...],
    *,
    is_flow: bool,
) -> Entry | None:
    """Return an entry that some versions may not have; `None` if it is deleted."""
    if left is not None and right is not None:
        return _merge_entry(base, left, right, path, is_flow=is_flow)
    rest = left or right
    if base is None or rest is None:
        return rest
    return None if rest.whole == base.whole else _conflict(base, left, right, is_flow=is_flow)


def _merge_entry(
    base: Entry | None, left: Entry, right: Entry, path: tuple[Hashable, ...], *, is_flow: bool
) -> Entry:
    try:
        entry = _merge_surroundings(base, left, right)
        node = merge_nodes(base.node if base is not None else None, left.node, right.node, path)
    except ConflictError:
        return _conflict(base, left, right, is_flow=is_flow)
    source = right if node is right.node else left
    if comments_of(entry.gap) == comments_of(source.gap):
        entry.gap = source.gap  # as the value needs it
    return replace(entry, node=node, head=source.head)


def _merge_surroundings(base: Entry | None, left: Entry, right: Entry) -> Entry:
    lead = merge_gap(base.lead if base is not None else None, left.lead, right.lead)
    tail = merge_gap(base.tail if base is not None else None, left.tail, right.tail)
    gap = merge_gap(base.gap if base is not None else None, left.gap, right.gap)
    return replace(left, lead=lead, tail=tail, gap=gap)


def merge_gap(base: str | None, left: str, right: str) -> str:
    """Return the comments before an entry or after it."""
    ours, others = comments_of(left), comments_of(right)
    old = comments_of(base) if base is not None else None
    if others in (ours, old):
        return left
    if ours == old:
        return right
    if base is None or "\n" not in left or "\n" not in right:
        raise ConflictError
    rows = [[(line.strip(),) for line in gap.split("\n")[:-1]] for gap in (base, left, right)]
    joined = join_rows(*rows)
    if any(row.is_conflict for row in joined):
        raise ConflictError
    lines = left.split("\n"), right.split("\n")
    merged = []
    for row in joined:
        source, place = (lines[0], row.left) if row.sides == ("left",) else (lines[1], row.right)
        if not row.is_deleted and place is not None:
            merged.append(source[place])
    return "\n".join([*merged, lines[0][-1]])


def _conflict(base: Entry | None, left: Entry | None, right: Entry | None, *, is_flow: bool) -> Entry:
    """Return an entry in conflict, whose text is whole lines.

    Raises
    ------
    ConflictError
        If the entry does not fill its lines.
    """
    texts = []
    for entry in (left, base, right):
        text = entry_text(entry) if entry is not None else ""
        if is_flow and text:
            if not text.startswith("\n"):
                raise ConflictError
            text = f"{text[1:]},\n"
        elif text and not text.endswith("\n"):
            raise ConflictError
        texts.append(text)
    entry = left or right
    if entry is None:
        raise ConflictError
    return replace(entry, node=Conflict(*texts))


# -- items ------------------------------------------------------------------------------------------------


def _merge_items(
    base: Sequence[Entry],
    left: Sequence[Entry],
    right: Sequence[Entry],
    path: tuple[Hashable, ...],
    *,
    is_flow: bool,
) -> list[Entry]:
    rows = [[_cells(entry) for entry in entries] for entries in (base, left, right)]
    width = max((len(row) for version in rows for row in version), default=1)
    padded = [[(*row, *[None] * (width - len(row))) for row in version] for version in rows]
    result: list[Entry] = []
    for row in join_rows(*padded):
        old = base[row.base] if row.base is not None else None
        a = left[row.left] if row.left is not None else None
        b = right[row.right] if row.right is not None else None
        if old is None and row.is_conflict:
            result.append(_conflict(None, a, b, is_flow=is_flow))
            continue
        entry = _merge_optional(old, a, b, (*path, len(result)), is_flow=is_flow)
        if entry is not None:
            result.append(entry)
    return _by_date(result, left, right)


def _by_date(entries: list[Entry], left: Sequence[Entry], right: Sequence[Entry]) -> list[Entry]:
    """Return notes in the order of their dates, if both versions have them so."""
    dates = [[_date(entry) for entry in version] for version in (entries, left, right)]
    if any("" in version for version in dates) or any(part != sorted(part) for part in dates[1:]):
        return entries
    return [entry for _, entry in sorted(zip(dates[0], entries, strict=True), key=lambda pair: pair[0])]


def _date(entry: Entry) -> str:
    """Return the date of a note; empty if the entry is none."""
    if isinstance(entry.node, Branch) and entry.node.is_mapping:
        for part in entry.node.entries:
            if isinstance(part.name, tuple) and part.name[1] == "date" and isinstance(part.node, Leaf):
                return str(part.node.content[1]) if isinstance(part.node.content, tuple) else ""
    return ""


def _cells(entry: Entry) -> tuple[Hashable, ...]:
    node = entry.node
    if isinstance(node, Branch):
        return tuple((part.name, part.node.content) for part in node.entries) or (node.content,)
    return (node.content,)


# -- parallel lists ---------------------------------------------------------------------------------------


def _merge_tables(
    base: dict[Hashable, Entry], left: dict[Hashable, Entry], right: dict[Hashable, Entry]
) -> dict[Hashable, Node | None]:
    """Return lists of one length, merged as the columns of a table; `None` where they are in conflict."""
    groups: dict[tuple[int, int, int], list[Hashable]] = {}
    for name in base:
        lists = [_plain_list(version.get(name)) for version in (base, left, right)]
        if all(part is not None for part in lists):
            groups.setdefault(tuple(len(part or []) for part in lists), []).append(name)  # type: ignore[arg-type]
    merged: dict[Hashable, Node | None] = {}
    for lengths, names in groups.items():
        if len(names) < 2 or lengths[0] == lengths[1] == lengths[2] == 1:
            continue
        columns = [[version[name].node for name in names] for version in (base, left, right)]
        if all(a.whole == b.whole for a, b in zip(columns[0], columns[1], strict=True)) or all(
            a.whole == b.whole for a, b in zip(columns[0], columns[2], strict=True)
        ):
            continue
        merged |= dict(zip(names, _merge_columns(columns), strict=True))
    return merged


def _plain_list(entry: Entry | None) -> list[Entry] | None:
    if entry is None or not isinstance(entry.node, Branch) or entry.node.is_mapping:
        return None
    entries = entry.node.entries
    return entries if all(isinstance(item.node, Leaf) for item in entries) else None


def _merge_columns(columns: list[list[Node]]) -> list[Node | None]:
    tables = [[node.entries for node in version if isinstance(node, Branch)] for version in columns]
    if len({node.is_flow for version in columns for node in version if isinstance(node, Branch)}) > 1:
        return [None] * len(columns[0])
    rows = [
        [tuple(item.node.content for item in row) for row in zip(*version, strict=True)] for version in tables
    ]
    joined = join_rows(*rows)
    if any(row.is_conflict for row in joined):
        return [None] * len(columns[0])
    remaining = [row for row in joined if not row.is_deleted]
    if len(remaining) < len(joined) and any(
        comments_of(item.lead) for version in tables for row in version for item in row
    ):
        return [None] * len(columns[0])  # it may be of a deleted row
    result: list[Node | None] = []
    for number, node in enumerate(columns[1]):
        if not isinstance(node, Branch):
            raise UnformattableError("a list that is none")
        items = []
        for row in remaining:
            is_left = row.sides[number] == "left" and row.left is not None
            old = tables[0][number][row.base] if row.base is not None else None
            a = tables[1][number][row.left] if row.left is not None else None
            b = tables[2][number][row.right] if row.right is not None else None
            item = a if is_left else b
            if item is None:
                raise UnformattableError("a row without a cell")
            if a is not None and b is not None:
                try:
                    item = replace(_merge_surroundings(old, a, b), node=item.node, head=item.head)
                except ConflictError:
                    return [None] * len(columns[0])
            items.append(item)
        result.append(replace(node, entries=items, _whole=None))
    return result
