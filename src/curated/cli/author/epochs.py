"""What ``curated epoch`` and ``curated split`` share: the calibration that is meant, writing, and the output."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from curated.cli.author.file_outcomes import file_lines, files_to_json, ignored_lines
from curated.cli.context import Settings, echo, echo_findings, package_paths, print_json
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, stored
from curated.core.storage.file_set import FileOutcome, write_file_set

if TYPE_CHECKING:
    from curated.editing.epochs import EpochPlan
    from curated.package.package import Package


def paths_of(settings: Settings, package: Package, paths: Sequence[str]) -> list[str]:
    """Return paths of the command line as those in the package.

    Raises
    ------
    click.UsageError
        If there is none at a path; it names one that is similar.
    """
    try:
        return package_paths(package, settings.directory, tuple(paths))
    except click.UsageError as error:
        names = [file.source for file in package.layout.files]
        wrong = next((path for path in paths if error.message == f"{path} does not exist"), "")
        similar = get_close_matches(wrong, names, 1, 0.8) if wrong else []
        if similar:
            raise click.UsageError(f"{error.message}; did you mean {similar[0]}?") from None
        raise


def file_at(settings: Settings, package: Package, path: str) -> CalibFile:
    """Return the calibration whose text, image or provenance file is at a path.

    Raises
    ------
    CuratedError
        If there is none, or several.
    """
    files = files_at(package, paths_of(settings, package, [path])[0])
    if len(files) > 1:
        raise CuratedError(
            f"{path} has {len(files)} calibrations", "name one file, such as " + files[-1].path
        )
    return files[0]


def files_at(package: Package, path: str) -> list[CalibFile]:
    """Return the calibrations at or below a path in the package; an image and a provenance file mean theirs.

    Raises
    ------
    CuratedError
        If there is none.
    """
    from curated.check.package import select
    from curated.provenance.record import PROVENANCE_ENDING, VERIFICATION_ENDING

    files = list(select(package.layout.files, [path]))
    if not files:
        companions = {*package.layout.beside, *package.layout.sides, *package.layout.records}
        endings = (ending for ending in (PROVENANCE_ENDING, VERIFICATION_ENDING) if path.endswith(ending))
        ending = next(endings, "")
        stem = path.removesuffix(ending) if ending else path.partition(".fits")[0]
        if path in companions:
            files = [f for f in package.layout.files if os.path.splitext(f.path)[0] == stem]
    if not files:
        problems = [problem for place, problem in package.layout.problems if place == path]
        reason = f": {problems[0].code} {problems[0].detail}" if problems else ""
        raise CuratedError(
            f"there is no calibration at {path or '.'}{reason}", "name its file as it is in the package"
        )
    return stored(files)


def in_force(
    package: Package, names: tuple[str, str], detector: str, filter_name: str, time: datetime
) -> CalibFile:
    """Return the calibration of an instrument and type that is in force at a time.

    Raises
    ------
    CuratedError
        If there is none; it names what there is.
    """
    from curated.core.times import iso
    from curated.history.lookup import lookup

    answer = lookup(package, *names, time, detector=detector, filter_name=filter_name)
    if answer.in_force is not None:
        file = answer.in_force.file
        if file.shared:
            raise CuratedError(
                f"{answer.key} is in {file.shared}, which is shared with other detectors or filters",
                "name that file for a new epoch of all of them, or add a file of its own with 'curated add'",
            )
        return file
    if not answer.candidates:
        raise CuratedError(
            f"there is no calibration of {answer.key}", "'curated new' or 'curated add' makes one"
        )
    raise CuratedError(
        f"nothing of {answer.key} is in force at {iso(time)} UTC",
        f"name the file to copy, such as {answer.candidates[-1].file.path}",
    )


def write_plan(
    settings: Settings, command: str, package: Package, plan: EpochPlan, form: str, *, dry_run: bool
) -> None:
    """Write the files of a plan unless it failed, print what was written and what it does, and leave."""
    outcomes: Sequence[FileOutcome] = ()
    if not plan.failed:
        outcomes = write_file_set(package.root, plan.contents, before=plan.before, dry_run=dry_run)
    ignored = ignored_lines(package.root, outcomes)
    if form == "json":
        print_json(
            command,
            failed=plan.failed,
            dry_run=dry_run,
            source=plan.source.path,
            files=files_to_json(outcomes),
            effects=_effects(plan),
            remarks=[*plan.remarks, *ignored],
            findings=[d.to_dict() for d in plan.diagnostics],
        )
    else:
        _print_text(settings, plan, outcomes, ignored, dry_run=dry_run)
    raise SystemExit(1 if plan.failed else 0)


def _print_text(
    settings: Settings,
    plan: EpochPlan,
    outcomes: Sequence[FileOutcome],
    ignored: Sequence[str],
    *,
    dry_run: bool,
) -> None:
    from curated.report.text import printable

    echo_findings(settings, plan.diagnostics)
    for line in file_lines(outcomes, dry_run=dry_run):
        echo(line)
    for key, part in plan.effects:
        before, now = (printable(file.path) if file else "nothing" for file in (part.before, part.now))
        origin = plan.origins.get(part.now.path) if part.now is not None else None
        is_copy = part.before is not None and origin == part.before.path
        copy = ", a copy with the same values" if is_copy else ""
        echo(f"{printable(str(key))} from {part.range} UTC: {now} instead of {before}{copy}")
    for remark in (*plan.remarks, *ignored):
        settings.remark(f"note: {printable(remark)}")
    if plan.failed:
        echo("nothing was written", err=True)


def _effects(plan: EpochPlan) -> list[dict[str, Any]]:
    return [
        {
            "key": str(key),
            "begin": f"{part.range.start.isoformat()}Z",
            "end": f"{part.range.end.isoformat()}Z" if part.range.end else None,
            "before": part.before.path if part.before else None,
            "now": part.now.path if part.now else None,
        }
        for key, part in plan.effects
    ]
