"""``curated export``."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curated.cli.context import (
    Settings,
    allow_class_option,
    echo,
    echo_findings,
    format_option,
    jobs_option,
    pass_settings,
    print_json,
)

if TYPE_CHECKING:
    from curated.export.report import ExportReport


@click.command("export")
@click.argument("repo")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The package to write.",
)
@click.option(
    "--collection",
    "collections",
    multiple=True,
    metavar="C",
    help="CALIBRATION collection or chain; may be repeated, in the order of lookups. The chains <inst>/calib if not given.",
)
@click.option("--type", "types", multiple=True, metavar="T", help="Only this type; may be repeated.")
@click.option("--at", metavar="TIME", help="Only what is in force at this time, ISO 8601, UTC.")
@click.option(
    "--into", is_flag=True, help="Add to the package at DIR what it lacks; change nothing that is there."
)
@click.option(
    "--share",
    is_flag=True,
    help="Write equal calibrations of several detectors or filters as one shared file, as 'curated share' does.",
)
@jobs_option
@allow_class_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    repo: str,
    output: Path,
    collections: tuple[str, ...],
    types: tuple[str, ...],
    at: str | None,
    into: bool,
    share: bool,
    jobs: int | None,
    form: str,
) -> None:
    """Write the calibrations that are certified in the Butler repository REPO as a package of text files at DIR.

    A calibration that came from a package gets its original path; one that a pipeline made gets the path of its
    data ID and start, and a record of its dataset. Dates are those of the certification, in UTC. Calibrations that
    cannot be written are reported, and all others are written. REPO may also be a directory that Butler's own
    export or 'curated bundle' wrote.

    \b
    Examples:
      curated export /repo/main --collection LSSTCam/calib/DM-1 -o build/package
      curated export /repo/main --collection LSSTCam/calib --type ptc --at 2025-06-01 -o build/ptc
      curated export exported-calibs -o ../obs_lab_data --into

    Dataset types that no calibration type declares, such as the stack's camera, are listed and no failure.

    Exit status 1 if a calibration was left out.
    """
    if share and into:
        raise click.UsageError("--share is not possible with --into; run 'curated share' afterwards.")
    from curated.butler import export_package
    from curated.export.butler_export import export_directory, is_export

    export = export_directory if is_export(repo) else export_package
    with settings.progress("exporting") as progress:
        report = export(
            repo,
            output,
            collections=collections,
            types=types,
            at=_time(at),
            into=into,
            share=share,
            jobs=jobs,
            progress=progress,
        )
    if form == "json":
        print_json("export", **report.to_dict())
    else:
        _print(settings, report)
    raise SystemExit(0 if report.ok else 1)


def _time(text: str | None) -> datetime | None:
    from curated.core.times import parse_time

    try:
        return None if text is None else parse_time(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a date-time", param_hint="--at") from error


def _print(settings: Settings, report: ExportReport) -> None:
    from curated.datasets.foreign import foreign_text
    from curated.report.text import count_text, printable

    echo_findings(settings, report.diagnostics)
    if report.foreign:
        text = foreign_text(report.foreign)
        copied = (
            f"copied into foreign/, {len(report.foreign_files)} in all"
            if report.foreign_files
            else "not exported"
        )
        echo(printable(f"{copied}: {text}, of dataset types that no calibration type declares"), err=True)
    if not report.exported:
        echo("nothing was written", err=True)
        return
    counts = Counter(calibration.dataset.dataset_type for calibration in report.exported)
    width = max(map(len, counts))
    for dataset_type, count in sorted(counts.items()):
        echo(f"  {printable(dataset_type):{width}s}  {count:5d}")
    total = count_text(len(report.exported), "calibration")
    state = "written to" if report.changed else "already in"
    original = sum(calibration.is_original for calibration in report.exported)
    paths = f", {original} of them to their original path" if original and report.changed else ""
    size = f"{report.size / 1e6:.1f} MB"
    collections = printable(", ".join(report.collections))
    echo(f"{total} of {collections} ({size}) {state} {printable(report.output)}{paths}")
    settings.remark(f"next: curated -C {printable(report.output)} check")
