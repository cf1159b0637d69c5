"""The records: input exposures, the construction, manual edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DataId = Mapping[str, str | int]
"""A data ID: dimensions and their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One exposure that a calibration was made of.

    Parameters
    ----------
    data_id : `dict` [`str`, `str` or `int`]
        Its data ID, in the order of the dimensions' names.
    date : `str`
        Start of the exposure, UTC, ISO 8601; empty where it is not known.
    exposure_time : `float`, optional
        In seconds.
    scale : `float`, optional
        Factor that it was multiplied by before the combination.
    weight : `float`, optional
        Its weight in the combination.
    """

    data_id: DataId
    date: str = ""
    exposure_time: float | None = None
    scale: float | None = None
    weight: float | None = None

    @property
    def name(self) -> str | int:
        """What CPP_INPUT_N says: the exposure's number, or else the whole data ID."""
        for dimension in ("exposure", "visit"):
            if dimension in self.data_id:
                return self.data_id[dimension]
        return " ".join(f"{key}={value}" for key, value in self.data_id.items())

    def plain(self) -> dict[str, Any]:
        """Return it as YAML holds it."""
        told = {
            "date": self.date or None,
            "exposure_time": self.exposure_time,
            "scale": self.scale,
            "weight": self.weight,
        }
        return {"data_id": dict(self.data_id), **{k: v for k, v in told.items() if v is not None}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Construction:
    """How a calibration was made.

    Parameters
    ----------
    task : `str`
        The pipeline task or program; empty where it is not known.
    parameters : `dict`
        Its configuration: plain data.
    software : `dict` [`str`, `str`]
        Version of each package.
    dataset : `dict` [`str`, `str`]
        The dataset that it was exported from: ``uuid``, ``type``, ``run`` and ``collection``.
    """

    task: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    software: Mapping[str, str] = field(default_factory=dict)
    dataset: Mapping[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return it as YAML holds it."""
        told = {
            "task": self.task,
            "parameters": dict(self.parameters),
            "software": dict(self.software),
            "dataset": dict(self.dataset),
        }
        return {key: value for key, value in told.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A note of a manual edit.

    Parameters
    ----------
    name : `str`
        Who made it.
    date : `str`
        When, ISO 8601: a day, or a time in UTC.
    what : `str`
        What was changed, and why.
    """

    name: str
    date: str
    what: str

    def plain(self) -> dict[str, Any]:
        """Return it as YAML holds it."""
        return {"name": self.name, "date": self.date, "what": self.what}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a calibration was made of, and who edited it since; false where nothing is known.

    Parameters
    ----------
    inputs : `tuple` [`Input`]
        The exposures that it was made of.
    construction : `Construction`
        How it was made of them.
    edits : `tuple` [`Edit`]
        Manual edits, as listed.
    """

    inputs: tuple[Input, ...] = ()
    construction: Construction = Construction()
    edits: tuple[Edit, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return it as YAML holds it; what is not known is left out."""
        told: dict[str, Any] = {
            "inputs": [one.plain() for one in self.inputs],
            "construction": self.construction.plain(),
            "edits": [one.plain() for one in self.edits],
        }
        return {key: value for key, value in told.items() if value}

    def __bool__(self) -> bool:
        return bool(self.inputs or self.edits or self.construction != _NOTHING)


_NOTHING = Construction()
