"""A difference as Markdown of at most a given size, for the summary of a workflow or a comment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from curated.core.diagnostic import Diagnostic
from curated.core.times import iso
from curated.difference.change import Change, Difference, Total, find_totals, part_text
from curated.report.difference_text import effect_text, names_text, number_text, source_text
from curated.report.text import count_text, printable

T = TypeVar("T")

LIMIT = 1_000_000
"""Most bytes by default; a summary of GitHub's workflows is lost from 1 MiB on."""

_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|~&@"})
_CHANGES = (None, 1000, 300, 100, 30, 10, 3, 1, 0)
"""Numbers of changes that are tried, the largest first, until the text is small enough."""

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
    for most in _CHANGES:
        text = _document(difference, most, findings)
        if _size(text) <= limit:
            return text
    return _cut(_document(difference, 0, findings), limit)


def escape(text: str) -> str:
    """Return a text in which nothing is markup, HTML, a link, a mention or the end of a cell."""
    # GitHub makes links of bare addresses as well.
    return printable(text).translate(_SPECIAL).replace("://", ":\\//").replace("www.", "www\\.")


def _document(difference: Difference, most: int | None, findings: Sequence[Diagnostic]) -> str:
    changes = difference.changes if most is None else difference.changes[:most]
    left_out = len(difference.changes) - len(changes)
    parts = [f"### {_headline(difference)}", ""]
    if findings:
        parts += [*map(_finding_line, findings[:_MOST_FINDINGS]), ""]
    if len(findings) > _MOST_FINDINGS:
        parts += [f"*and {len(findings) - _MOST_FINDINGS:,} more findings*", ""]
    totals = find_totals(difference.changes)
    if totals:
        parts += [
            *_table(("Type", "Measure", "Total or largest", "Of", "Calibrations"), totals, _total_cells),
            "",
        ]
    if source_text(difference):
        sentence = source_text(difference)
        parts += [f"{escape(sentence[0].upper() + sentence[1:])}.", ""]
    if changes:
        parts += [*_table(("Calibration", "In force", "Effects", "Files"), changes, _change_cells), ""]
    if left_out:
        rest = f"The {left_out:,} smallest changes are" if changes else f"All {left_out:,} changes are"
        parts += [f"*{rest} left out of this table; the totals count them.*", ""]
    if difference.unchanged:
        files = count_text(len(difference.unchanged), "calibration")
        parts += [f"{files} with no physical change: the files differ, their values do not.", ""]
    return "\n".join(parts)


def _finding_line(finding: Diagnostic) -> str:
    return f"- **{finding.severity.value}** {finding.code} {escape(finding.file)}: {escape(finding.message)}"


def _headline(difference: Difference) -> str:
    if not difference.changes:
        return "No physical change"
    counts = ", ".join(f"{count:,} {escape(name)}" for name, count in difference.counts.items())
    return f"{count_text(len(difference.changes), 'calibration')} changed: {counts}"


def _table(head: Sequence[str], items: Sequence[T], cells: Callable[[T], Iterator[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for item in items:
        yield f"| {' | '.join(cells(item))} |"


def _total_cells(total: Total) -> Iterator[str]:
    yield escape(total.type_name)
    yield escape(total.measure.name)
    yield escape(f"{number_text(total.value, signed=True)} {total.measure.unit}".strip())
    yield "all" if total.measure.additive else escape(part_text(total.of) or str(total.worst.key))
    yield f"{total.calibrations:,}"


def _change_cells(change: Change) -> Iterator[str]:
    yield escape(str(change.key))
    ranges = [f"{iso(r.start)} to {iso(r.end) if r.end else 'open'}" for r in change.ranges[:_MOST_RANGES]]
    if len(change.ranges) > _MOST_RANGES:
        ranges.append(f"and {len(change.ranges) - _MOST_RANGES} more")
    yield "<br>".join(map(escape, ranges)) or "at no time"
    effects = [effect_text(effect) for effect in change.effects[:_MOST_EFFECTS]]
    if len(change.effects) > _MOST_EFFECTS:
        effects.append(f"and {len(change.effects) - _MOST_EFFECTS} smaller ones")
    effects += [f"{path} cannot be read" for path in change.unreadable]
    if not effects and (change.fields or change.keywords):
        effects.append(names_text((*change.fields, *change.keywords)))
    yield "<br>".join(map(escape, effects))
    paths = dict.fromkeys((change.old or "nothing", change.new or "nothing"))
    yield " → ".join(map(escape, paths))


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _cut(text: str, limit: int) -> str:
    """Return the first lines of a text that fit into a size, and that it goes on."""
    end = "\n*The rest is left out.*\n"
    data = text.encode("utf-8", "surrogatepass")[: max(0, limit - len(end))]
    return data.decode("utf-8", "ignore").rpartition("\n")[0] + end if limit > len(end) else ""
