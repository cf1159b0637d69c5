"""``curated lookup``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import click

from curated.cli.context import (
    SectionedCommand,
    Settings,
    echo,
    echo_findings,
    format_option,
    pass_settings,
    print_findings,
    print_json,
)
from curated.cli.moments import moment, night_span
from curated.core.diagnostic import CuratedError
from curated.core.times import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curated.git.revisions import Revision
    from curated.history.exposure.usage import Question, Usage
    from curated.package.instrument import Instrument
    from curated.package.package import Package

_FITS = (".fits", ".fit", ".fts", ".fz", ".gz")


@click.command(
    "lookup",
    cls=SectionedCommand,
    sections={
        "When": ("at", "mjd", "night", "headers"),
        "Which": ("detector", "filter_name", "match"),
    },
)
@click.argument("words", metavar="[INSTRUMENT [TYPE]]", nargs=-1)
@click.option("--detector", default="", metavar="D", help="Name or number of the detector.")
@click.option("--filter", "filter_name", default="", metavar="F", help="Name of the filter.")
@click.option("--at", "at", metavar="TIME", help="ISO 8601, UTC unless it has an offset.")
@click.option("--mjd", metavar="DAYS", help="Modified Julian Date in TAI; '60401.5 utc' is one in UTC.")
@click.option(
    "--night", metavar="DATE", help="The night that begins on this date, from noon to noon of 'utc_offset:'."
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="FILE",
    help="Instrument, detector, filter and time of a raw image, by 'headers:' in instrument.yaml; more files may follow.",
)
@click.option(
    "--match",
    multiple=True,
    metavar="KEYWORD=VALUE",
    help="State of the camera, such as SEQNAME=X, that calibrations are compared with; may be repeated.",
)
@click.option(
    "--as-of",
    metavar="REV",
    help="As this revision knew it: a commit, branch, tag, or a date for the last commit before it; the work tree "
    "if not given.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Say why the other calibrations are not in force, and what happened to the instrument.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the calibrations in force as stamped FITS files below DIR; nothing is overwritten.",
)
@format_option("csv")
@pass_settings
def command(
    settings: Settings,
    words: tuple[str, ...],
    detector: str,
    filter_name: str,
    at: str | None,
    mjd: str | None,
    night: str | None,
    headers: tuple[str, ...],
    match: tuple[str, ...],
    as_of: str | None,
    explain: bool,
    output: Path | None,
    form: str,
) -> None:
    """Find the calibrations in force for INSTRUMENT at a time: their files, ranges and commits.

    With TYPE, and with --detector and --filter where the type has them, it is one calibration; else all are listed.

    \b
    Examples:
      curated lookup demo defects --detector d00 --at 2024-06-01T00:00:00
      curated lookup demo --night 2024-03-01
      curated lookup demo transmission_filter --filter r --at 2024-06-01 --as-of v1.0 --explain
      curated lookup --header raw/*.fits --output build/used

    Exit status 1 if none is in force.
    """
    from curated.history.exposure.usage import Question
    from curated.history.products import find_skipped

    names, files = _split_words(words, headers)
    if sum(option is not None for option in (at, mjd, night)) + bool(files) != 1:
        raise click.UsageError("Give one of --at, --mjd, --night and --header.")
    if not names and not files:
        raise click.UsageError("Missing argument 'INSTRUMENT'.")
    instrument, type_name = (*names, "", "")[:2]
    state = dict(map(_split_match, match))
    time = moment(at, mjd)
    dependent = "what headers say" if files else "when a night begins" if night is not None else ""
    source = _open(settings, as_of, form, dependent)
    question = Question(instrument, type_name, detector, filter_name, state)
    if time is not None and type_name and form != "csv" and output is None and _is_single(question):
        _print_answer(source, question, time, explain=explain)
    if explain:
        raise click.UsageError(
            "--explain is for one product: give TYPE, --detector and --filter, and a moment."
        )
    failures: list[tuple[str, CuratedError]] = []
    usages = _find_usages(source, question, files, time, night, failures)
    if failures and (output is not None or not usages):
        _fail(failures)
    _mention_obstacle(source)
    skipped = dict(pair for usage in usages for pair in find_skipped(source.package, usage.selection))
    _mention_skipped(settings, len(skipped), "these directories", "'curated check' says why")
    for usage in usages:
        echo_findings(settings, usage.findings)
    failed = output is not None and _write(source, usages, output)
    _print_usages(source, usages, night, failures)
    if failures:
        _fail(failures)
    raise SystemExit(1 if failed or not all(usage.paths for usage in usages) else 0)


class _Source(NamedTuple):
    """What is looked into, and how the answer is printed."""

    settings: Settings
    package: Package
    revision: Revision | None
    declared: Mapping[str, Instrument]
    form: str

    @property
    def sha1(self) -> str:
        return self.revision.sha1 if self.revision is not None else ""


def _open(settings: Settings, as_of: str | None, form: str, dependent: str) -> _Source:
    """Open the work tree or a revision; ``dependent`` is what depends on the descriptions of instruments."""
    from curated.check.instruments import read_instruments
    from curated.git.repository import open_repository
    from curated.git.revisions import find_revision
    from curated.history.exposure.raw import require_sound_settings
    from curated.history.lookup import package_at

    package, revision = settings.package(), None
    if as_of is not None:
        revision = find_revision(open_repository(package.root), as_of)
        package, _ = package_at(package.root, revision.sha1)
        for remark in revision.remarks:
            settings.remark(f"curated: {remark}")
    declared, findings = read_instruments(package)
    if dependent:
        require_sound_settings(findings, dependent)
    return _Source(settings, package, revision, declared, form)


def _mention_obstacle(source: _Source) -> None:
    obstacle = source.package.git_obstacle
    if obstacle:
        source.settings.remark(
            f"files that git hides or that are not committed were not looked for: {obstacle}"
        )


def _mention_skipped(settings: Settings, count: int, where: str, way_out: str) -> None:
    if count:
        files = f"1 file in {where} is" if count == 1 else f"{count} files in {where} are"
        settings.remark(f"{files} not read; {way_out}")


def _split_words(words: Sequence[str], headers: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return instrument and type, and the files whose headers are read: with --header, words may be files as well."""
    files = [word for word in words if headers and (os.path.isfile(word) or word.lower().endswith(_FITS))]
    names = [word for word in words if word not in files]
    if len(names) > 2:
        raise click.UsageError(f"Got unexpected extra argument ({names[2]})")
    return names, [*headers, *files]


def _split_match(text: str) -> tuple[str, str]:
    keyword, equals, value = text.partition("=")
    if not equals or not keyword.strip() or not value.strip():
        raise click.UsageError(f"--match {text!r} is not KEYWORD=VALUE.")
    return keyword.strip().upper(), value.strip()


def _night(source: _Source, instrument: str, text: str) -> tuple[datetime, datetime]:
    """Return the noons between which a night lies."""
    from curated.history.exposure.raw import instrument_settings
    from curated.history.names import instrument_directories

    directory = instrument_directories(source.package, source.declared, instrument)[0]
    offset = instrument_settings(source.package, source.declared, directory).utc_offset
    return night_span(text, "--night", offset)


def _is_single(question: Question) -> bool:
    """Say whether a question is about one product."""
    from curated.registry import get_type

    spec = get_type(question.type_name).SPEC
    return not (spec.has_detector and not question.detector) and not (spec.has_filter and not question.filter)


def _find_usages(
    source: _Source,
    question: Question,
    files: Sequence[str],
    time: datetime | None,
    night: str | None,
    failures: list[tuple[str, CuratedError]],
) -> list[Usage]:
    """Return what is in force for exposures, at a time, or in a night; headers that fail are added to the failures."""
    from curated.history.exposure.usage import find_usage

    if files:
        return _exposures(source, question, files, failures)
    span = (time,) if time is not None else _night(source, question.instrument, night or "")
    return [find_usage(source.package, source.declared, question, *span)]


def _exposures(
    source: _Source, question: Question, files: Sequence[str], failures: list[tuple[str, CuratedError]]
) -> list[Usage]:
    from curated.history.exposure.raw import read_exposure
    from curated.history.exposure.usage import find_exposure_usage

    usages = []
    for file in files:
        try:
            exposure = read_exposure(source.package, source.declared, file, question.instrument)
            usages.append(find_exposure_usage(source.package, source.declared, question, exposure))
        except CuratedError as error:  # the other headers are looked up all the same
            failures.append((file, error))
    return usages


def _fail(failures: Sequence[tuple[str, CuratedError]]) -> NoReturn:
    """Print all failures but the last, and raise that."""
    for _, error in failures[:-1]:
        echo(f"curated: error: {error.message}", f"curated: hint: {error.hint}", err=True)
    raise failures[-1][1]


# -- FITS files -------------------------------------------------------------------------------------------


def _write(source: _Source, usages: Sequence[Usage], output: Path) -> bool:
    """Write the FITS files in force; return whether the check failed."""
    from curated.convert.package import convert_in_force

    settings = source.settings
    paths = list(dict.fromkeys(path for usage in usages for path in usage.paths))
    if not paths:
        return False
    with settings.progress("converting") as progress:
        package, report, count = convert_in_force(
            source.package, source.sha1, output, paths, progress=progress
        )
    if report.diagnostics:
        print_findings(settings, package, report, err=True)
    if not report.failed:
        settings.remark(f"{count} FITS file{'' if count == 1 else 's'} in {output}")
    return report.failed


# -- all in force -----------------------------------------------------------------------------------------


def _print_usages(
    source: _Source,
    usages: Sequence[Usage],
    night: str | None,
    failures: Sequence[tuple[str, CuratedError]],
) -> None:
    from curated.history.checkout import uncommitted_files
    from curated.history.lookup import last_commits_of
    from curated.report.product_text import csv_lines, exposure_to_json, usage_lines, usage_to_json

    package, revision = source.package, source.revision
    paths = list(dict.fromkeys(path for usage in usages for path in usage.paths))
    uncommitted = uncommitted_files(package, paths) if revision is None else {}
    if source.form == "text":
        for i, usage in enumerate(usages):
            echo(*([""] if i else []), _title(usage, night))
            echo(*usage_lines(usage, package.top, uncommitted))
        if revision is not None:
            echo(f"as of  {revision.sha1[:12]} {revision.date or 'of an impossible date'}")
        return
    commits = last_commits_of(package, paths, source.sha1)
    if source.form == "csv":
        echo(*csv_lines(usages, commits))
        return
    about = {
        "as_of": revision.sha1 if revision else None,
        "as_of_date": revision.date or None if revision else None,
        "remarks": list(revision.remarks) if revision else [],
    }
    contents = [{**exposure_to_json(usage), **usage_to_json(usage, commits, uncommitted)} for usage in usages]
    if usages[0].exposure is None:
        print_json("in-force", **about, night=night, **contents[0])
    else:
        failed = [{"exposure": f, "message": error.message, "hint": error.hint} for f, error in failures]
        print_json("in-force", **about, exposures=contents, failures=failed)


def _title(usage: Usage, night: str | None) -> str:
    from curated.report.text import printable

    name = printable(usage.selection.instrument)
    span = (
        f"{iso(usage.begin)} to {iso(usage.end)} UTC" if usage.end is not None else f"{iso(usage.begin)} UTC"
    )
    if usage.exposure is not None:
        parts = (name, usage.selection.detector, usage.selection.filter)
        return f"{printable(usage.exposure.source)}: {printable(' '.join(filter(None, parts)))}, {span}"
    return f"{name}, night of {night}, {span}" if night is not None else f"{name} at {span}"


# -- one calibration --------------------------------------------------------------------------------------


def _print_answer(source: _Source, question: Question, time: datetime, *, explain: bool) -> None:
    """Look up one product, print the answer, and leave."""
    from curated.history.checkout import uncommitted_change
    from curated.history.exposure.usage import find_usage
    from curated.history.instrument_events import EventList, find_events
    from curated.history.lookup import last_commit, lookup
    from curated.report.answer_text import answer_lines, answer_to_json

    settings, package, revision = source.settings, source.package, source.revision
    names = (question.instrument, question.type_name)
    answer = lookup(
        package,
        *names,
        time,
        detector=question.detector,
        filter_name=question.filter,
        declared=source.declared,
    )
    in_force = answer.in_force
    commit = last_commit(package, in_force.file.source, source.sha1) if in_force is not None else None
    change = ""
    if in_force is not None and revision is None:
        change = uncommitted_change(package, in_force.file.source)
    _mention_obstacle(source)
    if not explain:
        way_out = "--explain and 'curated check' say why"
        _mention_skipped(settings, len(answer.skipped), "its directory", way_out)
    findings = find_usage(package, source.declared, question, time).findings if question.state else ()
    echo_findings(settings, findings)
    events = find_events(package, source.declared, answer.key) if explain else EventList()
    if source.form == "json":
        content = answer_to_json(answer, revision, commit, change, explain=explain, events=events)
        print_json("lookup", **content, findings=[finding.to_dict() for finding in findings])
    else:
        echo(*answer_lines(answer, revision, commit, change, explain=explain, events=events))
    raise SystemExit(0 if in_force is not None else 1)
