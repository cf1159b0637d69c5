"""``curated diff``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curated.cli.context import (
    Settings,
    allow_class_option,
    echo,
    echo_findings,
    format_option,
    jobs_option,
    max_option,
    pass_settings,
    print_json,
    selected_paths,
)
from curated.cli.prerequisites import require_option
from curated.cli.release.fingerprint_command import choice_option, collection_option, find_inventory
from curated.cli.review.pictures import draw, pairs_of, plot_options, prepare

if TYPE_CHECKING:
    from curated.core.diagnostic import Diagnostic
    from curated.datasets.foreign import ForeignType
    from curated.declare import Conditions
    from curated.difference.change import Difference
    from curated.difference.revisions import States
    from curated.difference.wording import Picture
    from curated.export.differences import StoredPairs


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
    "--between",
    nargs=2,
    metavar="A B",
    help="Compare what is in force in two packages, bundles or repositories, also DIR@REV, instead of revisions.",
)
@collection_option
@choice_option
@max_option
@plot_options
@jobs_option
@allow_class_option
@format_option("markdown", "html")
@pass_settings
def command(
    settings: Settings,
    revisions: tuple[str, ...],
    bands: str | None,
    source: str,
    between: tuple[str, str] | None,
    collections: tuple[str, ...],
    choices: tuple[str, ...],
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
      curated diff --between build/v2 /site/repo --collection LSSTCam/calib/v2
      curated diff main... --plot plots --format html > page.html

    Exit status 1 if anything differs physically. A change beyond its limit that no note names is an error (CAL446).
    Tests of verification that were loosened, removed or added are findings (CAL810 to CAL812).
    """
    if between is None:
        from curated.cli.review.early_copies import early_copies

        # Before the imports below, which take as long as git does.
        click.get_current_context().with_resource(early_copies(settings.directory, revisions))
    from curated.core.diagnostic import has_errors
    from curated.declare import BANDS, Conditions
    from curated.difference.bands import parse_bands
    from curated.difference.limits import Limits, find_limit_findings, find_limits, parse_options
    from curated.difference.notes import Notes
    from curated.difference.revisions import WORK_TREE
    from curated.difference.sources import find_gap, find_source
    from curated.verification.row_changes import find_test_changes

    if between is not None and revisions:
        raise click.UsageError("with --between there are no revisions and paths")
    require_option("--between", "--collection", "--instrument")
    require_option("--plot", "--plot-format", "--overwrite")
    limit_values = parse_options(limits)
    target = prepare(plot, plot_format, overwrite=overwrite, for_page=form == "html")
    conditions = Conditions(BANDS if bands is None else parse_bands(bands), find_source(source))
    gap = find_gap(conditions.source, conditions.bands)
    if gap:
        settings.remark(gap)
    more: dict[str, Any] = {}
    pictures: dict[str, Picture] = {}
    if between is not None:
        # The files of a revision are there until the stack is closed.
        with ExitStack() as stack:
            difference, foreign, pairs = _diff_between(
                settings, between, collections, choices, conditions, jobs, stack
            )
            if target is not None:
                pictures = draw(settings, pairs, difference, conditions, target, jobs)
        more["foreign"] = [[kind.to_dict() for kind in kinds] for kinds in foreign]
        excesses = find_limit_findings(difference.changes, Limits(limit_values))
    else:
        difference, states = _diff_revisions(settings, revisions, conditions, jobs)
        package_limits, faults = find_limits(states.changes.now, limit_values)
        notes = Notes(states.changes, "" if states.after == WORK_TREE else states.after)
        excesses = [*faults, *find_limit_findings(difference.changes, package_limits, notes)]
        excesses += find_test_changes(states.changes.before, states.changes.now)
        if target is not None:
            pictures = draw(settings, pairs_of(states), difference, conditions, target, jobs)
    _print(difference, excesses, more, pictures, form)
    if form != "json":
        echo_findings(settings, excesses)
    raise SystemExit(1 if difference.changes or has_errors(excesses) else 0)


def _print(
    difference: Difference,
    findings: list[Diagnostic],
    more: dict[str, Any],
    pictures: dict[str, Picture],
    form: str,
) -> None:
    """Print a difference in one of the formats; ``more`` is for JSON, ``pictures`` for the page."""
    from curated.report.difference_text import difference_lines, difference_to_json

    if form == "json":
        content = difference_to_json(difference)
        print_json("diff", **content, findings=[finding.to_dict() for finding in findings], **more)
    elif form == "markdown":
        from curated.report.difference_markdown import difference_markdown

        echo(*difference_markdown(difference, findings=findings).split("\n"))
    elif form == "html":
        from curated.report.difference_html import difference_html

        echo(*difference_html(difference, pictures, findings=findings).rstrip("\n").split("\n"))
    else:
        for line in difference_lines(difference):
            echo(line)


def _diff_revisions(
    settings: Settings, revisions: tuple[str, ...], conditions: Conditions, jobs: int | None
) -> tuple[Difference, States]:
    """Return what differs between two states of the package, and the states."""
    from curated.core.diagnostic import CuratedError
    from curated.difference.revisions import (
        HIDING,
        find_difference,
        hidden_findings,
        open_states,
        split_arguments,
    )

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
    return difference, states


def _diff_between(
    settings: Settings,
    between: tuple[str, str],
    collections: tuple[str, ...],
    choices: tuple[str, ...],
    conditions: Conditions,
    jobs: int | None,
    stack: ExitStack,
) -> tuple[Difference, list[tuple[ForeignType, ...]], StoredPairs]:
    """Return what differs between two packages, bundles or repositories, the foreign types of both, and their files."""
    from curated.butler.inventories import lacks_files
    from curated.core.diagnostic import CuratedError
    from curated.datasets.foreign import foreign_text
    from curated.difference.change import Difference
    from curated.export.differences import StoredPairs, measure_pairs
    from curated.report.text import printable

    for where in between:
        if lacks_files(where):
            raise CuratedError(
                f"bundle {where} refers to files of its base, whose values it does not hold",
                "name the package or the repository instead",
            )
    first, second = (
        find_inventory(settings, where, collections, None, jobs, names_of=other, choices=choices, stack=stack)
        for where, other in (between, between[::-1])
    )
    if first.failed or second.failed or first.holdings is None or second.holdings is None:
        raise SystemExit(1)
    if (collections or choices) and "repository" not in (first.kind, second.kind):
        raise click.UsageError("--collection and --instrument have no effect: neither is a repository")
    for name, audit in zip(between, (first, second), strict=True):
        if audit.foreign:
            text = (
                f"not compared: {foreign_text(audit.foreign)} in {name}, which no calibration type declares"
            )
            settings.remark(printable(text))
    with settings.progress("comparing") as progress:
        changes = [
            change
            for _, change in measure_pairs(
                first.holdings, second.holdings, conditions, jobs=jobs, progress=progress
            )
        ]
    sources = (first.inventory.source, second.inventory.source)
    difference = Difference.of(*sources, changes, conditions.source)
    pairs = StoredPairs.of(first.holdings, second.holdings, difference.changes)
    return difference, [first.foreign, second.foreign], pairs
