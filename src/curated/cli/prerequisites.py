"""Options that do nothing without another one."""

from __future__ import annotations

import click
from click.core import ParameterSource


def require_option(prerequisite: str, *options: str) -> None:
    """Refuse options of the current command that would have no effect, since another one is not given.

    One rule for all commands: what a user writes on the command line is used, or it is an error that says so. Defaults
    and variables of the environment are no one's wish, and are not refused.

    Parameters
    ----------
    prerequisite : `str`
        The option that they need, such as ``--plot``; or several of which one is enough, such as ``--at or --mjd``.
    *options : `str`
        Options, as on the command line.

    Raises
    ------
    click.UsageError
        If any of them is given without it; it names all of them.
    """
    context = click.get_current_context()
    names = {name: p.name for p in context.command.params for name in (*p.opts, *p.secondary_opts)}
    present = {name for name in names if _is_on_command_line(context, names[name])}
    if present.intersection(prerequisite.split(" or ")):
        return
    useless = [name for name in options if name in present]
    if useless:
        verb = "has" if len(useless) == 1 else "have"
        raise click.UsageError(f"{_listing(useless)} {verb} no effect without {prerequisite}")


def _is_on_command_line(context: click.Context, name: str | None) -> bool:
    return name is not None and context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _listing(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
