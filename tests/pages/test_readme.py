"""README lists all commands, and the index of the decisions all decisions."""

from __future__ import annotations

import re

import click

from curated.cli.main import cli
from support.packages import ROOT


def test_every_command_is_listed() -> None:
    reference = (ROOT / "README.md").read_text("utf-8").partition("\n## Reference\n")[2]
    table = reference.partition("| command | |\n")[2].partition("\n\n")[0]
    names = [name for row in table.splitlines()[1:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert sorted(names) == sorted(cli.list_commands(click.Context(cli)))


def test_every_decision_is_listed_once() -> None:
    directory = ROOT / "docs/adr"
    index = re.findall(
        r"^\| \[(\d+)\]\((.*)\) \| (.*) \|$", (directory / "README.md").read_text("utf-8"), re.M
    )
    names = [path.name for path in directory.glob("0*.md")]
    assert [name for _, name, _ in index] == sorted(names)
    assert len({name[:4] for name in names}) == len(names)
    for number, name, title in index:
        assert int(name[:4]) == int(number)
        assert (directory / name).read_text("utf-8").startswith(f"# {number}. {title}\n")
