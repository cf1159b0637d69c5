"""Moments and nights that users give as options."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from curated.core.diagnostic import CuratedError
from curated.core.times import explain_time, parse_mjd, parse_time

_Value = TypeVar("_Value")


def moment(at: str | None, mjd: str | None = None) -> datetime | None:
    """Return the time of the options ``--at`` and ``--mjd``; `None` if neither is given."""
    if mjd is not None:
        return parsed(mjd, "--mjd", parse_mjd, "write it like 60401.5, '60401.5 tai' or '60401.5 utc'")
    if at is None:
        return None
    try:
        return parse_time(at)
    except ValueError as error:
        raise CuratedError(f"{at!r} is {explain_time(at)}", "write it like 2024-06-01T00:00:00") from error


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
