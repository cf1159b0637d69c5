"""Options of commands that have many are listed in sections: each once, the rest first."""

from __future__ import annotations

import importlib

import click
import pytest
from click.testing import CliRunner

from curated.cli.sections import SectionedCommand

COMMANDS = ["repository.import", "release.publish"]


@pytest.mark.parametrize("name", COMMANDS)
def test_sections_name_options_of_the_command_once(name: str) -> None:
    command = importlib.import_module(f"curated.cli.{name}_command").command
    names = [name for group in command.sections.values() for name in group]
    assert len(names) == len(set(names))
    assert set(names) <= {p.name for p in command.params if isinstance(p, click.Option)}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_listed_once(name: str) -> None:
    command = importlib.import_module(f"curated.cli.{name}_command").command
    lines = CliRunner().invoke(command, ["--help"]).output.splitlines()
    starts = [line.split()[0].rstrip(",") for line in lines if line.startswith("  -")]
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert sorted(starts) == sorted([*(p.opts[0] if len(p.opts) < 2 else "-j" for p in options), "--help"])


def test_what_is_in_no_section_comes_first_and_an_empty_section_not_at_all() -> None:
    options = [click.Option([f"--{name}"], help=name, hidden=name == "d") for name in "abcd"]
    options.append(click.Argument(["repo"]))
    command = SectionedCommand("x", params=options, sections={"Files": ["c", "a"], "Nothing": ["d"]})
    assert CliRunner().invoke(command, ["--help"]).output.splitlines()[2:] == [
        "Options:",
        "  --b TEXT  b",
        "  --help    Show this message and exit.",
        "",
        "Files:",
        "  --c TEXT  c",
        "  --a TEXT  a",
    ]
