"""``curated lookup``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from curated.cli.context import Settings, echo, format_option, pass_settings, print_json
from curated.core.diagnostic import CuratedError
from curated.core.times import explain_time, iso, parse_time

if TYPE_CHECKING:
    from curated.git.changes import Commit
    from curated.git.revisions import Revision
    from curated.history.lookup import Answer, Candidate


@click.command("lookup")
@click.argument("instrument")
@click.argument("type_name", metavar="TYPE")
@click.option("--detector", default="", metavar="D", help="Name or number of the detector.")
@click.option("--filter", "filter_name", default="", metavar="F", help="Name of the filter.")
@click.option(
    "--at", "at", required=True, metavar="TIME", help="When: ISO 8601, UTC unless it has an offset."
)
@click.option(
    "--as-of",
    metavar="REV",
    help="As this revision knew it: a commit, branch, tag, or a date for the last commit before it; the work tree "
    "if not given.",
)
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
    """Find the calibration of TYPE in force for INSTRUMENT at a time: its file, range and commit.

    \b
    Examples:
      curated lookup demo defects --detector d00 --at 2024-06-01T00:00:00
      curated lookup demo transmission_filter --filter r --at 2024-06-01 --as-of v1.0 --explain

    Exit status 1 if none is in force.
    """
    from curated.git.repository import open_repository
    from curated.git.revisions import find_revision
    from curated.history.checkout import uncommitted_change
    from curated.history.lookup import last_commit, lookup, package_at

    try:
        time = parse_time(at)
    except ValueError as error:
        raise CuratedError(f"{at!r} is {explain_time(at)}", "write it like 2024-06-01T00:00:00") from error
    package, revision = settings.package(), None
    if as_of is not None:
        revision = find_revision(open_repository(package.root), as_of)
        package, _ = package_at(package.root, revision.sha1)
        for remark in revision.remarks:
            settings.remark(f"curated: {remark}")
    sha1 = revision.sha1 if revision is not None else ""
    answer = lookup(package, instrument, type_name, time, detector=detector, filter_name=filter_name)
    in_force = answer.in_force
    commit = last_commit(package, in_force.file.path, sha1) if in_force is not None else None
    change = ""
    if in_force is not None and revision is None:
        change = uncommitted_change(package, in_force.file.path)
    if package.git_obstacle:
        settings.remark(
            f"files that git hides or that are not committed were not looked for: {package.git_obstacle}"
        )
    if answer.skipped and not explain:
        count = len(answer.skipped)
        files = "1 file in its directory is" if count == 1 else f"{count} files in its directory are"
        settings.remark(f"{files} not read; --explain and 'curated check' say why")
    if form == "json":
        print_json("lookup", **_to_json(answer, revision, commit, change, explain=explain))
    else:
        _print(answer, revision, commit, change, explain=explain)
    raise SystemExit(0 if in_force is not None else 1)


def _candidate_to_json(candidate: Candidate) -> dict[str, Any]:
    valid = candidate.range
    return {
        "file": candidate.file.path,
        "begin": f"{iso(valid.start)}Z",
        "end": f"{iso(valid.end)}Z" if valid.end else None,
        "verdict": candidate.verdict,
    }


def _to_json(
    answer: Answer, revision: Revision | None, commit: Commit | None, change: str, *, explain: bool
) -> dict[str, Any]:
    return {
        "key": str(answer.key),
        "time": f"{iso(answer.time)}Z",
        "as_of": revision.sha1 if revision else None,
        "as_of_date": revision.date or None if revision else None,
        "remarks": list(revision.remarks) if revision else [],
        "found": _candidate_to_json(answer.in_force) if answer.in_force else None,
        "commit": commit._asdict() if commit else None,
        "uncommitted": change,
        "skipped": [{"file": path, "reason": reason} for path, reason in answer.skipped],
        "candidates": [_candidate_to_json(c) for c in answer.candidates] if explain else [],
    }


def _print(
    answer: Answer, revision: Revision | None, commit: Commit | None, change: str, *, explain: bool
) -> None:
    from curated.report.text import printable

    key = printable(str(answer.key))
    if answer.in_force is None:
        echo(f"no {key} is in force at {iso(answer.time)} UTC")
    else:
        echo(printable(answer.in_force.file.path))
        echo(f"valid  {answer.in_force.range} UTC")
        if commit is not None:
            echo(f"commit {commit.sha1[:12]} {commit.date} {printable(commit.author)}")
        if change:
            echo(f"but    {change}")
    if revision is not None:
        echo(f"as of  {revision.sha1[:12]} {revision.date or 'of an impossible date'}")
    if explain:
        echo("", f"{len(answer.candidates)} of {key}:")
        for candidate in answer.candidates:
            echo(f"  {printable(candidate.file.path)}", f"      {candidate.range}: {candidate.verdict}")
        for path, reason in answer.skipped:
            echo(f"  {printable(path)}", f"      not read: {printable(reason)}")
    elif answer.in_force is None and answer.candidates:
        echo("--explain lists the calibrations that there are")
