"""What a report of a change says, as values and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from curated.check.report import Report
from curated.difference.change import Difference
from curated.difference.wording import Picture
from curated.exposures.impact import Impact
from curated.report.difference_text import difference_to_json
from curated.report.impact.text import impact_to_json

FORMAT = "curated-report"


class Review(NamedTuple):
    """What there is to say about a change.

    Parameters
    ----------
    since : `str`
        The revision that it is compared with, as somebody wrote it.
    report : `Report`
        Result of the check.
    difference : `Difference`
        What it means physically.
    impact : `Impact` or `None`
        What it does to exposures; `None` where none were named.
    exposures : `str`
        Where the exposures are from.
    pictures : `dict` [`str`, `Picture`]
        Pictures of the largest changes by name.
    prefix : `str`
        Path of the package in its git repository.
    """

    since: str
    report: Report
    difference: Difference
    impact: Impact | None = None
    exposures: str = ""
    pictures: Mapping[str, Picture] = {}
    prefix: str = ""

    @property
    def title(self) -> str:
        """Heading of the report."""
        return f"Change since {self.since}: the check {'failed' if self.report.failed else 'passed'}"


def review_to_json(review: Review) -> dict[str, Any]:
    """Return a report as plain values."""
    report = review.report
    return {
        "since": review.since,
        "check": {
            "files": len(report.files),
            "silenced": report.silenced,
            "failed": report.failed,
            "findings": [finding.to_dict() for finding in report.diagnostics],
        },
        "diff": difference_to_json(review.difference),
        "impact": impact_to_json(review.impact) if review.impact is not None else None,
    }
