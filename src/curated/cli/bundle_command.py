"""``curated bundle``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from curated.cli.context import (
    Settings,
    format_option,
    pass_settings,
    print_findings,
    print_json,
    release_options,
)


@click.command("bundle")
@click.argument("output", type=click.Path(path_type=Path))
@release_options
@format_option()
@pass_settings
def command(
    settings: Settings,
    /,
    output: Path,
    form: str,
    **release: Any,
) -> None:
    """Check, convert and bundle the package's commit into the new directory OUTPUT.

    The bundle holds the FITS files, a manifest with their hashes, sources and validity, and an export file
    that stock `butler import` reads. It exists whole or not at all.

    \b
    Examples:
      curated bundle build/release
      curated bundle build/demo --instrument demo --label v1.2
    """
    from curated.bundle import build_bundle

    package = settings.package()
    with settings.progress("bundling") as progress:
        report, bundle = build_bundle(package, output, progress=progress, **release)
    findings = [d.to_dict() for d in report.diagnostics]
    if form == "json":
        about = bundle.manifest["repository"] if bundle else None
        count = len(bundle.manifest["datasets"]) if bundle else 0
        print_json(
            "bundle",
            failed=bundle is None,
            output=str(output),
            repository=about,
            datasets=count,
            findings=findings,
        )
    else:
        if report.diagnostics:
            print_findings(settings, package, report, err=True)
        if bundle is not None:
            size = sum(d["size"] for d in bundle.manifest["datasets"]) / 1e6
            click.echo(
                f"{len(bundle.manifest['datasets'])} datasets ({size:.1f} MB) as release {bundle.label} in {output}"
            )
    raise SystemExit(0 if bundle is not None else 1)
