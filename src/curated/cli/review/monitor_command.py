"""``curated monitor``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curated.cli.context import Settings, echo, echo_findings, format_option, pass_settings, print_json
from curated.cli.moments import parsed
from curated.cli.prerequisites import require_option
from curated.core.diagnostic import CuratedError, Diagnostic, Problem, has_errors
from curated.provenance.record import VERIFICATION_ENDING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from curated.monitoring.metric import Metric
    from curated.monitoring.monitor import Loaded, Monitoring
    from curated.package.package import Package


@click.command("monitor")
@click.argument("instrument", required=False, default="")
@click.argument("type_name", metavar="[TYPE]", required=False, default="")
@click.argument("statistic", required=False, default="")
@click.option(
    "--since", metavar="DATE", help="First night whose alarms are listed; those before count for the charts."
)
@click.option(
    "--chart",
    "kinds",
    multiple=True,
    type=click.Choice(["shewhart", "ewma", "cusum"]),
    help="Kind of chart; may be repeated; all three if not given.",
)
@click.option(
    "--one-in",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="NIGHTS",
    help="Nights in which all charts together give one false alarm on average.",
)
@click.option(
    "--reference",
    type=click.IntRange(5, 10_000),
    default=20,
    show_default=True,
    metavar="N",
    help="Values of a series before the first one that is judged.",
)
@click.option(
    "--plot",
    "plot",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Draw the series of each detector into files of this directory.",
)
@click.option(
    "--plot-format",
    type=click.Choice(["png", "svg", "pdf"]),
    default="png",
    show_default=True,
    help="Format of plots.",
)
@click.option(
    "--add",
    "tables",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Add the metrics of a CSV table, or of a record of verification, instead of charting; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="With --add, only say what would be added.")
@format_option()
@pass_settings
def command(
    settings: Settings,
    instrument: str,
    type_name: str,
    statistic: str,
    since: str | None,
    kinds: tuple[str, ...],
    one_in: float,
    reference: int,
    plot: Path | None,
    plot_format: str,
    tables: tuple[Path, ...],
    dry_run: bool,
    form: str,
) -> None:
    """Watch metrics over the nights: control charts of each amplifier, and their alarms.

    Metrics are rows of calibs/INSTRUMENT/metrics/TYPE/STATISTIC/YEAR-MONTH.csv. Each value is judged by those before it
    since the last restart: the begin or end of a calibration of the type, or an event that affects it. Limits follow from
    the number of charts, so that all that is looked at gives one false alarm in so many nights.

    \b
    Examples:
      curated monitor                               all metrics of the package
      curated monitor lsstCam bias --since 2026-03-01
      curated monitor lsstCam bias NOISE --chart ewma --one-in 100 --plot charts
      curated monitor lsstCam bias --add night.csv  columns: statistic, time,
                                                    value, detector, unit, ...

    Exit status: 0 no alarm, 1 alarms or errors in the files, 2 usage or environment.
    """
    require_option("--plot", "--plot-format")
    require_option("--add", "--dry-run")
    package = settings.package()
    if tables:
        _refuse_with_add()
        raise SystemExit(
            _add(settings, package, tables, (instrument, type_name, statistic), form, dry_run=dry_run)
        )
    from curated.core.times import parse_night
    from curated.monitoring.limits import KINDS
    from curated.monitoring.monitor import judge_series

    night = None if since is None else parsed(since, "--since", parse_night, "write it like 2026-03-01")
    loaded = _load(package, (instrument, type_name, statistic))
    chosen = [kind for kind in KINDS if not kinds or kind in kinds]
    result = judge_series(loaded, kinds=chosen, one_in=one_in, since=night, reference=reference)
    files = [] if plot is None else _plot(settings, loaded, result, plot, plot_format, reference)
    _print(settings, result, form, files)
    raise SystemExit(int(bool(result.alarms) or has_errors(result.findings)))


def _refuse_with_add() -> None:
    """Refuse options of charts beside ``--add``, which makes none."""
    context = click.get_current_context()
    source = click.core.ParameterSource.COMMANDLINE
    options = {
        "since": "--since",
        "kinds": "--chart",
        "one_in": "--one-in",
        "reference": "--reference",
        "plot": "--plot",
    }
    useless = [option for name, option in options.items() if context.get_parameter_source(name) is source]
    if useless:
        raise click.UsageError(
            f"{', '.join(useless)} cannot be used with --add: add metrics first, then look at them"
        )


def _load(package: Package, names: tuple[str, str, str]) -> Loaded:
    """Read the series that are asked for, and when their charts restart."""
    from curated.check.instruments import read_instruments
    from curated.history.boundaries import find_boundaries
    from curated.monitoring.monitor import load, select_files
    from curated.registry import find_type

    cls = find_type(names[1]) if names[1] else None
    files = select_files(package, names[0], cls.SPEC.name if cls is not None else names[1], names[2])
    declared, findings = read_instruments(package)
    boundaries = find_boundaries(package, declared, {(file.instrument, file.type) for file in files})
    offsets = {name: instrument.utc_offset for name, instrument in declared.items()}
    loaded = load(package, files, boundaries, offsets)
    instruments = {file.instrument for file in files}
    loaded.findings[:0] = [
        f for f in findings if f.is_error and not instruments.isdisjoint(f.file.split("/"))
    ]
    return loaded


def _print(settings: Settings, result: Monitoring, form: str, files: Sequence[Path]) -> None:
    from curated.report.monitoring.text import monitor_lines, monitor_to_json

    if form == "json":
        print_json("monitor", **monitor_to_json(result), plots=[str(path) for path in files])
        return
    echo_findings(settings, result.findings)
    echo(*monitor_lines(result))


def _plot(
    settings: Settings, loaded: Loaded, result: Monitoring, directory: Path, form: str, reference: int
) -> list[Path]:
    """Draw the series into files of a directory."""
    from curated.plots.metrics import MOST_FIGURES, plan_pages, write_pages

    pages = plan_pages(loaded.groups, result.alarms)
    files = []
    with settings.progress("drawing") as progress:
        for path in write_pages(
            directory, pages[:MOST_FIGURES], result.limits, result.alarms, form, reference
        ):
            files.append(path)
            if progress is not None:
                progress(len(files), min(len(pages), MOST_FIGURES))
    more = len(pages) - len(files)
    rest = f"; {more:,} more are not drawn: name instrument, type and statistic to choose" if more else ""
    settings.remark(f"{len(files):,} plot{'s' * (len(files) != 1)} in {directory}{rest}")
    return files


def _add(
    settings: Settings,
    package: Package,
    tables: Sequence[Path],
    names: tuple[str, str, str],
    form: str,
    *,
    dry_run: bool,
) -> int:
    """Add the metrics of tables, those of all instruments or none; return the exit status."""
    from curated.monitoring.store import add_metrics
    from curated.report.text import printable

    defaults = {
        key: name for key, name in zip(("instrument", "type", "statistic"), names, strict=True) if name
    }
    metrics: dict[str, dict[str, list[Metric]]] = {}
    findings: list[Diagnostic] = []
    for table in tables:
        added_metrics, problems = _read_metrics(package, table, defaults)
        findings += [Diagnostic.from_problem(problem, str(table)) for problem in problems]
        for name, by_type in added_metrics.items():
            for type_name, values in by_type.items():
                metrics.setdefault(_directory(package, name), {}).setdefault(type_name, []).extend(values)
    if findings:
        if form == "json":
            print_json(
                "monitor-add", added=0, repeated=0, files=[], diagnostics=[f.to_dict() for f in findings]
            )
        else:
            echo_findings(settings, findings)
            echo("nothing was added", err=True)
        return 1
    _require_one(metrics)
    outcomes: list[Any] = []
    added = repeated = 0
    for name, by_type in metrics.items():
        addition = add_metrics(package, name, by_type, dry_run=dry_run)
        outcomes += addition.outcomes
        added, repeated = added + addition.added, repeated + addition.repeated
    if form == "json":
        print_json(
            "monitor-add",
            added=added,
            repeated=repeated,
            files=[o.to_dict() for o in outcomes],
            diagnostics=[],
        )
        return 0
    echo(*(f"{printable(outcome.path)}: {outcome.state}" for outcome in outcomes))
    verb = "would be added" if dry_run else "added"
    echo(f"{added:,} metric{'s' * (added != 1)} {verb}, {repeated:,} there already")
    return 0


def _read_metrics(
    package: Package, path: Path, defaults: Mapping[str, str]
) -> tuple[dict[str, dict[str, list[Metric]]], Sequence[Problem]]:
    """Return the metrics of a table or of a record of verification, by instrument and type, and what is wrong with it."""
    if not path.name.endswith(VERIFICATION_ENDING):
        from curated.monitoring.additions import read_additions

        additions = read_additions(path.read_bytes(), defaults)
        return additions.metrics, additions.problems
    from curated.monitoring.record_metrics import metrics_of
    from curated.verification.record_file import read_record

    record, problems, _ = read_record(path.read_bytes())
    if record is None:
        return {}, problems
    full = os.path.realpath(path)
    files = package.layout.files
    file = next((f for f in files if f.record and os.path.realpath(package.root / f.record) == full), None)
    instrument = defaults.get("instrument", "") if file is None else file.key.instrument
    if not instrument:
        raise CuratedError(
            f"{path} is not beside a calibration of the package",
            "name the instrument: curated monitor I --add FILE",
        )
    return {instrument: {record.type_name: metrics_of(record, file)}}, ()


def _require_one(metrics: Mapping[str, object]) -> None:
    """Fail unless the tables are of one instrument, whose metrics are written in one go."""
    if len(metrics) > 1:
        raise CuratedError(
            f"the tables have metrics of {', '.join(sorted(metrics))}",
            "add those of one instrument at a time",
        )
    if not metrics:
        raise CuratedError("there is no metric in the tables", "see that they have rows")


def _directory(package: Package, name: str) -> str:
    """Return the directory of an instrument."""
    from curated.check.instruments import read_instruments
    from curated.history.names import instrument_directories

    return instrument_directories(package, read_instruments(package)[0], name)[0]
