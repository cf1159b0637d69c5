"""``curated note``."""

from __future__ import annotations

import datetime as dt

import click

from curated.cli.author.epochs import files_at, paths_of
from curated.cli.author.file_outcomes import dry_run_option, file_lines, files_to_json, ignored_lines
from curated.cli.context import Settings, echo, format_option, pass_settings, print_json
from curated.core.diagnostic import CuratedError
from curated.core.storage.file_set import write_file_set


@click.command("note")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
@click.argument("what", metavar="WHAT")
@click.option("--by", metavar="NAME", help="Who edited; 'user.name' of git if not given.")
@click.option("--date", metavar="D", help="When: a day, or a time in UTC; today (UTC) if not given.")
@dry_run_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    paths: tuple[str, ...],
    what: str,
    by: str | None,
    date: str | None,
    dry_run: bool,
    form: str,
) -> None:
    """Note a manual edit of the calibrations FILE: WHAT was changed and why, by whom, and when.

    The note goes into the calibration's record of provenance: beside the notes that are there, else into the
    file itself if it is YAML or JSON, and into <validstart>.inputs.yaml beside it if it is ECSV. No other byte changes.
    A note goes with the calibration into FITS files, bundles and repositories, and answers CAL417 and CAL420.

    \b
    Example:
      curated note calibs/demo/defects/d00/20240301T000000.ecsv \\
          'Masked the glow in the lower right corner' --by 'Ada Astronomer'
    """
    from curated.editing.edit_notes import make_edit, plan_notes
    from curated.git.repository import user_name

    package = settings.package()
    name = by if by is not None else user_name(package.root)
    if by is None and not name:
        raise CuratedError(
            "it is not clear who edited: git has no user.name here",
            "give --by NAME, or set 'git config user.name'",
        )
    edit = make_edit(name, date if date is not None else dt.datetime.now(tz=dt.UTC).date().isoformat(), what)
    selected = {
        file.path: file for path in paths_of(settings, package, paths) for file in files_at(package, path)
    }
    plan = plan_notes(package, list(selected.values()), edit)
    outcomes = write_file_set(package.root, plan.contents, before=plan.before, dry_run=dry_run)
    ignored = ignored_lines(package.root, outcomes)
    if form == "json":
        print_json(
            "note",
            dry_run=dry_run,
            note=edit.plain(),
            files=files_to_json(outcomes),
            calibrations=dict(plan.paths),
            unchanged=list(plan.present),
            remarks=ignored,
        )
        return
    from curated.report.text import printable

    for line in file_lines(outcomes, dry_run=dry_run):
        echo(line)
    for path in plan.present:
        echo(f"{printable(path)}: has this note already")
    for remark in ignored:
        settings.remark(f"note: {remark}")
