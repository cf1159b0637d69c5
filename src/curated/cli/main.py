"""The ``curated`` command: its sub-commands are imported when they are used."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import Any, NamedTuple, NoReturn, TextIO

# Two jobs use two processors; threads of a linear-algebra library would only get in their way,
# and a process without threads can be forked.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# Modules and thousands of calibrations make many objects and no cycles; looking for cycles often costs a tenth.
gc.set_threshold(100_000, 50, 50)

import io

import click

from curated.cli.context import Settings
from curated.core.diagnostic import CuratedError
from curated.core.version import __version__


class CommandInfo(NamedTuple):
    """What is known of a command without its module.

    Parameters
    ----------
    room : `str`
        Folder of its module, beside this one.
    summary : `str`
        The sentence in the list of commands.
    """

    room: str
    summary: str


COMMANDS = {
    "check": CommandInfo("package", "Report all that is wrong with the calibrations."),
    "adopt": CommandInfo(
        "package", "Declare an existing package: write its curated.yaml and instrument.yaml."
    ),
    "convert": CommandInfo("release", "Write calibrations as stamped FITS files."),
    "bundle": CommandInfo("release", "Check, convert and bundle one commit for import."),
    "import": CommandInfo("repository", "Bring a bundle into a Butler repository."),
    "export": CommandInfo("repository", "Write a repository's certified calibrations back as text."),
    "publish": CommandInfo("release", "Check, bundle and import in one go."),
    "fingerprint": CommandInfo(
        "release", "Hash the calibrations in force, in a package, a bundle or a repository."
    ),
    "compare": CommandInfo("release", "Say what differs between two of them."),
    "deprecate": CommandInfo("package", "Take calibrations of the package out of use, or back into it."),
    "retract": CommandInfo("repository", "Take a release out of a repository's chain, or put it back."),
    "recertify": CommandInfo(
        "repository", "Change validity ranges in a repository the way the package says."
    ),
    "lookup": CommandInfo("package", "Say which calibration is in force at a time."),
    "show": CommandInfo("package", "Show a calibration, as text or as a plot."),
    "types": CommandInfo("package", "List the calibration types, or describe one."),
    "schema": CommandInfo("package", "Write or check the JSON Schemas."),
    "explain": CommandInfo("package", "Explain a code of the check."),
    "completion": CommandInfo("package", "Print the set-up of shell completion."),
}
"""All commands, in the order of the list."""

EXIT_BUG = 3


class _Commands(click.Group):
    """Sub-commands by name; a module is imported when its command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"curated.cli.{COMMANDS[cmd_name].room}.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, info.summary) for name, info in COMMANDS.items()])


@click.command(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    default=".",
    type=click.Path(exists=True, file_okay=False),
    help="Work in the package that DIR belongs to.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print results only: no progress, no remarks.")
@click.option("-v", "--verbose", is_flag=True, help="Say more; show where a failure comes from.")
@click.version_option(__version__, prog_name="curated")
@click.pass_context
def cli(ctx: click.Context, directory: str, quiet: bool, verbose: bool) -> None:
    """Curated instrument calibrations in git: checked, converted, bundled, imported, found by time.

    \b
    A first look:
      curated check                                  what is wrong, with file and line
      curated lookup demo defects --detector d00 --at 2024-06-01
      curated publish build/repo                     into a Butler repository

    Exit status: 0 clean, 1 findings (or a "no" answer), 2 usage or environment, 3 a bug in curated.
    """
    ctx.obj = Settings(directory, quiet, verbose)


def main() -> NoReturn:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no bug
    try:
        status = _run()
    except Exception as error:  # noqa: BLE001 - the boundary: what arrives here is a bug, and is called one
        if any(argument in ("-v", "--verbose") for argument in sys.argv[1:]):
            import traceback

            traceback.print_exc()
        _say(f"bug: {type(error).__name__}: {error}", "hint: run it again with -v and report what it prints")
        status = EXIT_BUG
    _leave(status if isinstance(status, int) else 0)


def _run() -> Any:
    """Run the command line; the one place where failures become exit statuses."""
    try:
        return cli.main(standalone_mode=False, prog_name="curated")
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code  # how commands end
        _say(str(ended.code))
        return 1
    except CuratedError as error:
        _say(f"error: {error.message}", *([f"hint: {error.hint}"] if error.hint else []))
        return error.exit_status
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        _say(*usage.getvalue().splitlines(), prefix="")
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        return 130
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody to tell.
        _discard(sys.stdout)
        return 1
    except OSError as error:
        _say(f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return CuratedError.exit_status


def _leave(status: int) -> NoReturn:
    """End the process.

    Objects in reference cycles are left to the operating system: to search for them takes Python up to half a second
    where Butler is imported (docs/adr/0021).
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            status = status or CuratedError.exit_status  # the output is incomplete
            _discard(stream)
    gc.freeze()
    sys.exit(status)


def _discard(stream: TextIO) -> None:
    """Send nowhere what a stream still holds, so that Python does not complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _say(*lines: str, prefix: str = "curated: ") -> None:
    from curated.report.text import printable

    for line in lines:
        click.echo(f"{prefix}{printable(line)}", err=True)


if __name__ == "__main__":
    main()
