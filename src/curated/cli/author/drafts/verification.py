"""``curated new verification``."""

from __future__ import annotations

import click

from curated.cli.author.drafts.output import write_drafts
from curated.cli.author.file_outcomes import dry_run_option, force_option
from curated.cli.context import Settings, format_option, pass_settings
from curated.cli.moments import date_option, parse_date


@click.command("verification")
@click.argument("type_name", metavar="TYPE")
@date_option("--from", "Start of the calibrations that are tested.", required=True)
@click.option("--instrument", metavar="I", default="", help="Instrument; the only one if not given.")
@dry_run_option
@force_option
@format_option()
@pass_settings
def verification(
    settings: Settings, type_name: str, from_date: str, instrument: str, dry_run: bool, force: bool, form: str
) -> None:
    """Write the tests that come with a TYPE into the package, to be changed.

    Calibrations that start from then on are tested by the rows of this file, and by no others; those before by the
    table before, or by the tests that come with the type. Limits marked 'justified: false' are nobody's yet: look at
    them first.

    \b
    Examples:
      curated new verification bias --from 2026-01-01
      curated new verification PTC --instrument LSSTCam --from 2026-01-01 --dry-run

    Exit status 2 if the file is there already and --force is not given.
    """
    from curated.drafts.verification import draft_table
    from curated.exchange.placement import find_instrument
    from curated.registry import get_type
    from curated.verification.tables import default_tests

    cls = get_type(type_name)
    package = settings.package()
    declared = find_instrument(package, instrument)
    start = parse_date(from_date, "--from", declared.utc_offset)
    contents = draft_table(package, declared.directory, cls, start)
    unargued = [test.id for test in default_tests(cls.SPEC.name) if not test.justified]
    remarks = [f"{len(unargued)} limits that nobody has argued for: {', '.join(unargued)}"] * bool(unargued)
    write_drafts(
        settings,
        package.root,
        contents,
        form,
        force=force,
        dry_run=dry_run,
        remarks=remarks,
        type=cls.SPEC.name,
        unargued=unargued,
    )
