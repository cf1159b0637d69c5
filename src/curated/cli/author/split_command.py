"""``curated split``."""

from __future__ import annotations

import click

from curated.cli.author.epochs import file_at, write_plan
from curated.cli.author.file_outcomes import dry_run_option
from curated.cli.context import Settings, format_option, pass_settings
from curated.cli.moments import date_option, parse_date, utc_offset_of


@click.command("split")
@click.argument("path", metavar="FILE")
@date_option(
    "--at", "Where the range is split: the end of the first half, the start of the second.", required=True
)
@dry_run_option
@format_option()
@pass_settings
def command(settings: Settings, path: str, at_date: str, dry_run: bool, form: str) -> None:
    """Split the range of the calibration FILE in two; both halves have the same values, and either can be edited.

    FILE keeps its name and is the first half. The second half is a copy of it with its own dates, and with all that
    tells how the calibration was made. No date gets other values.

    \b
    Example:
      curated split calibs/demo/defects/d00/20200101T000000.ecsv --at 2021-07-01

    Exit status 1 if it would bring about an error; then nothing is written.
    """
    from curated.editing.epochs import plan_split

    package = settings.package()
    file = file_at(settings, package, path)
    at = parse_date(at_date, "--at", utc_offset_of(package, file.key.instrument))
    write_plan(settings, "split", package, plan_split(package, file, at), form, dry_run=dry_run)
