"""A difference as Markdown of at most a given size, for the summary of a workflow or a comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curated.core.diagnostic import Diagnostic
from curated.core.times import iso
from curated.difference.change import Change, Difference, Total, find_totals, part_text
from curated.difference.wording import different_names, group_text, number_text
from curated.report.difference_text import effect_text, levels_text, names_text, source_text
from curated.report.text import count_text, printable

LIMIT = 1_000_000
"""Most bytes by default; a summary of GitHub's workflows is lost from 1 MiB on."""

_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|~&@$"})
_ROWS = "\0"
"""Line in the place of rows, which no line of a document is."""

_LONGEST = 300
"""Number of characters beyond which the middle of a name is left out."""

_MOST_FINDINGS = 100
_MOST_EFFECTS = 4
_MOST_RANGES = 3


def difference_markdown(
    difference: Difference, limit: int = LIMIT, findings: Sequence[Diagnostic] = ()
) -> str:
    """Return a difference as Markdown: totals, and a table of changes, the largest first.

    If the table of all changes is too large it holds the largest of them; then it is left out. What is left out is
    said.

    Parameters
    ----------
    limit : `int`, optional
        Most bytes in UTF-8.
    findings : sequence [`Diagnostic`], optional
        Findings in the changes, which come first.
    """
    groups = difference.groups(difference.changes)
    total = len(groups)
    rest = sum(map(_line_size, (_rest(groups, 1), ""))) if total > 1 else 0
    room = limit - sum(map(_line_size, _document(difference, groups, total, findings)))
    rows: list[str] = []
    sizes = [0]
    for changes in groups:
        rows.append(f"| {' | '.join(_change_cells(changes, difference))} |")
        sizes.append(sizes[-1] + _line_size(rows[-1]))
        if sizes[-1] > room:
            break
    # Where not all fit there has to be room for the sentence that says so.
    is_complete = len(rows) == total and sizes[-1] <= room
    count = total if is_complete else sum(size <= room - rest for size in sizes[1:])
    parts = _document(difference, groups, count, findings)
    place = parts.index(_ROWS) if _ROWS in parts else len(parts)
    text = "\n".join([*parts[:place], *rows[:count], *parts[place + 1 :]])
    return text if _size(text) <= limit else _cut(text, limit)


def escape(text: str) -> str:
    """Return a text in which nothing is markup, HTML, a link, a mention or the end of a cell."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}...{text[-_LONGEST // 2 :]}"
    # GitHub makes links of bare addresses as well.
    return printable(text).translate(_SPECIAL).replace("://", ":\\//").replace("www.", "www\\.")


def _document(
    difference: Difference,
    groups: Sequence[Sequence[Change]],
    count: int,
    findings: Sequence[Diagnostic],
) -> list[str]:
    """Return the lines of a document, with `_ROWS` in the place of the rows of some groups of changes."""
    lines = [f"### {_headline(difference)}", ""]
    if findings:
        lines += [*map(_finding_line, findings[:_MOST_FINDINGS]), ""]
    if len(findings) > _MOST_FINDINGS:
        lines += [f"*and {len(findings) - _MOST_FINDINGS:,} more findings*", ""]
    totals = find_totals(difference.changes)
    if totals:
        lines += _head("Type", "Measure", "Total or largest", "Of", "Calibrations")
        lines += (f"| {' | '.join(_total_cells(total))} |" for total in totals)
        lines += [""]
    for sentence in filter(None, (source_text(difference), levels_text(difference))):
        lines += [f"{escape(sentence[0].upper() + sentence[1:])}.", ""]
    if count:
        lines += [*_head("Calibration", "In force", "Effects", "Files"), _ROWS, ""]
    if count < len(groups):
        lines += [_rest(groups, count), ""]
    if difference.unchanged:
        files = count_text(len(difference.unchanged), "calibration")
        lines += [f"{files} with no physical change: the files differ, their values do not.", ""]
    return lines


def _rest(groups: Sequence[Sequence[Change]], count: int) -> str:
    left_out = sum(map(len, groups[count:]))
    rest = f"The {left_out:,} smallest changes are" if count else f"All {left_out:,} changes are"
    return f"*{rest} left out of this table; the totals count them.*"


def _finding_line(finding: Diagnostic) -> str:
    return f"- **{finding.severity.value}** {finding.code} {escape(finding.file)}: {escape(finding.message)}"


def _headline(difference: Difference) -> str:
    if not difference.changes:
        return "No physical change"
    counts = ", ".join(f"{count:,} {escape(name)}" for name, count in difference.counts.items())
    return f"{count_text(len(difference.changes), 'calibration')} changed: {counts}"


def _head(*heads: str) -> list[str]:
    return [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]


def _total_cells(total: Total) -> Iterator[str]:
    yield escape(total.type_name)
    yield escape(total.measure.name)
    yield escape(f"{number_text(total.value, signed=True)} {total.measure.unit}".strip())
    yield "all" if total.measure.additive else escape(part_text(total.of) or str(total.worst.key))
    yield f"{total.calibrations:,}"


def _change_cells(changes: Sequence[Change], difference: Difference) -> Iterator[str]:
    """Yield the cells of a change, which is that of several detectors or filters where these share a file."""
    change = changes[0]
    yield escape(group_text(changes)) + (f" ({len(changes):,} calibrations)" if len(changes) > 1 else "")
    ranges = [f"{iso(r.start)} to {iso(r.end) if r.end else 'open'}" for r in change.ranges[:_MOST_RANGES]]
    if len(change.ranges) > _MOST_RANGES:
        ranges.append(f"and {len(change.ranges) - _MOST_RANGES} more")
    yield "<br>".join(map(escape, ranges)) or "at no time"
    effects = [effect_text(effect) for effect in change.effects[:_MOST_EFFECTS]]
    if len(change.effects) > _MOST_EFFECTS:
        effects.append(f"and {len(change.effects) - _MOST_EFFECTS} smaller ones")
    effects += [f"{difference.stored_path(path)} cannot be read" for path in change.unreadable]
    if not effects and different_names(change):
        effects.append(names_text(different_names(change)))
    yield "<br>".join(map(escape, effects))
    old, new = difference.stored_paths(change)
    paths = dict.fromkeys((old or "nothing", new or "nothing"))
    yield " → ".join(map(escape, paths))


def _line_size(line: str) -> int:
    return _size(line) + 1


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _cut(text: str, limit: int) -> str:
    """Return the first lines of a text that fit into a size, and that it goes on."""
    end = "\n*The rest is left out.*\n"
    data = text.encode("utf-8", "surrogatepass")[: max(0, limit - len(end))]
    return data.decode("utf-8", "ignore").rpartition("\n")[0] + end if limit > len(end) else ""
