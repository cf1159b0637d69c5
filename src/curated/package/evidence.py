"""What the files of an instrument say about it together, and the instrument that this makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from curated.core.metadata import has_value
from curated.package.instrument import Detector, Filter, Instrument
from curated.package.layout import directory_name

KEYWORDS = ("DETECTOR", "DET_NAME", "RAFTNAME", "SLOTNAME", "DET_SER")
"""Keywords that say something about a detector."""

NAME = "name"
"""Stands beside them: a name that fits to the detector's directory, from DET_NAME or CALIB_ID."""


@dataclass(slots=True)
class Tally:
    """Values of one thing: how many files say each, and the first of those."""

    counts: Counter[Any] = field(default_factory=Counter)
    first: dict[Any, str] = field(default_factory=dict)

    def add(self, value: Any, path: str) -> None:
        """Count what a file says."""
        self.counts[value] += 1
        self.first.setdefault(value, path)

    @property
    def ranked(self) -> list[Any]:
        """The values, what most files say first; equals in order, so that the choice is repeatable."""
        return sorted(self.counts, key=lambda value: (-self.counts[value], str(value)))

    def most(self, default: Any) -> Any:
        """Return what most files say."""
        return self.ranked[0] if self.counts else default


@dataclass(slots=True)
class Evidence:
    """What files say about their instrument.

    Parameters
    ----------
    directory : `str`
        Its directory.
    files : `int`
        How many files there are.
    names : `Tally`
        INSTRUME.
    called : `Tally`
        The instrument in CALIB_ID, where that is another than INSTRUME.
    detectors : `dict` [`str`, `dict` [`str`, `Tally`]]
        For each detector directory what is said by keyword.
    filters : `dict` [`str`, `Tally`]
        FILTER, by filter directory.
    """

    directory: str
    files: int = 0
    names: Tally = field(default_factory=Tally)
    called: Tally = field(default_factory=Tally)
    detectors: dict[str, dict[str, Tally]] = field(default_factory=dict)
    filters: dict[str, Tally] = field(default_factory=dict)

    def instrument(self) -> Instrument:
        """Return the instrument that most files agree on; of detectors those whose number a file says."""
        return Instrument(
            name=self.names.most(self.directory),
            directory=self.directory,
            detectors={d: detector_of(d, e) for d, e in sorted(self.detectors.items()) if "DETECTOR" in e},
            filters={f: filter_of(f, seen) for f, seen in sorted(self.filters.items()) if seen.counts},
        )


def gather(directory: str, facts: Iterable[Mapping[str, Any]]) -> Evidence:
    """Collect what files say about their instrument.

    Parameters
    ----------
    directory : `str`
        Its directory.
    facts : iterable [`dict`]
        For each file its ``path``, its directory names (``detector``, ``filter``) and its identity ``keywords``.
    """
    found = Evidence(directory)
    for fact in facts:
        found.files += 1
        path, keywords = fact["path"], fact["keywords"]
        parts = _parts(keywords.get("CALIB_ID"))
        name = keywords.get("INSTRUME")
        if has_value(name):
            found.names.add(str(name), path)
        if parts.get("instrument", str(name)) != str(name):
            found.called.add(parts["instrument"], path)
        if fact["detector"]:
            _about_detector(found.detectors.setdefault(fact["detector"], {}), fact, parts)
        if fact["filter"]:
            seen = found.filters.setdefault(fact["filter"], Tally())
            if has_value(keywords.get("FILTER")):
                seen.add(str(keywords["FILTER"]), path)
    return found


def _about_detector(entry: dict[str, Tally], fact: Mapping[str, Any], parts: Mapping[str, str]) -> None:
    path, keywords = fact["path"], fact["keywords"]
    for keyword in KEYWORDS:
        if has_value(keywords.get(keyword)):
            entry.setdefault(keyword, Tally()).add(keywords[keyword], path)
    names = [name for name in (keywords.get("DET_NAME"), *_names_in_id(parts)) if has_value(name)]
    # A file that says a name twice says it once.
    for name in dict.fromkeys(map(str, names)):
        if directory_name(name) == fact["detector"]:
            entry.setdefault(NAME, Tally()).add(name, path)


def infer_instrument(directory: str, facts: Iterable[Mapping[str, Any]]) -> Instrument:
    """Make an instrument of what its files say about it together; see `gather`."""
    return gather(directory, facts).instrument()


def _parts(calib_id: Any) -> dict[str, str]:
    return dict(part.split("=", 1) for part in str(calib_id or "").split() if "=" in part)


def _names_in_id(parts: Mapping[str, str]) -> Iterable[str]:
    if "detectorName" in parts:
        yield parts["detectorName"]
        if "raftName" in parts:
            yield f"{parts['raftName']}_{parts['detectorName']}"


def _most(seen: Tally | None, default: Any) -> Any:
    return seen.most(default) if seen is not None else default


def filter_of(directory: str, seen: Tally) -> Filter:
    """Return a filter as most files name it; its band is not known."""
    name = seen.most(directory)
    return Filter(name, name)


def detector_of(directory: str, entry: Mapping[str, Tally]) -> Detector:
    """Return a detector as most files describe it; number 0 where none says one."""
    name = _most(entry.get(NAME), directory.upper())
    raft, _, slot = name.partition("_")
    return Detector(
        id=_most(entry.get("DETECTOR"), 0),
        name=name,
        raft=str(_most(entry.get("RAFTNAME"), raft if slot else "")),
        slot=str(_most(entry.get("SLOTNAME"), slot)),
        serial=str(_most(entry.get("DET_SER"), "")),
    )
