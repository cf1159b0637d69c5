"""``curated diff``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from curated.cli.context import (
    Settings,
    echo,
    echo_findings,
    format_option,
    jobs_option,
    pass_settings,
    print_json,
    selected_paths,
)

if TYPE_CHECKING:
    from curated.declare import Conditions
    from curated.difference.change import Difference
    from curated.difference.revisions import States
    from curated.difference.wording import Picture


@click.command("diff")
@click.argument("revisions", metavar="[REV [REV]] [PATH]...", nargs=-1)
@click.option(
    "--bands",
    metavar="NAME=FROM-TO,...",
    help="Bands in nm for curves that belong to no filter; by default u, g, r, i, z and y.",
)
@click.option(
    "--source",
    metavar="ab|a0v|k|FILE",
    default="ab",
    help="Source of zero points: constant flux per frequency (ab, the default), an A0V star (Vega), a K star, or a "
    "spectrum: an ECSV or FITS table with the columns wavelength and flux.",
)
@click.option(
    "--plot",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Draw each change into this directory, a figure for each, and list them in plots.json.",
)
@click.option(
    "--plot-format",
    type=click.Choice(["png", "svg", "pdf"]),
    default="png",
    show_default=True,
    help="Format of the figures of --plot.",
)
@click.option("--overwrite", is_flag=True, help="Let DIR hold other files; they stay.")
@jobs_option
@format_option("markdown", "html")
@pass_settings
def command(
    settings: Settings,
    revisions: tuple[str, ...],
    bands: str | None,
    source: str,
    plot: Path | None,
    plot_format: str,
    overwrite: bool,
    jobs: int | None,
    form: str,
) -> None:
    """Say what a change does in pixels, electrons and magnitudes.

    Compares the work tree with HEAD or with REV, or two revisions with each other; A...B is what B did since it left A.
    Each calibration is compared with the one that it takes the place of, over the times at which it does.

    \b
    Examples:
      curated diff
      curated diff v1.1 v1.2 calibs/demo/defects
      curated diff main... --format json
      curated diff HEAD~ HEAD --source a0v
      curated diff main... --plot plots --format html > page.html

    Exit status 1 if anything differs physically.
    """
    from curated.core.diagnostic import CuratedError
    from curated.declare import BANDS, Conditions
    from curated.difference.bands import parse_bands
    from curated.difference.revisions import (
        HIDING,
        find_difference,
        hidden_findings,
        open_states,
        split_arguments,
    )
    from curated.difference.sources import find_gap, find_source
    from curated.report.difference_text import difference_lines, difference_to_json

    old_plots: list[str] = []
    if plot is not None or form == "html":
        from curated.plots.canvas import new_figure
        from curated.plots.drawing import find_old_plots

        new_figure()  # whether matplotlib is installed is said before anything is compared
        old_plots = find_old_plots(plot, overwrite=overwrite) if plot is not None else []
    conditions = Conditions(BANDS if bands is None else parse_bands(bands), find_source(source))
    gap = find_gap(conditions.source, conditions.bands)
    if gap:
        settings.remark(gap)
    package = settings.package()
    names, paths = split_arguments(package, settings.directory, revisions)
    states = open_states(package, names)
    findings = hidden_findings(states)
    echo_findings(settings, findings)
    if any(finding.code in HIDING for finding in findings):
        raise CuratedError(
            "what changed in the work tree is not known: git was told not to look at some of its files",
            "mend the findings above, or compare two commits: 'curated diff HEAD~ HEAD'",
        )
    selection = selected_paths(package, settings.directory, tuple(paths), deleted=True)
    with settings.progress("comparing") as progress:
        difference = find_difference(states, selection, conditions, jobs=jobs, progress=progress)
    pictures = {}
    if plot is not None or form == "html":
        target = _Target(plot, plot_format if plot is not None else "", old_plots, for_page=form == "html")
        pictures = _draw(settings, states, difference, conditions, jobs, target)
    if form == "json":
        print_json("diff", **difference_to_json(difference))
    elif form == "markdown":
        from curated.report.difference_markdown import difference_markdown

        echo(*difference_markdown(difference).split("\n"))
    elif form == "html":
        from curated.report.difference_html import difference_html

        echo(*difference_html(difference, pictures).rstrip("\n").split("\n"))
    else:
        for line in difference_lines(difference):
            echo(line)
    raise SystemExit(1 if difference.changes else 0)


class _Target(NamedTuple):
    """What is drawn: files of a directory, pictures for a page, or both."""

    directory: Path | None
    form: str
    old_plots: Sequence[str]
    for_page: bool


def _draw(
    settings: Settings,
    states: States,
    difference: Difference,
    conditions: Conditions,
    jobs: int | None,
    target: _Target,
) -> dict[str, Picture]:
    """Draw the changes, write the files, and return the pictures for a page by name."""
    from curated.check.instruments import read_instruments
    from curated.difference.wording import change_names
    from curated.plots.drawing import Task, draw_changes, write_plots
    from curated.report.difference_html import MOST_PICTURES

    tasks = []
    named = zip(change_names(difference.changes), difference.changes, strict=True)
    for number, (name, change) in enumerate(named):
        for_page = target.for_page and number < MOST_PICTURES
        if target.form or for_page:
            tasks.append(Task(name, change, target.form, for_page))
    changes = states.changes
    declared = read_instruments(changes.now)[0] or read_instruments(changes.before)[0]
    pictures: dict[str, Picture] = {}
    with settings.progress("drawing") as progress:
        drawings = draw_changes(changes, tasks, conditions, declared, jobs=jobs, progress=progress)
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
