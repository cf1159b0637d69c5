"""``curated share``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from curated.cli.author.epochs import files_at, paths_of
from curated.cli.author.file_outcomes import dry_run_option, files_to_json, ignored_lines
from curated.cli.context import (
    Settings,
    echo,
    echo_findings,
    format_option,
    jobs_option,
    pass_settings,
    print_json,
)

if TYPE_CHECKING:
    from curated.editing.blocks import Separate
    from curated.editing.sharing import Merge, SharePlan

_MOST_NAMED = 6


@click.command("share")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option(
    "--over",
    "levels",
    multiple=True,
    type=click.Choice(["detectors", "filters"]),
    help="Only merge over these; by default over both.",
)
@click.option(
    "--drop",
    "dropped",
    multiple=True,
    metavar="KEYWORD",
    help="Keyword that may differ, and is left out where it does; 'comments' keeps those of the first file alone.",
)
@click.option(
    "--name",
    default="",
    metavar="NAME",
    help="Directories are named shared-NAME instead of shared.",
)
@click.option(
    "--list",
    "is_list",
    is_flag=True,
    help="List the names also where they are all: a detector that is declared later is not among them.",
)
@dry_run_option
@jobs_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    paths: tuple[str, ...],
    levels: tuple[str, ...],
    dropped: tuple[str, ...],
    name: str,
    is_list: bool,
    dry_run: bool,
    jobs: int | None,
    form: str,
) -> None:
    """Merge equal files of several detectors or filters, at or below PATHs or in the package, into shared files.

    Files of one type and start are equal if they have the same values, keywords, comments and provenance, but for the
    keywords of detector and filter: DETECTOR, DET_NAME, DET_SER, RAFTNAME, SLOTNAME, FILTER and their parts of CALIB_ID.
    The file in the directory 'shared' says instead for which it is; a shared file that exists takes up others. For all
    dates each detector has the same values as before; so says 'curated diff'.

    What is not merged is named, with the reason.

    \b
    Examples:
      curated share --dry-run
      curated share calibs/demo/transmission_sensor
      curated share --drop SOURCE --drop DATE calibs/demo/crosstalk

    Exit status 1 if it would bring about an error; then nothing is written.
    """
    from curated.check.package import read_package
    from curated.core.storage.file_set import FileOutcome, write_file_set
    from curated.editing.sharing import plan_share, shareable
    from curated.history.exposure.raw import require_sound_settings

    if name and (not name.isascii() or not name.replace("-", "").replace("_", "").isalnum()):
        raise click.UsageError(f"--name {name}: use letters, digits, '-' and '_'.")
    package = settings.package()
    selected = {
        file.path: file for path in paths_of(settings, package, paths) for file in files_at(package, path)
    }
    files = list(selected.values()) if paths else shareable(package, package.layout.files)
    with settings.progress("reading") as progress:
        reading = read_package(package, jobs=jobs, progress=progress)
    require_sound_settings(reading.findings, "what stands for all detectors")
    plan = plan_share(
        package,
        reading,
        files,
        levels=levels or ("detectors", "filters"),
        dropped=tuple(keyword if keyword == "comments" else keyword.upper() for keyword in dropped),
        name=name.lower(),
        names_all=not is_list,
        jobs=jobs,
    )
    outcomes: Sequence[FileOutcome] = ()
    if not plan.failed and plan.merges:
        outcomes = write_file_set(
            package.root, plan.contents, before=plan.before, removed=plan.removed, dry_run=dry_run
        )
    ignored = ignored_lines(package.root, outcomes)
    if form == "json":
        print_json(
            "share",
            failed=plan.failed,
            dry_run=dry_run,
            merged=[_merge_to_json(merge) for merge in plan.merges],
            separate=[
                {"path": item.path, "reason": item.reason, "other": item.other or None}
                for item in plan.separate
            ],
            files=files_to_json(outcomes),
            remarks=list(ignored),
            findings=[d.to_dict() for d in plan.diagnostics],
        )
    else:
        _print_text(settings, plan, ignored, dry_run=dry_run)
    raise SystemExit(1 if plan.failed else 0)


def _merge_to_json(merge: Merge) -> dict[str, Any]:
    return {
        "path": merge.path,
        "members": list(merge.members),
        "detectors": list(filter(None, merge.detectors)),
        "filters": list(filter(None, merge.filters)),
        "all": merge.is_all,
        "dropped": dict(merge.dropped),
    }


def _print_text(settings: Settings, plan: SharePlan, ignored: Sequence[str], *, dry_run: bool) -> None:
    from curated.report.text import count_text, printable

    echo_findings(settings, plan.diagnostics)
    for merge in plan.merges:
        members = [path for path in merge.members if path != merge.path]
        also = " and what it has" if merge.path in merge.members else ""
        echo(printable(f"{merge.path}: {count_text(len(members), 'file')}{also}, {_reach(merge)}"))
        dropped = [
            f"{name} ({count_text(n, 'value')})" if n > 1 else name for name, n in merge.dropped.items()
        ]
        if dropped:
            echo(printable(f"  without {', '.join(dropped)}"))
    for line in _separate_lines(plan.separate):
        echo(printable(line))
    if plan.failed:
        echo("nothing was written", err=True)
        return
    for line in ignored:
        settings.remark(f"note: {printable(line)}")
    if not plan.merges:
        settings.remark("no two files are copies of each other: nothing to merge")
        return
    would = "would be " if dry_run else ""
    settings.remark(
        f"{count_text(len(plan.contents), 'file')} {would}written, {len(plan.removed)} {would}removed; "
        "each detector and filter has the same values as before"
    )


def _reach(merge: Merge) -> str:
    """Say for what a shared file is."""
    from curated.report.text import count_text

    parts = []
    for noun, names in (("detector", merge.detectors), ("filter", merge.filters)):
        if len(names) < 2:
            continue
        named = f": {', '.join(names)}" if len(names) <= _MOST_NAMED else ""
        parts.append(f"{count_text(len(names), noun)}{named}")
    return f"for {' and '.join(parts)}{' (all)' if merge.is_all else ''}"


def _separate_lines(separate: Sequence[Separate]) -> list[str]:
    """Return a line for each reason why files are not merged, with the first of them."""
    from curated.editing.blocks import SHARED_ALREADY
    from curated.report.text import count_text

    groups: dict[tuple[str, str], list[str]] = {}
    for item in separate:
        if item.reason == SHARED_ALREADY:
            continue
        groups.setdefault((item.reason, item.other), []).append(item.path)
    lines = []
    for (reason, other), paths in groups.items():
        more = f" and {count_text(len(paths) - 1, 'other file')}" if len(paths) > 1 else ""
        beside = f", beside {other}" if other else ""
        lines.append(f"not merged: {paths[0]}{more}: {reason}{beside}")
    return lines
