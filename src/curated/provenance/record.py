"""The provenance of a calibration: input exposures, construction, manual edits (DMTN-148, sections 4.3, 4.4 and 4.7).

The records as objects, and the declaration of their text, which reader, schemas and documentation walk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curated.declare.settings import Setting

DataId = Mapping[str, str | int]
"""A data ID: dimensions and their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An exposure that a calibration was made of.

    Parameters
    ----------
    data_id : `dict` [`str`, `str` or `int`]
        Data ID, in the order of the dimensions' names.
    date : `str`
        Start of the exposure, UTC, ISO 8601; empty if it is not known.
    exposure_time : `float`, optional
        Exposure time in seconds.
    scale : `float`, optional
        Factor that it was multiplied by before the combination.
    weight : `float`, optional
        Weight in the combination.
    """

    data_id: DataId
    date: str = ""
    exposure_time: float | None = None
    scale: float | None = None
    weight: float | None = None

    @property
    def name(self) -> str | int:
        """Value of CPP_INPUT_N: the number of the exposure, or else the whole data ID."""
        for dimension in ("exposure", "visit"):
            if dimension in self.data_id:
                return self.data_id[dimension]
        return " ".join(f"{key}={value}" for key, value in self.data_id.items())

    def plain(self) -> dict[str, Any]:
        """Return it as YAML holds it."""
        values = {
            "date": self.date or None,
            "exposure_time": self.exposure_time,
            "scale": self.scale,
            "weight": self.weight,
        }
        return {"data_id": dict(self.data_id), **{k: v for k, v in values.items() if v is not None}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Construction:
    """How a calibration was made.

    Parameters
    ----------
    task : `str`
        Pipeline task or program; empty if it is not known.
    parameters : `dict`
        Configuration of the task, as plain data.
    software : `dict` [`str`, `str`]
        Version of each package.
    dataset : `dict` [`str`, `str`]
        Butler dataset that it was exported from: ``uuid``, ``type``, ``run`` and ``collection``; without a collection
        what Butler wrote into the header of its file.
    quantum : `str`
        UUID of the quantum that made it, in Butler's provenance; empty if it is not known.
    input_datasets : `tuple` [`dict` [`str`, `str`], ...]
        Butler datasets that it was made of: ``uuid``, ``type`` and ``run`` of each.
    input_count : `int`
        Number of these, where they are not all known; 0 otherwise.
    """

    task: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    software: Mapping[str, str] = field(default_factory=dict)
    dataset: Mapping[str, str] = field(default_factory=dict)
    quantum: str = ""
    input_datasets: tuple[Mapping[str, str], ...] = ()
    input_count: int = 0

    def plain(self) -> dict[str, Any]:
        """Return it as YAML holds it."""
        values = {
            "task": self.task,
            "parameters": dict(self.parameters),
            "software": dict(self.software),
            "dataset": dict(self.dataset),
            "quantum": self.quantum,
            "input_datasets": [dict(dataset) for dataset in self.input_datasets],
            "input_count": self.input_count,
        }
        return {key: value for key, value in values.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A note of a manual edit.

    Parameters
    ----------
    name : `str`
        Name of the editor.
    date : `str`
        Day, or time in UTC, ISO 8601.
    what : `str`
        The change, and the reason for it.
    """

    name: str
    date: str
    what: str

    def plain(self) -> dict[str, Any]:
        """Return it as YAML holds it."""
        return {"name": self.name, "date": self.date, "what": self.what}


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """A statement of a person that a calibration was verified and holds for its range (DMTN-148, sections 2 and 4.5).

    Parameters
    ----------
    name : `str`
        Who certifies.
    date : `str`
        Day, or time in UTC, ISO 8601.
    ticket : `str`
        Where it was discussed.
    begin, end : `str`
        The range, UTC, ISO 8601; an open end is empty.
    record : `str`
        SHA-256 of the record of verification that it rests on.
    waivers : `tuple` [`str`]
        Failures that persons take responsibility for, one line each.
    """

    name: str
    date: str
    ticket: str
    begin: str
    end: str = ""
    record: str = ""
    waivers: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return it as YAML holds it."""
        values: dict[str, Any] = {
            "name": self.name,
            "date": self.date,
            "ticket": self.ticket,
            "begin": self.begin,
            "end": self.end,
            "record": self.record,
            "waivers": list(self.waivers),
        }
        return {key: value for key, value in values.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a calibration was made of, who edited it since, and who certified it; false if nothing is known.

    Parameters
    ----------
    inputs : `tuple` [`Input`]
        Exposures that it was made of.
    construction : `Construction`
        How it was made of them.
    edits : `tuple` [`Edit`]
        Manual edits, in the order of the file.
    certifications : `tuple` [`Certification`]
        Certifications, the latest one last.
    """

    inputs: tuple[Input, ...] = ()
    construction: Construction = Construction()
    edits: tuple[Edit, ...] = ()
    certifications: tuple[Certification, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return it as YAML holds it, without the parts that are not known."""
        parts: dict[str, Any] = {
            "inputs": [entry.plain() for entry in self.inputs],
            "construction": self.construction.plain(),
            "edits": [entry.plain() for entry in self.edits],
            "certifications": [entry.plain() for entry in self.certifications],
        }
        return {key: value for key, value in parts.items() if value}

    def __bool__(self) -> bool:
        return bool(self.inputs or self.edits or self.certifications or self.construction != _NOTHING)


_NOTHING = Construction()

# -- the declaration of the text ---------------------------------------------------------------------------

MAX_INPUTS = 10_000
"""Most inputs of one calibration; name the collection that holds them if there are more."""

MAX_EDITS = 1_000
MAX_CERTIFICATIONS = 1_000
MAX_PARAMETERS = 65_536
"""Most characters of the parameters, as JSON."""

PROVENANCE_ENDING = ".inputs.yaml"
"""Ending of the provenance file beside a calibration file, in the place of its ending."""

VERIFICATION_ENDING = ".verify.yaml"
"""Ending of the record of its verification beside a calibration file, in the place of its ending."""

_NAME = r"^(?=[\s\S]*\S)[\s\S]{1,256}$"

RESERVED = ("date", "exposure_time", "scale", "weight")
"""Columns of the table in FITS other than the dimensions, in order; no dimension has such a name."""

_DATE = "ISO 8601, such as 2024-01-31T22:10:00"

INPUT = Setting(
    kind="mapping",
    doc="An exposure that the calibration was made of.",
    keys={
        "data_id": Setting(
            kind="mapping",
            required=True,
            names=rf"^(?!(?:{'|'.join(RESERVED)})$)[a-z][a-z0-9_]{{0,63}}$",
            names_say="not the name of a dimension: a-z, 0-9 and '_'",
            items=Setting(kind="scalar", doc="Value of a dimension."),
            doc="Its data ID, such as {instrument: Demo, detector: 0, exposure: 2024013100012}; the same dimensions "
            "in all inputs.",
        ),
        "date": Setting(kind="text", longest=64, doc=f"Start of the exposure, UTC: {_DATE}."),
        "exposure_time": Setting(kind="real", minimum=0, doc="Exposure time in seconds."),
        "scale": Setting(kind="real", doc="Factor that it was multiplied by before the combination."),
        "weight": Setting(kind="real", minimum=0, doc="Its weight in the combination."),
    },
)

EDIT = Setting(
    kind="mapping",
    doc="A manual edit.",
    keys={
        "name": Setting(kind="text", required=True, doc="Who made it."),
        "date": Setting(kind="text", required=True, longest=64, doc="When: a day, or a time in UTC."),
        "what": Setting(kind="text", required=True, longest=4096, doc="What was changed, and why."),
    },
)

CERTIFICATION = Setting(
    kind="mapping",
    doc="A certification: a person says that the calibration was verified and holds for its range.",
    keys={
        "name": Setting(kind="text", required=True, doc="Who certifies."),
        "date": Setting(kind="text", required=True, longest=64, doc="When: a day, or a time in UTC."),
        "ticket": Setting(kind="text", required=True, longest=128, doc="Where it was discussed."),
        "begin": Setting(kind="text", required=True, longest=64, doc="Start of the range, UTC."),
        "end": Setting(kind="text", longest=64, doc="End of the range, UTC; absent if it is open."),
        "record": Setting(
            kind="text",
            pattern=r"^[0-9a-f]{64}$",
            says="not 64 hexadecimal digits",
            doc="SHA-256 of the record of verification that it rests on.",
        ),
        "waivers": Setting(
            kind="list",
            items=Setting(kind="text", longest=4096, doc="One failure, and who takes responsibility for it."),
            most=10_000,
            doc="Failures that persons take responsibility for.",
        ),
    },
)

INPUT_DATASET = Setting(
    kind="mapping",
    doc="A dataset of a Butler repository that the calibration was made of.",
    keys={
        "uuid": Setting(kind="text", required=True, longest=64, doc="Its UUID."),
        "type": Setting(kind="text", doc="Its dataset type."),
        "run": Setting(kind="text", doc="The RUN collection that it was made in."),
    },
)

CONSTRUCTION = Setting(
    kind="mapping",
    doc="How the calibration was made of its inputs.",
    keys={
        "task": Setting(kind="text", longest=1024, doc="The pipeline task or program."),
        "parameters": Setting(
            kind="mapping",
            names=_NAME,
            names_say="not a name of 1 to 256 characters",
            items=Setting(kind="plain", doc="Value of a parameter."),
            doc="Its configuration.",
        ),
        "software": Setting(
            kind="mapping",
            names=_NAME,
            names_say="not a name of 1 to 256 characters",
            items=Setting(kind="text", longest=1024, doc="Version of a package."),
            doc="Packages and their versions.",
        ),
        "dataset": Setting(
            kind="mapping",
            keys={
                "uuid": Setting(kind="text", longest=64, doc="Its UUID."),
                "type": Setting(kind="text", doc="Its dataset type."),
                "run": Setting(kind="text", doc="The RUN collection that it was made in."),
                "collection": Setting(
                    kind="text", doc="The CALIBRATION collection that it was certified in."
                ),
            },
            doc="The dataset of a Butler repository that it was exported from.",
        ),
        "quantum": Setting(kind="text", longest=64, doc="UUID of the quantum of a pipeline that made it."),
        "input_datasets": Setting(
            kind="list",
            items=INPUT_DATASET,
            most=MAX_INPUTS,
            doc="The datasets of a Butler repository that it was made of.",
        ),
        "input_count": Setting(
            kind="number", doc="Number of these datasets, where not all of them are listed."
        ),
    },
)

PROVENANCE = Setting(
    kind="mapping",
    doc="What a calibration was made of, who edited it since, and who certified it.",
    keys={
        "inputs": Setting(
            kind="list", items=INPUT, most=MAX_INPUTS, doc="The exposures that it was made of."
        ),
        "construction": CONSTRUCTION,
        "edits": Setting(kind="list", items=EDIT, most=MAX_EDITS, doc="Manual edits, the latest one last."),
        "certifications": Setting(
            kind="list",
            items=CERTIFICATION,
            most=MAX_CERTIFICATIONS,
            doc="Certifications, the latest one last.",
        ),
    },
)
"""Keys at the top of a YAML calibration, in ECSV metadata, and of ``<validstart>.inputs.yaml``."""

KEYS = tuple(PROVENANCE.keys)
"""``inputs``, ``construction``, ``edits``, ``certifications``."""

LONG_KEY = "input_datasets"
"""Key of ``construction`` whose entries have lines of their own."""
