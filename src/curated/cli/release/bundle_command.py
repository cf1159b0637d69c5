"""``curated bundle``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curated.cli.context import (
    Settings,
    draft_remark,
    echo,
    foreign_remark,
    format_option,
    pass_settings,
    print_findings,
    print_json,
    release_options,
    split_choices,
)

if TYPE_CHECKING:
    from curated.bundle.builder import Bundle


def _summary(bundle: Bundle, output: Path) -> str:
    from curated.report.text import count_text

    datasets, base = bundle.manifest["datasets"], bundle.manifest["base"]
    total = count_text(len(datasets), "dataset")
    with_file = [dataset for dataset in datasets if dataset["path"] is not None]
    size = f"{sum(dataset['size'] for dataset in with_file) / 1e6:.1f} MB"
    release = f"as release {bundle.label} in {output}"
    if base is None:
        return f"{total} ({size}) {release}"
    return f"{len(with_file)} of {total} ({size}) {release}, the others as in {base}"


@click.command("bundle")
@click.argument("output", type=click.Path(path_type=Path))
@release_options
@click.option(
    "--sign",
    metavar="KEY",
    help="Sign the hashes of all files with this SSH key; a public key if ssh-agent has the private one.",
)
@click.option(
    "--attest", is_flag=True, help="Add attestation.json: commit, version and check as an in-toto statement."
)
@format_option()
@pass_settings
def command(
    settings: Settings,
    /,
    output: Path,
    base: str | None,
    form: str,
    **release: Any,
) -> None:
    """Check, convert and bundle the package's commit into the new directory OUTPUT.

    The bundle holds the FITS files, a manifest with their hashes, sources and validity, and an export file
    that stock `butler import` reads. It exists whole or not at all.

    With --base it holds only the files that changed; the others are certified again where they are, so that
    the new release is complete in every repository that has the old one.

    With --sign, whoever has the public key can tell that the bundle is the signer's: `curated verify-bundle`
    and `curated import --require-signature` check it.

    \b
    Examples:
      curated bundle build/release
      curated bundle build/demo --instrument demo --label v1.2
      curated bundle build/v2 --base build/v1
      curated bundle build/release --attest --sign ~/.ssh/id_ed25519
    """
    from curated.bundle.builder import build_bundle
    from curated.butler.inventories import find_base

    package = settings.package()
    choices, release["instruments"] = split_choices(release["instruments"])
    with settings.progress("bundling") as progress:
        old = find_base(base, package, choices=choices, progress=progress) if base is not None else None
        if choices and not (old and old.renamings):
            raise click.UsageError(
                "--instrument NAME=OTHER is for 'import', 'publish', and --base with a repository"
            )
        report, bundle = build_bundle(package, output, base=old, progress=progress, **release)
    for remark in (
        (*bundle.remarks, *filter(None, [draft_remark(report), foreign_remark(package)]))
        if bundle is not None
        else ()
    ):
        settings.remark(remark)
    findings = [d.to_dict() for d in report.diagnostics]
    if form == "json":
        about = bundle.manifest["repository"] if bundle else None
        datasets = bundle.manifest["datasets"] if bundle else []
        print_json(
            "bundle",
            failed=bundle is None,
            output=str(output),
            repository=about,
            datasets=len(datasets),
            drafts=len(report.drafts),
            base=bundle.manifest["base"] if bundle else None,
            referred=sum(d["path"] is None for d in datasets),
            signed=bundle is not None and release["sign"] is not None,
            attested=bundle is not None and bool(release["attest"]),
            findings=findings,
        )
    else:
        if report.diagnostics:
            print_findings(settings, package, report, err=True)
        if bundle is not None:
            echo(_summary(bundle, output))
    raise SystemExit(0 if bundle is not None else 1)
