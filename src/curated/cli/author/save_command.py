"""``curated save``."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import click

from curated.cli.author.file_outcomes import dry_run_option, file_lines, files_to_json, force_option
from curated.cli.context import Settings, echo, format_option, pass_settings, print_json

_SIZE = re.compile(r"(\d{1,6})\s*[xX]\s*(\d{1,6})\Z")


def _list(ctx: click.Context, _: click.Parameter, is_asked: bool) -> None:
    """Print the table of writers, and end."""
    if not is_asked or ctx.resilient_parsing:
        return
    from curated.exchange.writers import WRITERS

    width = max(len(writer.name) for writer in WRITERS)
    for writer in WRITERS:
        echo(f"{writer.name:{width}s}  {writer.ending:6s} {writer.title} ({writer.types})")
    ctx.exit()


@click.command("save")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write.",
)
@click.option(
    "--to", "target_form", metavar="FORM", default="", help="Form of OUT; that of its ending if not given."
)
@click.option(
    "--type", "type_name", metavar="TYPE", help="Type of FILE, if neither its path nor its keywords have one."
)
@click.option("--size", metavar="COLUMNSxROWS", help="Size of a mask; that of the detector if not given.")
@click.option(
    "--table", metavar="T", default="", help="Table to write, of a calibration with several: name or number."
)
@click.option(
    "--list", is_flag=True, expose_value=False, is_eager=True, callback=_list, help="List the forms."
)
@force_option
@dry_run_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    path: Path,
    output: Path,
    target_form: str,
    type_name: str | None,
    size: str | None,
    table: str,
    force: bool,
    dry_run: bool,
    form: str,
) -> None:
    """Write a calibration for another program: 'curated add' the other way round.

    FILE is a text of a package or a FITS file. What OUT cannot hold is said. 'curated add' reads OUT back: of boxes saved
    for DS9 no pixel and no comment is lost.

    \b
    Examples:
      curated save calibs/demo/defects/d00/20230510T000000.ecsv -o bad.reg
      curated save calibs/demo/defects/d00/20230510T000000.ecsv -o mask.fits
      curated save calibs/demo/bias/g00/20200101T000000.yaml -o bias.fits
    """
    from curated.cli.package.show_command import detector_size, load
    from curated.core.storage.file_set import write_file_set
    from curated.exchange.row_comments import comments_of_rows
    from curated.exchange.writers import Outgoing, write_foreign

    shape = _parse_size(size) if size else detector_size(path)
    calib = load(path, type_name)
    comments: tuple[str, ...] = ()
    if path.suffix.lower() == ".ecsv":
        tables = calib.tables()
        rows = len(next(iter(tables[0].columns.values())).values) if tables and tables[0].columns else 0
        comments = comments_of_rows(path.read_bytes(), rows)
    outgoing = Outgoing(calib=calib, row_comments=comments, size=shape, table=table)
    content, losses, writer = write_foreign(outgoing, output.name, target_form)
    directory = Path(os.path.abspath(output)).parent
    written = write_file_set(directory, {output.name: content}, force=force, dry_run=dry_run)
    # People look for the file under the name that they gave.
    outcomes = [replace(outcome, path=str(output)) for outcome in written]
    if form == "json":
        files = files_to_json(outcomes)
        print_json(
            "save", form=writer.name, directory=str(directory), dry_run=dry_run, files=files, losses=losses
        )
        return
    echo(*file_lines(outcomes, dry_run=dry_run))
    if losses:
        settings.remark(f"not in it: {'; '.join(losses)}")


def _parse_size(text: str) -> tuple[int, int]:
    match = _SIZE.match(text.strip())
    if match is None or not 0 < int(match[1]) * int(match[2]) <= 1 << 29:
        raise click.UsageError(f"--size {text!r} is not like 4096x4004")
    return int(match[1]), int(match[2])
