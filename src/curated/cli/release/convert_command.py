"""``curated convert``."""

from __future__ import annotations

from pathlib import Path

import click

from curated.cli.context import (
    Settings,
    allow_empty_option,
    echo,
    format_option,
    jobs_option,
    pass_settings,
    print_findings,
    print_json,
    refuse_nothing,
    selected_paths,
)


@click.command("convert")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "-o", "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where to write."
)
@click.option(
    "--allow-dirty", is_flag=True, help="Convert files that differ from the commit; stamped as REPODIRT."
)
@allow_empty_option
@jobs_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    paths: tuple[str, ...],
    output: Path,
    allow_dirty: bool,
    allow_empty: bool,
    jobs: int | None,
    form: str,
) -> None:
    """Write calibrations as FITS files, stamped with their commit, below DIR at the same relative paths.

    All files, or PATHS, are checked first; with an error among them nothing is written. The same commit gives
    the same bytes on any machine.

    \b
    Examples:
      curated convert -o build/fits
      curated convert calibs/demo/defects/d00 -o build/fits
    """
    from curated.check.package import select, text_paths
    from curated.convert import convert_into
    from curated.convert.origin import find_origin
    from curated.report.text import count_text

    package = settings.package()
    selected = text_paths(package, selected_paths(package, settings.directory, paths))
    count = len(select(package.layout.files, selected))
    refuse_nothing(package, count, selected, allow_empty=allow_empty)
    origin = find_origin(package, allow_dirty=allow_dirty)
    if origin.remark:
        settings.remark(origin.remark)
    with settings.progress("converting") as progress:
        report, converted = convert_into(package, origin, output, selected, jobs=jobs, progress=progress)
    if form == "json":
        files = [
            {"source": c.file.source, "path": c.path, "size": c.size, "sha256": c.sha256} for c in converted
        ]
        findings = [d.to_dict() for d in report.diagnostics]
        print_json(
            "convert",
            failed=report.failed,
            sha1=origin.sha1,
            dirty=origin.dirty,
            output=str(output),
            files=[] if report.failed else files,
            findings=findings,
        )
    else:
        if report.diagnostics:
            print_findings(settings, package, report, err=True)
        if not report.failed:
            size = sum(c.size for c in converted) / 1e6
            files_text = count_text(len(converted), "FITS file")
            echo(f"{files_text} ({size:.1f} MB) of commit {origin.sha1[:12]} in {output}")
    raise SystemExit(1 if report.failed else 0)
