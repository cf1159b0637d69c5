"""``curated verify-bundle``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curated.cli.context import (
    Settings,
    echo,
    echo_findings,
    format_option,
    pass_settings,
    print_json,
    trust_options,
)

if TYPE_CHECKING:
    from curated.bundle.proof.inspection import Inspection


@click.command("verify-bundle")
@click.argument("bundle", type=click.Path(exists=True, file_okay=False, path_type=Path))
@trust_options
@format_option()
@pass_settings
def command(
    settings: Settings,
    /,
    bundle: Path,
    allowed_signers: str | None,
    revoked: str | None,
    signer: str,
    form: str,
) -> None:
    """Check BUNDLE without a repository: its manifest, files, hashes, signature and attestation.

    With --allowed-signers, or where CURATED_ALLOWED_SIGNERS names that file, it must be signed with a key that is
    valid today. The file has the form of ssh-keygen(1), ALLOWED SIGNERS, and must not come with the bundle:

    \b
      release@example.org namespaces="curated-bundle" ssh-ed25519 AAAA...

    Exit status 1 means that the bundle is not what its signer or its manifest says.

    \b
    Examples:
      curated verify-bundle build/release
      curated verify-bundle build/release --allowed-signers ~/signers --signer release@example.org
    """
    from curated.bundle.proof.inspection import inspect_bundle
    from curated.cli.repository.import_command import drop_stage
    from curated.core.ssh_signature import find_trust

    trust = find_trust(allowed_signers, revoked=revoked, signer=signer, outside=bundle)
    with settings.progress("verifying") as progress:
        inspection = inspect_bundle(bundle, trust, drop_stage(progress))
    if form == "json":
        _print_json(inspection, bundle)
    else:
        echo_findings(settings, inspection.diagnostics)
        _print_text(inspection, bundle)
    raise SystemExit(0 if inspection.ok else 1)


def _print_json(inspection: Inspection, bundle: Path) -> None:
    contents, proof = inspection.contents, inspection.proof
    print_json(
        "verify-bundle",
        ok=inspection.ok,
        bundle=str(bundle),
        repository=dict(inspection.repository),
        datasets=len(contents.entries) if contents is not None else 0,
        files=len(proof.hashes),
        signature={"key": proof.key, "signer": proof.signer or None} if proof.key else None,
        attested=inspection.attested,
        sha256sums=proof.sums,
        findings=[diagnostic.to_dict() for diagnostic in inspection.diagnostics],
    )


def _print_text(inspection: Inspection, bundle: Path) -> None:
    from curated.report.text import count_text, printable

    if not inspection.ok or inspection.contents is None:
        echo(printable(f"{bundle} must not be imported"))
        return
    contents, proof = inspection.contents, inspection.proof
    counts = f"{count_text(len(contents.entries), 'dataset')}, {count_text(len(proof.hashes), 'file')}"
    commit = inspection.repository["sha1"][:12]
    echo(printable(f"{bundle} is whole: release {contents.label} of commit {commit}, {counts}"))
    if proof.signer:
        echo(printable(f"signed by {proof.signer} with key {proof.key}"))
    elif not proof.key:
        echo("not signed")
    if inspection.attested:
        echo("its attestation says the same")
