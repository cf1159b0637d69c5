"""``curated fmt``."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click

from curated.cli.author.file_outcomes import dry_run_option, file_lines, files_to_json
from curated.cli.context import (
    Settings,
    echo,
    echo_findings,
    format_option,
    jobs_option,
    package_paths,
    pass_settings,
    print_json,
)

if TYPE_CHECKING:
    from curated.canonical.package import FormattedFile


@click.command("fmt")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option(
    "--check", "is_check", is_flag=True, help="Write nothing; exit 1 if a text is not in canonical form."
)
@click.option(
    "--diff",
    "is_diff",
    is_flag=True,
    help="Write nothing; show what would change, and exit 1 if anything would.",
)
@dry_run_option
@jobs_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    paths: tuple[str, ...],
    is_check: bool,
    is_diff: bool,
    dry_run: bool,
    jobs: int | None,
    form: str,
) -> None:
    """Bring the texts of the package, or those at or below PATHs, into canonical form.

    That is the layout in which curated itself writes them: UTF-8 with LF line ends, blanks, indentation and quotes in one
    way, and numbers of tables with the fewest digits that read back as the same bits. Comments, the order of everything and
    line breaks in lists stay. Each result is read and compared with the text before: it says the same, to the last bit.

    \b
    Examples:
      curated fmt
      curated fmt --check                            for a hook, or a pull request
      curated fmt --diff calibs/demo/crosstalk
    """
    from curated.canonical.package import format_package, text_files
    from curated.core.diagnostic import has_errors
    from curated.core.storage.file_set import write_file_set

    package = settings.package()
    selection = [path for path in package_paths(package, settings.directory, paths) if path]
    files = text_files(package, selection if len(selection) == len(paths) else ())
    if paths and not files:
        raise click.UsageError("no calibration, provenance file or setting is at or below these paths")
    with settings.progress("formatting") as progress:
        results = list(format_package(package, files, jobs=jobs, progress=progress))
    changes = [result for result in results if not result.is_canonical]
    diagnostics = tuple(finding for result in results for finding in result.diagnostics)
    is_read_only = is_check or is_diff
    outcomes = write_file_set(
        package.root,
        {result.path: result.after for result in changes},
        before={result.path: result.before for result in changes},
        dry_run=dry_run or is_read_only,
    )
    failed = has_errors(diagnostics) or (is_read_only and bool(changes))
    if form == "json":
        print_json(
            "fmt",
            failed=failed,
            dry_run=dry_run or is_read_only,
            files=files_to_json(outcomes),
            checked=len(results),
            findings=[finding.to_dict() for finding in diagnostics],
        )
        raise SystemExit(int(failed))
    if is_diff:
        lines = [line for result in changes for line in _difference(result)]
    elif is_check:
        lines = [f"{result.path}: not in canonical form" for result in changes]
    else:
        lines = file_lines(outcomes, dry_run=dry_run)
    if lines:
        echo(*lines)
    echo_findings(settings, diagnostics)
    total = f"{len(results)} text{'s' * (len(results) != 1)}"
    verb = (
        ("is" if len(changes) == 1 else "are")
        if is_read_only or dry_run
        else ("was" if len(changes) == 1 else "were")
    )
    settings.remark(f"{total}: {f'{len(changes)} {verb} not' if changes else 'all'} in canonical form")
    raise SystemExit(int(failed))


def _difference(result: FormattedFile) -> list[str]:
    from curated.report.text import printable

    before, after = (data.decode(errors="replace").split("\n") for data in (result.before, result.after))
    lines = difflib.unified_diff(before, after, f"a/{result.path}", f"b/{result.path}", lineterm="")
    return [printable(line) for line in lines]
