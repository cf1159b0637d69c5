"""``curated adopt``."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from curated.adopt import Adoption, Draft
    from curated.check.report import Report
    from curated.package.package import Package


@click.command("adopt")
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(exists=True, file_okay=False))
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("--missing", is_flag=True, help="Write only what is not there; what exists stays as it is.")
@click.option(
    "--from-repository",
    "repo",
    metavar="REPO",
    help="Take names, classes, limits, bands and detectors from this Butler repository; what is declared stays.",
)
@click.option(
    "--instrument",
    "choices",
    multiple=True,
    metavar="NAME=REPOSITORY'S NAME",
    help="Which instrument of the repository one of the package is, where that is not certain; may be repeated.",
)
@jobs_option
@allow_class_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    directory: str | None,
    dry_run: bool,
    missing: bool,
    repo: str | None,
    choices: tuple[str, ...],
    jobs: int | None,
    form: str,
) -> None:
    """Write curated.yaml and each <instrument>/instrument.yaml of the package at DIR from the metadata of its files.

    DIR is the root of a package with the layout <instrument>/<type>/[<detector>/][<filter>/]<validstart>.ecsv;
    the current directory if not given. Comments say how many files have a value, where files contradict each
    other, and what is in no file. No calibration is changed, and no file is overwritten.

    With --from-repository the records of the repository count instead of the files, and its camera file for sizes,
    amplifiers and serial numbers. An instrument.yaml that exists keeps what it declares and gets what it lacks; of its
    comments those at its start stay. Contradictions are findings.

    \b
    Examples:
      curated adopt ../obs_lsst_data --dry-run
      curated adopt ../obs_lsst_data
      curated adopt --missing                        for an instrument that was added later
      curated adopt ../obs_lsst_data --from-repository /repo/main --instrument comCam=LSSTComCam

    Exit status 1 if one of the files is there already; then nothing is written. With --from-repository, exit status 1
    if the package contradicts the repository or an instrument is not found in it; then all others are written.
    """
    from curated.adopt import draft_adoption, write_drafts
    from curated.check.package import check_package
    from curated.core.diagnostic import CuratedError, has_errors
    from curated.package.package import open_package

    root = Path(directory or settings.directory).resolve()
    package = open_package(root)
    if package.root != root:
        raise CuratedError(
            f"{root} is in the package {package.root}", f"run 'curated adopt {json.dumps(str(package.root))}'"
        )
    with settings.progress("reading") as progress:
        report = check_package(package, jobs=jobs, progress=progress)
    if repo is None:
        if choices:
            raise click.UsageError("--instrument needs --from-repository")
        adoption = draft_adoption(package, report)
        refused = bool(adoption.existing) and not missing
    else:
        adoption, refused = _completion(package, report, repo, choices), False
    if not (dry_run or refused):
        write_drafts(root, adoption.missing)
    if form != "json":
        echo_findings(settings, adoption.diagnostics)
    print_adoption = _print_json if form == "json" else _print_text
    print_adoption(adoption, refused=refused, dry_run=dry_run)
    raise SystemExit(1 if refused or has_errors(adoption.diagnostics) else 0)


def _completion(package: Package, report: Report, repo: str, choices: tuple[str, ...]) -> Adoption:
    """Return what a repository says of the instruments of a package."""
    from curated.adopt import draft_completion
    from curated.butler import read_registered_instruments
    from curated.check.instruments import complete_instruments

    instruments = complete_instruments(package, report.reports, report.declared)
    registered = read_registered_instruments(repo, instruments.values(), choices)
    counts = Counter(file.key.instrument for file in package.layout.files)
    adoption = draft_completion(package, instruments, registered.instruments, repo, counts)
    return replace(adoption, diagnostics=(*registered.diagnostics, *adoption.diagnostics))


def _print_json(adoption: Adoption, *, refused: bool, dry_run: bool) -> None:
    files = [
        {
            "path": d.path,
            "exists": d.exists,
            "written": (not d.exists or d.replaces) and not (refused or dry_run),
            "text": d.text,
        }
        for d in adoption.drafts
    ]
    remarks: list[dict[str, Any]] = [{"file": path, "message": text} for path, text in adoption.remarks]
    findings = [d.to_dict() for d in adoption.diagnostics]
    failed = refused or any(d.is_error for d in adoption.diagnostics)
    print_json("adopt", failed=failed, dry_run=dry_run, files=files, remarks=remarks, findings=findings)


def _print_text(adoption: Adoption, *, refused: bool, dry_run: bool) -> None:
    from curated.report.text import printable

    for draft in adoption.drafts if not refused or dry_run else ():
        if dry_run and (not draft.exists or draft.replaces):
            echo(f"--- {printable(draft.path)}")
            echo(*draft.text.split("\n"))
        else:
            is_kept = draft.exists and not draft.replaces
            state = "is there already" if is_kept else f"written{_counts(draft)}"
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
