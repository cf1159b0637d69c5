"""``curated deprecate``."""

from __future__ import annotations

import datetime as dt
import shlex
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from curated.cli.context import (
    Settings,
    echo,
    echo_findings,
    format_option,
    package_paths,
    pass_settings,
    print_json,
)

if TYPE_CHECKING:
    from curated.datasets.deprecation import Deprecation
    from curated.history.deprecation import DeprecationPlan


@click.command("deprecate")
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--reason", metavar="TEXT", help="Why, in a sentence.")
@click.option("--by", metavar="NAME", help="Who decides so.")
@click.option(
    "--cover",
    type=click.Choice(["previous", "hole"]),
    help="What covers its dates: what was in force before, or nothing.",
)
@click.option("--date", metavar="D", help="When; today (UTC) if not given.")
@click.option("--undo", is_flag=True, help="Remove the mark: the file is as it was before.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@format_option()
@pass_settings
def command(
    settings: Settings,
    paths: tuple[str, ...],
    reason: str | None,
    by: str | None,
    cover: str | None,
    date: str | None,
    undo: bool,
    dry_run: bool,
    form: str,
) -> None:
    """Take the calibrations at PATHS out of use, or back into it.

    The file stays where it is and gets a mark in its metadata, four lines; every other byte stays the same. It is
    then never in force and not bundled; 'curated convert' still converts it by its path. The dates that get another
    calibration, or none, are printed. Commit the change like any other.

    \b
    Examples:
      curated deprecate calibs/demo/defects/d00/20230510T000000.ecsv --cover previous \\
          --by 'Ada Astronomer' --reason 'Made of exposures with the shutter open'
      curated deprecate --undo calibs/demo/defects/d00/20230510T000000.ecsv

    Exit status 1 if it would bring about an error, such as an overlap; then nothing is written.
    """
    from curated.core.storage.disk import exclusive
    from curated.core.storage.staging import remove_leftovers
    from curated.history.deprecation import plan_deprecation, write_deprecation

    package = settings.package()
    mark = _deprecation({"reason": reason, "by": by, "date": date, "cover": cover}, undo=undo)
    with nullcontext() if dry_run else exclusive(package.root):
        if not dry_run:
            remove_leftovers(package.root)
        plan = plan_deprecation(package, package_paths(package, settings.directory, paths), mark)
        if not (dry_run or plan.failed):
            write_deprecation(package, plan)
    if form == "json":
        _print_json(plan, mark, dry_run=dry_run)
    else:
        _print_text(settings, plan, mark, dry_run=dry_run)
    raise SystemExit(1 if plan.failed else 0)


def _deprecation(options: dict[str, str | None], *, undo: bool) -> Deprecation | None:
    """Return the deprecation that the options describe; `None` to undo one.

    Raises
    ------
    click.UsageError
        If an option is missing, is not one line of text, or is not for ``--undo``.
    """
    from curated.datasets.deprecation import Deprecation, find_deprecation

    if undo:
        surplus = [name for name, value in options.items() if value is not None]
        if surplus:
            raise click.UsageError(f"--undo takes no --{surplus[0]}")
        return None
    options["date"] = options["date"] or dt.datetime.now(tz=dt.UTC).date().isoformat()
    for name, value in options.items():
        if value is None:
            raise click.UsageError(
                f"--{name} is missing" + (": 'previous' or 'hole'" if name == "cover" else "")
            )
        if not value.isprintable():
            raise click.UsageError(f"--{name} is not one line of text")
    mark = Deprecation(**{name: value or "" for name, value in options.items()})
    _, problems = find_deprecation(mark.keywords())
    if problems:
        raise click.UsageError(problems[0].detail)
    return mark


def _print_json(plan: DeprecationPlan, mark: Deprecation | None, *, dry_run: bool) -> None:
    edits = {edit.file.source: edit.changed for edit in plan.edits}
    files = [{"path": path, "changed": changed} for path, changed in edits.items()]
    effects = [
        {
            "key": str(key),
            "begin": f"{s.range.start.isoformat()}Z",
            "end": f"{s.range.end.isoformat()}Z" if s.range.end else None,
            "before": s.before.source if s.before else None,
            "now": s.now.source if s.now else None,
        }
        for key, s in plan.effects
    ]
    content: dict[str, Any] = {"mark": mark.keywords() if mark else None, "files": files, "effects": effects}
    findings = [d.to_dict() for d in plan.diagnostics]
    print_json("deprecate", failed=plan.failed, dry_run=dry_run, **content, findings=findings)


def _print_text(
    settings: Settings, plan: DeprecationPlan, mark: Deprecation | None, *, dry_run: bool
) -> None:
    from curated.report.text import printable

    done = "deprecated" if mark is not None else "in use"
    echo_findings(settings, (d for d in plan.diagnostics if d.code != "CAL441"))
    edits = {edit.file.source: edit for edit in plan.edits}
    for path, edit in edits.items() if not plan.failed else ():
        state = f"is {done} already: nothing changed"
        if edit.changed:
            state = f"would be {done}" if dry_run else f"{done}{' again' if mark is None else ''}"
        echo(f"{printable(path)}: {state}")
    for key, part in plan.effects:
        before, now = (printable(file.source) if file else "nothing" for file in (part.before, part.now))
        echo(f"{printable(str(key))} from {part.range} UTC: {now} instead of {before}")
    if plan.failed:
        echo("nothing was written", err=True)
    elif mark is not None and not dry_run and any(edit.changed for edit in plan.edits):
        paths = [path for path, edit in edits.items() if edit.changed]
        echo(f"to undo: {printable(shlex.join(['curated', 'deprecate', '--undo', *paths]))}")
