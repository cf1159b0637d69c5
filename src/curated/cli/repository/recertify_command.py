"""``curated recertify``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from curated.cli.context import (
    Settings,
    allow_class_option,
    echo,
    format_option,
    pass_settings,
    print_json,
    print_repository_findings,
    selected_paths,
)


@click.command("recertify")
@click.argument("repo")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--release", metavar="LABEL", help="The release; the first one in the chain if not given.")
@click.option("--collection", metavar="C", help="Any calibration collection instead.")
@click.option("--rev", metavar="REV", default="HEAD", help="The commit of the package; HEAD if not given.")
@click.option("--retire", is_flag=True, help="Decertify what the package no longer has in force as well.")
@click.option(
    "--instrument",
    "choices",
    multiple=True,
    metavar="NAME=REPOSITORY'S NAME",
    help="Which of the repository's instruments one of the package is; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@allow_class_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    repo: str,
    paths: tuple[str, ...],
    release: str | None,
    collection: str | None,
    rev: str,
    retire: bool,
    choices: tuple[str, ...],
    dry_run: bool,
    form: str,
) -> None:
    """Change validity ranges in the Butler repository REPO to those that the package has at its commit.

    The datasets of a release are compared with the files of the package, or with those of the detectors or filters
    of PATHS. Each gets exactly its file's range, all in one transaction; every range that is removed or added is
    printed, and the command that reverses it. No dataset and no file is changed. What the package has deprecated or
    deleted stays certified, unless its file is one of PATHS, or --retire is given.

    \b
    Examples:
      curated recertify /repo/main --dry-run
      curated recertify /repo/main --release v2.1 calibs/demo/defects/d00
      curated recertify /repo/main --retire          also what is deprecated or deleted

    Exit status 1 if ranges would overlap, or if the package has errors; then nothing is changed.
    """
    from curated.butler import recertify_ranges

    if release is not None and collection is not None:
        raise click.UsageError("--release and --collection exclude each other")
    package = settings.package()
    report = recertify_ranges(
        repo,
        package,
        revision=rev,
        paths=selected_paths(package, settings.directory, paths, deleted=True),
        release=release,
        collection=collection,
        retire=retire,
        choices=choices,
        dry_run=dry_run,
    )
    if settings.directory != "." and report.reverse:
        report = replace(report, reverse=("curated", "-C", settings.directory, *report.reverse[1:]))
    if form == "json":
        print_json("recertify", **report.to_dict())
    else:
        print_repository_findings(settings, report)
        if report.ok:
            _print(report)
    raise SystemExit(0 if report.ok else 1)


def _print(report: Any) -> None:
    from curated.report.text import printable

    content = report.to_dict()
    changes = [("-", change) for change in content["removed"]] + [
        ("+", change) for change in content["added"]
    ]
    for sign, change in sorted(changes, key=lambda c: (c[1]["collection"], c[1]["of"], c[0] != "-")):
        echo(printable(f"{sign} {change['collection']} {change['of']} dataset {change['uuid']}"))
        utc, tai = (
            " to ".join((change[f"{end}_{scale}"] or "open").removesuffix("Z") for end in ("begin", "end"))
            for scale in ("utc", "tai")
        )
        echo(f"    {utc} UTC = {tai} TAI")
    names = ", ".join(report.collections)
    if not report.changed:
        echo(printable(f"{names} has the ranges of commit {report.commit[:12]}: nothing changed"))
        return
    verb = "to be removed" if report.dry_run else "removed"
    counts = f"ranges {verb}: {len(content['removed'])}, added: {len(content['added'])}"
    echo(printable(f"{names}: {counts}, as commit {report.commit[:12]} says"))
    if report.reverse and not report.dry_run:
        echo(f"to undo: {printable(report.command)}")
    elif not report.dry_run:
        echo("no neighbouring commit has the former ranges; keep this list to restore them by hand")
