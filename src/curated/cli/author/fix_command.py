"""``curated fix``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from curated.cli.author.epochs import files_at, paths_of
from curated.cli.author.file_outcomes import dry_run_option, files_to_json
from curated.cli.context import (
    Settings,
    echo,
    echo_findings,
    format_option,
    jobs_option,
    pass_settings,
    print_json,
)
from curated.core.storage.file_set import write_file_set

if TYPE_CHECKING:
    from curated.editing.corrections import CorrectionPlan


@click.command("fix")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option(
    "--check", "is_check", is_flag=True, help="Change nothing; exit status 1 if something would change."
)
@click.option(
    "--trust-path",
    is_flag=True,
    help="Correct keywords although together they show that a file is in a wrong place.",
)
@dry_run_option
@jobs_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    paths: tuple[str, ...],
    is_check: bool,
    trust_path: bool,
    dry_run: bool,
    jobs: int | None,
    form: str,
) -> None:
    """Fill in or correct what follows from path, instrument and image, in the files at PATHS or in all of them.

    These are OBSTYPE, CALIBCLS, INSTRUME, DETECTOR, DET_NAME, RAFTNAME, SLOTNAME, FILTER, CALIBDATE, VALIDSTART and
    what CALIB_ID repeats of them; and, in side files, name, size, hash, width, height and statistics of the image.
    The path decides; names and numbers are those of instrument.yaml, or of the other files. Only these values
    change, and each change is printed with its reason.

    What nothing tells, and a file that seems to be in a wrong place, is reported instead of guessed.

    \b
    Examples:
      curated fix --dry-run
      cp calibs/demo/defects/d00/20240301T000000.ecsv calibs/demo/defects/d01/
      curated fix calibs/demo/defects/d01/20240301T000000.ecsv

    Exit status 1 if something is left to a person, and with --check if something would change.
    """
    from curated.check.package import read_package
    from curated.core.keys import stored
    from curated.editing.corrections import plan_corrections
    from curated.history.exposure.raw import require_sound_settings

    package = settings.package()
    selected = {
        file.path: file for path in paths_of(settings, package, paths) for file in files_at(package, path)
    }
    files = list(selected.values()) if paths else stored(package.layout.files)
    with settings.progress("reading") as progress:
        reading = read_package(package, jobs=jobs, progress=progress)
    require_sound_settings(reading.findings, "what follows from the instrument")
    plan = plan_corrections(package, reading, files, trust_path=trust_path)
    is_dry = dry_run or is_check
    outcomes = write_file_set(package.root, plan.contents, before=plan.before, dry_run=is_dry)
    failed = bool(plan.diagnostics) or (is_check and bool(plan.contents))
    if form == "json":
        print_json(
            "fix",
            failed=failed,
            dry_run=is_dry,
            corrections=[correction._asdict() for correction in plan.corrections],
            files=files_to_json(outcomes),
            findings=[d.to_dict() for d in plan.diagnostics],
        )
    else:
        from curated.report.text import printable

        echo_findings(settings, plan.diagnostics)
        for correction in plan.corrections:
            echo(printable(str(correction)))
        settings.remark(_summary(len(files), plan, is_dry=is_dry))
    raise SystemExit(1 if failed else 0)


def _summary(files: int, plan: CorrectionPlan, *, is_dry: bool) -> str:
    from curated.report.text import count_text

    looked_at, left = count_text(files, "calibration"), len({d.file for d in plan.diagnostics})
    rest = f", {count_text(left, 'file')} left to a person" if left else ""
    if not plan.contents:
        return f"{looked_at}: nothing {'corrected' if left else 'to correct'}{rest}"
    would = "would be corrected" if is_dry else "corrected"
    changed = count_text(len(plan.contents), "file")
    return f"{looked_at}: {count_text(len(plan.corrections), 'value')} in {changed} {would}{rest}"
