"""``curated check``."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curated.cli.context import (
    Settings,
    format_option,
    jobs_option,
    package_paths,
    pass_settings,
    print_findings,
    print_json,
)

if TYPE_CHECKING:
    from curated.package import Package
    from curated.unnoted import UnnotedEdits


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path())
@jobs_option
@click.option("--no-cache", is_flag=True, help="Read every file again, whatever is remembered of it.")
@format_option("github")
@pass_settings
def command(settings: Settings, paths: tuple[str, ...], jobs: int | None, no_cache: bool, form: str) -> None:
    """Report all that is wrong with the calibrations: of the whole package, or of PATHS.

    Works on any package with the layout <instrument>/<type>/[<detector>/][<filter>/]<validstart>.ecsv, with or
    without a curated.yaml. Rules over the whole package (overlaps, detector numbers) always see all files.

    \b
    Examples:
      curated check
      curated check calibs/demo/defects
      curated -C ../obs_lsst_data check --format json

    Exit status 1 if there are errors; warnings and remarks do not fail.
    """
    from curated.check.run import check_package

    package = settings.package()
    chosen = package_paths(package, settings.directory, paths)
    unnoted = _unnoted(package)
    with settings.progress("checking") as progress:
        report = check_package(
            package,
            [] if "" in chosen else chosen,
            jobs=jobs,
            use_cache=not no_cache,
            today=dt.datetime.now(tz=dt.UTC).date(),
            progress=progress,
            also=unnoted,
        )
    if form == "json":
        findings = [d.to_dict() for d in report.diagnostics]
        print_json(
            "check",
            files=len(report.files),
            silenced=report.silenced,
            failed=report.failed,
            findings=findings,
        )
    elif form == "github":
        from curated.report.github import annotation

        prefix = _prefix(package.root)
        for diagnostic in report.diagnostics:
            click.echo(annotation(diagnostic, prefix))
    else:
        print_findings(settings, package, report)
    raise SystemExit(1 if report.failed else 0)


def _prefix(root: Path) -> str:
    """Return the path of the package in its repository, which a forge's paths start from."""
    top = next((p for p in (root, *root.parents) if (p / ".git").exists()), root)
    relative = os.path.relpath(root, top)
    return "" if relative == "." else f"{relative.replace(os.sep, '/')}/"


def _unnoted(package: Package) -> UnnotedEdits | None:
    """Return the rule on edits without a note; what it needs is loaded only where there may be a repository."""
    if not any((path / ".git").exists() for path in (package.root, *package.root.parents)):
        return None
    from curated.unnoted import UnnotedEdits

    return UnnotedEdits(package)
