"""``curated new TYPE``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from curated.cli.author.drafts.output import leave_stage, write_drafts
from curated.cli.author.file_outcomes import dry_run_option, force_option
from curated.cli.context import Settings, format_option, pass_settings
from curated.cli.moments import date_option, parse_date
from curated.core.diagnostic import CuratedError

if TYPE_CHECKING:
    from curated.calib import Calib

_HELP = """Write drafts of {name}: {title}.

They pass 'curated check' as they are, with nominal values where instrument.yaml and the camera have them. Above each
value that a person must fill in is a comment 'FILL IN', and 'curated check' warns (CAL700) until the keyword DRAFT is
removed. Without {levels} there is one file if the instrument has one; --all writes a file for each.

\b
Examples:
  curated new {name}{example} --from 2026-01-01
  curated new {name}{example} --from night:2026-01-01 --dry-run

Exit status 2 if a file is there already and --force is not given; then nothing is written.
"""


def calibration_command(cls: type[Calib]) -> click.Command:
    """Return the command that drafts calibrations of a type."""
    spec = cls.SPEC
    levels = [level for level, has in (("detector", spec.has_detector), ("filter", spec.has_filter)) if has]
    example = "".join({"detector": " --detector d00", "filter": " --filter g"}[level] for level in levels)
    options = " and ".join(f"--{level}" for level in levels)
    text = _HELP.format(name=spec.name, title=spec.title, example=example, levels=options or "choices")

    @click.command(spec.name, help=text, short_help=spec.title)
    @date_option("--from", "Start of validity.", required=True)
    @date_option("--until", "End of validity; the next calibration if not given.")
    @click.option("--instrument", metavar="I", default="", help="Instrument; the only one if not given.")
    @click.option(
        "--detector",
        "detectors",
        multiple=True,
        metavar="D",
        help="Detector, by name or number; may be repeated.",
    )
    @click.option("--filter", "filters", multiple=True, metavar="F", help="Filter; may be repeated.")
    @click.option(
        "--all", "every", is_flag=True, help="A file for each detector and filter that is not chosen."
    )
    @click.option(
        "--as",
        "text_form",
        type=click.Choice(["yaml", "ecsv", "json"]),
        help=f"Form; {spec.forms[0]} if not given.",
    )
    @click.option(
        "--placeholder",
        is_flag=True,
        help="For images: write one that changes nothing, until there is one (see also 'curated add').",
    )
    @click.option(
        "--file",
        "data_file",
        default="",
        metavar="FILE",
        help="Data file that is kept as it is: a camera of the stack.",
    )
    @dry_run_option
    @force_option
    @format_option()
    @pass_settings
    def command(
        settings: Settings,
        from_date: str,
        until_date: str | None,
        instrument: str,
        detectors: tuple[str, ...],
        filters: tuple[str, ...],
        every: bool,
        text_form: str | None,
        placeholder: bool,
        data_file: str,
        dry_run: bool,
        force: bool,
        form: str,
    ) -> None:
        from curated.drafts.calibration import DraftRequest, draft_calibrations
        from curated.exchange.placement import find_instrument

        package = settings.package()
        declared = find_instrument(package, instrument)
        request = DraftRequest(
            start=parse_date(from_date, "--from", declared.utc_offset),
            end=None if until_date is None else parse_date(until_date, "--until", declared.utc_offset),
            detectors=detectors,
            filters=filters,
            every=every,
            form=text_form or "",
            placeholder=placeholder,
            file=data_file,
        )
        drafts = draft_calibrations(package, declared, cls, request)
        contents = dict(drafts.contents)
        before = leave_stage(package, contents)
        remarks = [f"to be filled in: {', '.join(drafts.unknown)}"] * bool(drafts.unknown)
        write_drafts(
            settings,
            package.root,
            contents,
            form,
            before=before,
            force=force,
            dry_run=dry_run,
            remarks=remarks,
            type=spec.name,
            unknown=list(drafts.unknown),
        )

    return command


def find_command(name: str) -> click.Command:
    """Return the command of a type.

    Raises
    ------
    CuratedError
        If there is no such type.
    """
    from curated.core.similar import similar_name
    from curated.registry import find_type, similar_type

    cls = find_type(name)
    if cls is None:
        similar = similar_name(name, ("package", "instrument", "type", "verification")) or similar_type(name)
        hint = f"did you mean {similar}? " if similar else ""
        raise CuratedError(
            f"there is nothing new called {name!r}",
            f"{hint}write package, instrument, verification, or a type, of which 'curated types' has a list",
        )
    return calibration_command(cls)
