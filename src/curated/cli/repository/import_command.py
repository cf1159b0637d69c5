"""``curated import``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from curated.butler.importing.request import FORMATTERS, TRANSFERS, ImportRequest
from curated.cli.context import (
    SectionedCommand,
    Settings,
    allow_class_option,
    echo,
    echo_findings,
    format_option,
    pass_settings,
    print_json,
    trust_options,
)

transfer_option = click.option(
    "--transfer",
    type=click.Choice(TRANSFERS),
    default="copy",
    show_default=True,
    help="How files go into the repository; links and 'direct' leave them where they are.",
)
formatter_option = click.option(
    "--formatter",
    type=click.Choice(FORMATTERS),
    help="Which formatter is recorded to read the files ever after: the one that the repository's configuration names "
    "(the default; by its name where the stack is not installed), or curated's. If given, records that are there "
    "already are mended to it; otherwise only where the repository's can be imported.",
)

CHAIN_OPTIONS = ("chain", "chain_names", "before", "after", "front")
"""Names of the parameters of `chain_options`."""


def chain_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for the chains into which a release is put."""
    options = (
        click.option(
            "--chain/--no-chain",
            default=True,
            help="Whether to put the release into the instrument's chain <inst>/calib.",
        ),
        click.option(
            "--chain-name",
            "chain_names",
            multiple=True,
            metavar="NAME",
            help="Chain to use instead, made where there is none; once for each instrument.",
        ),
        click.option(
            "--before", metavar="MEMBER", help="Put the release in front of this member of its chain."
        ),
        click.option("--after", metavar="MEMBER", help="Put the release behind this member of its chain."),
        click.option(
            "--front",
            is_flag=True,
            help="Put the release in front of all members, also those that are no releases.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


instrument_option = click.option(
    "--instrument",
    "instruments",
    multiple=True,
    metavar="NAME=REPOSITORY'S NAME",
    help="Which of the repository's instruments one of the package is; may be repeated. "
    "NAME=NAME creates it where there is none of that name, NAME=new:OTHER creates OTHER.",
)


@click.command(
    "import",
    cls=SectionedCommand,
    sections={
        "Names": ("instruments", "label"),
        "Place in the chain": CHAIN_OPTIONS,
        "Files and their records": ("transfer", "formatter", "camera", "allow_types", "clean"),
        "Signatures": ("require_signature", "allowed_signers", "revoked", "signer"),
        "Repository": ("seed_config", "wait", "allow_class"),
    },
)
@click.argument("bundle", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("repo")
@click.option("--dry-run", is_flag=True, help="Only say what would be done; exit 1 if it could not succeed.")
@click.option(
    "--clean",
    is_flag=True,
    help="Also remove files and objects of this bundle that killed imports have left.",
)
@click.option(
    "--allow-type",
    "allow_types",
    multiple=True,
    metavar="NAME",
    help="Also take a dataset type that no calibration type declares; may be repeated.",
)
@click.option("--label", metavar="L", help="Release label to use instead of the bundle's.")
@instrument_option
@transfer_option
@chain_options
@formatter_option
@click.option(
    "--camera",
    metavar="[INSTRUMENT=]FILE",
    help="Also import the stack's camera file, as dataset type 'camera'; for packages that keep none.",
)
@click.option(
    "--seed-config", metavar="FILE", help="Butler configuration for a repository that does not exist yet."
)
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for other programs that use the repository.",
)
@click.option(
    "--require-signature",
    is_flag=True,
    help="Import only what an allowed signer has signed; see verify-bundle.",
)
@trust_options
@allow_class_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    bundle: Path,
    repo: str,
    dry_run: bool,
    clean: bool,
    allow_types: tuple[str, ...],
    label: str | None,
    instruments: tuple[str, ...],
    transfer: str,
    chain: bool,
    formatter: str | None,
    camera: str | None,
    chain_names: tuple[str, ...],
    before: str | None,
    after: str | None,
    front: bool,
    seed_config: str | None,
    wait: float,
    require_signature: bool,
    allowed_signers: str | None,
    revoked: str | None,
    signer: str,
    form: str,
) -> None:
    """Bring BUNDLE into the Butler repository REPO, which is created where there is none.

    Every file's hash is verified first. Nothing that the repository has is deleted or overwritten, and a second
    run changes nothing. In the chain, members that are no releases stay in front of the release, which goes in front of
    earlier releases; lookups through the chain that find something else than before are listed.

    \b
    Examples:
      curated import build/release build/repo
      curated import build/release /repo/main --dry-run
      curated import build/release /repo/main --before LATISS/calib/DM-1
      curated import build/release /repo/main --clean
      curated import build/release /repo/main --require-signature --allowed-signers ~/signers
      curated import build/release /repo/main --instrument comCam=LSSTComCam
      curated import build/release s3://bucket/repo --seed-config site.yaml
    """
    from curated.butler import run_import

    trust = None
    if require_signature or allowed_signers is not None or revoked is not None or signer:
        from curated.core.ssh_signature import find_trust

        trust = find_trust(allowed_signers, revoked=revoked, signer=signer, outside=bundle)
        if trust is None:
            raise click.UsageError("--require-signature needs --allowed-signers or CURATED_ALLOWED_SIGNERS")
    with settings.progress("importing") as progress:
        request = ImportRequest(
            bundle=bundle,
            repo=repo,
            label=label,
            transfer=transfer,
            chain=chain,
            formatter=formatter,
            chain_names=chain_names,
            before=before,
            after=after,
            front=front,
            dry_run=dry_run,
            clean=clean,
            allow_types=allow_types,
            camera=camera,
            seed_config=seed_config,
            instruments=instruments,
            wait=wait,
            trust=trust,
            progress=drop_stage(progress),
        )
        report = run_import(request)
    print_import(settings, report, form)
    raise SystemExit(0 if report.ok else 1)


def drop_stage(progress: Callable[[int, int], None] | None) -> Callable[[str, int, int], None] | None:
    """Return a progress function for an import, which takes the name of the stage first and ignores it."""
    return None if progress is None else lambda _, done, total: progress(done, total)


def print_import(settings: Settings, report: Any, form: str) -> None:
    """Print the report of an import or of a dry run."""
    if form == "json":
        print_json("import", **{k: v for k, v in report.to_dict().items() if k != "version"})
        return
    from curated.report.import_text import done_lines, plan_lines

    echo_findings(settings, report.diagnostics)
    for line in plan_lines(report) if report.dry_run or not report.ok else done_lines(report):
        echo(line, err=not report.ok and not report.dry_run)
