"""The ``curated`` command; the module of a sub-command is imported when it is called."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import threading
import warnings
from typing import Any, NoReturn, TextIO

# Until everything is imported, Ctrl-C ends the process as it ends any other, without a traceback.
_IS_COMMAND = (
    threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
)
if _IS_COMMAND:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# Jobs are processes. Threads of a linear-algebra library would compete with them, and keep a process from forking.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# Modules and calibrations make many objects and few cycles: with Python's thresholds, searching takes a tenth of the time.
gc.set_threshold(100_000, 50, 50)

import io

import click

from curated.cli.context import Settings, echo
from curated.cli.process import (
    NAMES,
    Stop,
    environment_failure,
    handle_signals,
    ignore_signals,
    ignore_signals_for_good,
    prepare_streams,
    require_memory,
)
from curated.cli.repeats import refuse_unclear_options
from curated.core.diagnostic import CuratedError
from curated.core.storage.limits import require_files
from curated.core.version import __version__

COMMANDS = {
    "new": ("author", "Begin: write drafts of a package, an instrument or a calibration."),
    "check": ("package", "Report all that is wrong with the calibrations."),
    "adopt": ("package", "Declare an existing package: write its curated.yaml and instrument.yaml."),
    "convert": ("release", "Write calibrations as stamped FITS files."),
    "bundle": ("release", "Check, convert and bundle one commit for import."),
    "verify-bundle": (
        "release",
        "Check a bundle without a repository: files, hashes, signature, attestation.",
    ),
    "import": ("repository", "Bring a bundle into a Butler repository."),
    "export": ("repository", "Write a repository's certified calibrations back as text."),
    "publish": ("release", "Check, bundle and import in one go."),
    "fingerprint": ("release", "Hash the calibrations in force, in a package, a bundle or a repository."),
    "compare": ("release", "Compare the calibrations in force in two packages, bundles or repositories."),
    "diff": ("review", "Say what a change does in pixels, electrons and magnitudes."),
    "impact": ("review", "Say which exposures a change affects, and how much."),
    "report": ("review", "Put all that is to be said about a change on one page."),
    "git": ("review", "Let git show changes of calibrations in pixels, electrons and magnitudes."),
    "audit": ("review", "Say which calibrations images were made with, and whether they still hold."),
    "monitor": ("review", "Watch metrics over the nights: control charts and their alarms."),
    "epoch": ("author", "Begin a new epoch of a calibration: a copy with other dates."),
    "split": ("author", "Split the range of a calibration in two."),
    "share": ("author", "Merge copies for several detectors or filters into one file for all."),
    "unshare": ("author", "Give detectors or filters of a shared file files of their own."),
    "note": ("author", "Note an edit of calibrations: who, when, and what."),
    "fix": ("author", "Fill in or correct what follows from path, instrument and image."),
    "edit-defects": ("author", "Draw defects over an image, on a page in the browser."),
    "fmt": ("author", "Bring texts into canonical form; comments and values stay."),
    "add": ("author", "Make a calibration of a file of another program."),
    "migrate": ("author", "Make a package of the calibrations of another system."),
    "save": ("author", "Write a calibration for another program: DS9, FITS, CSV, CCDData."),
    "verify": ("quality", "Test calibrations, on exposures too, and write a record of what came out."),
    "certify": ("quality", "Certify verified calibrations for a range, by name and ticket."),
    "deprecate": ("package", "Take calibrations of the package out of use, or back into use."),
    "retract": ("repository", "Take a release out of a repository's chain, or put it back."),
    "recertify": ("repository", "Set validity ranges in a repository to those of the package."),
    "scrub": (
        "repository",
        "Find what is damaged, missing or changed in a repository since it was imported.",
    ),
    "lookup": ("package", "Find the calibrations in force at a time, in a night, or for a raw image."),
    "log": ("review", "Tell the history of one product: when it applied, and when that was believed."),
    "show": ("package", "Show a calibration, as text or as a plot."),
    "types": ("package", "List the calibration types, or describe one."),
    "schema": ("package", "Write or check the JSON Schemas."),
    "explain": ("package", "Explain a code of the check."),
    "completion": ("package", "Print the set-up of shell completion."),
}
"""All commands in the order of ``curated --help``: the room of the module, below ``curated.cli``, and a summary."""

EXIT_BUG = 3


class _Commands(click.Group):
    """Group of the commands in `COMMANDS`, which imports a command's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        room = COMMANDS[cmd_name][0]
        if room not in ("package", "review", "author", "quality") or cmd_name == "impact":
            _escape_log()  # of Butler and its libraries
        module = importlib.import_module(f"curated.cli.{room}.{cmd_name.replace('-', '_')}_command")
        command: click.Command = module.command
        if "_CURATED_COMPLETE" in os.environ:
            from curated.cli.completion import attach_values

            attach_values(command)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and not ctx.resilient_parsing:
            refuse_unclear_options(self, ctx, args)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            name, command, rest = super().resolve_command(ctx, args)
        except click.UsageError as error:
            from curated.core.similar import similar_name

            similar = similar_name(args[0], COMMANDS) if args and args[0] not in COMMANDS else ""
            if similar:
                raise click.UsageError(f"{error.message} Did you mean {similar!r}?", ctx) from error
            raise
        if command is not None and not ctx.resilient_parsing:
            refuse_unclear_options(command, click.Context(command, parent=ctx, info_name=name), rest)
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


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
@click.option(
    "-q", "--quiet", is_flag=True, help="Print results and errors only: no warnings, no summary, no progress."
)
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
    warnings.showwarning = _show_warning
    try:
        handle_signals()
        prepare_streams()
        status = _run()
        ignore_signals()
    except Stop as stop:
        _print_error(NAMES[signal.Signals(stop.number)])
        status = 128 + stop.number
    _leave(status if isinstance(status, int) else 0)


def _run() -> Any:
    """Run the command line, and convert failures to messages and exit statuses."""
    try:
        require_memory()
        require_files()
        return cli.main(standalone_mode=False, prog_name="curated")
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code  # the usual end of a command
        _print_error(str(ended.code))
        return 1
    except CuratedError as error:
        _print_error(f"error: {error.message}", *([f"hint: {error.hint}"] if error.hint else []))
        return error.exit_status
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        _print_error(*usage.getvalue().splitlines(), prefix="")
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _print_error(NAMES[signal.SIGINT])
        return 128 + signal.SIGINT
    except Exception as error:  # noqa: BLE001 - the outermost boundary
        try:
            return _report(error)
        except (MemoryError, OSError):
            # Not even the message can be made.
            os.write(2, b"curated: error: memory ran out, or too many files are open\n")
            return CuratedError.exit_status


def _report(error: Exception) -> int:
    """Print what an exception says about the environment, or else that it is a bug; return the exit status."""
    if any(argument in ("-v", "--verbose") for argument in sys.argv[1:]):
        import traceback

        traceback.print_exc()
    failure = environment_failure(error)
    if failure is not None:
        _print_error(f"error: {failure.message}", *([f"hint: {failure.hint}"] if failure.hint else []))
        return CuratedError.exit_status
    registry = sys.modules.get("curated.registry")
    distribution = registry.distribution_at_fault(error) if registry is not None else None
    if distribution is not None:
        _print_error(
            f"error: a type of {distribution} failed: {type(error).__name__}: {error}",
            "hint: report it to the authors of that package; -v shows the traceback",
        )
        return CuratedError.exit_status
    _print_error(
        f"bug: {type(error).__name__}: {error}", "hint: run it again with -v and report what it prints"
    )
    return EXIT_BUG


def _leave(status: int) -> NoReturn:
    """End the process.

    Objects in reference cycles are left to the operating system: to search for them takes Python up to half a second
    where Butler is imported (docs/adr/0021).
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError as error:
            if status in (0, 1):  # otherwise the failure was reported
                _print_error(f"error: the output is incomplete: {error.strerror}")
                status = CuratedError.exit_status
            _discard(stream)
    gc.freeze()
    ignore_signals_for_good()
    sys.exit(status)


def _discard(stream: TextIO) -> None:
    """Redirect a broken stream to the null device, so that flushing it at the end of Python does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning of a library, whose text may quote a file."""
    _print_error(f"warning: {message}")


def _escape_log() -> None:
    """Print the log of libraries, which quotes names of repositories, as all other output is printed."""
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            try:
                text = record.getMessage()
            except (TypeError, ValueError):
                text = str(record.msg)
            if record.name != "curated":  # whose own messages are whole sentences
                text = f"{record.levelname.lower()}: {text}"
            _print_error(text.removeprefix("curated: "))

    logging.lastResort = Handler(logging.WARNING)  # what prints where a program has set up no log


def _print_error(*lines: str, prefix: str = "curated: ") -> None:
    from curated.report.text import printable

    for line in lines:
        echo(f"{prefix}{printable(line)}", err=True)


if _IS_COMMAND:
    signal.signal(signal.SIGINT, signal.default_int_handler)

if __name__ == "__main__":
    main()
