"""Options that are given twice, or an empty value, of every command."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from curated.cli.main import COMMANDS, cli
from curated.cli.repeats import refuse_unclear_options


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands and sub-commands, with their names."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield (name,), command
        for sub_name, sub_command in command.commands.items() if isinstance(command, click.Group) else ():
            yield (name, sub_name), sub_command


OPTIONS = [
    (names, option)
    for names, command in commands()
    for option in command.params
    if isinstance(option, click.Option)
]


def value_of(option: click.Option) -> list[str]:
    return [] if option.is_flag else ["1"] * option.nargs


@pytest.mark.parametrize(
    ("names", "option"), OPTIONS, ids=[f"{'-'.join(names)}-{option.name}" for names, option in OPTIONS]
)
def test_each_option_of_each_command(names: tuple[str, ...], option: click.Option) -> None:
    once = [option.opts[-1], *value_of(option)]
    other = [(option.secondary_opts or option.opts)[0], *value_of(option)]
    command = dict(commands())[names]
    refuse_unclear_options(command, click.Context(command), once)
    if not option.is_flag:
        for empty in ("", " "):
            values = [*value_of(option)[1:], empty]
            with pytest.raises(click.UsageError, match="has an empty value"):
                refuse_unclear_options(command, click.Context(command), [option.opts[-1], *values])
    if option.multiple or (option.is_flag and not option.secondary_opts):
        refuse_unclear_options(command, click.Context(command), once + other)
        return
    with pytest.raises(click.UsageError, match="is given more than once; it takes one value"):
        refuse_unclear_options(command, click.Context(command), once + other)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-C", ".", "-C", "/", "types"],
        ["-C.", "types", "--format=text", "--format", "json"],
        ["-qC.", "-C", ".", "types"],
        ["lookup", "lab", "defects", "--at", "2020-01-01", "--detector", "1", "--at=2021-01-01"],
        ["check", "-j1", "--jobs", "1"],
        ["schema", "check", "--format", "json", "--format", "json"],
    ],
)
def test_any_spelling(arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert (result.exit_code, "is given more than once" in result.output) == (2, True)


@pytest.mark.parametrize(
    "arguments", [["--signer="], ["--allowed-signers", ""], ["--signer", "a@b", "--revoked", "  "]]
)
def test_no_signature_is_left_out_because_a_variable_is_not_set(arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, ["verify-bundle", ".", *arguments])
    assert (result.exit_code, "has an empty value" in result.output) == (2, True)


def test_what_may_be_repeated() -> None:
    result = CliRunner().invoke(cli, ["-q", "-q", "explain", "CAL301", "--", "--format", "--format"])
    assert "more than once" not in result.output
    assert CliRunner().invoke(cli, ["-v", "-v", "explain", "CAL301"]).exit_code == 0
