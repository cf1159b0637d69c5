"""``curated epoch``."""

from __future__ import annotations

import click

from curated.cli.author.epochs import file_at, in_force, write_plan
from curated.cli.author.file_outcomes import dry_run_option
from curated.cli.context import Settings, format_option, pass_settings
from curated.cli.moments import date_option, parse_date, utc_offset_of


@click.command("epoch")
@click.argument("words", metavar="FILE | INSTRUMENT TYPE", nargs=-1, required=True)
@click.option(
    "--detector", default="", metavar="D", help="With INSTRUMENT TYPE: name or number of the detector."
)
@click.option(
    "--filter", "filter_name", default="", metavar="F", help="With INSTRUMENT TYPE: name of the filter."
)
@date_option("--from", "Start of the new epoch.", required=True)
@date_option("--until", "End of the new epoch; where the one before it ended if not given.")
@click.option(
    "--then",
    type=click.Choice(["previous", "hole"]),
    default="previous",
    show_default=True,
    help="What follows --until: what was in force there, as another copy, or nothing.",
)
@dry_run_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    words: tuple[str, ...],
    detector: str,
    filter_name: str,
    from_date: str,
    until_date: str | None,
    then: str,
    dry_run: bool,
    form: str,
) -> None:
    """Begin a new epoch of a calibration: a copy with other dates, to be edited.

    The copy is of FILE, or of what is in force at the start. Its name and its dates are those of the new epoch; its
    image, inputs and construction come with it. When it was made and the notes of its edits do not. What the
    dates get before and after is printed.

    \b
    Examples:
      curated epoch demo defects --detector d00 --from 2024-06-01
      curated epoch calibs/demo/defects/d00/20240301T000000.ecsv \\
          --from night:2024-06-01 --until 2024-07-01

    Exit status 1 if it would bring about an error; then nothing is written.
    """
    from curated.editing.epochs import plan_epoch

    package = settings.package()
    names, file = None, None
    if len(words) == 1:
        if detector or filter_name:
            raise click.UsageError("--detector and --filter go with INSTRUMENT and TYPE; a FILE says both.")
        file = file_at(settings, package, words[0])
    elif len(words) == 2:
        names = words[0], words[1]
    else:
        raise click.UsageError("Give one FILE, or INSTRUMENT and TYPE.")
    offset = utc_offset_of(package, names[0] if names else file.key.instrument if file else "")
    start = parse_date(from_date, "--from", offset)
    until = parse_date(until_date, "--until", offset) if until_date is not None else None
    if until is None and then == "hole":
        raise click.UsageError("--then goes with --until.")
    source = in_force(package, names, detector, filter_name, start) if names else file
    if source is not None:
        plan = plan_epoch(package, source, start, until, "hole" if then == "hole" else "previous")
        write_plan(settings, "epoch", package, plan, form, dry_run=dry_run)
