"""What became of the entries of a source: calibrations, files beside them, or lines of the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from curated.core.diagnostic import Diagnostic, has_errors
from curated.migration.survey import Product
from curated.package.instrument import Instrument

ADDED, BESIDE, LISTED = "calibration", "file beside", "listed"
"""What becomes of an entry: a calibration; its file is copied, or it is in the account only."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry of the source.

    Parameters
    ----------
    state : `str`
        `ADDED`, `BESIDE` or `LISTED`.
    paths : `tuple` [`str`, ...]
        Files in the new package.
    reason : `str`
        Why it is no calibration.
    """

    product: Product
    state: str
    paths: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Migration:
    """A new package and the account of its source.

    Parameters
    ----------
    contents : `dict` [`str`, `bytes`]
        Content of each file by path; empty if the source cannot be read.
    outcomes : `tuple` [`Outcome`, ...]
        What became of each entry that is understood.
    diagnostics : `tuple` [`Diagnostic`, ...]
        Findings in the source, with paths relative to it.
    findings : `tuple` [`Diagnostic`, ...]
        Findings of the check of the new package.
    unread : `int`
        Entries that are not understood; a finding says why for each.
    """

    kind: str = ""
    source: str = ""
    instrument: Instrument | None = None
    contents: Mapping[str, bytes] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    unread: int = 0

    @property
    def failed(self) -> bool:
        """Whether nothing can be written."""
        return not self.contents

    @property
    def is_complete(self) -> bool:
        """Whether each entry became a calibration, and the new package passes its check."""
        lost = self.unread or any(outcome.state != ADDED for outcome in self.outcomes)
        return not (self.failed or lost or has_errors(self.findings) or has_errors(self.diagnostics))

    def counts(self) -> dict[str, int]:
        """Return how many entries became what; together they are all entries of the source."""
        counts = {state: sum(o.state == state for o in self.outcomes) for state in (ADDED, BESIDE, LISTED)}
        return {**counts, "not understood": self.unread}
