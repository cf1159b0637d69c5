"""Where the headers of an instrument's exposures say instrument, detector, filter and time: ``headers`` in ``instrument.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curated.declare.settings import Setting

KEYWORD = r"^[A-Za-z0-9_][A-Za-z0-9_. -]{0,67}$"
"""Regular expression of a keyword of a FITS header, long ones with blanks included."""

_PIECE = r"\{[A-Za-z0-9_][A-Za-z0-9_. -]{0,67}(?::0?[1-9]d)?\}"
_TEMPLATE = rf"{KEYWORD}|^(?=.*\{{)(?:[^{{}}]|{_PIECE})+$"
_PIECES = re.compile(r"\{([^{}:]+)(?::(0?)([1-9])d)?\}")

DURATION_UNITS = {"s": 1.0, "ms": 0.001}
"""Seconds in each unit that a duration may have."""

SCALES = ("UTC", "TAI", "TT")
"""Time scales that TIMESYS may name, as far as they are supported."""


def _keywords(doc: str) -> Setting:
    item = Setting(kind="text", longest=68, pattern=KEYWORD, says="not a keyword of FITS")
    return Setting(kind="list", items=item, doc=doc)


def _templates(doc: str) -> Setting:
    says = "neither a keyword of FITS nor a text with keywords such as {RAFTBAY}_{CCDSLOT}"
    return Setting(kind="list", items=Setting(kind="text", pattern=_TEMPLATE, says=says), doc=doc)


HEADERS = Setting(
    kind="mapping",
    doc="Where the headers of exposures say instrument, detector, filter and time. Of several keywords the first that is there counts.",
    keys={
        "instrument": _keywords("Keywords of the instrument's name."),
        "names": Setting(
            kind="list",
            items=Setting(kind="text"),
            doc="Names of the instrument in headers, beside its name and its directory.",
        ),
        "detector": _templates(
            "Keywords of the detector's name or number, or texts with keywords such as {RAFTBAY}_{CCDSLOT} or d{CCDNUM:02d}."
        ),
        "filter": _templates("Keywords of the filter, or texts with keywords such as {FILTER}~{GRATING}."),
        "filters": Setting(
            kind="mapping",
            items=Setting(kind="text"),
            doc="Names of filters by what headers call them, where these differ.",
        ),
        "begin": _keywords("Keywords of the beginning of the exposure: an ISO 8601 date-time, or an MJD."),
        "end": _keywords("Keywords of the end of the exposure."),
        "duration": _keywords("Keywords of the duration of the exposure, for headers without an end."),
        "duration_unit": Setting(
            kind="text",
            choices=tuple(DURATION_UNITS),
            doc="Unit of the duration; s if it is not given.",
        ),
        "scale": Setting(
            kind="text",
            choices=SCALES,
            doc="Time scale of headers without TIMESYS; UTC if it is not given.",
        ),
    },
)
"""The key ``headers`` of ``instrument.yaml``."""


@dataclass(frozen=True, slots=True)
class HeaderMapping:
    """Where the headers of an instrument's exposures say what.

    Parameters
    ----------
    instrument, begin, end, duration : `tuple` [`str`]
        Keywords; the first that a header has counts.
    names : `tuple` [`str`]
        Names of the instrument in headers, beside its name and its directory.
    detector, filter : `tuple` [`str`]
        Keywords or templates; see `fill_template`.
    filters : `dict` [`str`, `str`]
        Names of filters by what headers call them.
    duration_unit : `str`
        ``s`` or ``ms``.
    scale : `str`
        Time scale of headers without TIMESYS.
    declared : `bool`
        Whether ``instrument.yaml`` says so, or these are the defaults.
    """

    instrument: tuple[str, ...] = ("INSTRUME",)
    names: tuple[str, ...] = ()
    detector: tuple[str, ...] = ("{RAFTBAY}_{CCDSLOT}", "DET_NAME", "DETECTOR", "CCDNUM")
    filter: tuple[str, ...] = ("FILTER",)
    filters: Mapping[str, str] = field(default_factory=dict)
    begin: tuple[str, ...] = ("DATE-BEG", "DATE-OBS", "MJD-BEG", "MJD-OBS")
    end: tuple[str, ...] = ("DATE-END", "MJD-END")
    duration: tuple[str, ...] = ("XPOSURE", "EXPTIME")
    duration_unit: str = "s"
    scale: str = "UTC"
    declared: bool = False

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> HeaderMapping:
        """Return the mapping of the content of ``headers``, which the declaration allows; defaults for what is absent."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in tree.items()
        }
        return cls(**values, declared=True)

    @property
    def keywords(self) -> frozenset[str]:
        """All keywords that it reads, in upper case."""
        templates = (*self.detector, *self.filter)
        names = {*self.instrument, *self.begin, *self.end, *self.duration, "TIMESYS"}
        return frozenset(
            name.upper() for name in names | {k for t in templates for k in template_keywords(t)}
        )


def template_keywords(template: str) -> list[str]:
    """Return the keywords of a template, in upper case: its pieces in braces, or else the whole."""
    pieces = [piece[1].upper() for piece in _PIECES.finditer(template)]
    return pieces or [template.upper()]


def fill_template(template: str, values: Mapping[str, Any]) -> str | None:
    """Return a template with the values of its keywords; `None` if one of them is not there.

    Parameters
    ----------
    template : `str`
        A keyword, or a text with keywords in braces; ``{CCDNUM:02d}`` is a whole number with two digits at least.
    values : `dict` [`str`, `object`]
        Values by keyword, in upper case; `None` and an empty text are none.
    """
    texts = {keyword: value_as_text(values.get(keyword)) for keyword in template_keywords(template)}
    if not all(texts.values()):
        return None
    if "{" not in template:
        return texts[template.upper()]

    def fill(piece: re.Match[str]) -> str:
        text = texts[piece[1].upper()]
        if piece[3] is None or not text.isdecimal():
            return text
        return text.rjust(int(piece[3]), piece[2] or " ")

    return _PIECES.sub(fill, template)


def value_as_text(value: Any) -> str:
    """Return a value as a text; a number that is whole without its decimals."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None or isinstance(value, bytes) else str(value).strip()
