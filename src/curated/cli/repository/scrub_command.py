"""``curated scrub``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
    trust_options,
)

if TYPE_CHECKING:
    from curated.butler.scrubbing.scrubber import ScrubReport


@click.command("scrub")
@click.argument("repo")
@click.option(
    "--bundle",
    "bundles",
    multiple=True,
    metavar="BUNDLE",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Compare with this bundle instead of the repository's record of it; may be repeated.",
)
@click.option(
    "--collection",
    "collections",
    multiple=True,
    metavar="C",
    help="Only this CALIBRATION collection or chain; may be repeated.",
)
@click.option(
    "--sample",
    type=click.FloatRange(0, 100, min_open=True),
    default=100.0,
    show_default=True,
    metavar="P",
    help="Read only P percent of the files; the registry is always compared as a whole.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Which part --sample takes: N and N + 1 take adjacent parts.",
)
@click.option("--allow-uncovered", is_flag=True, help="Exit 0 even if nothing vouches for some calibrations.")
@trust_options
@allow_class_option
@jobs_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    /,
    repo: str,
    bundles: tuple[Path, ...],
    collections: tuple[str, ...],
    sample: float,
    seed: int,
    allow_uncovered: bool,
    allowed_signers: str | None,
    revoked: str | None,
    signer: str,
    jobs: int | None,
    form: str,
) -> None:
    """Compare what the Butler repository REPO holds with what was imported. Nothing is changed.

    Every file is compared with its hash, every certification, dataset, dataset type, dimension record and chain
    with the release that it belongs to. Imports record these in REPO/curated-imports. Whoever can write to the
    repository could change the records too; a signed bundle (--bundle) or signed records (--allowed-signers)
    rule that out.

    Exit status 1 means that something is damaged, missing or changed, or that no record covers it.

    \b
    Examples:
      curated scrub /repo/main
      curated scrub /repo/main --sample 5 --seed $(( $(date +%s) / 86400 ))
      curated scrub /repo/main --bundle build/release --allowed-signers ~/signers
    """
    from curated.butler import scrub_repository
    from curated.core.ssh_signature import find_trust

    trust = find_trust(allowed_signers, revoked=revoked, signer=signer)
    with settings.progress("scrubbing") as progress:
        report = scrub_repository(
            repo,
            bundles=bundles,
            collections=collections,
            trust=trust,
            sample=sample,
            seed=seed,
            jobs=jobs,
            progress=progress,
        )
    if form == "json":
        print_json("scrub", **report.to_dict())
    else:
        _print_text(settings, report)
    raise SystemExit(0 if report.ok and (report.complete or allow_uncovered) else 1)


def _print_text(settings: Settings, report: ScrubReport) -> None:
    from curated.datasets.foreign import foreign_text
    from curated.report.text import count_text, printable

    echo_findings(settings, report.diagnostics)
    for release in report.releases:
        signature = f", signed by {release.signer}" if release.signer else ""
        echo(printable(f"release {release.contents.label}: compared with {release.source}{signature}"))
    of_all = "" if report.files == report.selected_of else f" of {report.selected_of}"
    certifications = count_text(report.certifications, "certification")
    echo(f"{report.files}{of_all} files and {certifications} compared, {report.bytes / 1e6:.1f} MB read")
    uncovered = sum((report.uncovered or {}).values())
    if uncovered:
        echo(
            f"not covered: {count_text(uncovered, 'dataset')}, of whose files only the FITS checksums that they have were verified"
        )
    if not (
        report.releases or report.datasets or report.certifications or report.foreign or report.diagnostics
    ):
        echo(
            printable(
                f"nothing to compare: {report.repository} has no release of curated, and no calibration in force"
            )
        )
        return
    if report.foreign:
        text = foreign_text(report.foreign)
        echo(printable(f"not covered: {text}, of dataset types that no calibration type declares"))
    errors = sum(diagnostic.is_error for diagnostic in report.diagnostics)
    verdict = f"{count_text(errors, 'error')} in" if errors else "no fault in what is covered of"
    is_clean = report.ok and report.complete
    echo(printable(f"{'clean:' if is_clean else verdict} {report.repository}"))
