"""Settings, options and output that the commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from curated.check.report import Report
    from curated.core.diagnostic import Diagnostic
    from curated.core.parallel import Progress
    from curated.package.package import Package

JSON_VERSION = 1
"""Version of the JSON output; it grows with changes that old readers cannot read."""


def echo(*lines: str, err: bool = False, styled: bool = False, commands: bool = False) -> None:
    """Print lines to stdout, or to stderr, free of what could control a terminal or a workflow's runner.

    All commands print by this function alone.

    Parameters
    ----------
    lines : `str`
        Lines without line ends: these are escaped, so that no data begins a line of its own.
    err : `bool`, optional
        Whether to print to stderr.
    styled : `bool`, optional
        Whether the lines have colours of `click.style`, which are kept.
    commands : `bool`, optional
        Whether the lines are commands to a workflow's runner.
    """
    from curated.report.text import output_line

    click.echo("\n".join(output_line(line, styled=styled, commands=commands) for line in lines), err=err)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Settings:
    """Options that stand before the command."""

    directory: str
    quiet: bool
    verbose: bool

    def package(self) -> Package:
        """Return the package that the command works on."""
        from curated.package.package import open_package

        return open_package(self.directory)

    def remark(self, text: str) -> None:
        """Print a remark, which is no result, to stderr."""
        if not self.quiet:
            echo(text, err=True)

    @contextmanager
    def progress(self, description: str) -> Iterator[Progress | None]:
        """Yield a function that shows progress on a terminal, or `None` if stderr is none."""
        if self.quiet or not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(description, total=None)

            def show(done: int, total: int) -> None:
                bars.update(task, completed=done, total=total)

            yield show


def format_option(*more: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option ``--format``, with ``text``, ``json`` and more values."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", *more]),
        default="text",
        show_default=True,
        help="Form of the output.",
    )


jobs_option = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 256),
    help="Number of processes; as many as there are processors if not given.",
)


def _allow_classes(ctx: click.Context, _: click.Parameter, prefixes: tuple[str, ...]) -> None:
    if prefixes:
        from curated.butler.repository.class_names import allow_classes

        allow_classes(prefixes)
        ctx.call_on_close(lambda: allow_classes(()))


allow_class_option = click.option(
    "--allow-class",
    multiple=True,
    metavar="PREFIX",
    expose_value=False,
    callback=_allow_classes,
    help="Let the repository name classes of this package, which Butler imports; may be repeated.",
)
"""The option ``--allow-class`` of every command that opens a repository; it holds for the run of the command."""


def release_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a release; their names are those of the arguments of `curated.bundle.build_bundle`."""
    options = (
        click.option(
            "--instrument",
            "instruments",
            multiple=True,
            metavar="I",
            help="Only this instrument; may be repeated.",
        ),
        click.option(
            "--label", metavar="L", help="Release label; the tag at the commit, else git-<12 digits>."
        ),
        click.option(
            "--base",
            metavar="OLD",
            help="Include only what changed since OLD, a bundle, a tag or a repository; refer to it for the rest.",
        ),
        click.option(
            "--allow-dirty",
            is_flag=True,
            help="Take files that differ from the commit; stamped as REPODIRT.",
        ),
        allow_class_option,
        jobs_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def split_choices(instruments: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split values of ``--instrument`` into choices ``NAME=REPOSITORY'S NAME``, and instruments that are selected."""
    values = tuple(instruments)
    return tuple(v for v in values if "=" in v), tuple(v for v in values if "=" not in v)


max_option = click.option(
    "--max",
    "limits",
    metavar="MEASURE=VALUE",
    multiple=True,
    help="Largest change that needs no note, such as zero_point_shift=20 or defects.pixels_gained=1000; may be given "
    "again. It goes before 'limits:' of the package.",
)
"""The option ``--max``; see `curated.difference.limits.parse_options`."""

allow_empty_option = click.option(
    "--allow-empty",
    is_flag=True,
    help="Accept that there is no calibration, which is exit status 2 otherwise.",
)


def refuse_nothing(package: Package, count: int, selected: Sequence[str] = (), *, allow_empty: bool) -> None:
    """Fail if a command has nothing to work on: that is no success.

    Parameters
    ----------
    count : `int`
        Number of calibrations.
    selected : sequence [`str`], optional
        Paths in the package that select them; all are selected if there are none.

    Raises
    ------
    CuratedError
        If there is none, unless that is allowed.
    """
    if count or allow_empty:
        return
    from curated.core.diagnostic import CuratedError

    where = ", ".join(selected) if selected else os.path.join(package.root, package.top).rstrip("/")
    hint = "see that the path is right; --allow-empty accepts that there is none"
    raise CuratedError(f"there is no calibration in {where}", hint)


def trust_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of trusted keys; they are the arguments of `curated.core.ssh_signature.find_trust`."""
    options = (
        click.option(
            "--allowed-signers",
            metavar="FILE",
            help="Require a signature with one of these keys; CURATED_ALLOWED_SIGNERS if not given.",
        ),
        click.option(
            "--revoked", metavar="FILE", help="Refuse these keys: a revocation list or public keys."
        ),
        click.option(
            "--signer", default="", metavar="IDENTITY", help="Require the signature of this signer."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


pass_settings = click.make_pass_decorator(Settings)


def echo_findings(settings: Settings, diagnostics: Iterable[Diagnostic]) -> None:
    """Print a line for each finding to stderr; of errors alone with ``-q``."""
    from curated.report.text import finding_line

    for diagnostic in diagnostics:
        if diagnostic.is_error or not settings.quiet:
            echo(finding_line(diagnostic), err=True)


def print_repository_findings(settings: Settings, report: Any) -> None:
    """Print the findings of a change to a repository, and that nothing was changed if it failed."""
    from curated.report.text import printable

    echo_findings(settings, report.diagnostics)
    if not report.ok:
        echo(f"nothing was changed in {printable(report.repository)}", err=True)


def print_json(kind: str, **content: Any) -> None:
    """Print a result as JSON, with its format ``curated-<kind>`` and version."""
    from curated.report.text import json_text

    echo(*json_text({"format": f"curated-{kind}", "version": JSON_VERSION, **content}).split("\n"))


def package_paths(
    package: Package, directory: str, paths: tuple[str, ...], *, deleted: bool = False
) -> list[str]:
    """Convert paths of the command line to paths in the package.

    Parameters
    ----------
    package : `Package`
        Package of the paths.
    directory : `str`
        Directory of the option ``-C``.
    paths : `tuple` [`str`]
        Paths in the current directory, else in ``directory``, else in the package.
    deleted : `bool`, optional
        Whether paths in the package that no longer exist are accepted.

    Returns
    -------
    paths : `list` [`str`]
        Paths relative to the package's root; the empty path is the package.

    Raises
    ------
    click.UsageError
        If a path does not exist or is not in the package.
    """
    converted = []
    for path in paths:
        candidates = [path, os.path.join(directory, path), os.path.join(package.root, path)]
        full = next((c for c in candidates if os.path.lexists(c)), None)
        if full is None and deleted:
            full = os.path.join(package.root, path)
        if full is None:
            raise click.UsageError(f"{path} does not exist")
        parent, name = os.path.split(os.path.abspath(full))
        full = os.path.join(os.path.realpath(parent), name)
        relative = os.path.relpath(full, os.path.realpath(package.root))
        if relative.split(os.sep)[0] == os.pardir:
            raise click.UsageError(f"{path} is not in the package {package.root}")
        # Findings have names that are not UTF-8 with escapes.
        escaped = relative.encode(errors="surrogateescape").decode(errors="backslashreplace")
        converted.append("" if relative == "." else escaped.replace(os.sep, "/"))
    return converted


def selected_paths(
    package: Package, directory: str, paths: tuple[str, ...], *, deleted: bool = False
) -> list[str]:
    """Return the paths that select files; an empty list selects the whole package. See `package_paths`."""
    converted = package_paths(package, directory, paths, deleted=deleted)
    return [] if "" in converted else converted


def print_findings(
    settings: Settings, package: Package, report: Report, *, err: bool = False, every: bool = False
) -> None:
    """Print findings and their summary as text; with ``-q`` errors alone, and no summary."""
    from curated.report.text import findings_text, plain, summary_text

    stream = sys.stderr if err else sys.stdout
    style = click.style if stream.isatty() and "NO_COLOR" not in os.environ else plain
    cache: dict[str, list[str]] = {}

    def read_line(file: str, number: int) -> str | None:
        if file not in cache:
            cache.clear()
            try:
                cache[file] = package.files.read(file).decode("utf-8", errors="replace").split("\n")
            except OSError:
                cache[file] = []
        lines = cache[file]
        return lines[number - 1] if 0 < number <= len(lines) else None

    diagnostics = [d for d in report.diagnostics if d.is_error or not settings.quiet]
    for line in findings_text(diagnostics, read_line, style, every=every):
        echo(line, err=err, styled=True)
    if not settings.quiet:
        for line in summary_text(report.diagnostics, len(report.files), report.silenced, style):
            echo(line, err=err, styled=True)


class SectionedCommand(click.Command):
    """A command whose help lists options in sections; those in none come first, as ``Options``.

    Parameters
    ----------
    sections : `dict` [`str`, sequence [`str`]]
        Names of parameters by the title of their section, in the order of the help.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options into the help."""
        options = (p for p in self.get_params(ctx) if isinstance(p, click.Option))
        rows = {p.name: row for p in options if (row := p.get_help_record(ctx)) is not None}
        groups = {
            title: [rows.pop(name) for name in names if name in rows]
            for title, names in self.sections.items()
        }
        for title, group in {"Options": [*rows.values()], **groups}.items():
            if group:
                with formatter.section(title):
                    formatter.write_dl(group)


def draft_remark(report: Report) -> str:
    """Return how many of the calibrations that are released are drafts; empty if none is."""
    count = len(report.drafts)
    if not count:
        return ""
    calibrations = "1 calibration is a draft" if count == 1 else f"{count:,} calibrations are drafts"
    return f"{calibrations} that nobody has completed: 'curated check' names them (CAL700)"


def foreign_remark(package: Package) -> str:
    """Return how many datasets of unknown types beside the calibrations are not released; empty if there is none."""
    from curated.export.foreign_files import count_foreign

    count = count_foreign(package.root)
    if not count:
        return ""
    datasets = "1 dataset in foreign/ is" if count == 1 else f"{count:,} datasets in foreign/ are"
    return (
        f"{datasets} not released, since no calibration type declares what is in them: "
        "'butler transfer-datasets' or 'butler export-calibs' bring them from their repository to another"
    )
