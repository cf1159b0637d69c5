"""What must be equal in copies of a calibration for several detectors or filters, so that one file can stand for them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from curated.calib.fingerprint import values_digest
from curated.canonical.ecsv_form import ecsv_comments
from curated.canonical.yaml_form import yaml_comments
from curated.check.rules.identity import read_date
from curated.core.diagnostic import Problem
from curated.core.keys import CalibFile
from curated.core.metadata import meaning, normalise
from curated.core.times import iso
from curated.package.files import Files, read_file
from curated.provenance.reader import extract
from curated.registry import get_type
from curated.text.reader import read

COMMENTS = "comments"
"""Name of the comments among what may differ."""

DETECTOR_KEYWORDS = ("DETECTOR", "DET_NAME", "DET_SER", "RAFTNAME", "SLOTNAME", "DETECTORS")
FILTER_KEYWORDS = ("FILTER", "FILTERS")

DETECTOR_PARTS = ("raftName", "detectorName", "detector", "ccd", "ccdnum")
FILTER_PARTS = ("filter",)
"""Parts of CALIB_ID that name a detector or a filter."""

_DATES = ("CALIBDATE", "VALIDSTART", "VALIDEND")
_NAMES = ("INSTRUME", "OBSTYPE")

_MOST_SHOWN = 60
"""Characters of a value in a message."""


class Identity(NamedTuple):
    """What a calibration says apart from the detector and filter that it is for.

    Parameters
    ----------
    path : `str`
        Path of the file.
    obstacle : `str`
        Why it cannot be compared; empty if it can.
    values : `tuple` [`tuple` [`str`, `str`]]
        Hash of each of its values, and of its image, by name.
    keywords : `tuple` [`tuple` [`str`, `str`]]
        The keywords that must be equal, by name, with values as text.
    places : `tuple` [`tuple` [`str`, `str`]]
        The keywords of detector and filter.
    comments : `tuple` [`str`]
        Its comments, in order.
    record : `str`
        Hash of its provenance, in the text and beside it.
    """

    path: str
    obstacle: str = ""
    values: tuple[tuple[str, str], ...] = ()
    keywords: tuple[tuple[str, str], ...] = ()
    places: tuple[tuple[str, str], ...] = ()
    comments: tuple[str, ...] = ()
    record: str = ""

    def group(self, dropped: Collection[str] = ()) -> tuple[Any, ...]:
        """Return what is equal in copies of each other.

        Parameters
        ----------
        dropped : collection [`str`]
            Keywords that may differ, and `COMMENTS`.
        """
        keywords = tuple((name, value) for name, value in self.keywords if name not in dropped)
        comments = () if COMMENTS in dropped else self.comments
        return self.values, keywords, comments, self.record

    def difference(self, other: Identity) -> str:
        """Say in what it differs from another one, for people; empty if in nothing."""
        if self.obstacle:
            return self.obstacle
        if self.values != other.values:
            names = sorted({name for name, _ in {*self.values} ^ {*other.values}})
            return f"other values of {', '.join(names)}"
        before, now = dict(other.keywords), dict(self.keywords)
        names = [name for name in (*now, *before) if now.get(name) != before.get(name)]
        if names:
            name = names[0]
            more = sorted(set(names[1:]) - {name})
            also = (
                f", and other values of {', '.join(more[:4])}{', ...' if len(more) > 4 else ''}"
                if more
                else ""
            )
            value = f"{name} {_short(now[name])}" if name in now else f"no {name}"
            old = f"instead of {_short(before[name])}" if name in before else "which is not there"
            return f"{value} {old}{also}"
        if self.comments != other.comments:
            return "other comments"
        return "another record of provenance" if self.record != other.record else ""


def identify(files: Files, group: Sequence[CalibFile]) -> list[Identity]:
    """Return what each of some files says apart from its detector and filter; see `curated.core.keys.stored`."""
    return [_identify(files, file) for file in group]


def _identify(files: Files, file: CalibFile) -> Identity:
    data = read_file(files, file.source)
    if isinstance(data, Problem):
        return Identity(file.source, f"{data.code} {data.detail}")
    source, problems = read(data, file.form)
    calib = get_type(file.key.type).from_source(source)[0] if source is not None else None
    if source is None or calib is None:
        reason = f"{problems[0].code} {problems[0].detail}" if problems else "its values cannot be read"
        return Identity(file.source, reason)
    side = read_file(files, file.side) if file.side else b""
    form, exact = calib.exact_values()
    companion = calib.companion()
    values = {
        name: values_digest({name: value}) for name, value in {**calib.content_values(), **exact}.items()
    }
    values["form"] = form
    values["image"] = companion.sha256 if companion is not None else ""
    keywords, places = [], []
    for name, value in normalise(source.metadata, source.tree)[0].items():
        kind = meaning(name)
        if kind in DETECTOR_KEYWORDS or kind in FILTER_KEYWORDS:
            places.append((name, str(value)))
        elif name == "CALIB_ID":
            keywords.append((name, without_parts(str(value), (*DETECTOR_PARTS, *FILTER_PARTS))))
        else:
            keywords.append((name, str(value).lower() if name in _NAMES else repr(value)))
    metadata = dict(normalise(source.metadata, source.tree)[0])
    dates = {name: date for name in _DATES if isinstance(date := read_date(metadata, name), datetime)}
    # The file name says the start already.
    keywords = [
        (name, iso(dates[name]) if name in dates else value)
        for name, value in keywords
        if name != "VALIDSTART" or dates.get(name) != file.start
    ]
    record = repr(extract(source.tree).provenance) + repr(extract(source.metadata, ("metadata",)).provenance)
    content = side if isinstance(side, bytes) else b""
    return Identity(
        file.source,
        "",
        tuple(sorted(values.items())),
        tuple(sorted(keywords)),
        tuple(places),
        comments_of(data.decode("utf-8", "replace"), file.form),
        hashlib.sha256(record.encode("utf-8", "surrogatepass") + b"\0" + content).hexdigest(),
    )


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def without_parts(text: str, parts: Collection[str]) -> str:
    """Return a CALIB_ID without some of its parts."""
    pattern = rf"(?:\A|(?<=\s))(?:{'|'.join(parts)})=.*?(?=\s+\w+=|\s*\Z)"
    return " ".join(re.sub(pattern, "", text).split())


def comments_of(text: str, form: str) -> tuple[str, ...]:
    """Return the comments of a text that can be read; most have none, and are not searched."""
    lines = text.split("\n")
    header = 0
    if form == "ecsv":
        header = next((i for i, line in enumerate(lines) if line.strip() and line[0] != "#"), len(lines))
    has_comment = any("#" in line[1:] for line in lines[:header]) or any("#" in x for x in lines[header:])
    if form == "json" or not has_comment:
        return ()
    return tuple(ecsv_comments(text) if form == "ecsv" else yaml_comments(text))
