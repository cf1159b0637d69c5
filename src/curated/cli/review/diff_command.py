"""``curated diff``."""

from __future__ import annotations

from pathlib import Path

import click

from curated.cli.context import (
    Settings,
    echo,
    echo_findings,
    format_option,
    jobs_option,
    max_option,
    pass_settings,
    print_json,
    selected_paths,
)
from curated.cli.review.pictures import draw, plot_options, prepare


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
@max_option
@plot_options
@jobs_option
@format_option("markdown", "html")
@pass_settings
def command(
    settings: Settings,
    revisions: tuple[str, ...],
    bands: str | None,
    source: str,
    limits: tuple[str, ...],
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
      curated diff main... --max zero_point_shift=20
      curated diff main... --plot plots --format html > page.html

    Exit status 1 if anything differs physically. A change beyond its limit that no note names is an error (CAL446).
    """
    from curated.core.diagnostic import CuratedError, has_errors
    from curated.declare import BANDS, Conditions
    from curated.difference.bands import parse_bands
    from curated.difference.limits import find_limit_findings, find_limits, parse_options
    from curated.difference.notes import Notes
    from curated.difference.revisions import (
        HIDING,
        WORK_TREE,
        find_difference,
        hidden_findings,
        open_states,
        split_arguments,
    )
    from curated.difference.sources import find_gap, find_source
    from curated.report.difference_text import difference_lines, difference_to_json

    limit_values = parse_options(limits)
    target = prepare(plot, plot_format, overwrite=overwrite, for_page=form == "html")
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
    package_limits, faults = find_limits(states.changes.now, limit_values)
    after = "" if states.after == WORK_TREE else states.after
    excesses = [
        *faults,
        *find_limit_findings(difference.changes, package_limits, Notes(states.changes, after)),
    ]
    pictures = draw(settings, states, difference, conditions, target, jobs) if target is not None else {}
    if form == "json":
        content = difference_to_json(difference)
        print_json("diff", **content, findings=[finding.to_dict() for finding in excesses])
    elif form == "markdown":
        from curated.report.difference_markdown import difference_markdown

        echo(*difference_markdown(difference, findings=excesses).split("\n"))
    elif form == "html":
        from curated.report.difference_html import difference_html

        echo(*difference_html(difference, pictures, findings=excesses).rstrip("\n").split("\n"))
    else:
        for line in difference_lines(difference):
            echo(line)
    if form != "json":
        echo_findings(settings, excesses)
    raise SystemExit(1 if difference.changes or has_errors(excesses) else 0)
