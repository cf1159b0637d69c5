"""Run pages that mix commands of curated with lines of Python, in one process."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
from typing import Any

import click

from curated.cli.main import cli

_CONTINUED = "\\\n"
_COMMAND = re.compile(r"^    \$ ((?:.*\\\n)*.*)$", re.MULTILINE)


def shell(command: str) -> None:
    """Run a command, of curated in this process; it prints what the program prints."""
    words = shlex.split(command)
    if words[0] != "curated":
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        print(done.stdout + done.stderr, end="")
        return
    try:
        cli.main(words[1:], standalone_mode=False)
    except SystemExit as ended:
        if ended.code:
            print(f"exit status {ended.code}")
    except click.ClickException as error:
        print(error.format_message())


def typed_lines(page: str) -> list[str]:
    """Return the lines of a page that a person types, those with a prompt; continued ones count once."""
    return re.findall(r"^    (?:\$|>>>) .*$", page.replace(_CONTINUED, " "), re.MULTILINE)


def run_page(page: str, name: str, values: dict[str, Any]) -> tuple[int, str]:
    """Run a page, and return how many lines show output, and how the output differs from what it shows.

    Parameters
    ----------
    values : `dict`
        What the lines of Python have beforehand, by name.
    """
    text = _COMMAND.sub(lambda match: f"    >>> shell({match[1].replace(_CONTINUED, ' ')!r})", page)
    test = doctest.DocTestParser().get_doctest(text, {"shell": shell, **values}, name, name, 0)
    failures: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(optionflags=flags, verbose=False).run(test, out=failures.append)
    return sum(len(example.want) > 0 for example in test.examples), "".join(failures)
