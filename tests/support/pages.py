"""Run the commands of documentation pages, and compare their output with what the pages show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from support.preloaded import shared_programs

PROMPT = "    $ "


def commands(page: str) -> list[tuple[str, str]]:
    """Return the commands of a page, each with the output that the page shows."""
    examples: list[tuple[str, list[str]]] = []
    for line, in_example in _lines(page):
        if line.startswith(PROMPT):
            examples.append((line.removeprefix(PROMPT), []))
        elif in_example:
            examples[-1][1].append(line[4:])
    return [(command, "\n".join(lines).strip("\n")) for command, lines in examples]


def sections(page: str) -> dict[str, str]:
    """Return the texts of a page's sections of the second level by their headings."""
    parts = re.split(r"^## (.+)\n", page, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _lines(page: str) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a page, and whether each is a command or its output."""
    in_example = False
    for line in page.splitlines():
        in_example = line.startswith(PROMPT) or (in_example and (line.startswith("    ") or not line))
        yield line, in_example


def environment_with_curated(directory: Path) -> dict[str, str]:
    """Return an environment in which `curated` is this source tree's, and other programs those of its Python."""
    programs = shared_programs()
    for name in ("curated", "butler"):
        (directory / name).symlink_to(programs.directory / name)
    scripts = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{directory}:{scripts}:{os.environ['PATH']}", "PYTHONWARNINGS": "ignore"}


def run_shell(command: str, directory: Path, environment: dict[str, str]) -> str:
    """Run a command, and return its output including standard error."""
    process = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return process.stdout.strip("\n")


def without_counts(text: str) -> str:
    """Replace the number of calibrations, so that pages stay valid when the demonstration grows."""
    return re.sub(r"^\d+(?= calibrations checked)", "N", text, flags=re.MULTILINE)


class HashNames:
    """Replaces hashes by numbered names in the order of their occurrence, so that equal hashes have equal names."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """Replace hashes by names, and counts and sizes, which change with the examples, by a letter."""
        text = re.sub(r"\b([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{12,64})\b", self._name, text)
        return re.sub(r"\b\d+(\.\d+)?(?= (MB|kB|datasets|calibrations|validity|of)\b)", "N", text)

    def _name(self, match: re.Match[str]) -> str:
        # A hash and its first 12 digits are the same hash; a UUID counts as a whole.
        key = match[0] if "-" in match[0] else match[0][:12]
        return self.names.setdefault(key, f"<hash {len(self.names) + 1}>")


def assert_page_shows(
    path: Path,
    directory: Path,
    environment: dict[str, str],
    normalise: Callable[[str], str],
    *,
    update: bool,
    names: Mapping[str, str] | None = None,
    until: str = "\0",
) -> None:
    """Run the commands of a page one after the other, and assert that each prints what the page shows.

    Parameters
    ----------
    path : `pathlib.Path`
        File of the page.
    directory : `pathlib.Path`
        Where to run the commands.
    environment : `dict`
        Environment variables of the commands.
    normalise : callable
        Applied to both outputs before they are compared.
    update : `bool`
        Write the output into the page instead of comparing it.
    names : `dict`, optional
        Replacements for paths of this machine in the output.
    until : `str`, optional
        Text at which to stop; commands after it are not run.
    """
    page, separator, rest = path.read_text("utf-8").partition(until)
    text = _compare(page, directory, environment, normalise, update=update, names=names or {})
    if update:
        text = text.removesuffix("\n") + "\n" * bool(rest) + separator + rest
        path.write_text(text.removesuffix("\n") + "\n", "utf-8")


def assert_section_shows(
    path: Path,
    section: str,
    directory: Path,
    environment: dict[str, str],
    *,
    update: bool,
    names: Mapping[str, str],
) -> None:
    """Run the commands of one section of a page like `assert_page_shows`.

    Parameters
    ----------
    section : `str`
        Heading of the section.
    """
    page = path.read_text("utf-8")
    text = sections(page)[section]
    renewed = _compare(text, directory, environment, str, update=update, names=names)
    if update:
        renewed = renewed.rstrip("\n") + text[len(text.rstrip("\n")) :]
        path.write_text(page.replace(f"## {section}\n{text}", f"## {section}\n{renewed}"), "utf-8")


def _compare(
    text: str,
    directory: Path,
    environment: dict[str, str],
    normalise: Callable[[str], str],
    *,
    update: bool,
    names: Mapping[str, str],
) -> str:
    """Run the commands of a text and compare their output, unless it is to be updated; return the text with the output."""
    shown_names, printed_names = HashNames(), HashNames()
    outputs = []
    for command, shown in commands(text):
        output = run_shell(command, directory, environment)
        for value, name in names.items():
            output = output.replace(value, name)
        outputs.append(output)
        if not update:
            expected = normalise(shown_names(_without_blanks(shown)))
            assert normalise(printed_names(_without_blanks(output))) == expected, command
    return _with_outputs(text, outputs) if update else text


def _without_blanks(text: str) -> str:
    """Remove empty lines and blanks at the ends of lines, which `_with_outputs` does not write."""
    return "\n".join(filter(None, map(str.rstrip, text.splitlines())))


def _with_outputs(page: str, outputs: list[str]) -> str:
    """Return a page with other outputs of its commands; blank lines stay where they are."""
    lines: list[str] = []
    waiting = iter(outputs)
    blank = False
    for line, in_example in _lines(page):
        if line.startswith(PROMPT):
            lines += ["", line] if blank else [line]
            lines += [f"    {printed}".rstrip() for printed in next(waiting).splitlines()]
            blank = False
        elif in_example:
            blank = not line
        else:
            lines += ["", line] if blank else [line]
            blank = False
    return "\n".join(lines) + "\n"
