"""Options that are given several times and take one value, or that are given an empty one."""

from __future__ import annotations

from collections.abc import Sequence

import click


def refuse_unclear_options(command: click.Command, context: click.Context, arguments: Sequence[str]) -> None:
    """Refuse an option with one value that is given more than once, and one with an empty value.

    Of several values click would silently take the last. An empty one comes mostly from a variable of the shell that is
    not set, and would count as no option at all: with ``--allowed-signers "$KEYS"`` no signature would be demanded.
    Flags may be repeated, unless they come in pairs such as ``--chain`` and ``--no-chain``.

    Parameters
    ----------
    arguments : sequence [`str`]
        Arguments of the command as they are on the command line; those of a sub-command are examined as well.

    Raises
    ------
    click.UsageError
        If an option is repeated or empty, or as click does while it reads the arguments.
    """
    with context.scope(cleanup=False):
        parser = command.make_parser(context)
    values, rest, parameters = parser.parse_args(args=list(arguments))
    for parameter in parameters:
        if (
            isinstance(parameter, click.Option)
            and _has_one_value(parameter)
            and parameters.count(parameter) > 1
        ):
            raise click.UsageError(
                f"Option '{_spellings(parameter)}' is given more than once; it takes one value.", context
            )
        if isinstance(parameter, click.Option) and _is_empty(values.get(parameter.name or "")):
            raise click.UsageError(
                f"Option '{_spellings(parameter)}' has an empty value; give one, or leave the option out.",
                context,
            )
    if isinstance(command, click.Group) and rest and command is not context.find_root().command:
        sub_command = command.get_command(context, rest[0])
        if sub_command is not None:
            sub_context = click.Context(sub_command, parent=context, info_name=rest[0])
            refuse_unclear_options(sub_command, sub_context, rest[1:])


def _has_one_value(option: click.Option) -> bool:
    is_single_flag = option.is_flag and not option.secondary_opts
    return not (option.multiple or option.count or is_single_flag)


def _is_empty(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_is_empty, value))
    return isinstance(value, str) and not value.strip()


def _spellings(option: click.Option) -> str:
    return "/".join((*option.opts, *option.secondary_opts))
