"""``curated unshare``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from curated.cli.author.epochs import file_at
from curated.cli.author.file_outcomes import dry_run_option, file_lines, files_to_json, ignored_lines
from curated.cli.context import (
    Settings,
    echo,
    echo_findings,
    format_option,
    pass_settings,
    print_json,
)
from curated.cli.moments import date_option, parse_date, utc_offset_of

_MOST_LINES = 12


@click.command("unshare")
@click.argument("path", metavar="FILE")
@click.option("--detector", "detectors", multiple=True, metavar="D", help="Detector that gets its own file.")
@click.option("--filter", "filters", multiple=True, metavar="F", help="Filter that gets its own file.")
@date_option(
    "--from",
    "Start of the new files; the shared file stays, and ends there for them. Else from its start on.",
)
@dry_run_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    path: str,
    detectors: tuple[str, ...],
    filters: tuple[str, ...],
    from_date: str | None,
    dry_run: bool,
    form: str,
) -> None:
    """Give detectors or filters of the shared file FILE files of their own, with the same values; all without names.

    They take the place of the shared file from its start on, and it is no longer for them. With --from they are in force
    from that date on, to be edited, and the shared file until then.

    \b
    Examples:
      curated unshare calibs/demo/qe_curve/shared/20200101T000000.ecsv --detector d02
      curated unshare calibs/demo/qe_curve/shared/20200101T000000.ecsv \\
          --detector d02 --from 2024-03-01

    Exit status 1 if it would bring about an error; then nothing is written.
    """
    from curated.core.storage.file_set import FileOutcome, write_file_set
    from curated.editing.unsharing import plan_unshare
    from curated.report.text import printable

    package = settings.package()
    file = file_at(settings, package, path)
    start = None
    if from_date is not None:
        start = parse_date(from_date, "--from", utc_offset_of(package, file.key.instrument))
    plan = plan_unshare(package, file, detectors, filters, start)
    outcomes: Sequence[FileOutcome] = ()
    if not plan.failed:
        outcomes = write_file_set(
            package.root, plan.contents, before=plan.before, removed=plan.removed, dry_run=dry_run
        )
    ignored = ignored_lines(package.root, outcomes)
    if form == "json":
        print_json(
            "unshare",
            failed=plan.failed,
            dry_run=dry_run,
            source=plan.source,
            paths=dict(plan.paths),
            remaining=list(plan.remaining),
            files=files_to_json(outcomes),
            remarks=list(ignored),
            findings=[d.to_dict() for d in plan.diagnostics],
        )
    else:
        echo_findings(settings, plan.diagnostics)
        lines = file_lines(outcomes, dry_run=dry_run)
        echo(*lines[:_MOST_LINES])
        if len(lines) > _MOST_LINES:
            echo(f"and {len(lines) - _MOST_LINES} more")
        for line in ignored:
            settings.remark(f"note: {printable(line)}")
        if plan.failed:
            echo("nothing was written", err=True)
    raise SystemExit(1 if plan.failed else 0)
