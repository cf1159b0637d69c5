"""``curated add``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from curated.cli.author.file_outcomes import (
    dry_run_option,
    file_lines,
    files_to_json,
    force_option,
    ignored_lines,
)
from curated.cli.context import Settings, echo, echo_findings, format_option, pass_settings, print_json
from curated.cli.moments import date_option, parse_date, utc_offset_of

if TYPE_CHECKING:
    from curated.core.storage.file_set import FileOutcome
    from curated.exchange.addition import Addition


def _list(ctx: click.Context, _: click.Parameter, is_asked: bool) -> None:
    """Print the table of readers, and end."""
    if not is_asked or ctx.resilient_parsing:
        return
    from curated.exchange.readers import READERS

    width = max(len(reader.name) for reader in READERS)
    for reader in READERS:
        echo(f"{reader.name:{width}s}  {reader.title}", f"{'':{width}s}  for {reader.types}")
    ctx.exit()


@click.command("add")
@click.argument("file", type=click.Path())
@click.option("--as", "type_name", metavar="TYPE", required=True, help="Type of the calibration.")
@click.option("--instrument", metavar="I", default="", help="Instrument; the only one if not given.")
@click.option("--detector", metavar="D", default="", help="Detector, by name or number.")
@click.option("--filter", "filter_name", metavar="F", default="", help="Filter.")
@date_option("--from", "Start of validity.", required=True)
@date_option("--until", "End of validity; the next calibration if not given.")
@click.option("--as-form", "text_form", type=click.Choice(["yaml", "ecsv", "json"]), help="Form of the text.")
@click.option("--reader", metavar="NAME", default="", help="Read the file as this form; see --list.")
@click.option("--hdu", metavar="NAME", default="", help="HDU of a FITS file, by EXTNAME or number.")
@click.option(
    "--bits", metavar="BIT,...", default="", help="Bits of a mask that mark bad pixels; any if not given."
)
@click.option(
    "--inverted/--not-inverted", default=None, help="Whether pixels of a mask are good where it is not zero."
)
@click.option("--origin", type=click.IntRange(0, 1), help="Number of the first pixel in the file.")
@click.option(
    "--untrimmed/--trimmed",
    default=None,
    help="Whether its pixels are those of the raw image, with overscan.",
)
@click.option(
    "--image",
    metavar="FITS",
    default="",
    help="Image that regions were drawn on; it converts physical and sky coordinates.",
)
@click.option("--transposed", is_flag=True, help="Exchange the axes of an image.")
@click.option(
    "--unit",
    "units",
    metavar="[COLUMN=]UNIT",
    multiple=True,
    help="Unit of the pixels, or of a column; may be given again.",
)
@click.option(
    "--set", "values", metavar="NAME=VALUE", multiple=True, help="A value that the file does not have."
)
@click.option(
    "--column",
    "columns",
    metavar="NAME=COLUMN",
    multiple=True,
    help="Column of a table, by name or number; NAME is that of the type, or 'amplifier'.",
)
@click.option("--by-order", is_flag=True, help="Amplifiers are those of the detector, in its order.")
@click.option("--sort", is_flag=True, help="Sort the samples of a curve by wavelength.")
@click.option(
    "--source",
    "source_axis",
    type=click.Choice(["rows", "columns"]),
    help="Which axis of a crosstalk matrix has the sources.",
)
@click.option(
    "--sign",
    type=click.Choice(["added", "correction"]),
    help="Whether crosstalk coefficients are what appears in the target, or what removes it.",
)
@click.option(
    "--list", is_flag=True, expose_value=False, is_eager=True, callback=_list, help="List what can be read."
)
@force_option
@dry_run_option
@format_option()
@pass_settings
def command(
    settings: Settings, /, file: str, form: str, *, force: bool, dry_run: bool, **options: Any
) -> None:
    """Make a calibration of FILE, which another program wrote.

    The content of FILE decides how it is read. The calibration gets the keywords that follow from instrument, detector,
    filter and dates, name and SHA-256 of FILE, is checked in its place in the package, and is written whole or not at all.

    \b
    Examples:
      curated add bad.reg --as defects --detector d00 --from 2024-06-01
      curated add mask.fits --as defects --detector d00 --from night:2024-06-01 \\
          --hdu DQ --bits 0,3
      curated add master_bias.fits --as bias --detector d00 --from 2024-06-01 \\
          --unit adu
      curated add qe.csv --as qe_curve --detector d00 --from 2024-06-01 \\
          --unit wavelength=nm --unit efficiency=percent
      curated add xtalk.txt --as crosstalk --detector d00 --from 2024-06-01 \\
          --source rows --unit adu --by-order

    Exit status 1 if there are errors; then nothing is written.
    """
    from curated.core.storage.file_set import write_file_set
    from curated.exchange.addition import plan_addition

    package = settings.package()
    addition = plan_addition(package, _request(settings, file, options))
    outcomes: tuple[FileOutcome, ...] = ()
    if not addition.failed:
        outcomes = write_file_set(package.root, addition.contents, force=force, dry_run=dry_run)
    if form == "json":
        _print_json(addition, outcomes, dry_run=dry_run)
    else:
        echo_findings(settings, addition.diagnostics)
        lines = file_lines(outcomes, dry_run=dry_run)
        lines += ignored_lines(package.root, outcomes)
        echo(*lines) if lines else echo("nothing was written", err=True)
    raise SystemExit(1 if addition.failed else 0)


def _request(settings: Settings, file: str, options: dict[str, Any]) -> Any:
    """Return what the options ask for."""
    from curated.exchange.addition import AddRequest
    from curated.exchange.foreign import Conventions
    from curated.exchange.placement import Names, find_instrument

    package = settings.package()

    def utc_offset() -> float:
        name = options["instrument"] or find_instrument(package, "").directory
        return utc_offset_of(package, name)()

    end = options["until_date"]
    start = parse_date(options["from_date"], "--from", utc_offset)
    return AddRequest(
        file=file,
        type=options["type_name"],
        start=start,
        end=None if end is None else parse_date(end, "--until", utc_offset),
        names=Names(
            instrument=options["instrument"], detector=options["detector"], filter=options["filter_name"]
        ),
        form=options["text_form"] or "",
        reader=options["reader"],
        conventions=Conventions(
            hdu=options["hdu"],
            bits=tuple(filter(None, (bit.strip() for bit in options["bits"].split(",")))),
            inverted=options["inverted"],
            origin=options["origin"],
            untrimmed=options["untrimmed"],
            image=options["image"],
            transposed=options["transposed"],
            units=_pairs(options["units"], "--unit", whole=True),
            values=_pairs(options["values"], "--set"),
            columns=_pairs(options["columns"], "--column"),
            by_order=options["by_order"],
            sort=options["sort"],
            source_axis=options["source_axis"] or "",
            sign=options["sign"],
        ),
    )


def _pairs(texts: tuple[str, ...], option: str, *, whole: bool = False) -> dict[str, str]:
    """Return values ``NAME=VALUE`` by name; one without a name has an empty one, if that is allowed."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign and not whole:
            raise click.UsageError(f"{option} {text!r} is not NAME=VALUE")
        name, value = (name.strip(), value.strip()) if sign else ("", text.strip())
        if pairs.setdefault(name, value) != value:
            raise click.UsageError(
                f"{option} says two things of {name or 'the values'}: {pairs[name]} and {value}"
            )
    return pairs


def _print_json(addition: Addition, outcomes: tuple[FileOutcome, ...], *, dry_run: bool) -> None:
    print_json(
        "add",
        path=addition.path,
        reader=addition.reader,
        failed=addition.failed,
        dry_run=dry_run,
        files=files_to_json(outcomes),
        findings=[finding.to_dict() for finding in addition.diagnostics],
    )
