"""The check of a change together with what it means physically, for the commands that show both."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from curated.check.report import Report
    from curated.core.diagnostic import Diagnostic
    from curated.declare import Conditions
    from curated.difference.change import Difference
    from curated.difference.revisions import States
    from curated.history.changes import Changes
    from curated.history.edits import EditSearch
    from curated.package.package import Package


class CheckedChange(NamedTuple):
    """A change that was checked and measured.

    Parameters
    ----------
    report : `Report`
        Findings, those about limits included.
    difference : `Difference`
        What it means physically.
    states : `States`
        The states that it is between.
    """

    report: Report
    difference: Difference
    states: States


def check_change(
    package: Package,
    since: str,
    paths: list[str],
    today: dt.date,
    observed_until: dt.datetime,
    limits: tuple[str, ...],
    search: EditSearch | None,
    options: dict[str, Any],
    conditions: Conditions | None = None,
) -> CheckedChange:
    """Check and measure what changed since a commit; see `~curated.history.change_check.check_since`.

    Parameters
    ----------
    limits : `tuple` [`str`]
        Values of ``--max``.
    options : `dict` [`str`, `object`]
        Further arguments of the check: ``jobs``, ``use_cache``, ``progress``.
    """
    from curated.difference.limits import find_limit_findings, find_limits, parse_options
    from curated.difference.notes import Notes
    from curated.difference.revisions import WORK_TREE, States, find_difference
    from curated.history.change_check import check_since
    from curated.history.changes import find_changes
    from curated.report.difference_text import measures_text
    from curated.verification.row_changes import find_test_changes

    limit_values = parse_options(limits)
    changes = find_changes(package, since, observed_until)
    states = States(changes.base, WORK_TREE, changes)
    difference = find_difference(states, paths, conditions, jobs=options["jobs"])
    # Errors in the settings are findings of the check itself.
    package_limits, _ = find_limits(package, limit_values)
    report = check_since(
        package,
        since,
        paths,
        today=today,
        observed_until=observed_until,
        search=search,
        changes=changes,
        measures={
            (change.old, change.new): measures_text(change)
            for change in difference.changes
            if change.old is not None
        },
        further=[
            *find_limit_findings(difference.changes, package_limits, Notes(changes)),
            *find_test_changes(changes.before, changes.now),
            *_metric_findings(changes, paths),
        ],
        **options,
    )
    return CheckedChange(report, difference, states)


def start_edit_search(package: Package) -> EditSearch | None:
    """Start the search for edits without a note; `None` outside of git repositories."""
    from curated.git.repository import find_work_tree

    if find_work_tree(package.root / package.top) is None:
        return None
    from curated.history.edits import start_edit_search as start

    return start(package)


def _metric_findings(changes: Changes, paths: list[str]) -> list[Diagnostic]:
    """Return the findings in the files of metrics that have changed, of the selected ones."""
    tables = {path for path in changes.now.layout.others if path.endswith(".csv")}
    if not tables:
        return []
    from curated.check.package import is_below, metric_findings
    from curated.git.changes import work_tree_changes
    from curated.git.repository import open_repository

    present_before = set(changes.before.layout.others)
    differing = work_tree_changes(open_repository(changes.now.root), changes.base).paths
    changed = sorted(path for path in tables if path in differing or path not in present_before)
    selected = [path for path in changed if not paths or is_below(path, paths)]
    return metric_findings(changes.now, selected) if selected else []
