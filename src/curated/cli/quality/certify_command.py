"""``curated certify``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from curated.cli.author.epochs import files_at, paths_of
from curated.cli.author.file_outcomes import dry_run_option, file_lines, files_to_json, ignored_lines
from curated.cli.context import Settings, echo, echo_findings, format_option, pass_settings, print_json
from curated.cli.moments import date_option, parse_date, utc_offset_of
from curated.core.diagnostic import CuratedError, has_errors
from curated.core.storage.file_set import write_file_set

if TYPE_CHECKING:
    from curated.core.storage.file_set import FileOutcome
    from curated.editing.certification import CertificationPlan


@click.command("certify")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@date_option("--from", "Start of the range.", required=True)
@date_option("--until", "End of the range; the next start of its key, or none, if not given.")
@click.option("--by", metavar="NAME", required=True, help="Who certifies.")
@click.option("--ticket", metavar="T", required=True, help="Where it was discussed.")
@click.option("--date", metavar="DAY", help="When; today (UTC) if not given.")
@click.option(
    "--change-released", is_flag=True, help="Change the range even of a calibration that a release has."
)
@dry_run_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    paths: tuple[str, ...],
    from_date: str,
    until_date: str | None,
    by: str,
    ticket: str,
    date: str | None,
    change_released: bool,
    dry_run: bool,
    form: str,
) -> None:
    """Certify that the calibrations PATH were verified, and hold for a range.

    Each needs a record of 'curated verify' that speaks for it as it is, in which nothing failed and no required
    test was left out, or a waiver for each that did (<instrument>/verification/waivers.yaml). Then its dates are set to
    the range, so that its files may get another name, and a note of NAME and the certification, with the hash of the
    record, are written into it or into <validstart>.inputs.yaml beside it. They go with it into FITS files, bundles and
    repositories.

    The range of a calibration that a release has is changed with --change-released only.

    \b
    Example:
      curated certify calibs/demo/bias/d00 --from 2024-01-01 \\
          --by 'Ada Astronomer' --ticket CAL-12

    Exit status 1 if one of them is refused; then nothing is written.
    """
    from curated.editing.certification import Statement, plan_certification
    from curated.verification.records import read_verifications

    package = settings.package()
    files = {f.source: f for path in paths_of(settings, package, paths) for f in files_at(package, path)}
    verifications = read_verifications(package)
    day = _day(date)
    plans, refusals = [], []
    for file in files.values():
        offset = utc_offset_of(package, file.key.instrument)
        start = parse_date(from_date, "--from", offset)
        end = parse_date(until_date, "--until", offset) if until_date is not None else None
        if end is not None and end <= start:
            raise click.UsageError(f"--until {until_date} is not after --from {from_date}.")
        statement = Statement(start=start, end=end, name=by, ticket=ticket, day=day)
        try:
            plans.append(
                plan_certification(package, file, verifications, statement, change_released=change_released)
            )
        except CuratedError as error:
            refusals.append(error)
    _finish(settings, plans, refusals, form, dry_run=dry_run)


def _day(text: str | None) -> dt.date:
    if text is None:
        return dt.datetime.now(tz=dt.UTC).date()
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--date {text!r:.60} is not a day such as 2026-01-31.") from error


def _finish(
    settings: Settings,
    plans: list[CertificationPlan],
    refusals: list[CuratedError],
    form: str,
    *,
    dry_run: bool,
) -> None:
    findings = [finding for plan in plans for finding in plan.diagnostics]
    is_refused = bool(refusals) or has_errors(findings)
    contents = {path: data for plan in plans for path, data in plan.contents.items()}
    before = {path: data for plan in plans for path, data in plan.before.items()}
    removed = {path: digest for plan in plans for path, digest in plan.removed.items()}
    root = settings.package().root
    outcomes: tuple[FileOutcome, ...] = ()
    if not is_refused:
        outcomes = write_file_set(root, contents, before=before, removed=removed, dry_run=dry_run)
    if form == "json":
        print_json(
            "certify",
            dry_run=dry_run,
            files=files_to_json(outcomes),
            certifications=[{"path": plan.path, **plan.certification.plain()} for plan in plans],
            refused=[{"message": error.message, "hint": error.hint} for error in refusals],
            findings=[finding.to_dict() for finding in findings],
        )
    else:
        _print(settings, plans, refusals, findings, outcomes, dry_run=dry_run)
    for remark in ignored_lines(root, outcomes):
        settings.remark(f"note: {remark}")
    if is_refused:
        raise SystemExit(1)


def _print(
    settings: Settings,
    plans: list[CertificationPlan],
    refusals: list[CuratedError],
    findings: list[Any],
    outcomes: Any,
    *,
    dry_run: bool,
) -> None:
    from curated.report.text import printable

    for line in file_lines(outcomes, dry_run=dry_run):
        echo(line)
    for plan in plans if outcomes else ():
        certified = plan.certification
        span = f"from {certified.begin} to {certified.end or 'further notice'}"
        echo(
            f"{printable(plan.path)}: certified {span} by {printable(certified.name)} ({printable(certified.ticket)})"
        )
        for line in certified.waivers:
            echo(f"  waived: {printable(line)}")
    echo_findings(settings, findings)
    for error in refusals:
        echo(f"{printable(error.message)} (hint: {printable(error.hint)})", err=True)
    if not outcomes:
        echo("nothing was written", err=True)
