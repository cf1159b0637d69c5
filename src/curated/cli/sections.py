"""Help of a command with many options, which are listed in sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click


class SectionedCommand(click.Command):
    """A command whose help lists options in sections; those in none come first, as ``Options``.

    Parameters
    ----------
    sections : `dict` [`str`, sequence [`str`]]
        Names of parameters by the title of their section, in the order of the help.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options into the help."""
        options = (p for p in self.get_params(ctx) if isinstance(p, click.Option))
        rows = {p.name: row for p in options if (row := p.get_help_record(ctx)) is not None}
        groups = {
            title: [rows.pop(name) for name in names if name in rows]
            for title, names in self.sections.items()
        }
        for title, group in {"Options": [*rows.values()], **groups}.items():
            if group:
                with formatter.section(title):
                    formatter.write_dl(group)
