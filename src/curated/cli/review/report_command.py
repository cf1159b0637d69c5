"""``curated report``."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curated.cli.context import (
    Settings,
    allow_class_option,
    echo,
    echo_findings,
    format_option,
    jobs_option,
    max_option,
    pass_settings,
    print_json,
)
from curated.cli.prerequisites import require_option
from curated.cli.review.checked_change import check_change, start_edit_search

if TYPE_CHECKING:
    from curated.cli.review.checked_change import CheckedChange
    from curated.declare import Conditions
    from curated.difference.wording import Picture
    from curated.exposures.impact import Impact
    from curated.package.package import Package

NAMES = ("index.html", "report.md", "report.json")
"""Files of a report."""


@click.command("report")
@click.option(
    "--since", required=True, metavar="REV", help="Commit, branch or tag that the change is compared with."
)
@click.option(
    "-o", "--output", required=True, metavar="DIR", help="Directory of the report; it is made if need be."
)
@click.option(
    "--exposures",
    "source",
    metavar="FILE|REPO",
    help="Table of exposures (CSV, ECSV, JSON lines or Parquet), or a Butler repository.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="WHAT=NAME",
    help="With --exposures: column of the table that has the instrument, time, detector and so on.",
)
@click.option("--no-pictures", is_flag=True, help="Draw nothing; matplotlib is not needed then.")
@max_option
@allow_class_option
@jobs_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    since: str,
    output: str,
    source: str | None,
    columns: tuple[str, ...],
    no_pictures: bool,
    limits: tuple[str, ...],
    jobs: int | None,
    form: str,
) -> None:
    """Put all that is to be said about a change on one page: check, differences, exposures, pictures.

    The work tree is compared with the merge base of REV and HEAD, as a pull request is. DIR gets index.html, which
    needs no other file, report.md, of at most a million bytes for the summary of a workflow, and report.json: all of
    them or none. Those of an earlier report are replaced; other files stay.

    \b
    Examples:
      curated report --since origin/main -o report
      curated report --since v1.1 -o report --exposures visits.parquet

    Exit status 1 if the check fails.
    """
    from curated.core.diagnostic import CuratedError
    from curated.core.storage.staging import replace_together
    from curated.declare import Conditions
    from curated.report.review.content import Review, review_to_json
    from curated.report.review.markdown import review_markdown
    from curated.report.review.page import review_page
    from curated.report.text import json_text, printable

    require_option("--exposures", "--column")
    place = Path(output)
    if os.path.lexists(place) and not place.is_dir():
        raise CuratedError(f"{output} is no directory", "name another one with -o")
    conditions = Conditions()
    package = settings.package()
    change = _check(settings, package, since, limits, conditions, jobs)
    impact = _find_impact(change, source, columns, conditions) if source is not None else None
    if impact is not None:
        echo_findings(settings, impact.findings)
    pictures = {} if no_pictures else _draw(settings, change, conditions, jobs)
    prefix = _prefix(package)
    review = Review(since, change.report, change.difference, impact, source or "", pictures, prefix)
    content = {"format": "curated-report", "version": 1, **review_to_json(review)}
    texts = (review_page(review), review_markdown(review), json_text(content) + "\n")
    place.mkdir(parents=True, exist_ok=True)
    contents = (text.encode("utf-8", "backslashreplace") for text in texts)
    replace_together(place, dict(zip(NAMES, contents, strict=True)))
    if form == "json":
        print_json("report", **review_to_json(review))
    else:
        echo(printable(review.title), *(printable(os.path.join(output, name)) for name in NAMES))
    raise SystemExit(int(change.report.failed))


def _check(
    settings: Settings,
    package: Package,
    since: str,
    limits: tuple[str, ...],
    conditions: Conditions,
    jobs: int | None,
) -> CheckedChange:
    from curated.core.diagnostic import CuratedError
    from curated.difference.limits import parse_options
    from curated.difference.revisions import HIDING
    from curated.git.repository import merge_base, open_repository

    # Before git is started to search for edits, which ends with the check alone.
    parse_options(limits)
    merge_base(open_repository(package.root), since)
    today = dt.datetime.now(tz=dt.UTC).date()
    observed_until = dt.datetime.combine(today, dt.time.min) + dt.timedelta(days=1)
    search = start_edit_search(package)
    with settings.progress("checking") as progress:
        options: dict[str, Any] = {"jobs": jobs, "use_cache": True, "progress": progress}
        change = check_change(package, since, [], today, observed_until, limits, search, options, conditions)
    if any(finding.code in HIDING for finding in change.report.diagnostics):
        echo_findings(settings, [f for f in change.report.diagnostics if f.code in HIDING])
        raise CuratedError(
            "what changed in the work tree is not known: git was told not to look at some of its files",
            "mend the findings above",
        )
    return change


def _find_impact(
    change: CheckedChange, source: str, columns: tuple[str, ...], conditions: Conditions
) -> Impact:
    """Return what the change does to the exposures of a table or a repository."""
    from curated.cli.review.impact_command import open_exposures
    from curated.exposures.names import Names
    from curated.exposures.search import find_impact

    changes = change.states.changes
    names = Names((changes.now, changes.before), tuple(band.name for band in conditions.bands))
    return find_impact(change.difference, open_exposures(source, columns, None, names, ()), names)


def _draw(
    settings: Settings, change: CheckedChange, conditions: Conditions, jobs: int | None
) -> dict[str, Picture]:
    from curated.cli.review.pictures import draw, pairs_of, prepare

    target = prepare(None, "png", overwrite=False, for_page=True)
    if target is None or not change.difference.changes:
        return {}
    return draw(settings, pairs_of(change.states), change.difference, conditions, target, jobs)


def _prefix(package: Package) -> str:
    """Return the path of the package in its git repository, as findings of pull requests have it."""
    from curated.git.repository import open_repository

    return open_repository(package.root).prefix
