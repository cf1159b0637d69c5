"""Options that take one value and are given several times."""

from __future__ import annotations

from collections.abc import Sequence

import click


def refuse_repeated_options(command: click.Command, context: click.Context, arguments: Sequence[str]) -> None:
    """Refuse an option with one value that is given more than once; click would silently take the last.

    Flags may be repeated, unless they come in pairs such as ``--chain`` and ``--no-chain``.

    Parameters
    ----------
    arguments : sequence [`str`]
        Arguments of the command as they are on the command line; those of a sub-command are examined as well.

    Raises
    ------
    click.UsageError
        If an option is repeated, or as click does while it reads the arguments.
    """
    with context.scope(cleanup=False):
        parser = command.make_parser(context)
    _, rest, parameters = parser.parse_args(args=list(arguments))
    for parameter in parameters:
        if (
            isinstance(parameter, click.Option)
            and _has_one_value(parameter)
            and parameters.count(parameter) > 1
        ):
            spellings = "/".join((*parameter.opts, *parameter.secondary_opts))
            raise click.UsageError(
                f"Option '{spellings}' is given more than once; it takes one value.", context
            )
    if isinstance(command, click.Group) and rest and command is not context.find_root().command:
        sub_command = command.get_command(context, rest[0])
        if sub_command is not None:
            sub_context = click.Context(sub_command, parent=context, info_name=rest[0])
            refuse_repeated_options(sub_command, sub_context, rest[1:])


def _has_one_value(option: click.Option) -> bool:
    is_single_flag = option.is_flag and not option.secondary_opts
    return not (option.multiple or option.count or is_single_flag)
