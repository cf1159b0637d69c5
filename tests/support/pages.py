"""Pages whose commands are run, so that what they show is what happens."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from support import programs

COMMAND = "    $ "


def commands(page: str) -> list[tuple[str, str]]:
    """The commands of a page and what it shows of their output."""
    found: list[tuple[str, list[str]]] = []
    for line, inside in _marked(page):
        if line.startswith(COMMAND):
            found.append((line.removeprefix(COMMAND), []))
        elif inside:
            found[-1][1].append(line[4:])
    return [(command, "\n".join(lines).strip("\n")) for command, lines in found]


def _marked(page: str) -> Iterator[tuple[str, bool]]:
    """The lines of a page, and whether each is a command or its output."""
    inside = False
    for line in page.splitlines():
        inside = line.startswith(COMMAND) or (inside and (line.startswith("    ") or not line))
        yield line, inside


_BUTLER = "import sys; from lsst.daf.butler.cli.butler import main; sys.exit(main())"


def path_with_curated(directory: Path) -> dict[str, str]:
    """An environment in which `curated` is the one that is tested, and other commands are beside its Python."""
    for name, line in (
        ("curated", programs.command()),
        ("butler", programs.command("-c", _BUTLER, what="butler")),
    ):
        command = directory / name
        command.write_text(f'#!/bin/sh\nexec {shlex.join(line)} "$@"\n')
        command.chmod(0o755)
    beside = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{directory}:{beside}:{os.environ['PATH']}", "PYTHONWARNINGS": "ignore"}


def run(command: str, directory: Path, environment: dict[str, str]) -> str:
    """What a command prints, standard error included."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.strip("\n")


def any_number(text: str) -> str:
    """The text for any number of calibrations: a new example of a type is no reason to change the page."""
    return re.sub(r"^\d+(?= calibrations checked)", "N", text, flags=re.MULTILINE)


class Names:
    """Gives the hashes of a page names, in the order in which they come, so that equal ones stay equal."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """The text with names for hashes, and a digit for numbers and sizes, which change with the examples."""
        named = re.sub(r"\b([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{12,64})\b", self._name, text)
        return re.sub(r"\b\d+(\.\d+)?(?= (MB|kB|datasets|calibrations|validity|of)\b)", "N", named)

    def _name(self, match: re.Match[str]) -> str:
        # The short form of a hash is the same hash; of a UUID, all counts.
        return self.known.setdefault(
            match[0] if "-" in match[0] else match[0][:12], f"<hash {len(self.known) + 1}>"
        )


def assert_shows(
    path: Path,
    directory: Path,
    environment: dict[str, str],
    form: Callable[[str], str],
    *,
    update: bool,
    names: Mapping[str, str] | None = None,
    until: str = "\0",
) -> None:
    """Run the commands of a page one after the other; each must print what the page shows, or is made to show.

    Parameters
    ----------
    path, directory, environment
        The page, and where its commands are run.
    form : callable
        What counts of an output.
    update : `bool`
        Whether to write what is printed into the page.
    names : `dict`, optional
        What stands in the page for paths of this machine.
    until : `str`, optional
        Where the part ends that is run.
    """
    page, mark, rest = path.read_text("utf-8").partition(until)
    shown, printed = Names(), Names()
    outputs = []
    for command, said in commands(page):
        output = run(command, directory, environment)
        for here, name in (names or {}).items():
            output = output.replace(here, name)
        outputs.append(output)
        if not update:
            assert form(printed(outputs[-1])) == form(shown(said)), command
    if update:
        path.write_text(
            _with_outputs(page, outputs).removesuffix("\n") + "\n" * bool(rest) + mark + rest, "utf-8"
        )


def _with_outputs(page: str, outputs: list[str]) -> str:
    lines: list[str] = []
    waiting = iter(outputs)
    blank = False
    for line, inside in _marked(page):
        if line.startswith(COMMAND):
            lines += ["", line] if blank else [line]
            lines += [f"    {said}".rstrip() for said in next(waiting).splitlines()]
            blank = False
        elif inside:
            blank = not line
        else:
            lines += ["", line] if blank else [line]
            blank = False
    return "\n".join(lines) + "\n"
