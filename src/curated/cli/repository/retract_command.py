"""``curated retract``."""

from __future__ import annotations

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
)


@click.command("retract")
@click.argument("repo")
@click.argument("release")
@click.option(
    "--instrument", "instruments", multiple=True, metavar="I", help="Only this instrument; may be repeated."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--undo", is_flag=True, help="Put the release back: at the end of the chain, or with --before.")
@click.option("--before", metavar="LABEL", help="With --undo: the release that it is put before.")
@click.option(
    "--chain-name",
    "chain_names",
    multiple=True,
    metavar="NAME",
    help="Chain to change instead of <inst>/calib; once for each instrument.",
)
@allow_class_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    repo: str,
    release: str,
    instruments: tuple[str, ...],
    dry_run: bool,
    undo: bool,
    before: str | None,
    chain_names: tuple[str, ...],
    form: str,
) -> None:
    """Take RELEASE, the label of an import, out of the chain <inst>/calib of the Butler repository REPO.

    Lookups in the chain then find what the other releases have. Datasets, certifications and the release's own
    collection <inst>/calib/<RELEASE> stay; the command that puts it back at its place is printed. A second run changes
    nothing and says so.

    \b
    Examples:
      curated retract /repo/main v2.1 --dry-run
      curated retract /repo/main v2.1
      curated retract /repo/main v2.1 --instrument Demo --undo --before v2.0

    Exit status 1 if there is no such release, or no chain that it could be in.
    """
    from curated.butler import retract_release

    if before is not None and not undo:
        raise click.UsageError("--before is for --undo")
    report = retract_release(
        repo,
        release,
        instruments=instruments,
        undo=undo,
        before=before,
        chain_names=chain_names,
        dry_run=dry_run,
    )
    if form == "json":
        print_json("retract", **report.to_dict())
    else:
        print_repository_findings(settings, report)
        if report.ok:
            _print(report)
    raise SystemExit(0 if report.ok else 1)


def _print(report: Any) -> None:
    from curated.report.text import printable

    for chain in report.chains:
        if not chain.changed:
            state = "is already in the chain" if report.undo else "is not in the chain"
            echo(printable(f"{chain.instrument}: nothing changed: {chain.release} {state} {chain.chain}"))
            continue
        before, after = ("is", "would be") if report.dry_run else ("was", "is now")
        echo(printable(f"{chain.instrument}: chain {chain.chain} {before} {_members(chain.before)}"))
        echo(printable(f"{chain.instrument}: it {after} {_members(chain.after)}"))
        if not report.dry_run:
            echo(f"to undo: {printable(chain.command)}")


def _members(members: tuple[str, ...]) -> str:
    return ", ".join(members) or "(empty)"
