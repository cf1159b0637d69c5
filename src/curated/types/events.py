"""Events: what happened to an instrument, when, and which calibrations it affects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.core.diagnostic import Problem, brief
from curated.core.times import explain_time, parse_time
from curated.declare import FITS_TABLES, Array, Spec, Table, column
from curated.types._keyed_changes import set_measures

_LISTS = ("affects", "detectors", "filters")
"""Keys whose value is a list of names, or a text with commas."""


def _names(key: str, doc: str, **kwargs: Any) -> Any:
    """Declare a list of names, which is one text in tables."""
    return column("str", text=key, column=key.upper(), doc=f"{doc} A list, or a text with commas.", **kwargs)


@calibration
class Events(Calib):
    """What happened to an instrument: exchanges, repairs, coatings, and the types of calibrations that they affect.

    A calibration of such a type whose validity spans the event is a warning, until a new epoch starts there or its
    keyword UNAFFECTED gives the date of the event and a reason.
    """

    SPEC: ClassVar = Spec(
        name="events",
        title="What happened to an instrument, and what it affects",
        obstype="events",
        dimensions=("instrument",),
        storage_class=FITS_TABLES,
        dataset_type="instrument_events",
        calibcls="curated.types.events.Events",
        forms=("yaml", "json"),
        tables=(Table(name="events", rows="records"),),
        absent="omit",
        aliases=("instrument_events",),
        measures=set_measures(
            ("events_gained", "events_lost"),
            (
                "Events that only the new calibration has, each counted as 1.",
                "Events that only the old calibration has, each counted as 1.",
            ),
            lambda calib: sorted(
                {" ".join(map(str, row)) for row in zip(calib.date, calib.what, calib.affects, strict=True)}
            ),
            key="event",
            worse="more",
        ),
        start=lambda _: {name: [] for name in ("date", "what", "affects", "detectors", "filters")},
    )

    date: Array = column("str", column="DATE", doc="When it happened, UTC, ISO 8601 in quotes.")
    what: Array = column("str", column="WHAT", doc="What happened.")
    affects: Array = _names("affects", "Types of the calibrations that it affects.")
    detectors: Array = _names(
        "detectors", "Detectors that it affects; all where it is empty.", required=False, default=""
    )
    filters: Array = _names(
        "filters", "Filters that it affects; all where it is empty.", required=False, default=""
    )

    @classmethod
    def from_tree(
        cls, metadata: Mapping[str, Any], tree: Mapping[Any, Any], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Read lists of names as texts with commas."""
        entries = tree.get("events")
        if isinstance(entries, list):
            tree = {**tree, "events": [_joined(entry) for entry in entries]}
        return super().from_tree(metadata, tree, form)

    @classmethod
    def text_schema(cls, schema: dict[str, Any]) -> dict[str, Any]:
        """Allow lists of names."""
        properties = schema["properties"]["events"]["items"]["properties"]
        for key in _LISTS:
            names = {"type": "array", "items": {"type": "string"}}
            doc = properties[key].pop("description", "")
            properties[key] = {"description": doc, "anyOf": [properties[key], names]}
        return schema

    def problems(self) -> Iterator[Problem]:
        """Yield dates that are none, and events without a description or without what they affect."""
        for row, date in enumerate(map(str, self.date.tolist())):
            try:
                parse_time(date)
            except ValueError:
                detail = f"event {row + 1}: date {brief(date)} is {explain_time(date)}"
                yield Problem("CAL384", ("events", row, "date"), detail)
            if not str(self.what[row]).strip():
                yield Problem(
                    "CAL384", ("events", row, "what"), f"event {row + 1} does not say what happened"
                )
            if not names_of(str(self.affects[row])):
                yield Problem("CAL384", ("events", row, "affects"), f"event {row + 1} affects no type")

    def claims(self) -> Claims:
        """Return its events."""
        columns = (self.date, self.what, self.affects, self.detectors, self.filters)
        rows = zip(*(values.tolist() for values in columns), strict=True)
        return Claims(events=[list(map(str, row)) for row in rows])


def names_of(text: str) -> list[str]:
    """Return the names of a list with commas."""
    return [name for part in text.split(",") if (name := part.strip())]


def _joined(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {
        key: ", ".join(value)
        if key in _LISTS and isinstance(value, list) and all(isinstance(name, str) for name in value)
        else value
        for key, value in entry.items()
    }
