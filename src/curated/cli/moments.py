"""Moments and nights that users give as options.

Commands that write calibrations take a DATE (`parse_date`): ISO 8601 in UTC, of which a date alone is its midnight; the
beginning of an instrument's night, as ``night:2024-04-01``; or a Modified Julian Date, as ``60401.5`` or ``mjd:60401.5 utc``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from curated.core.diagnostic import CuratedError
from curated.core.times import explain_time, night_bounds, parse_mjd, parse_night, parse_time

if TYPE_CHECKING:
    from curated.package.package import Package

_Value = TypeVar("_Value")

DATE_HELP = "ISO 8601 in UTC, 'night:2024-04-01' (the noon it begins at), or an MJD such as 60401.5 (TAI)"
"""What a DATE is, for the help of an option that takes one."""

_NIGHT_HINT = "write it like 2024-04-01 or 20240401"
_DATE_HINT = "write 2024-06-01 or 2024-06-01T12:00:00 (UTC), night:2024-06-01, or an MJD such as 60401.5 or '60401.5 utc'"
_MJD_HINT = "write it like 60401.5, '60401.5 tai' or '60401.5 utc'"

_MJD_LIKE = re.compile(
    r"\d{1,5}(?:\.\d*)?\s*(?:tai|utc|tt)?\Z|\d{6,7}(?:\.\d*)?\s*(?:tai|utc|tt)\Z", re.I | re.A
)
"""An MJD without prefix: no date of the calendar has fewer than eight digits."""


def date_option(
    name: str, help_text: str, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return an option that takes a DATE, as text; `parse_date` reads it.

    Parameters
    ----------
    name : `str`
        The option; its parameter has the same name with ``_date`` at the end, such as ``from_date``.
    help_text : `str`
        What the date is of, as a sentence; what a DATE may be is added.
    **options
        More arguments of `click.option`.
    """
    parameter = f"{name.lstrip('-').replace('-', '_')}_date"
    return click.option(name, parameter, metavar="DATE", help=f"{help_text} {DATE_HELP}.", **options)


def moment(at: str | None, mjd: str | None = None) -> datetime | None:
    """Return the time of the options ``--at`` and ``--mjd``; `None` if neither is given."""
    if mjd is not None:
        return parsed(mjd, "--mjd", parse_mjd, _MJD_HINT)
    if at is None:
        return None
    try:
        return parse_time(at)
    except ValueError as error:
        raise CuratedError(f"{at!r} is {explain_time(at)}", "write it like 2024-06-01T00:00:00") from error


def parse_date(text: str, option: str, utc_offset: float | Callable[[], float] | None = None) -> datetime:
    """Read a DATE of the command line as naive UTC.

    Parameters
    ----------
    text : `str`
        ISO 8601, UTC unless it has an offset; ``night:`` and the date on which a night begins, which is the noon of
        that date at the observatory; or an MJD, with or without ``mjd:``, in TAI unless ``utc`` or ``tt`` follows.
    option : `str`
        The option, for messages, such as ``--from``.
    utc_offset : `float` or callable, optional
        Hours by which the observatory's time is ahead of UTC, or a function that finds them, called for a night
        alone; see `utc_offset_of`. Without it no night can be read.

    Raises
    ------
    CuratedError
        If the text is no such date, or a night of no instrument.
    """
    word, colon, rest = text.strip().partition(":")
    if colon and word.lower() == "night":
        if utc_offset is None:
            raise CuratedError(
                f"{option} {text!r} is a night, and it is not clear of which instrument", _DATE_HINT
            )
        offset = utc_offset if isinstance(utc_offset, (int, float)) else utc_offset()
        return night_span(rest.strip(), option, offset)[0]
    if colon and word.lower() == "mjd":
        return parsed(rest, option, parse_mjd, _MJD_HINT)
    if _MJD_LIKE.match(text.strip()):
        return parsed(text, option, parse_mjd, _DATE_HINT)
    try:
        return parse_time(text.strip())
    except ValueError as error:
        raise CuratedError(f"{option} {text!r} is {explain_time(text.strip())}", _DATE_HINT) from error


def night_span(text: str, option: str, utc_offset: float) -> tuple[datetime, datetime]:
    """Return the noons, in UTC, between which a night of the command line lies.

    Parameters
    ----------
    text : `str`
        The date on which it begins.
    utc_offset : `float`
        Hours by which the observatory's time is ahead of UTC.

    Raises
    ------
    CuratedError
        If the text is no such date.
    """
    night: date = parsed(text, option, parse_night, _NIGHT_HINT)
    return parsed(text, option, lambda _: night_bounds(night, utc_offset), _NIGHT_HINT)


def utc_offset_of(package: Package, instrument: str) -> Callable[[], float]:
    """Return a function that finds the ``utc_offset:`` of an instrument of a package, in hours.

    Raises
    ------
    CuratedError
        By the function, if there is no such instrument, or its settings have errors.
    """

    def find() -> float:
        from curated.check.instruments import read_instruments
        from curated.history.exposure.raw import instrument_settings, require_sound_settings
        from curated.history.names import instrument_directories

        declared, findings = read_instruments(package)
        require_sound_settings(findings, "when a night begins")
        directory = instrument_directories(package, declared, instrument)[0]
        return instrument_settings(package, declared, directory).utc_offset

    return find


def parsed(text: str, option: str, parse: Callable[[str], _Value], hint: str) -> _Value:
    """Return what a function reads in the value of an option.

    Raises
    ------
    CuratedError
        If the function does not take it.
    """
    try:
        return parse(text)
    except ValueError as error:
        raise CuratedError(f"{option} {text!r} is {error}", hint) from error
