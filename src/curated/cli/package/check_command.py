"""``curated check``."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curated.cli.context import (
    Settings,
    allow_empty_option,
    echo,
    format_option,
    jobs_option,
    max_option,
    pass_settings,
    print_findings,
    print_json,
    selected_paths,
)
from curated.cli.review.checked_change import check_change, start_edit_search
from curated.core.diagnostic import CuratedError
from curated.core.times import explain_time, parse_time
from curated.git.repository import find_work_tree

if TYPE_CHECKING:
    from curated.check.report import Report
    from curated.history.edits import EditSearch
    from curated.package.package import Package


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "--since",
    metavar="REV",
    help="Only what changed since a commit, branch or tag, and what that can affect.",
)
@click.option(
    "--observed-until",
    metavar="TIME",
    help="With --since: end of the dates of which data may exist, UTC; the end of today if not given.",
)
@max_option
@allow_empty_option
@jobs_option
@click.option("--no-cache", is_flag=True, help="Read every file again, without the cache.")
@click.option(
    "--all", "every", is_flag=True, help="Show each finding as text, even where there are hundreds."
)
@click.option("--summary", metavar="FILE", type=click.Path(), help="Append a summary in Markdown to FILE.")
@click.option("--times", is_flag=True, help="Print when each file is in force, instead of the findings.")
@format_option("github", "sarif", "junit")
@pass_settings
def command(
    settings: Settings,
    paths: tuple[str, ...],
    since: str | None,
    observed_until: str | None,
    limits: tuple[str, ...],
    allow_empty: bool,
    jobs: int | None,
    no_cache: bool,
    every: bool,
    summary: str | None,
    times: bool,
    form: str,
) -> None:
    """Report all that is wrong with the calibrations: of the whole package, or of PATHS.

    Works on any package with the layout <instrument>/<type>/[<detector>/][<filter>/]<validstart>.ecsv, with or
    without a curated.yaml. Rules over the whole package (overlaps, detector numbers) always see all files.

    With --since, the work tree is compared with the merge base of REV and HEAD, as a pull request is: findings of
    files that changed, findings that the change brings about elsewhere, and the dates whose results it changes.

    \b
    Examples:
      curated check
      curated check calibs/demo/defects
      curated check --since origin/main
      curated -C ../obs_lsst_data check --format json
      curated check --times calibs/demo/defects      UTC, TAI, MJD and observing night
      curated check --format github --summary "$GITHUB_STEP_SUMMARY"

    Of more than 100 findings, text shows the first of each code; all other formats are complete.

    Exit status 1 if there are errors; warnings and remarks do not fail. 2 if no calibration was checked.
    """
    today = dt.datetime.now(tz=dt.UTC).date()
    limit = _limit_of_past(since, observed_until, today)
    if limits and since is None:
        raise click.UsageError("--max goes with --since")
    package = settings.package()
    selected = selected_paths(package, settings.directory, paths)
    search = start_edit_search(package)
    changes: list[dict[str, Any]] | None = None
    with settings.progress("checking") as progress:
        options = {"jobs": jobs, "use_cache": not no_cache, "progress": progress}
        if since is None:
            report = _check(package, selected, today, search, options)
        else:
            from curated.report.difference_text import difference_to_json

            report, difference, _ = check_change(
                package, since, selected, today, limit, limits, search, options
            )
            changes = difference_to_json(difference)["changes"]
    is_empty = not (allow_empty or report.failed or _is_anything_checked(package, report, selected))
    if is_empty:
        report = _with_emptiness(package, report, selected)
    if times:
        _print_times(settings, package, report, form)
    else:
        _print_findings(settings, package, report, form, changes, every=every)
    if summary is not None:
        from curated.report.github import append_summary

        append_summary(summary, report, _prefix(package.root))
    raise SystemExit(CuratedError.exit_status if is_empty else int(report.failed))


def _limit_of_past(since: str | None, text: str | None, today: dt.date) -> dt.datetime:
    """Return the end of the dates of which data may exist."""
    if text is None:
        # Today as a whole, so that the same change is judged alike all day.
        return dt.datetime.combine(today, dt.time.min) + dt.timedelta(days=1)
    if since is None:
        raise click.UsageError("--observed-until goes with --since")
    try:
        return parse_time(text)
    except ValueError as error:
        raise CuratedError(
            f"{text!r} is {explain_time(text)}", "write it like 2024-06-01T00:00:00"
        ) from error


def _is_anything_checked(package: Package, report: Report, paths: list[str]) -> bool:
    """Say whether the paths, or the package, have a calibration or a file of settings; a new package need not."""
    from curated.check.package import select
    from curated.package.config import CONFIG_FILE, NEW

    if not paths and package.config.stage == NEW:
        return True
    if report.files or select(package.layout.files, paths):
        return True
    others = {CONFIG_FILE, *package.layout.instruments.values(), *package.layout.beside}
    return not others.isdisjoint(paths) or _are_metrics(package, paths)


def _are_metrics(package: Package, paths: list[str]) -> bool:
    """Say whether some paths are files of metrics, or directories of them."""
    if not any(path.endswith(".csv") for path in package.layout.others):
        return False
    from curated.check.package import is_below
    from curated.monitoring.store import metric_files

    return any(is_below(file.path, paths) for file in metric_files(package)) if paths else False


def _with_emptiness(package: Package, report: Report, paths: list[str]) -> Report:
    """Return a report with the finding that nothing was checked, which all formats show."""
    from curated.core.diagnostic import Diagnostic, Problem

    where = ", ".join(paths) if paths else f"the package {package.root}"
    problem = Problem("CAL139", (), f"there is no calibration in {where}")
    finding = Diagnostic.from_problem(problem, paths[0] if paths else package.top or ".")
    return dataclasses.replace(report, diagnostics=tuple(sorted((*report.diagnostics, finding))))


def _print_findings(
    settings: Settings,
    package: Package,
    report: Report,
    form: str,
    changes: list[dict[str, Any]] | None,
    *,
    every: bool,
) -> None:
    """Print findings as text, as JSON or in the form of another reporter; ``changes`` are for JSON."""
    if form == "json":
        findings = [d.to_dict() for d in report.diagnostics]
        print_json(
            "check",
            files=len(report.files),
            silenced=report.silenced,
            failed=report.failed,
            findings=findings,
            **({} if changes is None else {"changes": changes}),
        )
    elif form == "text":
        print_findings(settings, package, report, every=every)
    else:
        reporter = importlib.import_module(f"curated.report.{form}")
        for line in reporter.report_lines(report, _prefix(package.root)):
            echo(line, commands=form == "github")


def _print_times(settings: Settings, package: Package, report: Report, form: str) -> None:
    """Print when each file is in force, and remark that there are errors."""
    from curated.check.instruments import complete_instruments
    from curated.report.times import times_text, validity_times

    rows = validity_times(report, complete_instruments(package, report.reports, report.declared))
    if form == "json":
        print_json("times", files=rows)
    for line in times_text(rows) if form != "json" else ():
        echo(line)
    if report.failed:
        settings.remark("there are errors, which 'curated check' shows without --times")


def _prefix(root: Path) -> str:
    """Return the path of the package in its git repository, for paths that start at the repository's top."""
    top = find_work_tree(root) or root
    relative = os.path.relpath(root, top)
    return "" if relative == "." else f"{relative.replace(os.sep, '/')}/"


def _check(
    package: Package, paths: list[str], today: dt.date, search: EditSearch | None, options: dict[str, Any]
) -> Report:
    """Check a package, while git searches for edits."""
    from curated.check.package import judge, metric_findings, read_package, select

    reading = read_package(package, **options)
    findings = [*reading.findings, *metric_findings(package, paths)]
    if search is not None:
        from curated.history.checkout import find_hidden_differences
        from curated.history.edits import find_unnoted_edits

        findings += find_hidden_differences(search)
        findings += find_unnoted_edits(search, select(package.layout.files, paths, reading.reports))
    return judge(package, paths, reading.declared, reading.reports, findings, today=today)
