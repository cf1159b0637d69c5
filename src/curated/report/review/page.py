"""The report of a change as one page of HTML, which needs no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape as escape_html
from typing import TypeVar

from curated.core.codes import Severity, code_info
from curated.core.diagnostic import Diagnostic
from curated.exposures.impact import Impact, NightImpact, TypeImpact
from curated.report.difference_html import difference_body, html_page
from curated.report.difference_text import effect_text
from curated.report.review.content import Review
from curated.report.text import count_text, place_of, plain, printable, verdict

T = TypeVar("T")

_MOST_ROWS = 1000
_FEW = 12
_WHOLE = '<span style="white-space: nowrap">'
_LEVELS = ("File", "Content", "Effect", "New", "Lost")
_SEVERITIES = list(Severity)


def review_page(review: Review) -> str:
    """Return a report as a page: check, exposures, and the page of the differences with its pictures."""
    return html_page(review.title, _body(review))


def _body(review: Review) -> Iterator[str]:
    yield "<header>"
    yield f"<h1>{_text(review.title)}</h1>"
    links = ["#check", *(["#exposures"] if review.impact is not None else []), "#differences"]
    yield f"<p>{' '.join(f'<a href={_quoted(link)}>{link[1:]}</a>' for link in links)}</p>"
    yield "</header>"
    yield '<section id="check">'
    yield from _check(review)
    yield "</section>"
    if review.impact is not None:
        yield '<section id="exposures">'
        yield from _impact(review.impact, review.exposures)
        yield "</section>"
    yield '<section id="differences">'
    yield from difference_body(review.difference, review.pictures)
    yield "</section>"


def _check(review: Review) -> Iterator[str]:
    report = review.report
    yield f"<h2>Check: {'failed' if report.failed else 'passed'}</h2>"
    yield f"<p>{_text(verdict(report.diagnostics, len(report.files), report.silenced, plain))}</p>"
    findings = sorted(report.diagnostics, key=lambda finding: _SEVERITIES.index(finding.severity))
    if not findings:
        return
    counts = Counter(finding.code for finding in findings)
    yield from _table(("Code", "Severity", "Findings", "What it is"), counts.items(), _count_cells)
    heads = ("Where", "Code", "Severity", "What was found", "To mend it")
    rows = _table(heads, findings[:_MOST_ROWS], lambda finding: _finding_cells(finding, review.prefix))
    # Many findings would push the differences out of sight.
    yield f"<details{' open' if len(findings) <= _FEW else ''}>"
    yield f"<summary>{count_text(len(findings), 'finding')}</summary>"
    yield from rows
    if len(findings) > _MOST_ROWS:
        yield f"<p>{len(findings) - _MOST_ROWS:,} more findings are left out.</p>"
    yield "</details>"


def _count_cells(count: tuple[str, int]) -> Iterator[str]:
    info = code_info(count[0])
    yield from (info.code, info.severity.value, f"{count[1]:,}", _text(info.title))


def _finding_cells(finding: Diagnostic, prefix: str) -> Iterator[str]:
    yield _text(place_of(finding, prefix))
    yield f"{_WHOLE}{finding.code}</span>"
    yield f"{_WHOLE}{finding.severity.value}</span>"
    yield _text(finding.message)
    yield _text(finding.hint)


def _impact(impact: Impact, source: str) -> Iterator[str]:
    yield "<h2>Exposures</h2>"
    rejected = f"; {impact.rejected:,} rows could not be looked at" if impact.rejected else ""
    yield f"<p>{impact.affected.any:,} of {impact.total:,} exposures in {_text(source)} are affected{rejected}.</p>"
    if not impact.affected.any:
        return
    yield from _table(("Type", *_LEVELS, "Largest effect"), impact.types, _type_cells)
    nights = impact.nights[:_MOST_ROWS]
    yield from _table(("Night", "Instrument", "Affected", "Exposures", *_LEVELS), nights, _night_cells)
    if len(nights) < len(impact.nights):
        yield f"<p>{len(impact.nights) - len(nights):,} more nights are left out.</p>"


def _type_cells(kind: TypeImpact) -> Iterator[str]:
    yield _text(kind.type)
    yield from (f"{number:,}" for number in kind.exposures[1:])
    if kind.largest is None:
        yield ""
        return
    place = kind.largest.change.key
    where = "/".join(part for part in (place.detector, place.filter) if part)
    yield _text(f"{effect_text(kind.largest.effect)}{f' in {where}' if where else ''}")


def _night_cells(night: NightImpact) -> Iterator[str]:
    yield night.night.isoformat()
    yield _text(night.instrument)
    yield f"{night.affected.any:,}"
    yield f"{night.total:,}"
    yield from (f"{number:,}" for number in night.affected[1:])


def _table(heads: Sequence[str], items: Iterable[T], cells: Callable[[T], Iterator[str]]) -> Iterator[str]:
    """Yield a table, whose cells are HTML."""
    yield '<div class="wide"><table>'
    cells_of_head = "".join(f"<th>{_WHOLE}{head}</span></th>" for head in heads)
    yield f"<thead><tr>{cells_of_head}</tr></thead>"
    yield "<tbody>"
    for item in items:
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells(item))}</tr>"
    yield "</tbody>"
    yield "</table></div>"


def _text(text: str) -> str:
    return escape_html(printable(text))


def _quoted(text: str) -> str:
    return f'"{escape_html(text)}"'
