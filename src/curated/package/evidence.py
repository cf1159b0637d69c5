"""The evidence that the files of an instrument give about it, and the instrument inferred from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from curated.core.metadata import has_value
from curated.datasets.names import is_instrument
from curated.package.instrument import Detector, Filter, Instrument
from curated.package.layout import directory_name

KEYWORDS = ("DETECTOR", "DET_NAME", "RAFTNAME", "SLOTNAME", "DET_SER")
"""Keywords that describe a detector."""

NAME = "name"
"""Key beside these keywords: a name from DET_NAME or CALIB_ID that matches the detector's directory."""


MOST_ALIASES = 8
"""How many other names of an instrument are kept; files that agree on none of them tell nothing."""


@dataclass(slots=True)
class Tally:
    """The values of one keyword: how many files have each, and the first file that does."""

    counts: Counter[Any] = field(default_factory=Counter)
    first: dict[Any, str] = field(default_factory=dict)

    def add(self, value: Any, path: str) -> None:
        """Count the value in a file."""
        self.counts[value] += 1
        self.first.setdefault(value, path)

    @property
    def ranked(self) -> list[Any]:
        """The values, the most frequent one first; equally frequent ones in order, so that the choice is repeatable."""
        return sorted(self.counts, key=lambda value: (-self.counts[value], str(value)))

    def most(self, default: Any) -> Any:
        """Return the most frequent value, or ``default`` if there is none."""
        return self.ranked[0] if self.counts else default


@dataclass(slots=True)
class Evidence:
    """Evidence of files about their instrument.

    Parameters
    ----------
    directory : `str`
        Directory of the instrument.
    files : `int`
        Number of files.
    names : `Tally`
        Values of INSTRUME.
    called : `Tally`
        Names of the instrument in CALIB_ID that differ from INSTRUME.
    detectors : `dict` [`str`, `dict` [`str`, `Tally`]]
        Values of `KEYWORDS` and `NAME`, by detector directory and keyword.
    filters : `dict` [`str`, `Tally`]
        Values of FILTER, by filter directory.
    """

    directory: str
    files: int = 0
    names: Tally = field(default_factory=Tally)
    called: Tally = field(default_factory=Tally)
    detectors: dict[str, dict[str, Tally]] = field(default_factory=dict)
    filters: dict[str, Tally] = field(default_factory=dict)

    def instrument(self) -> Instrument:
        """Return the instrument that most files agree on, with the detectors whose number is in a file."""
        name = self.names.most(self.directory)
        others = dict.fromkeys((*self.called.ranked, *self.names.ranked))
        return Instrument(
            name=name,
            directory=self.directory,
            inferred=("name",),
            aliases=tuple(other for other in others if other != name and is_instrument(other))[:MOST_ALIASES],
            detectors={d: detector_of(d, e) for d, e in sorted(self.detectors.items()) if "DETECTOR" in e},
            filters={f: filter_of(f, tally) for f, tally in sorted(self.filters.items()) if tally.counts},
        )


def gather(directory: str, facts: Iterable[Mapping[str, Any]]) -> Evidence:
    """Collect the evidence of files about their instrument.

    Parameters
    ----------
    directory : `str`
        Directory of the instrument.
    facts : iterable [`dict`]
        For each file its ``path``, its directory names (``detector``, ``filter``) and its identity ``keywords``.
    """
    evidence = Evidence(directory)
    for fact in facts:
        evidence.files += 1
        path, keywords = fact["path"], fact["keywords"]
        parts = _parts(keywords.get("CALIB_ID"))
        name = keywords.get("INSTRUME")
        if has_value(name):
            evidence.names.add(str(name), path)
        if parts.get("instrument", str(name)) != str(name):
            evidence.called.add(parts["instrument"], path)
        if fact["detector"]:
            _add_detector(evidence.detectors.setdefault(fact["detector"], {}), fact, parts)
        if fact["filter"]:
            names = evidence.filters.setdefault(fact["filter"], Tally())
            if has_value(keywords.get("FILTER")):
                names.add(str(keywords["FILTER"]), path)
    return evidence


def _add_detector(entry: dict[str, Tally], fact: Mapping[str, Any], parts: Mapping[str, str]) -> None:
    path, keywords = fact["path"], fact["keywords"]
    for keyword in KEYWORDS:
        if has_value(keywords.get(keyword)):
            entry.setdefault(keyword, Tally()).add(keywords[keyword], path)
    names = [name for name in (keywords.get("DET_NAME"), *_names_in_id(parts)) if has_value(name)]
    # A name counts once for each file.
    for name in dict.fromkeys(map(str, names)):
        if directory_name(name) == fact["detector"]:
            entry.setdefault(NAME, Tally()).add(name, path)


def infer_instrument(directory: str, facts: Iterable[Mapping[str, Any]]) -> Instrument:
    """Return the instrument that most of its files agree on; see `gather` for the arguments."""
    return gather(directory, facts).instrument()


def _parts(calib_id: Any) -> dict[str, str]:
    return dict(part.split("=", 1) for part in str(calib_id or "").split() if "=" in part)


def _names_in_id(parts: Mapping[str, str]) -> Iterable[str]:
    if "detectorName" in parts:
        yield parts["detectorName"]
        if "raftName" in parts:
            yield f"{parts['raftName']}_{parts['detectorName']}"


def _most(tally: Tally | None, default: Any) -> Any:
    return tally.most(default) if tally is not None else default


def filter_of(directory: str, names: Tally) -> Filter:
    """Return a filter with its most frequent name, which stands for the unknown band as well."""
    name = names.most(directory)
    return Filter(name, name, inferred=("name", "band"))


def detector_of(directory: str, entry: Mapping[str, Tally]) -> Detector:
    """Return a detector as most files describe it, with the number 0 if no file has one."""
    name = _most(entry.get(NAME), directory.upper())
    raft, _, slot = name.partition("_")
    return Detector(
        id=_most(entry.get("DETECTOR"), 0),
        name=name,
        raft=str(_most(entry.get("RAFTNAME"), raft if slot else "")),
        slot=str(_most(entry.get("SLOTNAME"), slot)),
        serial=str(_most(entry.get("DET_SER"), "")),
        inferred=("name", "raft", "slot"),
    )
