"""``curated new``."""

from __future__ import annotations

import click

from curated.cli.author.drafts.instrument import instrument
from curated.cli.author.drafts.package import package
from curated.cli.author.drafts.type_package import type_package


@click.group("new", subcommand_metavar="package DIR | instrument NAME | type NAME | TYPE")
def command() -> None:
    """Write drafts of a package, an instrument or a calibration.

    \b
    Examples:
      curated new package my-calibs
      curated new instrument MyCam --detectors 4 --size 4000x4072 --filter g=g

    What is written passes 'curated check' as it is. Nothing is overwritten without --force.
    """


command.add_command(package)
command.add_command(instrument)
command.add_command(type_package)
