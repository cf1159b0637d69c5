"""``curated publish``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click

from curated.cli.context import (
    Settings,
    format_option,
    jobs_option,
    pass_settings,
    print_findings,
    print_json,
)
from curated.cli.import_command import chain_option, print_import, stages


@click.command("publish")
@click.argument("repo")
@click.option(
    "--instrument",
    "instruments",
    multiple=True,
    metavar="I",
    help="Publish this instrument only; may be repeated.",
)
@click.option("--label", metavar="L", help="Release label; the tag at the commit, else git-<12 digits>.")
@click.option(
    "--allow-dirty", is_flag=True, help="Publish files that differ from the commit; stamped as REPODIRT."
)
@chain_option
@jobs_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    repo: str,
    instruments: tuple[str, ...],
    label: str | None,
    allow_dirty: bool,
    chain: bool,
    jobs: int | None,
    form: str,
) -> None:
    """Check the package, bundle its commit and import that into the Butler repository REPO.

    \b
    Example:
      curated publish build/repo
    """
    from curated.bundle import build_bundle
    from curated.butler import import_bundle

    package = settings.package()
    temporary = Path(tempfile.mkdtemp(prefix="curated-"))
    try:
        with settings.progress("bundling") as progress:
            report, bundle = build_bundle(
                package,
                temporary / "bundle",
                instruments=instruments,
                label=label,
                allow_dirty=allow_dirty,
                jobs=jobs,
                progress=progress,
            )
        if report.diagnostics and form == "text":
            print_findings(settings, package, report, err=True)
        if bundle is None:
            if form == "json":
                print_json("publish", failed=True, findings=[d.to_dict() for d in report.diagnostics])
            raise SystemExit(1)
        if form == "text":
            click.echo(
                f"release {bundle.label}: {len(bundle.manifest['datasets'])} datasets of commit "
                f"{bundle.manifest['repository']['sha1'][:12]}"
            )
        with settings.progress("importing") as progress:
            done = import_bundle(bundle.path, repo, transfer="copy", chain=chain, progress=stages(progress))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    print_import(done, form)
    raise SystemExit(0 if done.ok else 1)
