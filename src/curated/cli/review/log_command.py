"""``curated log``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curated.cli.context import Settings, echo, format_option, pass_settings, print_json
from curated.cli.moments import moment
from curated.cli.prerequisites import require_option
from curated.core.diagnostic import CuratedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curated.core.keys import CalibKey
    from curated.declare import Conditions
    from curated.git.repository import Repository
    from curated.history.beliefs.log import History
    from curated.package.instrument import Instrument
    from curated.package.package import Package


@click.command("log")
@click.argument("instrument")
@click.argument("type_name", metavar="TYPE")
@click.argument("detector", required=False, default="")
@click.option(
    "--detector", "detector_name", default="", metavar="D", help="The detector, as with 'curated lookup'."
)
@click.option("--filter", "filter_name", default="", metavar="F", help="Name of the filter.")
@click.option(
    "--at",
    "at",
    metavar="TIME",
    help="Only what was believed about this moment; UTC unless it has an offset.",
)
@click.option(
    "--as-of",
    default="HEAD",
    metavar="REV",
    help="The newest commit, or a date for the last commit before it; HEAD.",
)
@click.option(
    "--plot",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw one value over all times it was believed for, as PNG, SVG or PDF.",
)
@click.option("--value", default="", metavar="NAME", help="Value to draw: a column or measure of the type.")
@click.option("--amplifier", default="", metavar="A", help="Amplifier, or other key, whose value is drawn.")
@click.option("--band", default="", metavar="B", help="Band whose value is drawn, for curves.")
@format_option()
@pass_settings
def command(
    settings: Settings,
    instrument: str,
    type_name: str,
    detector: str,
    detector_name: str,
    filter_name: str,
    at: str | None,
    as_of: str,
    path: Path | None,
    value: str,
    amplifier: str,
    band: str,
    form: str,
) -> None:
    """Tell the history of one product: when its calibrations applied, and when that was believed.

    The commits of the first parents that changed it are listed, the newest first, with files and ranges; directories
    that were renamed are followed. Below are the events that affect it, as files of the type 'events' tell them.

    \b
    Examples:
      curated log demo defects d00
      curated log demo defects d00 --at 2023-06-01
      curated log demo ptc d00 --plot gain.png --value gain --amplifier C00
    """
    from curated.check.instruments import read_instruments
    from curated.git.repository import open_repository
    from curated.git.revisions import find_revision
    from curated.history.beliefs.log import periods
    from curated.history.instrument_events import find_events
    from curated.history.lookup import package_at
    from curated.report.answer_text import event_lines, events_to_json
    from curated.report.log_text import (
        history_lines,
        history_summary,
        history_to_json,
        period_lines,
        periods_to_json,
    )

    time = moment(at)
    require_option("--plot", "--value", "--amplifier", "--band")
    if detector and detector_name:
        raise click.UsageError("Give the detector once.")
    work_tree = settings.package()
    repository = open_repository(work_tree.root)
    revision = find_revision(repository, as_of)
    for remark in revision.remarks:
        settings.remark(f"curated: {remark}")
    package, _ = package_at(work_tree.root, revision.sha1)
    names = (instrument, type_name, detector or detector_name, filter_name)
    declared = read_instruments(package)[0]
    history = _read(package, declared, repository, revision.sha1, names)
    events = find_events(package, declared, history.key)
    if as_of == "HEAD":
        _mention_changes(settings, work_tree, history)
    if path is not None:
        from curated.plots.epochs import plot_history

        conditions = _conditions(package, declared, history)
        plot_history(history, path, value, amplifier=amplifier, band=band, conditions_by_blob=conditions)
        settings.remark(f"written {path}")
    beliefs = None if time is None else periods(history, time)
    if form == "json":
        content: dict[str, Any] = {
            "as_of": revision.sha1,
            "as_of_date": revision.date or None,
            "remarks": list(revision.remarks),
            **history_to_json(history),
            **events_to_json(events),
        }
        if beliefs is not None:
            content |= {"at": at, "beliefs": periods_to_json(beliefs)}
        print_json("log", **content)
    elif beliefs is not None and time is not None:
        version = history.beliefs[-1].in_force(time)
        echo(*period_lines(history, time, beliefs), *event_lines(events.within(version and version.file)))
    else:
        lines = list(event_lines(events))
        echo(history_summary(history), "", *history_lines(history), *([""] if lines else []), *lines)
    raise SystemExit(1 if beliefs is not None and all(period.version is None for period in beliefs) else 0)


def _read(
    package: Package,
    declared: Mapping[str, Instrument],
    repository: Repository,
    sha1: str,
    names: tuple[str, str, str, str],
) -> History:
    """Return the history of a product, also of one that is not there any more."""
    from curated.core.keys import CalibKey
    from curated.history.beliefs.log import read_product_history
    from curated.history.products import select
    from curated.package.layout import directory_name
    from curated.registry import get_type

    instrument, type_name, detector, filter_name = names
    spec = get_type(type_name).SPEC
    try:
        key = select(package, declared, *names)
    except CuratedError as error:
        if bool(detector) != spec.has_detector or bool(filter_name) != spec.has_filter:
            raise
        removed = CalibKey(instrument, spec.name, directory_name(detector), directory_name(filter_name))
        try:
            return read_product_history(package, repository, sha1, removed)
        except CuratedError:
            raise error from None
    _require_levels(package, key)
    return read_product_history(package, repository, sha1, key)


def _conditions(
    package: Package, declared: Mapping[str, Instrument], history: History
) -> dict[str, Conditions]:
    """Return under which conditions each version of a product is measured, by blob: its gains and saturations."""
    from curated.declare import Conditions
    from curated.difference.cameras import conditions_at, needs_levels, read_cameras

    key = history.key
    if not needs_levels(key) or not key.detector:
        return {}
    cameras = read_cameras((package,), (key.instrument,), (key,))
    versions = {v.blob: v for belief in history.beliefs for v in belief.versions}
    return {
        blob: conditions_at(
            replace(version.file, key=key), Conditions(), declared, cameras, version.range.end
        )
        for blob, version in versions.items()
    }


def _require_levels(package: Package, key: CalibKey) -> None:
    """Raise an error if the detector or filter of a type is not given."""
    from curated.history.products import is_selected
    from curated.registry import get_type

    spec = get_type(key.type).SPEC
    keys = [file.key for file in package.layout.files if is_selected(file.key, key)]
    for level, is_missing, names, option in (
        ("detector", spec.has_detector and not key.detector, {k.detector for k in keys}, "after the type"),
        ("filter", spec.has_filter and not key.filter, {k.filter for k in keys}, "with --filter"),
    ):
        if is_missing:
            shown = ", ".join(sorted(names)[:24])
            more = f", and {len(names) - 24} more" if len(names) > 24 else ""
            raise CuratedError(
                f"{spec.name} has a {level} level", f"give the {level} {option}: {shown or 'none'}{more}"
            )


def _mention_changes(settings: Settings, package: Package, history: History) -> None:
    """Say that files of a work tree are not what the newest commit has."""
    from curated.history.checkout import uncommitted_files
    from curated.package.validity import folded

    paths = [file.source for file in package.layout.files if folded(file.key) == folded(history.key)]
    uncommitted = uncommitted_files(package, paths)
    gone = {version.file.path for version in history.beliefs[-1].versions} - set(paths)
    if uncommitted or gone:
        count = len(uncommitted) + len(gone)
        files = "1 file is" if count == 1 else f"{count} files are"
        settings.remark(f"{files} not what the commit has; changes that are not committed are not told")
