"""``curated lookup``."""

from __future__ import annotations

from typing import Any

import click

from curated.cli.context import Settings, format_option, pass_settings, print_json
from curated.core.diagnostic import CuratedError
from curated.core.times import iso, parse_time


@click.command("lookup")
@click.argument("instrument")
@click.argument("type_name", metavar="TYPE")
@click.option("--detector", default="", metavar="D", help="Name or number of the detector.")
@click.option("--filter", "filter_name", default="", metavar="F", help="Name of the filter.")
@click.option(
    "--at", "at", required=True, metavar="TIME", help="When: ISO 8601, UTC unless it has an offset."
)
@click.option("--as-of", metavar="REV", help="As this revision knew it; the work tree if not given.")
@click.option("--explain", is_flag=True, help="Say why the other calibrations are not in force.")
@format_option()
@pass_settings
def command(
    settings: Settings,
    instrument: str,
    type_name: str,
    detector: str,
    filter_name: str,
    at: str,
    as_of: str | None,
    explain: bool,
    form: str,
) -> None:
    """Say which calibration of TYPE is in force for INSTRUMENT at a time: its file, its range, its commit.

    \b
    Examples:
      curated lookup demo defects --detector d00 --at 2024-06-01T00:00:00
      curated lookup demo transmission_filter --filter r --at 2024-06-01 --as-of v1.0 --explain

    Exit status 1 if none is in force.
    """
    from curated.history.lookup import lookup

    try:
        time = parse_time(at)
    except ValueError as error:
        raise CuratedError(f"{at!r} is not a date-time", "write it like 2024-06-01T00:00:00") from error
    answer = lookup(
        settings.package(),
        instrument,
        type_name,
        time,
        detector=detector,
        filter_name=filter_name,
        as_of=as_of,
    )
    if form == "json":
        print_json("lookup", **_plain(answer, explain))
    else:
        _print(answer, explain)
    raise SystemExit(0 if answer.found is not None else 1)


def _candidate(candidate: Any) -> dict[str, Any]:
    valid = candidate.range
    return {
        "file": candidate.file.path,
        "begin": f"{iso(valid.start)}Z",
        "end": f"{iso(valid.end)}Z" if valid.end else None,
        "verdict": candidate.verdict,
    }


def _plain(answer: Any, explain: bool) -> dict[str, Any]:
    change = answer.change
    return {
        "key": str(answer.key),
        "time": f"{iso(answer.time)}Z",
        "as_of": answer.commit or None,
        "found": _candidate(answer.found) if answer.found else None,
        "commit": {"sha1": change.sha1, "date": change.date, "author": change.author} if change else None,
        "candidates": [_candidate(c) for c in answer.candidates] if explain else [],
    }


def _print(answer: Any, explain: bool) -> None:
    from curated.report.text import printable

    key = printable(str(answer.key))
    if answer.found is None:
        click.echo(f"no {key} is in force at {iso(answer.time)} UTC")
    else:
        click.echo(printable(answer.found.file.path))
        click.echo(f"valid  {answer.found.range} UTC")
        if answer.change is not None:
            click.echo(
                f"commit {answer.change.sha1[:12]} {answer.change.date} {printable(answer.change.author)}"
            )
    if explain:
        click.echo(f"\n{len(answer.candidates)} of {key}:")
        for candidate in answer.candidates:
            click.echo(f"  {printable(candidate.file.path)}\n      {candidate.range}: {candidate.verdict}")
    elif answer.found is None and answer.candidates:
        click.echo("--explain lists those that there are")
