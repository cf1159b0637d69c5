"""The report of a change as Markdown, for the summary of a workflow, which has a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curated.exposures.impact import Impact, TypeImpact
from curated.report.difference_markdown import LIMIT, difference_markdown, escape
from curated.report.difference_text import effect_text
from curated.report.github import summary_lines
from curated.report.review.content import Review

_MOST_NIGHTS = 40
_LEVELS = ("file", "content", "effect", "new", "lost")
_LEAST = 2000
"""Bytes that are left for the differences, whatever the check finds; it shows few findings in full."""


def review_markdown(review: Review, limit: int = LIMIT) -> str:
    """Return a report as Markdown: the check, the exposures, and then as many of the changes as fit.

    Parameters
    ----------
    limit : `int`, optional
        Most bytes in UTF-8.
    """
    _, *check = summary_lines(review.report, review.prefix)
    lines = [f"## {escape(review.title)}", *check, ""]
    if review.impact is not None:
        lines += [*impact_lines(review.impact, review.exposures), ""]
    head = "\n".join(lines) + "\n"
    room = limit - len(head.encode("utf-8", "surrogatepass"))
    # Neither part before is long: both show the first of their rows.
    return head + difference_markdown(review.difference, max(room, _LEAST))


def impact_lines(impact: Impact, source: str) -> Iterator[str]:
    """Yield the lines of what a change does to exposures, by type and by night."""
    yield f"### {impact.affected.any:,} of {impact.total:,} exposures affected"
    yield ""
    if not impact.affected.any:
        yield f"No exposure in {escape(source)} uses another calibration."
    else:
        yield f"Of the exposures in {escape(source)}, so many use another file, other content, an effect that is notable:"
        yield ""
        yield from _head("Type", *_LEVELS, "Largest effect")
        yield from (f"| {' | '.join(_type_cells(kind))} |" for kind in impact.types)
        nights = impact.nights[:_MOST_NIGHTS]
        yield ""
        yield from _head("Night", "Instrument", "Affected", "Exposures", *_LEVELS)
        for night in nights:
            counts = (f"{number:,}" for number in night.affected[1:])
            cells = (
                night.night.isoformat(),
                escape(night.instrument),
                f"{night.affected.any:,}",
                f"{night.total:,}",
            )
            yield f"| {' | '.join((*cells, *counts))} |"
        if len(nights) < len(impact.nights):
            yield ""
            yield f"*{len(impact.nights) - len(nights):,} more nights are left out.*"
    if impact.rejected:
        yield ""
        yield f"{impact.rejected:,} rows could not be looked at."


def _head(*heads: str) -> Sequence[str]:
    return [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]


def _type_cells(kind: TypeImpact) -> Iterator[str]:
    yield escape(kind.type)
    yield from (f"{number:,}" for number in kind.exposures[1:])
    if kind.largest is None:
        yield ""
        return
    place = kind.largest.change.key
    where = "/".join(part for part in (place.detector, place.filter) if part)
    yield escape(f"{effect_text(kind.largest.effect)}{f' in {where}' if where else ''}")
