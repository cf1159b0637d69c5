"""``curated verify``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curated.cli.author.epochs import files_at, paths_of
from curated.cli.author.file_outcomes import dry_run_option, file_lines, files_to_json
from curated.cli.context import Settings, echo, format_option, pass_settings, print_json
from curated.core.diagnostic import CuratedError
from curated.core.storage.file_set import write_file_set

if TYPE_CHECKING:
    from curated.core.keys import CalibFile
    from curated.package.package import Package
    from curated.verification.record import VerificationRecord


@click.command("verify")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--exposures",
    "sources",
    metavar="DIR|LIST|FILE",
    multiple=True,
    help="Exposures to apply it to: FITS files, a directory of them, or a text file with a path in each line. "
    "May be given several times.",
)
@click.option(
    "-o", "output", metavar="RECORD", help="Write the record there instead of beside the calibration."
)
@click.option("--by", metavar="NAME", help="Who verifies; 'user.name' of git if not given.")
@click.option(
    "--jobs", "-j", type=click.IntRange(1), help="Number of processes; that of the processors if not given."
)
@dry_run_option
@format_option()
@pass_settings
def command(
    settings: Settings,
    paths: tuple[str, ...],
    sources: tuple[str, ...],
    output: str | None,
    by: str | None,
    jobs: int | None,
    dry_run: bool,
    form: str,
) -> None:
    """Run the tests of the calibrations PATH, and write a record of what came out beside each.

    The tests are those of the package that are in force at the start of the calibration
    (<instrument>/verification/<type>/), else those that come with curated. Some are of the calibration itself; for
    others it is applied to exposures, raw or assembled, after they were corrected by what is in force in the package.
    A test that lacks something is "not run", which is no "pass".

    The record <validstart>.verify.yaml names the calibration, the tests and the exposures by hash. When one of
    them changes it is void, and 'curated check' says so. 'curated certify' asks for a record that is not.

    \b
    Examples:
      curated verify calibs/demo/bias/d00/20240101T000000.yaml \\
          --exposures biases/
      curated verify calibs/demo/linearizer

    Exit status 1 if a test failed, or one that is required was not run.
    """
    from curated.git.repository import user_name
    from curated.measurement.exposure_files import find_exposure_files
    from curated.measurement.job import VerificationJob

    package = settings.package()
    files = {f.source: f for path in paths_of(settings, package, paths) for f in files_at(package, path)}
    if output is not None and len(files) > 1:
        raise click.UsageError(f"-o is for one calibration, and there are {len(files)}.")
    name = by if by is not None else user_name(package.root)
    if not name or not name.strip() or not name.isprintable():
        raise CuratedError("it is not clear who verifies", "give --by NAME, or set 'git config user.name'")
    exposures = tuple(str(Path(path).resolve()) for path in find_exposure_files(sources))
    now = dt.datetime.now(tz=dt.UTC).replace(tzinfo=None, microsecond=0).isoformat()
    work = [VerificationJob(str(package.root), file.path, exposures, name, now) for file in files.values()]
    with settings.progress("verifying") as progress:
        outcomes = _run(work, jobs, progress)
    _write(settings, package, list(files.values()), outcomes, output, form, dry_run=dry_run)


def _run(work: Sequence[Any], jobs: int | None, progress: Any) -> list[VerificationRecord | CuratedError]:
    from curated.core.parallel import default_jobs, run_all
    from curated.measurement.job import verify_all

    return list(run_all(verify_all, work, jobs or default_jobs(), progress, chunk=1))


def _write(
    settings: Settings,
    package: Package,
    files: Sequence[CalibFile],
    outcomes: Sequence[VerificationRecord | CuratedError],
    output: str | None,
    form: str,
    *,
    dry_run: bool,
) -> None:
    from curated.report.quality.verification_text import record_lines
    from curated.verification.record import plain_record
    from curated.verification.record_file import record_path, record_text

    contents, before = {}, {}
    root = package.root
    failures = [(f, o) for f, o in zip(files, outcomes, strict=True) if isinstance(o, CuratedError)]
    records = [(f, o) for f, o in zip(files, outcomes, strict=True) if not isinstance(o, CuratedError)]
    for file, record in records:
        path = record_path(file.source)
        if output is not None:
            root, path = Path(output).absolute().parent, Path(output).name
        if (root / path).is_file():
            before[path] = (root / path).read_bytes()
        contents[path] = record_text(record).encode()
    written = write_file_set(root, contents, before=before, dry_run=dry_run)
    if form == "json":
        print_json(
            "verify",
            dry_run=dry_run,
            files=files_to_json(written),
            records=[{"path": file.source, **plain_record(record)} for file, record in records],
            errors=[{"path": f.source, "message": e.message, "hint": e.hint} for f, e in failures],
        )
    else:
        for file, record in records:
            echo(*record_lines(file.source, record))
        for line in file_lines(written, dry_run=dry_run):
            echo(line)
        for file, error in failures:
            echo(
                f"{file.source}: {error.message}" + (f" (hint: {error.hint})" if error.hint else ""), err=True
            )
    if failures:
        raise SystemExit(2)
    if any(record.verdict != "pass" for _, record in records):
        raise SystemExit(1)
