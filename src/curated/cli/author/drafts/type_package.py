"""``curated new type``."""

from __future__ import annotations

from pathlib import Path

import click

from curated.cli.author.drafts.output import write_drafts
from curated.cli.author.file_outcomes import dry_run_option, force_option
from curated.cli.context import Settings, format_option, pass_settings


@click.command("type")
@click.argument("name")
@click.option(
    "--quantity",
    "quantities",
    metavar="NAME[=UNIT]",
    multiple=True,
    required=True,
    help="A quantity that each amplifier has, such as decayTime=s. May be repeated.",
)
@click.option("--title", default="", metavar="TEXT", help="One line that says what the type is.")
@click.option(
    "--distribution", default="", metavar="NAME", help="Name for pip; curated-NAME if it is not given."
)
@click.option(
    "--directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write the package; a directory named after the distribution if it is not given.",
)
@dry_run_option
@force_option
@format_option()
@pass_settings
def type_package(
    settings: Settings,
    name: str,
    quantities: tuple[str, ...],
    title: str,
    distribution: str,
    directory: Path | None,
    dry_run: bool,
    force: bool,
    form: str,
) -> None:
    """Write a Python package that declares the calibration type NAME, with an example and a test.

    The type has a value of each quantity for each amplifier; docs/own-type.md says how to go on from there. It is a distribution
    of its own, which curated finds when it is installed: data never name code.

    \b
    Examples:
      curated new type persistence --quantity trappedCharge=electron --quantity decayTime=s
      pip install -e curated-persistence
      curated types --check persistence
    """
    from curated.drafts.type_package import EXAMPLE, draft_type_package, parse_quantity

    drafts = draft_type_package(
        name, tuple(map(parse_quantity, quantities)), distribution=distribution, title=title
    )
    root = directory or Path(distribution or f"curated-{name.replace('_', '-')}")
    write_drafts(
        settings,
        root,
        {path: text.encode() for path, text in drafts.items()},
        form,
        force=force,
        dry_run=dry_run,
        steps=(f"pip install -e {root}", f"curated types --check {name} --example {root}/tests/{EXAMPLE}"),
    )
