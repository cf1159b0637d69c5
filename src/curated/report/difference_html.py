"""A difference as one page of HTML that needs nothing else: no network, no script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape as escape_html
from typing import TypeVar

from curated.core.diagnostic import Diagnostic
from curated.core.times import iso
from curated.difference.change import Change, Difference, Effect, Total, find_totals, part_text
from curated.difference.wording import (
    Picture,
    change_names,
    different_names,
    effect_text,
    group_text,
    number_text,
)
from curated.package.validity import Range
from curated.report.difference_text import levels_text, source_text
from curated.report.text import count_text, printable

T = TypeVar("T")

LIMIT = 16_000_000
"""Most bytes of pictures by default."""

MOST_PICTURES = 40
"""Number of changes of which a page has pictures, unless it is asked for others."""

_MOST_SECTIONS = 300
_MOST_ROWS = 2000
_MOST_EFFECTS, _MOST_OF_MEASURE = 60, 8
_MOST_NAMES = 60
_MOST_RANGES = 10

_TAG = re.compile(r"<[^<>]*>")
_IDENTIFIER = re.compile(r'(\bid="|\bhref="#|url\(#)')
_FIRST = re.compile(r"\A.*?(?=<svg\b)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>|<style\b.*?</style>|<!--.*?-->", re.DOTALL)

_STYLE = """
:root { color-scheme: light dark; --text: #1b1b1b; --dim: #595959; --line: #c8c8c8; --back: #ffffff; --band: #f3f3f3;
  --link: #0b5394; }
@media (prefers-color-scheme: dark) { :root { --text: #ececec; --dim: #b4b4b4; --line: #555555; --back: #161616;
  --band: #232323; --link: #8ab4f8; } }
body { margin: 0 auto; padding: 1rem; max-width: 76rem; color: var(--text); background: var(--back);
  font: 16px/1.45 system-ui, sans-serif; }
a { color: var(--link); }
h2 { margin-top: 2.2rem; } h3 { margin: 0 0 .5rem; overflow-wrap: anywhere; }
.dim { color: var(--dim); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .6rem 0; font-size: .92rem; }
caption { text-align: left; color: var(--dim); padding-bottom: .2rem; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem; border-bottom: 1px solid var(--line);
  overflow-wrap: break-word; }
thead th { border-bottom-width: 2px; } tbody tr:nth-child(even) { background: var(--band); }
tbody th { font-weight: 500; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
section.change { margin: 1.6rem 0; padding: 1rem; border: 1px solid var(--line); border-radius: 6px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin: .4rem 0; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: .8rem 0 0; padding: .5rem; background: #ffffff; color: #1b1b1b; border-radius: 4px; overflow-x: auto; }
figure svg { display: block; max-width: 100%; height: auto; }
figure svg * { stroke-linejoin: round; stroke-linecap: butt; }
@media print { body { max-width: none; padding: 0; font-size: 11px; color: #000; background: #fff; }
  section.change { border: 0; border-top: 1px solid #999; border-radius: 0; padding: .6rem 0; }
  figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; } a { color: inherit; text-decoration: none; } }
"""


def difference_html(
    difference: Difference,
    pictures: Mapping[str, Picture] | None = None,
    *,
    findings: Sequence[Diagnostic] = (),
    limit: int = LIMIT,
) -> str:
    """Return a difference as a page: totals, all changes, and a section for each of the largest.

    The page is ASCII; whatever data has in it is text, never markup.

    Parameters
    ----------
    pictures : `dict` [`str`, `Picture`], optional
        Pictures by the name of the change; see `~curated.difference.wording.change_names`.
    findings : sequence [`Diagnostic`], optional
        Findings in the changes, which come first.
    limit : `int`, optional
        Most bytes of pictures; the largest changes keep theirs.
    """
    body = difference_body(difference, pictures, findings=findings, limit=limit)
    return html_page(_title(difference), body)


def html_page(title: str, body: Iterable[str]) -> str:
    """Return a page of ASCII with a title, and with the style of tables, sections and figures.

    Parameters
    ----------
    body : iterable [`str`]
        Lines of HTML.
    """
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        # Should anything be taken for markup after all, it loads and runs nothing.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">",
        f"<title>{_text(title)}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        *body,
        "</body>",
        "</html>",
    ]
    page = "\n".join(lines) + "\n"
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def difference_body(
    difference: Difference,
    pictures: Mapping[str, Picture] | None = None,
    *,
    findings: Sequence[Diagnostic] = (),
    limit: int = LIMIT,
) -> Iterator[str]:
    """Yield the lines of the page between the tags of the body; see `difference_html`."""
    changes = difference.changes
    names_by_change = dict(zip(map(id, changes), change_names(changes), strict=True))
    groups = difference.groups(changes)
    names = [names_by_change[id(group[0])] for group in groups]
    yield "<main>"
    yield f"<h1>{_text(_title(difference))}</h1>"
    yield f"<p>{_summary(difference)}</p>"
    for note in filter(None, (source_text(difference), levels_text(difference))):
        yield f"<p class=dim>{_text(note)}</p>"
    if findings:
        yield "<h2>Findings</h2>"
        rows = findings[:_MOST_ROWS]
        yield from _table("", ("Code", "Severity", "File", "Message"), rows, _finding_cells)
        if len(findings) > len(rows):
            yield _left_out(len(findings) - len(rows), "more findings are left out")
    totals = find_totals(changes)
    if totals:
        yield "<h2>Totals</h2>"
        heads = ("Type", "Measure", "Value", "Unit", "Of", "Calibrations")
        yield from _table("Sums of measures that add up, else the largest value", heads, totals, _total_cells)
    if changes:
        yield "<h2>Changes</h2>"
        anchors = [*names[:_MOST_SECTIONS], *[""] * len(names[_MOST_SECTIONS:])]
        linked = list(zip(groups, anchors, strict=True))[:_MOST_ROWS]
        caption = "The largest first, in units of what is notable for each measure"
        yield from _table(caption, ("Calibration", "In force", "Largest effect"), linked, _change_cells)
        if len(groups) > len(linked):
            left_out = sum(map(len, groups[len(linked) :]))
            yield _left_out(left_out, "smaller changes are not in this table; the totals count them")
    yield from _sections(difference, groups, names, pictures or {}, limit)
    yield from _unchanged(difference)
    yield "</main>"


def _sections(
    difference: Difference,
    groups: Sequence[Sequence[Change]],
    names: Sequence[str],
    pictures: Mapping[str, Picture],
    limit: int,
) -> Iterator[str]:
    if not groups:
        return
    yield "<h2>The largest changes</h2>" if len(groups) > 1 else "<h2>The change</h2>"
    used = without = 0
    for number, (changes, name) in enumerate(zip(groups, names, strict=True)):
        picture = pictures.get(name)
        if picture is not None:
            used += len(picture.svg)
            picture = picture if used <= limit else None
        without += picture is None
        if number < _MOST_SECTIONS:
            yield from _section(difference, changes, name, picture)
    if len(groups) > _MOST_SECTIONS:
        left_out = sum(map(len, groups[_MOST_SECTIONS:]))
        yield _left_out(left_out, "smaller changes have no section of their own")
    if without and pictures:
        yield _left_out(
            without, "of the changes have no picture here; 'curated diff --plot DIR' draws all of them"
        )


def _section(
    difference: Difference, changes: Sequence[Change], name: str, picture: Picture | None
) -> Iterator[str]:
    """Yield the section of a change, which is that of several detectors or filters where these share a file."""
    change = changes[0]
    old, new = difference.stored_paths(change)
    yield f'<section class="change" id="{_text(name)}">'
    yield f"<h3>{_text(group_text(changes, _MOST_NAMES))}</h3>"
    yield "<dl>"
    if len(changes) > 1:
        yield f"<dt>Shared by</dt><dd>{_text(count_text(len(changes), 'calibration'))}</dd>"
    for side, path, valid in (("Before", old, change.old_range), ("After", new, change.new_range)):
        text = _text(path) if path else "nothing in force"
        span = f' <span class="dim">in force {_range(valid)}</span>' if valid is not None else ""
        yield f"<dt>{side}</dt><dd>{text}{span}</dd>"
    yield f"<dt>Exchanged</dt><dd>{_ranges(change)}</dd>"
    if change.fields:
        yield f"<dt>Values that differ</dt><dd>{_names(change.fields)}</dd>"
    if change.keywords:
        yield f"<dt>Keywords that differ</dt><dd>{_names(change.keywords)}</dd>"
    for path in change.unreadable:
        yield f"<dt>Cannot be read</dt><dd>{_text(difference.stored_path(path))}; <code>curated check</code> says why</dd>"
    yield "</dl>"
    if picture is not None:
        yield f"<figure>{_inline(picture, name)}</figure>"
    if change.effects:
        effects = _shown_effects(change.effects)
        heads = ("Measure", "Of", "Change", "Unit", "Before", "After")
        yield from _table("Effects, the largest first", heads, effects, _effect_cells)
        if len(change.effects) > len(effects):
            yield _left_out(len(change.effects) - len(effects), "smaller effects are left out")
    yield "</section>"


def _shown_effects(effects: Sequence[Effect]) -> list[Effect]:
    """Return the largest effects, of each measure some: a hundred amplifiers leave room for the other measures."""
    counts: Counter[str] = Counter()
    shown = []
    for effect in effects:
        counts[effect.measure.name] += 1
        if counts[effect.measure.name] <= _MOST_OF_MEASURE:
            shown.append(effect)
    return shown[:_MOST_EFFECTS]


def _inline(picture: Picture, name: str) -> str:
    """Return a picture as part of a page: its identifiers begin with a name, as a page has several pictures."""
    svg = _METADATA.sub("", _FIRST.sub("", picture.svg, count=1))
    # Identifiers stand in tags alone; texts between them are none, whatever they look like.
    svg = _TAG.sub(lambda tag: _IDENTIFIER.sub(rf"\g<1>{_text(name)}.", tag[0]), svg)
    label = _text(picture.alt)
    return re.sub(r"<svg\b", f'<svg role="img" aria-label="{label}"', svg, count=1).strip()


def _unchanged(difference: Difference) -> Iterator[str]:
    changes = difference.unchanged
    if not changes:
        return
    yield "<h2>No physical change</h2>"
    yield f"<p>{_text(count_text(len(changes), 'calibration'))} whose files differ and whose values do not.</p>"
    groups: dict[object, list[Change]] = {}
    for number, change in enumerate(changes):
        new = difference.new_shared.get(change.new or "")
        place = (change.key.instrument, change.key.type, new, change.keywords) if new else number
        groups.setdefault(place, []).append(change)
    rows = [(difference, group) for group in groups.values()][:_MOST_ROWS]
    yield from _table("", ("Calibration", "Files", "What differs"), rows, _unchanged_cells)
    if len(groups) > len(rows):
        yield _left_out(sum(map(len, list(groups.values())[_MOST_ROWS:])), "more are left out")


# -- cells -------------------------------------------------------------------------------------------


def _table(
    caption: str, heads: Sequence[str], items: Iterable[T], cells: Callable[[T], Iterator[str]]
) -> Iterator[str]:
    """Yield a table; the first cell of each row is its head."""
    yield '<div class="wide"><table>'
    if caption:
        yield f"<caption>{_text(caption)}</caption>"
    columns = "".join(f'<th scope="col">{_text(head)}</th>' for head in heads)
    yield f"<thead><tr>{columns}</tr></thead>"
    yield "<tbody>"
    for item in items:
        first, *rest = cells(item)
        yield f'<tr><th scope="row">{first}</th>{"".join(rest)}</tr>'
    yield "</tbody></table></div>"


def _finding_cells(finding: Diagnostic) -> Iterator[str]:
    yield _text(finding.code)
    yield _cell(finding.severity.value)
    yield _cell(finding.file)
    yield _cell(finding.message)


def _total_cells(total: Total) -> Iterator[str]:
    yield _text(total.type_name)
    yield _cell(total.measure.name)
    yield _number(total.value, signed=True)
    yield _cell(total.measure.unit)
    yield _cell("all of them" if total.measure.additive else part_text(total.of) or str(total.worst.key))
    yield _number(total.calibrations)


def _change_cells(row: tuple[Sequence[Change], str]) -> Iterator[str]:
    changes, name = row
    change, key = changes[0], _text(group_text(changes))
    yield f'<a href="#{_text(name)}">{key}</a>' if name else key
    yield f"<td>{_ranges(change)}</td>"
    effect = effect_text(change.effects[0]) if change.effects else ""
    if change.unreadable:
        effect = "cannot be read"
    elif not effect and different_names(change):
        effect = f"differs in {', '.join(different_names(change)[:4])}"
    yield _cell(
        effect or "begins" if change.old is None else effect or "ends" if change.new is None else effect
    )


def _effect_cells(effect: Effect) -> Iterator[str]:
    yield _text(effect.measure.name)
    yield _cell(part_text(effect.reading.of))
    yield _number(effect.reading.value, signed=True)
    yield _cell(effect.measure.unit)
    for value in (effect.reading.old, effect.reading.new):
        yield "<td></td>" if value is None else _number(value)


def _unchanged_cells(row: tuple[Difference, Sequence[Change]]) -> Iterator[str]:
    difference, changes = row
    change = changes[0]
    yield _text(group_text(changes))
    old_paths = list(dict.fromkeys(filter(None, (difference.stored_paths(c)[0] for c in changes))))
    more = [f"and {len(old_paths) - 1:,} more files"] if len(old_paths) > 1 else []
    paths = dict.fromkeys(filter(None, (*old_paths[:1], *more, difference.stored_paths(change)[1])))
    yield f"<td>{'<br>'.join(map(_text, paths))}</td>"
    if change.keywords:
        yield f"<td>only keywords: {_names(change.keywords)}</td>"
    else:
        yield "<td>only the order of rows, the form of numbers, comments, or keywords of dates and programs</td>"


def _cell(text: str) -> str:
    return f"<td>{_text(text)}</td>"


def _number(value: float, *, signed: bool = False) -> str:
    return f'<td class="number">{_text(number_text(value, signed=signed))}</td>'


def _ranges(change: Change) -> str:
    texts = [_range(valid) for valid in change.ranges[:_MOST_RANGES]]
    if len(change.ranges) > _MOST_RANGES:
        texts.append(f"and {len(change.ranges) - _MOST_RANGES:,} more")
    return "<br>".join(texts) or "at no time"


def _range(valid: Range) -> str:
    end = f"to {_time(valid.end)} UTC" if valid.end is not None else "UTC on"
    return f"from {_time(valid.start)} {end}"


def _time(value: object) -> str:
    text = _text(iso(value))  # type: ignore[arg-type]
    return f'<time datetime="{text}Z">{text}</time>'


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(f"<code>{_text(name)}</code>" for name in names[:_MOST_NAMES]) + more


def _left_out(count: int, what: str) -> str:
    return f'<p class="dim">{count:,} {_text(what)}.</p>'


def _title(difference: Difference) -> str:
    return f"Changes from {_short(difference.before)} to {_short(difference.after)}"


def _short(name: str) -> str:
    """Return the start of the SHA1 of a commit, or another name as it is."""
    return name[:12] if re.fullmatch(r"[0-9a-f]{40}", name) else name


def _summary(difference: Difference) -> str:
    if not difference.changes:
        return "No calibration changed physically." if difference.unchanged else "No calibration changed."
    counts = ", ".join(f"{count:,} {name}" for name, count in difference.counts.items())
    text = f"{count_text(len(difference.changes), 'calibration')} changed: {counts}."
    if difference.unchanged:
        text += f" {count_text(len(difference.unchanged), 'calibration')} with no physical change."
    return _text(text)


def _text(text: str) -> str:
    """Return a text in which nothing is markup, and nothing hides."""
    return escape_html(printable(text), quote=True)
