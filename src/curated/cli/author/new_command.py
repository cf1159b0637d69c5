"""``curated new``."""

from __future__ import annotations

import click

from curated.cli.author.drafts.calibration import find_command
from curated.cli.author.drafts.instrument import instrument
from curated.cli.author.drafts.package import package
from curated.cli.author.drafts.type_package import type_package
from curated.cli.author.drafts.verification import verification


class _Drafts(click.Group):
    """Group of what can be drafted: a command for each calibration type beside those that it has."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or find_command(cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = super().list_commands(ctx)
        if not ctx.resilient_parsing:
            return names
        from curated.registry import all_types  # the shell completes them

        return [*names, *all_types()]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self.commands[name].get_short_help_str(70)) for name in self.commands]
        with formatter.section("Commands"):
            formatter.write_dl([*rows, ("TYPE", "Write a calibration; 'curated types' lists the types.")])


@click.group(
    "new",
    cls=_Drafts,
    subcommand_metavar="package DIR | instrument NAME | type NAME | verification TYPE | TYPE",
)
def command() -> None:
    """Write drafts of a package, an instrument, a calibration, or tests.

    \b
    Examples:
      curated new package my-calibs
      curated new instrument MyCam --detectors 4 --size 4000x4072 --filter g=g
      curated new defects --detector d00 --from 2026-01-01
      curated new transmission_filter --all --from 2026-01-01 --as yaml
      curated new verification bias --from 2026-01-01

    What is written passes 'curated check' as it is. Nothing is overwritten without --force.
    """


command.add_command(package)
command.add_command(instrument)
command.add_command(type_package)
command.add_command(verification)
