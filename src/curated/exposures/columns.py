"""What the columns of a table of exposures are for, by their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from curated.core.diagnostic import CuratedError, brief
from curated.core.similar import similar_name

ROLES: dict[str, tuple[str, ...]] = {
    "instrument": ("instrument", "instrume", "instrumentname", "inst", "camera"),
    "time": (
        *("time", "dateobs", "datebeg", "obsstart", "obstime", "timestamp", "datetime", "starttime", "begin"),
        *("expmidpt", "obsmid", "obsdate", "date"),
    ),
    "mjd": (
        *("mjd", "mjdtai", "mjdutc", "mjdobs", "mjdbeg", "obsstartmjd", "expmidptmjd", "obsmidmjd", "taimjd"),
        *("midpointmjdtai", "observationstartmjd", "expmjd", "tmin"),
    ),
    "night": ("night", "dayobs", "dayobsid", "nite", "obsnight", "nightobs", "observingnight"),
    "detector": (
        "detector",
        "detectorid",
        "detectorname",
        "ccd",
        "ccdnum",
        "det",
        "detname",
        "detid",
        "chip",
    ),
    "filter": ("physicalfilter", "filter", "filtername", "filt", "band"),
    "id": (
        *("id", "exposure", "exposureid", "expid", "expnum", "visit", "visitid", "obsid", "observationid"),
        *("exposurename", "obsname", "seqid", "seqnum", "seq"),
    ),
}
"""Names of columns for each purpose, the first ones preferred; lower case, without separators."""

REQUIRED = ("time", "mjd", "night")
"""One of these has to be there."""

_TAI = frozenset({"expmidptmjd", "expmidpt", "obsstartmjd", "obsmidmjd", "obsstart", "obsmid", "dayobs"})
"""Names in the databases of the Rubin Observatory, whose times are TAI (sdm_schemas: Visit, ConsDB)."""

_SEPARATORS = re.compile(r"[\s_.\-]+")
_MOST_NAMES = 24


class Columns(NamedTuple):
    """Which column is for what.

    Parameters
    ----------
    names : `dict` [`str`, `str`]
        Name of the column by what it is for.
    scales : `dict` [`str`, `str`]
        Time scale of ``time`` and ``mjd``, ``utc`` or ``tai``.
    """

    names: Mapping[str, str]
    scales: Mapping[str, str]


def folded_name(name: str) -> str:
    """Return a column's name in lower case and without separators."""
    return _SEPARATORS.sub("", name).lower()


def find_columns(
    names: Sequence[str], choices: Mapping[str, str], scale: str = "", scales: Mapping[str, str] | None = None
) -> Columns:
    """Find out which columns of a table are for what.

    Parameters
    ----------
    names : sequence [`str`]
        Names of all columns.
    choices : `dict` [`str`, `str`]
        Names that a user gives, by what the columns are for.
    scale : `str`, optional
        Time scale that a user gives.
    scales : `dict` [`str`, `str`], optional
        Time scales that the file gives, by column.

    Raises
    ------
    CuratedError
        If there is neither a time nor a night, if a name that is needed stands twice, or if there is no column of a
        name that a user gives.
    """
    chosen = {role: _chosen(role, name, names) for role, name in check_choices(choices).items()}
    for role, aliases in ROLES.items():
        if role not in chosen and (name := _first(names, aliases)) is not None:
            chosen[role] = name
    if not any(role in chosen for role in REQUIRED):
        raise CuratedError(
            f"no column has the time of the exposures; there are {_names_text(names)}",
            "name it: --column time=NAME, --column mjd=NAME or --column night=NAME",
        )
    counts = Counter(names)
    for role, name in chosen.items():
        if counts[name] > 1:
            raise CuratedError(
                f"{counts[name]} columns are called {brief(name)}",
                f"remove all but one, or name another: --column {role}=NAME",
            )
    file_scales = scales or {}
    return Columns(
        chosen,
        {
            role: scale or file_scales.get(chosen[role], _scale(chosen[role]))
            for role in ("time", "mjd")
            if role in chosen
        },
    )


def check_choices(choices: Mapping[str, str]) -> dict[str, str]:
    """Return choices of columns, in which ``band`` is ``filter`` and ``day_obs`` is ``night``.

    Raises
    ------
    CuratedError
        If columns are for nothing of that name.
    """
    roles = {}
    for name, column in choices.items():
        role = name if name in ROLES else next((r for r, a in ROLES.items() if folded_name(name) in a), "")
        if not role:
            similar = similar_name(name, ROLES)
            question = f"did you mean {similar!r}? " if similar else ""
            raise CuratedError(
                f"{brief(name)} is nothing that a column is for", f"{question}there are {', '.join(ROLES)}"
            )
        roles[role] = column
    return roles


def parse_choices(texts: Iterable[str]) -> dict[str, str]:
    """Return the choices of texts such as ``time=obs_start``.

    Raises
    ------
    CuratedError
        If one is not of this form, or chooses for the second time.
    """
    choices: dict[str, str] = {}
    for text in texts:
        role, equals, name = (part.strip() for part in text.partition("="))
        if not equals or not role or not name:
            raise CuratedError(f"{brief(text)} chooses no column", "write --column time=obs_start")
        if role in choices:
            raise CuratedError(f"two columns are chosen for {brief(role)}", "name one of them")
        choices[role] = name
    check_choices(choices)
    return choices


def _chosen(role: str, name: str, names: Sequence[str]) -> str:
    if name in names:
        return name
    similar = similar_name(name, names)
    question = f"did you mean {brief(similar)}? " if similar else ""
    raise CuratedError(
        f"no column is called {brief(name)}, which is to be the {role}",
        f"{question}there are {_names_text(names)}",
    )


def _first(names: Sequence[str], aliases: Sequence[str]) -> str | None:
    """Return the name of a table that comes first among aliases."""
    by_form: dict[str, str] = {}
    for name in names:
        by_form.setdefault(folded_name(name), name)
    return next((by_form[alias] for alias in aliases if alias in by_form), None)


def _scale(name: str) -> str:
    form = folded_name(name)
    return "tai" if form in _TAI or form.endswith("tai") or form.startswith("tai") else "utc"


def _names_text(names: Sequence[str]) -> str:
    shown = ", ".join(f"{name:.40}" for name in names[:_MOST_NAMES])
    more = f", and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{shown or 'none'}{more}"
