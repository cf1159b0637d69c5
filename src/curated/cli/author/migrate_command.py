"""``curated migrate``."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curated.cli.author.file_outcomes import (
    dry_run_option,
    file_lines,
    files_to_json,
    force_option,
    ignored_lines,
)
from curated.cli.context import Settings, echo, echo_findings, format_option, pass_settings, print_json
from curated.cli.moments import date_option, parse_date

if TYPE_CHECKING:
    from curated.core.storage.file_set import FileOutcome
    from curated.migration.survey import SourceOptions

_KINDS = ("gen2", "caldb", "desi", "pypeit", "masks")


@click.command("migrate")
@click.argument("source", type=click.Path())
@click.argument("directory", metavar="DIR", type=click.Path())
@click.option(
    "--kind", type=click.Choice(_KINDS), default=None, help="Kind of the source; by its content if not given."
)
@click.option("--instrument", metavar="NAME", default="", help="Name of the instrument.")
@click.option(
    "--template",
    "templates",
    metavar="KIND=PATTERN",
    multiple=True,
    help="Paths of the files of a registry's table, with columns like %(ccd)03d.",
)
@click.option(
    "--as",
    "types",
    metavar="KIND=TYPE",
    multiple=True,
    help="Type of what the source calls KIND; empty to keep it as a file.",
)
@click.option(
    "--select",
    "selection",
    metavar="NAME=VALUE",
    multiple=True,
    help="Of products for several configurations, those of this one.",
)
@click.option(
    "--scale", type=click.Choice(["TAI", "UTC"]), help="Time scale of a registry's days; TAI if not given."
)
@click.option("--utc-offset", type=click.FloatRange(-12, 14), help="Hours by which nights are ahead of UTC.")
@date_option("--from", "Start of what has no date.")
@click.option("--detector", metavar="D", default="", help="Detector of files that name none.")
@click.option("--filter", "filter_name", metavar="F", default="", help="Filter of products that name none.")
@click.option(
    "--unit",
    "units",
    metavar="[KIND:][COLUMN=]UNIT",
    multiple=True,
    help="Unit of pixels, or of a column, in files that do not say it; of one kind of product, or of all.",
)
@click.option("--untrimmed/--trimmed", default=None, help="Whether lists of bad pixels count overscan.")
@force_option
@dry_run_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    /,
    source: str,
    directory: str,
    form: str,
    *,
    force: bool,
    dry_run: bool,
    **options: Any,
) -> None:
    """Make a package in DIR of the calibrations of another system in SOURCE.

    SOURCE is a directory, or an index file in it, and is only read. Each entry becomes a calibration with its range of
    validity in UTC; or its file is copied to foreign/, where no type fits; or it is only listed. MIGRATION.md in DIR accounts
    for all of them. The package is checked, and written whole or not at all.

    \b
    Examples:
      curated migrate CALIB new-package --instrument HSC --dry-run
      curated migrate CALIB/calibRegistry.sqlite3 new-package \\
          --instrument HSC --template 'bias=BIAS/%(calibDate)s/%(ccd)03d.fits'

    Exit status 1 if any entry is no calibration now, or the package has errors.
    """
    from curated.core.storage.file_set import write_file_set
    from curated.migration.document import migration_to_dict, summary_lines
    from curated.migration.plan import plan_migration

    root = Path(os.path.abspath(directory))
    _refuse_within(root, source)
    migration = plan_migration(source, options["kind"] or "", _source_options(options))
    outcomes: tuple[FileOutcome, ...] = ()
    if not migration.failed:
        outcomes = write_file_set(root, migration.contents, force=force, dry_run=dry_run)
    if form == "json":
        print_json(
            "migrate",
            **migration_to_dict(migration),
            failed=migration.failed,
            dry_run=dry_run,
            files=files_to_json(outcomes),
        )
    else:
        echo_findings(settings, migration.diagnostics)
        echo_findings(settings, migration.findings)
        if migration.failed:
            echo("nothing was written", err=True)
        else:
            lines = file_lines(outcomes, dry_run=dry_run)
            echo(*(lines if settings.verbose or len(lines) <= 20 else _short(outcomes, dry_run=dry_run)))
            echo(*ignored_lines(root, outcomes), *summary_lines(migration))
    raise SystemExit(0 if migration.is_complete else 1)


def _refuse_within(root: Path, source: str) -> None:
    """Raise an error if the package would be part of its source, where the next run would find its copies."""
    from curated.core.diagnostic import CuratedError

    place = os.path.realpath(source)
    top = place if os.path.isdir(place) else os.path.dirname(place)
    if Path(os.path.realpath(root)).is_relative_to(top):
        raise CuratedError(
            f"{root} is within the source {top}", "name a directory outside of it; the source is only read"
        )


def _source_options(options: dict[str, Any]) -> SourceOptions:
    """Return what the options say of the source."""
    from curated.exchange.foreign import Conventions
    from curated.migration.survey import SourceOptions
    from curated.registry import get_type

    types = _pairs(options["types"], "--as")
    offset = options["utc_offset"]
    start = options["from_date"]
    return SourceOptions(
        instrument=options["instrument"],
        templates=_pairs(options["templates"], "--template"),
        scale=options["scale"] or "",
        utc_offset=offset,
        selection=_pairs(options["selection"], "--select"),
        types={kind: get_type(name).SPEC.name if name else "" for kind, name in types.items()},
        start=None if start is None else parse_date(start, "--from", offset or 0.0),
        detector=options["detector"],
        filter=options["filter_name"],
        conventions=Conventions(untrimmed=options["untrimmed"]),
        units=_units(options["units"]),
    )


def _units(texts: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return units by kind of product and column; both may be empty."""
    texts_by_kind: dict[str, list[str]] = {}
    for text in texts:
        kind, sign, rest = text.partition(":")
        texts_by_kind.setdefault(kind if sign else "", []).append(rest if sign else text)
    return {kind: _pairs(tuple(values), "--unit", whole=True) for kind, values in texts_by_kind.items()}


def _pairs(texts: tuple[str, ...], option: str, *, whole: bool = False) -> dict[str, str]:
    """Return values ``NAME=VALUE`` by name; one without a name has an empty one, if that is allowed."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign and not whole:
            raise click.UsageError(f"{option} {text!r} is not NAME=VALUE")
        name, value = (name.strip(), value.strip()) if sign else ("", text.strip())
        if pairs.setdefault(name, value) != value:
            raise click.UsageError(f"{option} says two things of {name or 'all'}: {pairs[name]} and {value}")
    return pairs


def _short(outcomes: Sequence[FileOutcome], *, dry_run: bool) -> list[str]:
    """Return how many files of a large set are in each state."""
    counts = Counter(outcome.state for outcome in outcomes)
    action = "would be " if dry_run else ""
    words = {"new": f"{action}written", "changed": f"{action}changed", "unchanged": "unchanged"}
    return [f"{count} files {words[state]}; -v lists them" for state, count in sorted(counts.items())]
