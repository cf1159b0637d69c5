"""``curated adopt``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curated.cli.context import Settings, echo, format_option, jobs_option, pass_settings, print_json

if TYPE_CHECKING:
    from curated.adopt import Adoption, Draft


@click.command("adopt")
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(exists=True, file_okay=False))
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("--missing", is_flag=True, help="Write only what is not there; what exists stays as it is.")
@jobs_option
@format_option()
@pass_settings
def command(
    settings: Settings, directory: str | None, dry_run: bool, missing: bool, jobs: int | None, form: str
) -> None:
    """Write curated.yaml and each <instrument>/instrument.yaml of the package at DIR from the metadata of its files.

    DIR is the root of a package with the layout <instrument>/<type>/[<detector>/][<filter>/]<validstart>.ecsv;
    the current directory if not given. Comments say how many files have a value, where files contradict each
    other, and what is in no file. No calibration is changed, and no file is overwritten.

    \b
    Examples:
      curated adopt ../obs_lsst_data --dry-run
      curated adopt ../obs_lsst_data
      curated adopt --missing                        for an instrument that was added later

    Exit status 1 if one of the files is there already; then nothing is written.
    """
    from curated.adopt import draft_adoption, write_drafts
    from curated.check.package import check_package
    from curated.core.diagnostic import CuratedError
    from curated.package.package import open_package

    root = Path(directory or settings.directory).resolve()
    package = open_package(root)
    if package.root != root:
        raise CuratedError(
            f"{root} is in the package {package.root}", f"run 'curated adopt {json.dumps(str(package.root))}'"
        )
    with settings.progress("reading") as progress:
        report = check_package(package, jobs=jobs, progress=progress)
    adoption = draft_adoption(package, report)
    refused = bool(adoption.existing) and not missing
    if not (dry_run or refused):
        write_drafts(root, adoption.missing)
    print_adoption = _print_json if form == "json" else _print_text
    print_adoption(adoption, refused=refused, dry_run=dry_run)
    raise SystemExit(1 if refused else 0)


def _print_json(adoption: Adoption, *, refused: bool, dry_run: bool) -> None:
    files = [
        {"path": d.path, "exists": d.exists, "written": not (d.exists or refused or dry_run), "text": d.text}
        for d in adoption.drafts
    ]
    remarks: list[dict[str, Any]] = [{"file": path, "message": text} for path, text in adoption.remarks]
    print_json("adopt", failed=refused, dry_run=dry_run, files=files, remarks=remarks)


def _print_text(adoption: Adoption, *, refused: bool, dry_run: bool) -> None:
    from curated.report.text import printable

    for draft in adoption.drafts if not refused or dry_run else ():
        if dry_run and not draft.exists:
            echo(f"--- {printable(draft.path)}")
            echo(*draft.text.split("\n"))
        else:
            state = "is there already" if draft.exists else f"written{_counts(draft)}"
            echo(f"{printable(draft.path)}: {state}")
    for path, text in adoption.remarks if not refused else ():
        echo(f"{printable(path)}: look at this: {printable(text)}")
    if refused:
        for path in adoption.existing:
            echo(f"{printable(path)}: is there already")
        echo("nothing was written; --missing writes the other files, and leaves these as they are")
    elif not dry_run and adoption.missing:
        echo("", "next: read the comments, complete what is missing, 'curated check', and commit them")


def _counts(draft: Draft) -> str:
    """Return how many detectors and filters an ``instrument.yaml`` declares; empty for a ``curated.yaml``."""
    from curated.report.text import count_text

    if draft.instrument is None:
        return ""
    detectors = count_text(len(draft.instrument.detectors), "detector")
    filters = count_text(len(draft.instrument.filters), "filter")
    return f": {detectors}, {filters}, from {count_text(draft.files, 'calibration')}"
