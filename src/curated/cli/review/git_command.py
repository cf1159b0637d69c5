"""``curated git``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curated.cli.context import Settings, echo, format_option, pass_settings, print_json

if TYPE_CHECKING:
    from curated.report.git.content_text import Surroundings

private_option = click.option(
    "--private",
    "is_private",
    is_flag=True,
    help="Write attributes into the repository's own directory instead of the package's .gitattributes.",
)
program_option = click.option("--program", "version", default="", help="Version that wrote the settings.")


@click.group("git")
def command() -> None:
    """Let git show changes of calibrations in pixels, electrons and magnitudes, and merge them by rows and keywords.

    \b
    Example:
      curated git install
    """


@command.command("install")
@private_option
@format_option()
@pass_settings
def install(settings: Settings, is_private: bool, form: str) -> None:
    """Write a diff and a merge driver into the settings of this clone, and into .gitattributes which files they are for.

    Then 'git diff' shows what changes do, and 'git log -p' and 'git show' compare physical quantities and values.
    'git diff --no-ext-diff --no-textconv' shows the lines of the files; so do git's own patches.

    'git merge', 'git rebase' and 'git cherry-pick' merge texts by rows, cells and keywords. What both sides changed is
    a conflict with markers, as ever.

    \b
    Examples:
      curated git install
      curated git install --private
    """
    from curated.core.version import __version__
    from curated.git.drivers import can_cache, find_driver
    from curated.git.drivers import install as write_driver
    from curated.git.repository import open_repository

    package = settings.package()
    repository = open_repository(package.root)
    driver = find_driver(repository, package.top, is_private=is_private)
    is_cached = can_cache(repository)
    if not is_cached:
        settings.remark("git caches nothing, since it does not know your name: set user.name and user.email")
    # -P: no module of the repository, where git starts the program, is imported.
    program = [os.path.abspath(sys.executable), "-P", "-m", "curated"]
    changed = write_driver(driver, program, __version__, is_cached=is_cached)
    _print_changed(changed, "written", form)


@command.command("uninstall")
@format_option()
@pass_settings
def uninstall(settings: Settings, form: str) -> None:
    """Take out again what 'curated git install' wrote; all other lines stay.

    \b
    Example:
      curated git uninstall
    """
    from curated.git.drivers import find_driver
    from curated.git.drivers import uninstall as remove_driver
    from curated.git.repository import open_repository

    package = settings.package()
    repository = open_repository(package.root)
    drivers = [find_driver(repository, package.top, is_private=place) for place in (False, True)]
    _print_changed(remove_driver(repository, drivers), "restored", form)


def _print_changed(changed: list[str], verb: str, form: str) -> None:
    if form == "json":
        print_json("git", changed=changed)
        return
    from curated.report.text import printable

    echo(*(f"{verb} {printable(path)}" for path in changed) if changed else ("nothing to do",))


# -- called by git ----------------------------------------------------------------------------------------


@command.command("textconv", hidden=True)
@program_option
@click.argument("file")
def textconv(version: str, file: str) -> None:
    """Print the text that git compares; called by git."""
    from curated.report.git.content_text import content_lines, plain_lines, read_content

    text = _lines_or(lambda: content_lines(read_content(file)), lambda: plain_lines(Path(file).read_bytes()))
    if text:
        echo(*text)


@command.command("external-diff", hidden=True)
@program_option
@click.argument("arguments", nargs=-1)
def external_diff(version: str, arguments: tuple[str, ...]) -> None:
    """Print the difference of two contents; called by git."""
    from curated.cli.relay import encoded, leave_helper
    from curated.report.git.content_text import Surroundings
    from curated.report.text import output_line

    surroundings = Surroundings()
    text = _difference_lines(arguments, surroundings)
    if text:
        echo(*text)
    sys.stdout.flush()
    leave_helper(
        lambda others: encoded([output_line(line) for line in _difference_lines(others, surroundings)])
    )


def _difference_lines(arguments: Sequence[str], surroundings: Surroundings) -> list[str]:
    from curated.report.git.content_text import external_difference

    return _lines_or(
        lambda: external_difference(arguments, surroundings),
        lambda: ["the difference cannot be shown; 'git diff --no-ext-diff' shows the lines"],
    )


@command.command("merge-driver", hidden=True)
@program_option
@click.argument("base")
@click.argument("left")
@click.argument("right")
@click.argument("size", type=click.INT)
@click.argument("path")
def merge_driver(version: str, base: str, left: str, right: str, size: int, path: str) -> None:
    """Merge two versions of a file into the first one; called by git."""
    import gc

    from curated.canonical.merging.files import merge_files

    gc.disable()  # the process ends soon, and tables are many small values
    raise SystemExit(0 if merge_files(base, left, right, path, size) else 1)


def _lines_or(lines: Callable[[], Iterable[str]], others: Callable[[], Iterable[str]]) -> list[str]:
    """Return lines, or others where these cannot be made: git ends with the first file for which a program fails."""
    try:
        return list(lines())
    except Exception:  # noqa: BLE001 - whatever a file does to the program, git goes on
        return list(others())
