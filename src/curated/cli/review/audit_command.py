"""``curated audit``."""

from __future__ import annotations

import click

from curated.cli.context import Settings, echo, format_option, pass_settings, print_json


@click.command("audit")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--rev",
    "revision",
    default="",
    metavar="REV",
    help="Judge by this revision instead of the work tree: a commit, branch, tag or date.",
)
@click.option("--effects", "with_effects", is_flag=True, help="Say how much successors change.")
@click.option(
    "--bundle",
    "bundles",
    multiple=True,
    metavar="DIR",
    help="Bundle whose manifest says what its datasets were made of; may be repeated.",
)
@click.option(
    "--release",
    "releases",
    multiple=True,
    metavar="LABEL=REV",
    help="Commit of a release whose label is no tag; may be repeated.",
)
@click.option(
    "--instrument",
    "names",
    multiple=True,
    metavar="DIR=NAME",
    help="Name that the instrument of a directory has in the repository; may be repeated.",
)
@format_option()
@pass_settings
def command(
    settings: Settings,
    paths: tuple[str, ...],
    revision: str,
    with_effects: bool,
    bundles: tuple[str, ...],
    releases: tuple[str, ...],
    names: tuple[str, ...],
    form: str,
) -> None:
    """Say which calibrations images were made with, and whether these are still in force.

    Reads headers of processed images, as the LSST stack writes them, and of calibrations that curated wrote. Each
    FILE is a FITS file, packed or not, or a directory of them. Bias, flat and other products of pipelines are not
    curated, and no matter of the package.

    \b
    Examples:
      curated audit visit_*.fits
      curated audit --effects --rev v1.2 processed/

    Exit status 1 if not all of the package's calibrations are in force.
    """
    from curated.audit.auditor import audit
    from curated.core.diagnostic import CuratedError
    from curated.fits.file_headers import fits_files
    from curated.report.audit_text import audit_lines, audit_to_json

    package = settings.package()
    files = list(fits_files(paths))
    if not files:
        raise CuratedError(
            f"there is no FITS file in {', '.join(paths)}", "name FITS files or their directory"
        )
    with settings.progress("auditing") as progress:
        result = audit(
            package,
            files,
            revision=revision,
            bundles=bundles,
            releases=releases,
            names=names,
            with_effects=with_effects,
            progress=progress,
        )
    if form == "json":
        print_json("audit", **audit_to_json(result))
    else:
        for line in audit_lines(result):
            echo(line)
    raise SystemExit(0 if result.is_settled else 1)
