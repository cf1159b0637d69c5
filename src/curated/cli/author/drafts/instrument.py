"""``curated new instrument``."""

from __future__ import annotations

import math
import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from curated.cli.author.drafts.output import leave_stage, write_drafts
from curated.cli.author.file_outcomes import dry_run_option, force_option
from curated.cli.context import (
    SectionedCommand,
    Settings,
    allow_class_option,
    echo_findings,
    format_option,
    pass_settings,
)
from curated.cli.moments import date_option
from curated.core.diagnostic import CuratedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curated.core.diagnostic import Diagnostic
    from curated.fits.camera_archive import CameraDetector
    from curated.package.instrument import Instrument
    from curated.package.package import Package

_GEOMETRY = (
    *("detectors", "serials", "size", "amplifiers", "grid", "corners", "prescan", "overscan"),
    *("parallel_overscan", "pixel_size", "gain", "read_noise", "saturation"),
)
"""Parameters of the command that `curated.drafts.geometry.GeometryOptions` has."""

_OPTIONS = {
    "detectors": "--detectors",
    "grid": "--amp-grid",
    "corners": "--readout-corners",
}


@click.command(
    "instrument",
    cls=SectionedCommand,
    sections={
        "Detectors": _GEOMETRY,
        "From what there is": ("cameras", "repo", "registered_name"),
    },
)
@click.argument("name")
@click.option(
    "--detectors", metavar="N|NAMES", help="Number of detectors, or names: 4, or N1,S1, or N1=1,S1=2."
)
@click.option("--serials", metavar="NAMES", help="Serial numbers of the detectors, in their order.")
@click.option("--size", metavar="WxH", help="Columns and rows of a detector without overscan: 4000x4072.")
@click.option(
    "--amplifiers",
    metavar="N|NAMES",
    help="Number of amplifiers of a detector, or their names, from the lower left.",
)
@click.option(
    "--amp-grid", "grid", metavar="CxR", help="Columns and rows of amplifiers: 8x2; two rows if not given."
)
@click.option(
    "--readout-corners",
    "corners",
    metavar="CORNERS",
    help="Corner that is read first, for all or each: LL,LR,UL,UR.",
)
@click.option("--prescan", type=int, help="Columns before those that see light, in an amplifier's raw image.")
@click.option("--overscan", type=int, help="Columns after them.")
@click.option("--parallel-overscan", type=int, help="Rows after those that see light.")
@click.option("--pixel-size", type=float, metavar="MM", help="Side of a pixel in mm.")
@click.option("--gain", metavar="VALUES", help="Electrons per adu: 1.5, or 1.5,1.6, or C00=1.5,C01=1.6.")
@click.option("--read-noise", metavar="VALUES", help="Electrons, in the same way.")
@click.option("--saturation", metavar="VALUES", help="adu, in the same way.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME[=BAND[:NM]]",
    help="A filter, such as r_57=r:622; may be repeated.",
)
@click.option("--class-name", default="", metavar="CLASS", help="The LSST stack's instrument class.")
@click.option(
    "--utc-offset", type=float, metavar="HOURS", help="Hours by which local time is ahead of UTC; for nights."
)
@click.option(
    "--timezone", metavar="ZONE", help="Or the time zone, such as America/Santiago; without summer time."
)
@click.option(
    "--camera",
    "cameras",
    metavar="FILE",
    type=click.Path(),
    multiple=True,
    help="Take detectors from a camera file of the LSST stack (FITS), or one from each JSON file of lsst-images.",
)
@click.option(
    "--repository",
    "repo",
    metavar="REPO",
    help="Take all from the records of a Butler repository, and its camera.",
)
@click.option(
    "--registered-name",
    metavar="NAME",
    help="Name of the instrument in the repository, if it is another one.",
)
@date_option("--from", "Start of the camera calibration; 1970-01-01 if not given.")
@dry_run_option
@force_option
@allow_class_option
@format_option()
@pass_settings  # type: ignore[arg-type]
def instrument(
    settings: Settings,
    name: str,
    filters: tuple[str, ...],
    class_name: str,
    utc_offset: float | None,
    timezone: str | None,
    cameras: tuple[str, ...],
    repo: str | None,
    registered_name: str | None,
    from_date: str | None,
    dry_run: bool,
    force: bool,
    form: str,
    **geometry: Any,
) -> None:
    """Write instrument.yaml of the instrument NAME, and its camera calibration where the geometry is known.

    Without options, on a terminal, it asks. Values that nobody gave are defaults: comments say 'FILL IN' above them,
    and 'curated check' warns (CAL700) until the keyword DRAFT is removed.

    \b
    Examples:
      curated new instrument WideCam --detectors 4 --size 4000x4072 \\
          --amplifiers 16 --amp-grid 8x2 --overscan 64 --filter g=g --filter r=r
      curated new instrument IRCam --detectors N1,N2 --size 2048x2048 --gain 2.1
      curated new instrument LSSTCam --camera camera.fits --timezone America/Santiago
      curated new instrument Lab --camera S00.json --camera S01.json
      curated new instrument LATISS --repository /repo/main

    Exit status 1 if the repository's records and its camera contradict each other, 2 if a file is there already.
    """
    from curated.drafts.instrument import (
        camera_path,
        camera_text,
        declare_instrument,
        draft_camera,
        instrument_directory,
        instrument_path,
        instrument_text,
        parse_filter,
    )

    package = settings.package()
    _refuse_contradictions(geometry, cameras, repo, registered_name)
    directory = instrument_directory(name)
    _refuse_similar_directory(package, directory)
    geometry_values = {key: value for key, value in geometry.items() if value is not None}
    if not (geometry_values or cameras or repo or filters) and _is_terminal():
        from curated.cli.author.drafts.dialogue import ask

        answers = ask(name)
        geometry_values, filters = answers.geometry, answers.filters
        utc_offset = answers.utc_offset if utc_offset is None and timezone is None else utc_offset
    elif not (geometry_values or cameras or repo):
        raise CuratedError(
            "nothing is known about the detectors",
            "give --detectors and --size, or --camera FILE, or --repository REPO; on a terminal it asks",
        )
    options = [parse_filter(text) for text in filters]
    offset = _offset(utc_offset, timezone)
    start = _start(from_date, offset)
    registered: Instrument | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    unknown: list[str] = []
    if repo is not None:
        registered, detectors, diagnostics = _registered(repo, registered_name or name, directory)
        source = f"the repository {repo}"
    elif cameras:
        detectors, source = _read_cameras(cameras)
    else:
        detectors, unknown = _made(geometry_values)
        source = "its options"
    declared = declare_instrument(
        name, detectors, options, registered, class_name=class_name, utc_offset=offset
    )
    draft = draft_camera(
        declared, detectors, options, start, f"curated new instrument, from {source}", unknown
    )
    if draft is not None and draft.implausible and not cameras and repo is None:
        raise CuratedError(
            f"no instrument has {draft.implausible[0]}",
            "correct the options; docs/types/camera.md has the limits",
        )
    top = f"{package.top}/" if package.top else ""
    contents = {f"{top}{instrument_path(declared)}": instrument_text(declared, source).encode()}
    if draft is not None:
        contents[f"{top}{camera_path(declared, start)}"] = camera_text(draft).encode()
    before = leave_stage(package, contents) if draft is not None else {}
    if form != "json":
        echo_findings(settings, diagnostics)
    write_drafts(
        settings,
        package.root,
        contents,
        form,
        before=before,
        force=force,
        dry_run=dry_run,
        remarks=_remarks(draft),
        steps=["curated check", "curated new defects --from 2026-01-01 --all"],
        instrument=declared.name,
        detectors=len(declared.detectors),
        filters=len(declared.filters),
        findings=[d.to_dict() for d in diagnostics],
    )
    raise SystemExit(int(any(d.is_error for d in diagnostics)))


def _is_terminal() -> bool:
    import sys

    return sys.stdin.isatty() and sys.stderr.isatty()


def _refuse_contradictions(
    geometry: dict[str, Any], cameras: Sequence[str], repo: str | None, registered_name: str | None
) -> None:
    """Refuse options that have no effect beside others."""
    source = "--camera" if cameras else "--repository"
    if cameras and repo is not None:
        raise click.UsageError("give --camera or --repository; the repository's camera is read as well")
    if cameras or repo is not None:
        for key, value in geometry.items():
            if value is not None:
                option = _OPTIONS.get(key, f"--{key.replace('_', '-')}")
                raise click.UsageError(f"{source} says what {option} does; leave one of them out")
    if registered_name is not None and repo is None:
        raise click.UsageError("--registered-name goes with --repository")


def _refuse_similar_directory(package: Package, directory: str) -> None:
    """Refuse an instrument whose directory would differ from another one's in case only."""
    top = package.root / package.top
    for entry in sorted(os.listdir(top)):
        if entry != directory and entry.lower() == directory:
            raise CuratedError(
                f"there is {entry}/ already, which differs from {directory}/ in case only",
                "an instrument has one directory: edit its instrument.yaml, or see 'curated adopt'",
            )


def _offset(hours: float | None, zone: str | None) -> float:
    """Return the hours by which local time without summer time is ahead of UTC."""
    from curated.package.settings.instrument import EASTWARD

    if hours is not None and zone is not None:
        raise click.UsageError("give --utc-offset or --timezone")
    if zone is None:
        offset = 0.0 if hours is None else hours
        if not (math.isfinite(offset) and EASTWARD[0] <= offset <= EASTWARD[1]):
            raise CuratedError(f"--utc-offset is {offset:g}, not hours from -12 to 14", "write it like -4")
        return offset
    from zoneinfo import ZoneInfo, available_timezones

    from curated.core.similar import similar_name

    zones = available_timezones()
    if zone not in zones:
        cities = {city.rpartition("/")[2]: city for city in sorted(zones, reverse=True)}
        similar = similar_name(zone, sorted(zones)) or cities.get(similar_name(zone, cities), "")
        hint = f"did you mean {similar}? " if similar else ""
        raise CuratedError(
            f"there is no time zone {zone!r}", f"{hint}write it like America/Santiago, or give --utc-offset"
        )
    offsets = {_standard_offset(datetime(2026, month, 1, tzinfo=ZoneInfo(zone))) for month in (1, 7)}
    return min(offsets)


def _standard_offset(time: datetime) -> float:
    offset, summer = time.utcoffset() or timedelta(0), time.dst() or timedelta(0)
    # In winter some zones have a negative summer time.
    return (offset - max(summer, timedelta(0))).total_seconds() / 3600


def _start(text: str | None, utc_offset: float) -> datetime:
    from curated.cli.moments import parse_date

    return datetime(1970, 1, 1) if text is None else parse_date(text, "--from", utc_offset)


def _made(given: dict[str, Any]) -> tuple[tuple[CameraDetector, ...], list[str]]:
    """Return the detectors of options, and which of their values nobody gave."""
    from curated.drafts.geometry import GeometryOptions, make_detectors

    detectors = make_detectors(GeometryOptions(**given))
    names = ("gain", "read_noise", "saturation", "pixel_size")
    unknown = [name for name in names if name not in given]
    if len(detectors) > 1:
        unknown += ["x", "y"]
    if "corners" not in given and len(detectors[0].amplifiers) > 1:
        unknown.append("readout_corner")
    return detectors, unknown


def _read_cameras(paths: Sequence[str]) -> tuple[tuple[CameraDetector, ...], str]:
    """Return the detectors of a camera file, or of files of one detector each, and where they come from."""
    from curated.drafts.detector_json import is_json, read_detectors

    if all(map(is_json, paths)):
        names = (
            f"the detector file {os.path.basename(paths[0])}"
            if len(paths) == 1
            else f"{len(paths)} detector files"
        )
        return read_detectors(paths), names
    if len(paths) > 1:
        raise click.UsageError(
            "a camera file (FITS) has all detectors; only JSON files of one detector can be several"
        )
    return _read_camera(paths[0]), f"the camera file {os.path.basename(paths[0])}"


def _read_camera(path: str) -> tuple[CameraDetector, ...]:
    from curated.fits.camera_archive import read_camera

    try:
        return read_camera(path).detectors
    except CuratedError as error:
        raise CuratedError(
            f"--camera {path}: {error.message}",
            "name the file of a dataset 'camera' that the LSST stack wrote",
        ) from error
    except OSError as error:
        raise CuratedError(f"--camera {path} cannot be read: {error.strerror}", "correct the path") from error


def _registered(
    repo: str, name: str, directory: str
) -> tuple[Instrument, tuple[CameraDetector, ...], tuple[Diagnostic, ...]]:
    """Return an instrument of a repository, its detectors, and what contradicts."""
    from curated.butler import read_registered_instrument
    from curated.fits.camera_archive import CameraDetector

    registered, archive, diagnostics = read_registered_instrument(repo, name, directory)
    names = {detector.name for detector in registered.detectors.values()}
    detectors = [d for d in archive.detectors if d.name in names] if archive is not None else []
    detector_names = {detector.name for detector in detectors}
    bare = [
        CameraDetector(d.id, d.name, d.serial, d.purpose, d.width, d.height, ())
        for d in registered.detectors.values()
        if d.name not in detector_names
    ]
    return registered, tuple(sorted([*detectors, *bare], key=lambda d: d.id)), diagnostics


def _remarks(draft: Any) -> list[str]:
    if draft is None:
        return ["no camera calibration: the size and the amplifiers of the detectors are not known"]
    if draft.unknown:
        return [f"to be filled in where the camera says FILL IN: {', '.join(draft.unknown)}"]
    return []
