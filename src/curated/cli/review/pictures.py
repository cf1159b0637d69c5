"""Options of commands that draw changes, and what they draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from curated.cli.context import Settings

if TYPE_CHECKING:
    from curated.declare import Conditions
    from curated.difference.change import Difference
    from curated.difference.revisions import States
    from curated.difference.wording import Picture
    from curated.plots.drawing import Pairs


class Target(NamedTuple):
    """What is drawn: files of a directory, pictures for a page, or both.

    Parameters
    ----------
    directory : `~pathlib.Path` or `None`
        Directory of the files, if there are any.
    form : `str`
        Format of the files; empty for none.
    old_plots : sequence [`str`]
        Files that an earlier comparison left there.
    for_page : `bool`
        Whether the largest changes have a picture for a page.
    """

    directory: Path | None
    form: str
    old_plots: Sequence[str]
    for_page: bool


def plot_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options ``--plot``, ``--plot-format`` and ``--overwrite``."""
    options = (
        click.option(
            "--plot",
            metavar="DIR",
            type=click.Path(path_type=Path),
            help="Draw each change into this directory, a figure for each, and list them in plots.json.",
        ),
        click.option(
            "--plot-format",
            type=click.Choice(["png", "svg", "pdf"]),
            default="png",
            show_default=True,
            help="Format of the figures of --plot.",
        ),
        click.option("--overwrite", is_flag=True, help="Let DIR hold other files; they stay."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def prepare(plot: Path | None, plot_format: str, *, overwrite: bool, for_page: bool) -> Target | None:
    """Return what is to be drawn, `None` for nothing, before anything is compared.

    Raises
    ------
    CuratedError
        If matplotlib is not installed, or the directory holds other files.
    """
    if plot is None and not for_page:
        return None
    from curated.plots.canvas import new_figure
    from curated.plots.drawing import find_old_plots

    new_figure()
    if plot is None:
        return Target(None, "", (), for_page)
    return Target(plot, plot_format, find_old_plots(plot, overwrite=overwrite), for_page)


def pairs_of(states: States) -> Pairs:
    """Return where the calibrations of changes between two states of a package are read."""
    from curated.difference.measuring import PackagePairs

    changes = states.changes
    return PackagePairs(changes)


def draw(
    settings: Settings,
    pairs: Pairs,
    difference: Difference,
    conditions: Conditions,
    target: Target,
    jobs: int | None,
) -> dict[str, Picture]:
    """Draw the changes, write the files, and return the pictures for a page by name."""
    from curated.difference.wording import change_names
    from curated.plots.drawing import Task, draw_changes, write_plots
    from curated.report.difference_html import MOST_PICTURES

    tasks = []
    names = dict(zip(map(id, difference.changes), change_names(difference.changes), strict=True))
    # Copies that share a file have one picture.
    for number, (change, *_) in enumerate(difference.groups(difference.changes)):
        for_page = target.for_page and number < MOST_PICTURES
        if target.form or for_page:
            tasks.append(Task(names[id(change)], change, target.form, for_page))
    pictures: dict[str, Picture] = {}
    with settings.progress("drawing") as progress:
        drawings = draw_changes(pairs, tasks, conditions, jobs=jobs, progress=progress)
        if target.directory is not None:
            drawings = write_plots(target.directory, tasks, drawings, target.old_plots)
        for drawing in drawings:
            if drawing.problem:
                settings.remark(f"{drawing.name} is not drawn: {drawing.problem}")
            if drawing.picture is not None:
                pictures[drawing.name] = drawing.picture
    if target.directory is not None:
        settings.remark(f"{len(tasks):,} change{'s' * (len(tasks) != 1)} drawn in {target.directory}")
    return pictures
