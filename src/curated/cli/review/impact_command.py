"""``curated impact``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from curated.cli.context import (
    Settings,
    allow_class_option,
    echo,
    echo_findings,
    jobs_option,
    pass_settings,
    print_json,
    split_choices,
)

if TYPE_CHECKING:
    from curated.exposures.batch import Batch
    from curated.exposures.names import Names
    from curated.exposures.search import ImpactSearch

_ENDINGS = {".csv": "csv", ".ecsv": "ecsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@click.command("impact")
@click.argument("revisions", metavar="REV [REV]", nargs=-1)
@click.option(
    "--exposures",
    "source",
    required=True,
    metavar="FILE|REPO",
    help="Table of exposures (CSV, ECSV, JSON lines or Parquet), or a Butler repository.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="WHAT=NAME",
    help="Column that has the instrument, time, mjd, night, detector, filter or id; may be repeated.",
)
@click.option(
    "--time-scale",
    type=click.Choice(["utc", "tai"]),
    help="Scale of times and MJD; by default that of the column's name, or UTC.",
)
@click.option(
    "--instrument",
    "instruments",
    multiple=True,
    metavar="I",
    help="Only exposures of this instrument, which those without one have; I=NAME if a repository calls it NAME; may "
    "be repeated.",
)
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="MEASURE=VALUE",
    help="Size from which an effect counts, in the measure's unit; may be repeated.",
)
@click.option(
    "--bands",
    metavar="NAME=FROM-TO,...",
    help="Bands in nm for curves that belong to no filter; by default u, g, r, i, z and y.",
)
@click.option(
    "--source",
    "spectrum",
    metavar="ab|a0v|k|FILE",
    default="ab",
    help="Source of zero points, as for 'curated diff'; constant flux per frequency by default.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "ecsv", "jsonl"]),
    default="text",
    show_default=True,
    help="Form of the summary (text, json), or of rows for each exposure.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the rows of affected exposures into a file.")
@allow_class_option
@jobs_option
@pass_settings
def command(
    settings: Settings,
    revisions: tuple[str, ...],
    source: str,
    columns: tuple[str, ...],
    time_scale: str | None,
    instruments: tuple[str, ...],
    thresholds: tuple[str, ...],
    bands: str | None,
    spectrum: str,
    form: str,
    output: str | None,
    jobs: int | None,
) -> None:
    """Say which exposures a change affects: by another file, by other values, by an effect.

    Compares revisions as 'curated diff' does. An exposure without a detector has all of them. The file of -o is CSV,
    ECSV or JSON lines by its ending or by --format.

    \b
    Examples:
      curated impact main --exposures visits.parquet
      curated impact v1.1 v1.2 --exposures visits.csv --column time=obs_start -o affected.csv
      curated impact v1.1..v1.2 --exposures /repo/main --threshold zero_point_shift=5

    Exit status 1 if any exposure is affected, or could not be looked at.
    """
    from curated.core.diagnostic import CuratedError, has_errors
    from curated.declare import BANDS, Conditions
    from curated.difference.bands import parse_bands
    from curated.difference.revisions import HIDING, find_difference, hidden_findings, open_states
    from curated.difference.sources import find_gap, find_source
    from curated.exposures.names import Names
    from curated.exposures.outcomes import parse_thresholds
    from curated.exposures.search import ImpactSearch
    from curated.report.impact.rows import ROW_FORMS
    from curated.report.impact.text import impact_lines, impact_to_json

    row_form = form if form in ROW_FORMS else _ENDINGS.get(os.path.splitext(output or "")[1].lower(), "")
    if output is not None and not row_form:
        raise CuratedError(
            f"{output}: the ending says no form", "name it .csv, .ecsv or .jsonl, or give --format csv"
        )
    if output is not None:
        _check_output(output, source)
    conditions = Conditions(BANDS if bands is None else parse_bands(bands), find_source(spectrum))
    gap = find_gap(conditions.source, conditions.bands)
    if gap:
        settings.remark(gap)
    limits = parse_thresholds(thresholds)
    package = settings.package()
    states = open_states(package, revisions)
    choices, selected = split_choices(instruments)
    selected = (*selected, *(choice.partition("=")[0] for choice in choices))
    band_names = tuple(band.name for band in conditions.bands)
    names = Names((states.changes.now, states.changes.before), band_names, selected)
    batches = open_exposures(source, columns, time_scale, names, choices)
    findings = hidden_findings(states)
    echo_findings(settings, findings)
    if any(finding.code in HIDING for finding in findings):
        raise CuratedError(
            "what changed in the work tree is not known: git was told not to look at some of its files",
            "mend the findings above, or compare two commits: 'curated impact HEAD~ HEAD'",
        )
    with settings.progress("comparing") as progress:
        difference = find_difference(states, (), conditions, jobs=jobs, progress=progress)
    search = ImpactSearch(difference, names, limits, source)
    _search(search, batches, row_form, output)
    impact = search.impact()
    echo_findings(settings, impact.findings)
    if not impact.total and not impact.rejected:
        raise CuratedError(
            f"{source} has no exposures", "see that it is the right one, and --instrument as well"
        )
    if form == "json":
        print_json("impact", **impact_to_json(impact))
    elif form == "text" or output is not None:
        echo(*impact_lines(impact))
    raise SystemExit(1 if impact.affected.any or has_errors(impact.findings) else 0)


def open_exposures(
    source: str, columns: tuple[str, ...], time_scale: str | None, names: Names, choices: tuple[str, ...]
) -> Iterator[Batch]:
    """Return the exposures of a table or of a repository."""
    from curated.core.diagnostic import CuratedError
    from curated.exposures.batch import TableOptions
    from curated.exposures.columns import parse_choices
    from curated.exposures.table import read_exposures

    options = TableOptions(parse_choices(columns), time_scale or "")
    if not _is_repository(source):
        if choices:
            raise CuratedError(
                f"{choices[0]} is a choice for a repository, and {source} is none",
                "name the instrument as the package does, without =",
            )
        return read_exposures(source, options)
    if columns or time_scale:
        raise CuratedError("a repository has no columns", "leave --column and --time-scale out")
    from curated.butler import read_repository_exposures

    return read_repository_exposures(source, names.describe_all(), choices)


def _check_output(output: str, source: str) -> None:
    """Raise an error if rows cannot be written into a file, before anything is computed."""
    from curated.core.diagnostic import CuratedError

    if not os.path.isdir(os.path.dirname(output) or "."):
        raise CuratedError(f"{output}: there is no such directory", "make it first")
    if os.path.lexists(output) and not os.path.isfile(output):
        raise CuratedError(f"{output} is no file", "name a file for the rows")
    if os.path.exists(output) and os.path.exists(source) and os.path.samefile(output, source):
        raise CuratedError(f"{output} is the table of exposures itself", "name another file for the rows")


def _is_repository(source: str) -> bool:
    """Say whether a name is that of a repository, whose configuration or alias it is."""
    if os.path.isdir(source) or os.path.basename(source) == "butler.yaml" or "://" in source:
        return True
    if os.path.lexists(source) or os.sep in source or "." in source:
        return False
    from curated.butler import is_alias

    return is_alias(source)


def _search(search: ImpactSearch, batches: Iterable[Batch], form: str, output: str | None) -> None:
    """Look at all exposures, and write their rows into a file, or print them, if there is a form for them."""
    from curated.core.wholefile import write_whole
    from curated.report.impact.rows import heading, row_texts

    parts = (search.examine(batch) for batch in batches)
    if not form:
        for _ in parts:
            pass
        return
    if output is not None:
        texts = _chain(heading(form), row_texts(parts, form))
        write_whole(output, (text.encode(errors="backslashreplace") for text in texts))
        return
    for text in _chain(heading(form), row_texts(parts, form)):
        echo(*text.removesuffix("\n").split("\n"))


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest
