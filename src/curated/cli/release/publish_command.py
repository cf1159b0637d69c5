"""``curated publish``."""

from __future__ import annotations

import tempfile
from typing import Any

import click

from curated.cli.context import (
    SectionedCommand,
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
from curated.cli.repository.import_command import (
    CHAIN_OPTIONS,
    chain_options,
    drop_stage,
    formatter_option,
    print_import,
)


@click.command("publish", cls=SectionedCommand, sections={"Import": (*CHAIN_OPTIONS, "formatter")})
@click.argument("repo")
@release_options
@chain_options
@formatter_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    /,
    repo: str,
    chain: bool,
    formatter: str | None,
    chain_names: tuple[str, ...],
    before: str | None,
    after: str | None,
    front: bool,
    base: str | None,
    form: str,
    **release: Any,
) -> None:
    """Check the package, bundle its commit and import that into the Butler repository REPO.

    With `--instrument NAME=OTHER` an instrument of the package is the one that REPO calls OTHER; see `curated import`.

    \b
    Examples:
      curated publish build/repo
      curated publish /repo/main --instrument comCam=LSSTComCam
    """
    from curated.bundle.builder import build_bundle
    from curated.butler import import_bundle
    from curated.butler.importing.request import check_placement
    from curated.butler.inventories import find_base
    from curated.core.storage.staging import staging_directory
    from curated.report.text import count_text

    placement: dict[str, Any] = {
        "chain": chain,
        "chain_names": chain_names,
        "before": before,
        "after": after,
        "front": front,
    }
    check_placement(**placement)
    package = settings.package()
    choices, release["instruments"] = split_choices(release["instruments"])
    with staging_directory(tempfile.gettempdir(), private=True) as temporary:
        with settings.progress("bundling") as progress:
            old = find_base(base, package, choices=choices, progress=progress) if base is not None else None
            report, bundle = build_bundle(
                package, temporary / "bundle", base=old, progress=progress, **release
            )
        if report.diagnostics and form == "text":
            print_findings(settings, package, report, err=True)
        if bundle is None:
            if form == "json":
                print_json("publish", failed=True, findings=[d.to_dict() for d in report.diagnostics])
            raise SystemExit(1)
        for remark in (*bundle.remarks, *filter(None, [draft_remark(report), foreign_remark(package)])):
            settings.remark(remark)
        if form == "text":
            datasets = count_text(len(bundle.manifest["datasets"]), "dataset")
            sha1 = bundle.manifest["repository"]["sha1"]
            echo(f"release {bundle.label}: {datasets} of commit {sha1[:12]}")
        with settings.progress("importing") as progress:
            import_report = import_bundle(
                bundle.path,
                repo,
                transfer="copy",
                formatter=formatter,
                **placement,
                instruments=choices,
                progress=drop_stage(progress),
            )
    print_import(settings, import_report, form)
    raise SystemExit(0 if import_report.ok else 1)
